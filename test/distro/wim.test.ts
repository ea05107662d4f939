/** Windows images by wimlib, and headers that lie. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readWim } from '../../src/distro/wim.ts';
import { hasPrograms, run } from '../iso/support.ts';
import { imageView } from './kit.ts';

const scratch = mkdtempSync(join(tmpdir(), 'wim-test-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const viewOf = (bytes: Uint8Array) =>
  imageView({ format: 'udf', files: { 'sources/boot.wim': { sizeBytes: bytes.length, bytes } } });
const read = (bytes: Uint8Array) => readWim(viewOf(bytes), '/sources/boot.wim');

const WINDOWS = (edition: string, build: string): string[] =>
  [
    ['ARCH', '9'],
    ['EDITIONID', edition],
    ['LANGUAGES/LANGUAGE', 'de-DE'],
    ['LANGUAGES/DEFAULT', 'de-DE'],
    ['VERSION/MAJOR', '10'],
    ['VERSION/MINOR', '0'],
    ['VERSION/BUILD', build],
  ].flatMap(([key, value]) => ['--image-property', `WINDOWS/${key}=${value}`]);

/** A boot.wim as media have it: Windows PE first, Setup second, which is what starts. */
function makeBootWim(compress: string): Uint8Array {
  const folder = join(scratch, 'tree');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'setup.exe'), 'MZ'.repeat(10_000));
  const path = join(scratch, `${compress}.wim`);
  const tool = (...args: string[]): string => run('wimlib-imagex', args);
  tool('capture', folder, path, 'Microsoft Windows PE (x64)', 'Microsoft Windows PE (x64)', `--compress=${compress}`);
  tool('append', folder, path, 'Microsoft Windows Setup (x64)', 'Größe & <Setup>', '--boot');
  tool('info', path, '1', ...WINDOWS('WindowsPE', '22621'));
  tool('info', path, '2', ...WINDOWS('WindowsPE', '22621'));
  return readFileSync(path);
}

for (const compress of ['none', 'LZX', 'XPRESS']) {
  test(`a boot.wim by wimlib, compression ${compress}`, async (t) => {
    if (!hasPrograms(t, ['wimlib-imagex'])) return;
    const info = await read(makeBootWim(compress));
    assert.deepEqual(
      {
        bootIndex: info?.bootIndex,
        peIndex: info?.peIndex,
        setupIndex: info?.setupIndex,
        isWindows11: info?.isWindows11,
      },
      { bootIndex: 2, peIndex: 1, setupIndex: 2, isWindows11: true },
    );
    assert.deepEqual(info?.images[1], {
      index: 2,
      name: 'Microsoft Windows Setup (x64)',
      description: 'Größe & <Setup>',
      edition: 'WindowsPE',
      arch: 'x86_64',
      build: 22621,
      version: '10.0.22621',
      languages: ['de-DE'],
    });
  });
}

/** A header with what is given as the description behind it; its fields are named in Microsoft's paper. */
function wim(xml: string, change: (header: Buffer) => void = () => {}): Buffer {
  const text = Buffer.from(`\ufeff${xml}`, 'utf16le');
  const header = Buffer.alloc(208);
  header.write('MSWIM\0\0\0', 'latin1');
  header.writeUInt32LE(208, 8);
  header.writeUInt32LE(text.length, 72);
  header.writeUInt8(2, 79);
  header.writeUInt32LE(208, 80);
  header.writeUInt32LE(text.length, 88);
  header.writeUInt32LE(1, 120);
  change(header);
  return Buffer.concat([header, text]);
}

const image = (index: number, inside: string): string => `<IMAGE INDEX="${index}">${inside}</IMAGE>`;
const windows = (arch: number, build: number): string =>
  `<WINDOWS><ARCH>${arch}</ARCH><VERSION><MAJOR>10</MAJOR><MINOR>0</MINOR><BUILD>${build}</BUILD></VERSION></WINDOWS>`;

