import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findImage, nameImages, ownNames } from '../../src/core/alias.ts';
import { seeded } from '../support/fakes.ts';

const aliasesOf = (paths: readonly string[]) =>
  Object.fromEntries(nameImages(paths).map(({ path, alias }) => [path, alias]));

const names: readonly { readonly name: string; readonly paths: readonly string[]; readonly want: readonly RegExp[] }[] =
  [
    {
      name: 'a name that URLs can take stays',
      paths: ['debian-12.5.0+nonfree_x.iso'],
      want: [/^debian-12\.5\.0\+nonfree_x$/],
    },
    { name: 'letter case stays', paths: ['Win11_24H2.iso'], want: [/^Win11_24H2$/] },
    {
      name: 'spaces and brackets become one dash',
      paths: ['Linux Mint 22 (beta).iso'],
      want: [/^linux-mint-22-beta$/],
    },
    { name: 'accents go', paths: ['Señal Ñandú.iso'], want: [/^senal-nandu$/] },
    { name: 'percent and ampersand go', paths: ['100% & more.iso'], want: [/^100-more$/] },
    { name: 'dots and dashes in front go', paths: ['-rf.iso', '.hidden.iso'], want: [/^rf$/, /^hidden$/] },
    {
      name: 'a name in other letters is a hash',
      paths: ['Дебиан 12.iso', '日本.iso'],
      want: [/^image-[0-9a-f]{8}$/, /^image-[0-9a-f]{8}$/],
    },
    { name: 'a name of nothing but signs is a hash', paths: ['(!).iso'], want: [/^image-[0-9a-f]{8}$/] },
    { name: 'a long name is cut', paths: [`${'x'.repeat(200)}.iso`], want: [/^x{80}$/] },
    { name: 'a folder is no part of it', paths: ['old/Mint.iso'], want: [/^Mint$/] },
    { name: 'no alias ends in a suffix', paths: ['a.iso.iso', 'b.iso.IMG'], want: [/^a$/, /^b$/] },
    { name: 'capitals in the suffix are a suffix', paths: ['A.ISO'], want: [/^A$/] },
    {
      name: "a file's own name is its alone",
      paths: ['mint-22.iso', 'Mint 22.iso'],
      want: [/^mint-22-[0-9a-f]{8}$/, /^mint-22$/],
    },
    {
      name: 'it is so beside a file in a folder',
      paths: ['Mint.iso', 'old/Mint.iso'],
      want: [/^Mint$/, /^Mint-[0-9a-f]{8}$/],
    },
    { name: 'it is so beside a disk image', paths: ['a.img', 'a.iso'], want: [/^a-[0-9a-f]{8}$/, /^a$/] },
    {
      name: 'of two in folders none is called as both',
      paths: ['x/M.iso', 'y/M.iso'],
      want: [/^M-[0-9a-f]{8}$/, /^M-[0-9a-f]{8}$/],
    },
    {
      name: 'letter case alone tells nobody apart',
      paths: ['A.iso', 'a.iso'],
      want: [/^A-[0-9a-f]{8}$/, /^a-[0-9a-f]{8}$/],
    },
    { name: 'what is no image has none', paths: ['SHA256SUMS', 'a.yaml', 'iso'], want: [] },
  ];
for (const { name, paths, want } of names) {
  test(`alias: ${name}`, () => {
    const got = nameImages(paths).map(({ alias }) => alias);
    assert.equal(got.length, want.length);
    for (const [i, pattern] of want.entries()) assert.match(got[i] ?? '', pattern);
  });
}

test('alias: a suffix is in small letters', () => {
  assert.deepEqual(
    nameImages(['A.ISO', 'b.Img']).map(({ suffix }) => suffix),
    ['.iso', '.img'],
  );
});

