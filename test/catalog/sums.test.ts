import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSumsName, parseSums, type Sum, type SumsFile, wantedSums } from '../../src/catalog/sums.ts';
import { mutate, seeded } from '../support/fakes.ts';

const MD5 = '0123456789abcdef'.repeat(2);
const SHA1 = '0123456789'.repeat(4);
const SHA256 = '0123456789abcdef'.repeat(4);
const SHA512 = '0123456789abcdef'.repeat(8);

const names: readonly (readonly [string, boolean])[] = [
  ['SHA256SUMS', true],
  ['SHA256SUMS.txt', true],
  ['sha256sum.txt', true],
  ['sha256sums.txt', true],
  ['MD5SUMS', true],
  ['SHA512SUMS', true],
  ['debian-12.iso.sha256', true],
  ['debian-12.sha512', true],
  ['x.iso.md5', true],
  ['x.iso.sha256.txt', true],
  ['x.iso.sha256sum', true],
  ['CHECKSUM', true],
  ['CHECKSUMS.TXT', true],
  ['Fedora-Workstation-40-1.14-x86_64-CHECKSUM', true],
  ['Rocky-9.4-x86_64-minimal.iso.CHECKSUM', true],
  ['CHECKSUM.SHA256-FreeBSD-14.1-RELEASE-amd64', true],
  ['sha256-tools.iso', false],
  ['SHA256SUMS.gpg', false],
  ['SHA256SUMS.sign', false],
  ['b2sums.txt', false],
  ['debian-12.iso', false],
  ['README', false],
];
for (const [name, want] of names) {
  test(`${name} is ${want ? 'a' : 'no'} file of sums`, () => assert.equal(isSumsName(name), want));
}

const formats: readonly { readonly name: string; readonly text: string; readonly want: readonly Sum[] }[] = [
  {
    name: "GNU's text and binary marks",
    text: `${SHA256}  a.iso\n${SHA256} *b c.iso\n`,
    want: [
      { algorithm: 'sha256', digest: SHA256, name: 'a.iso' },
      { algorithm: 'sha256', digest: SHA256, name: 'b c.iso' },
    ],
  },
  {
    name: 'each length is an algorithm, capitals are the same',
    text: [MD5, SHA1, SHA256, SHA512].map((hex) => `${hex.toUpperCase()}  ./x.iso`).join('\n'),
    want: [
      { algorithm: 'md5', digest: MD5, name: './x.iso' },
      { algorithm: 'sha1', digest: SHA1, name: './x.iso' },
      { algorithm: 'sha256', digest: SHA256, name: './x.iso' },
      { algorithm: 'sha512', digest: SHA512, name: './x.iso' },
    ],
  },
  {
    name: 'a byte order mark and line ends of Windows',
    text: `\ufeff${MD5}  a.iso\r\n${MD5}  b.iso\r\n`,
    want: [
      { algorithm: 'md5', digest: MD5, name: 'a.iso' },
      { algorithm: 'md5', digest: MD5, name: 'b.iso' },
    ],
  },
  { name: 'a sum alone', text: `${SHA256}\n`, want: [{ algorithm: 'sha256', digest: SHA256, name: undefined }] },
  {
    name: "Fedora's: BSD style in a signed text, with the sizes as comments",
    text:
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# Fedora-40.iso: 2295853056 bytes\n` +
      `SHA256 (Fedora-40.iso) = ${SHA256}\n-----BEGIN PGP SIGNATURE-----\n\n${SHA256}\n-----END PGP SIGNATURE-----\n`,
    want: [{ algorithm: 'sha256', digest: SHA256, name: 'Fedora-40.iso' }],
  },
  {
    name: 'dashes that a signature escapes, RFC 9580 §7.2',
    text: `- ${MD5}  -a.iso\n`,
    want: [{ algorithm: 'md5', digest: MD5, name: '-a.iso' }],
  },
  {
    name: "OpenSSL's",
    text: `SHA2-256(a.iso)= ${SHA256}\nMD5(a.iso)= ${MD5}\n`,
    want: [
      { algorithm: 'sha256', digest: SHA256, name: 'a.iso' },
      { algorithm: 'md5', digest: MD5, name: 'a.iso' },
    ],
  },
  {
    name: "a block of an algorithm that isn't ours, as Clonezilla's file may have",
    text: `### MD5SUMS:\n${MD5}  a.iso\n### B2SUMS:\n${SHA512}  a.iso\n### SHA1SUMS:\n${SHA1}  a.iso\n`,
    want: [
      { algorithm: 'md5', digest: MD5, name: 'a.iso' },
      { algorithm: 'sha1', digest: SHA1, name: 'a.iso' },
    ],
  },
  {
    name: 'a name with a line end in it, as GNU escapes it',
    text: `\\${MD5}  a\\nb\\\\c.iso\n`,
    want: [{ algorithm: 'md5', digest: MD5, name: 'a\nb\\c.iso' }],
  },
  {
    name: 'no sums: prose, wrong lengths, a tag that does not fit',
    text: `hello\n${MD5}0  a.iso\nMD5 (a.iso) = ${SHA1}\nSHA3-256 (a.iso) = ${SHA256}\n`,
    want: [],
  },
];
for (const { name, text, want } of formats) {
  test(`parseSums: ${name}`, () => assert.deepEqual(parseSums(text), want));
}