const told: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
  ['32 bits', windows(0, 19045), { arch: 'i386', build: 19045 }],
  ['64 bits', windows(9, 22000), { arch: 'x86_64', build: 22000 }],
  ['ARM', windows(12, 26100), { arch: 'arm64', version: '10.0.26100' }],
  ['a processor that is not offered', windows(5, 9600), { arch: undefined }],
  ['nothing', '', { arch: undefined, build: undefined, version: '', name: '', languages: [] }],
  [
    'a build that is no number',
    '<WINDOWS><VERSION><BUILD>x</BUILD></VERSION></WINDOWS>',
    { build: undefined, version: '' },
  ],
  ['text on several lines', '<NAME>a\n\u0007b\u202ec</NAME>', { name: 'a bc' }],
  [
    'a language that is none',
    '<WINDOWS><LANGUAGES><LANGUAGE>../x</LANGUAGE><LANGUAGE>fr-FR</LANGUAGE></LANGUAGES></WINDOWS>',
    { languages: ['fr-FR'] },
  ],
];
for (const [name, inside, want] of told) {
  test(`a description of ${name}`, async () => {
    const [found] = (await read(wim(image(1, inside))))?.images ?? [];
    assert.deepEqual(
      Object.fromEntries(Object.keys(want).map((key) => [key, found?.[key as keyof typeof found]])),
      want,
    );
  });
}

test('Windows 11 begins with build 22000', async () => {
  assert.equal((await read(wim(image(1, windows(9, 21999)))))?.isWindows11, false);
  assert.equal((await read(wim(image(1, windows(9, 22000)))))?.isWindows11, true);
});

test('an index to start that is none of its images is none', async () => {
  assert.equal((await read(wim(image(1, ''), (h) => h.writeUInt32LE(7, 120))))?.bootIndex, undefined);
});

const nothing: readonly (readonly [string, Uint8Array])[] = [
  ['an empty file', Buffer.alloc(0)],
  ['a header that is cut off', wim('').subarray(0, 207)],
  ['another file', Buffer.alloc(4096, 'MZ')],
  ['a description that is compressed', wim(image(1, ''), (h) => h.writeUInt8(6, 79))],
  ['a description of 2^56 octets', wim(image(1, ''), (h) => h.fill(0xff, 72, 79))],
  ['a description of 3 MiB', wim(image(1, ''), (h) => h.writeUInt32LE(3 * 2 ** 20, 72))],
  ['a description beyond the end', wim(image(1, ''), (h) => h.writeUInt32LE(0x7fffffff, 84))],
  ['a description at 2^63', wim(image(1, ''), (h) => h.writeUInt32LE(0x80000000, 84))],
  ['a description without images', wim('<WIM></WIM>')],
  ['a description whose image does not end', wim('<IMAGE INDEX="1"><NAME>x</NAME>')],
  ['a description in another script', wim('<'.repeat(100_000))],
];
for (const [name, bytes] of nothing) {
  test(`no WIM to speak of: ${name}`, async () => assert.equal(await read(bytes), undefined));
}

test('what is not there is nothing', async () => {
  assert.equal(await readWim(viewOf(Buffer.alloc(0)), '/sources/other.wim'), undefined);
});

test('a thousand images and languages are as many as there may be', async () => {
  const languages = `<WINDOWS><LANGUAGES>${'<LANGUAGE>de-DE</LANGUAGE>'.repeat(10)}</LANGUAGES></WINDOWS>`;
  const found = await read(wim(Array.from({ length: 1000 }, (_, i) => image(i + 1, languages)).join('')));
  assert.equal(found?.images.length, 64);
  assert.deepEqual(found.images[0]?.languages, ['de-DE']);
});

test('any header is borne: 5000 seeded changes', async () => {
  const good = wim(image(1, windows(9, 22621)));
  let state = 1;
  const pick = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  for (let i = 0; i < 5000; i++) {
    const bytes = Buffer.from(good);
    for (let changes = pick(4); changes >= 0; changes--) bytes.writeUInt8(pick(256), pick(bytes.length));
    await read(bytes);
  }
});