test('alias: a name that looks like another with its hash does not take its place', () => {
  const [hashed] = nameImages(['x/M.iso', 'y/M.iso']).map(({ alias }) => alias);
  const all = nameImages(['x/M.iso', 'y/M.iso', `${hashed}.iso`]);
  assert.equal(new Set(all.map(({ alias }) => alias.toLowerCase())).size, 3);
  assert.equal(all.find(({ path }) => path === `${hashed}.iso`)?.alias, hashed);
});

test('alias: any set of names gives safe and different aliases, the same in whatever order', () => {
  const random = seeded(11);
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? '';
  const parts = ['a', 'A', 'á', ' ', '-', '.', '%', '+', '日', '/', '.iso', 'mint', '\u0301', 'ß', '_'];
  const safe = /^[A-Za-z0-9_+][A-Za-z0-9._+-]{0,99}$/;
  for (let round = 0; round < 200; round++) {
    const paths = Array.from(
      { length: 40 },
      () =>
        `${Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(parts)).join('')}${pick(['.iso', '.ISO', '.img'])}`,
    );
    const aliases = aliasesOf(paths);
    const values = Object.values(aliases);
    for (const alias of values) assert.match(alias, safe);
    for (const alias of values) assert.doesNotMatch(alias, /\.(iso|img)$/i);
    assert.equal(new Set(values.map((alias) => alias.toLowerCase())).size, values.length);
    assert.deepEqual(aliasesOf(paths.toReversed()), aliases);
  }
});

const images = nameImages([
  'debian.iso',
  'debian.img',
  'Mint 22.iso',
  'old/Mint.iso',
  'BIG.ISO',
  'old.iso',
  '100%.iso',
]);
const img = images.find(({ path }) => path === 'debian.img')?.alias ?? '';
const finds: readonly { readonly rest: string; readonly want: string | undefined }[] = [
  { rest: 'debian.iso/live/x', want: 'debian.iso|live/x' },
  { rest: 'debian/live/x', want: 'debian.iso|live/x' },
  { rest: 'debian.iso', want: 'debian.iso|' },
  { rest: 'debian.img/a', want: 'debian.img|a' },
  { rest: `${img}.img/a`, want: 'debian.img|a' },
  { rest: 'Mint 22.iso/casper/vmlinuz', want: 'Mint 22.iso|casper/vmlinuz' },
  { rest: 'Mint 22/casper/vmlinuz', want: 'Mint 22.iso|casper/vmlinuz' },
  { rest: 'mint-22.iso/casper/vmlinuz', want: 'Mint 22.iso|casper/vmlinuz' },
  { rest: 'mint-22/.disk/info', want: 'Mint 22.iso|.disk/info' },
  { rest: 'old/Mint.iso/a', want: 'old/Mint.iso|a' },
  { rest: 'old/Mint/a', want: 'old.iso|Mint/a' },
  { rest: 'Mint.iso/a', want: 'old/Mint.iso|a' },
  { rest: 'old.iso/Mint.iso', want: 'old.iso|Mint.iso' },
  { rest: 'BIG.ISO/a', want: 'BIG.ISO|a' },
  { rest: 'BIG.iso/a', want: 'BIG.ISO|a' },
  { rest: '100%.iso/a', want: '100%.iso|a' },
  { rest: 'debian.isox/a', want: undefined },
  { rest: 'debianx', want: undefined },
  { rest: 'DEBIAN.iso/a', want: undefined },
  { rest: '', want: undefined },
];
for (const { rest, want } of finds) {
  test(`findImage: ${rest === '' ? 'nothing' : rest} is ${want ?? 'no image'}`, () => {
    const found = findImage(rest, images);
    assert.equal(found && `${found.image.path}|${found.inside}`, want);
  });
}

test('ownNames: each segment with a suffix may end the name of an image', () => {
  const got = ownNames('a.iso/b/c.IMG/d').map(({ image, inside }) => [image.path, image.suffix, inside]);
  assert.deepEqual(got, [
    ['a.iso', '.iso', 'b/c.IMG/d'],
    ['a.iso/b/c.IMG', '.img', 'd'],
  ]);
});
