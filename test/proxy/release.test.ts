import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseSums } from '../../src/proxy/release.ts';
import { mutate, seeded } from '../support/fakes.ts';

const A = 'a'.repeat(64);
const B = '0123456789ABCDEF'.repeat(4);
/** As an archive writes it: https://wiki.debian.org/DebianRepository/Format. */
const RELEASE = `Origin: Debian
Suite: stable
Acquire-By-Hash: yes
Components: main contrib
Description: Debian
 with a line that goes on
MD5Sum:
 0ed6d4c8891eb86358b94bb35d9e4da4  1484322 contrib/Contents-all
SHA256:
 ${A}  1484322 contrib/Contents-all
 ${B.toLowerCase()}    57319 main/binary-amd64/Packages.xz
SHA512:
 ${'c'.repeat(128)} 5 main/x
`;
const signed = (text: string): string =>
  `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}-----BEGIN PGP SIGNATURE-----\n\niQIz\n=abcd\n-----END PGP SIGNATURE-----\n`;
const SUMS = [
  ['contrib/Contents-all', A],
  ['main/binary-amd64/Packages.xz', B.toLowerCase()],
];

const texts: Readonly<Record<string, string>> = {
  Release: RELEASE,
  InRelease: signed(RELEASE),
  'lines that end in CR LF': signed(RELEASE).replaceAll('\n', '\r\n'),
  'checksums in capitals': RELEASE.replace(B.toLowerCase(), B),
  'field names in other letters (Debian Policy §5.1)': RELEASE.replace('SHA256:', 'Sha256:'),
  'a flat repository that says where it is': RELEASE.replace('contrib/Contents', './contrib/Contents'),
  'a path twice: the first counts': RELEASE.replace('SHA512:', ` ${'d'.repeat(64)} 1 contrib/Contents-all\nSHA512:`),
  'no end of line at the end': RELEASE.slice(0, RELEASE.indexOf('\nSHA512')),
  'lines that are none': RELEASE.replace('SHA512:', ` ${A} x y\n ${A.slice(1)} 1 y\n ${A} 1\n ${A} 1 y z\nSHA512:`),
  'what follows the signature': `${signed(RELEASE)}SHA256:\n ${A} 1 evil\n`,
};
for (const [name, text] of Object.entries(texts)) {
  test(`releaseSums: ${name}`, () => assert.deepEqual([...(releaseSums(text) ?? [])], SUMS));
}

const none: Readonly<Record<string, string>> = {
  'an empty text': '',
  'a page': '<html><body>404</body></html>',
  'a release without SHA-256': RELEASE.replace('SHA256:', 'SHA1:'),
  'what stands in the armour’s headers': `-----BEGIN PGP SIGNED MESSAGE-----\nSHA256:\n ${A} 1 x\n\nSuite: x\n`,
  'more lines than any release': `SHA256:\n ${A} 1 x\n${'\n'.repeat(100_000)}`,
  'more octets than any release': `SHA256:\n ${A} 1 x\n${'x'.repeat((16 << 20) + 1)}`,
};
for (const [name, text] of Object.entries(none)) {
  test(`releaseSums: nothing in ${name}`, () => assert.equal(releaseSums(text), undefined));
}

test('releaseSums: whatever arrives, nothing is thrown, and what is found is a path and a checksum', () => {
  const random = seeded(256);
  const bytes = Buffer.from(signed(RELEASE));
  for (let n = 0; n < 100_000; n++) {
    for (const [path, sum] of releaseSums(Buffer.from(mutate(bytes, random)).toString('latin1')) ?? []) {
      assert.match(path, /^\S+$/);
      assert.match(sum, /^[\da-f]{64}$/);
    }
  }
});

test('releaseSums: lines without end take no longer than their length', () => {
  for (const piece of [' ', 'a', '1 ', `${A} 1 `, '\t\r']) {
    assert.equal(releaseSums(`SHA256:\n ${piece.repeat((8 << 20) / piece.length)}`), undefined);
  }
});