const one = (path: string, text: string, modifiedMs = 0): SumsFile => ({ path, modifiedMs, sums: parseSums(text) });
const other = 'f'.repeat(64);

const choices: readonly {
  readonly name: string;
  readonly files: readonly SumsFile[];
  readonly images: readonly string[];
  readonly want: Readonly<Record<string, string>>;
}[] = [
  {
    name: 'by name, in the same folder',
    files: [one('SHA256SUMS', `${SHA256}  ./a.iso\n${other} *b.iso\n${other}  c.iso\n`)],
    images: ['a.iso', 'b.iso', 'old/c.iso'],
    want: { 'a.iso': SHA256, 'b.iso': other },
  },
  {
    name: 'in a folder below, and for an image that was moved beside it',
    files: [one('MD5SUMS', `${MD5}  old/a.iso\n${MD5}  amd64/iso-cd/b.iso\n`)],
    images: ['old/a.iso', 'b.iso', 'a.iso'],
    want: { 'old/a.iso': MD5, 'b.iso': MD5 },
  },
  {
    name: 'never out of the folder',
    files: [one('x/SHA256SUMS', `${SHA256}  ../../a.iso\n${SHA256}  /a.iso\n`)],
    images: ['a.iso'],
    want: {},
  },
  {
    name: 'the strongest, wherever it stands',
    files: [one('MD5SUMS', `${MD5}  a.iso`, 9), one('SHA512SUMS', `${SHA512}  a.iso`), one('a.iso.sha1', SHA1, 9)],
    images: ['a.iso'],
    want: { 'a.iso': SHA512 },
  },
  {
    name: "of equals the image's own, then the newest",
    files: [
      one('SHA256SUMS', `${other}  a.iso\n${other}  b.iso\n`, 9),
      one('a.iso.sha256', SHA256),
      one('sha256sum.txt', `${SHA256}  b.iso`, 10),
    ],
    images: ['a.iso', 'b.iso'],
    want: { 'a.iso': SHA256, 'b.iso': SHA256 },
  },
  {
    name: 'x.sha256 is about x.iso, and about a renamed image whatever it calls it',
    files: [one('a.sha256', SHA256), one('b.iso.sha256', `${other}  debian-12.4.0-amd64-netinst.iso`)],
    images: ['a.iso', 'b.iso'],
    want: { 'a.iso': SHA256, 'b.iso': other },
  },
  {
    name: 'a sum alone in a file of many names is about none',
    files: [one('SHA256SUMS', SHA256)],
    images: ['a.iso'],
    want: {},
  },
];
for (const { name, files, images, want } of choices) {
  test(`wantedSums: ${name}`, () =>
    assert.deepEqual(
      Object.fromEntries([...wantedSums(files, images)].map(([path, { digest }]) => [path, digest])),
      want,
    ));
}

test('parseSums takes any text, and stays quick', () => {
  const random = seeded(7);
  const bytes = new TextEncoder().encode(formats.map(({ text }) => text).join('\n'));
  for (let i = 0; i < 300; i++) {
    const text = new TextDecoder().decode(mutate(bytes, random));
    for (const { digest } of parseSums(text)) assert.match(digest, /^[0-9a-f]{32,128}$/);
  }
  assert.deepEqual(parseSums(`(${' ('.repeat(200_000)}`), []);
  assert.equal(parseSums(`${MD5}  a\n`.repeat(20_000)).length, 10_000);
});
