/** Images that lie: labels, texts, names and kernels made to harm. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what loaders would take for variables
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageView, Verdict } from '../../src/core/image.ts';
import { readKernel } from '../../src/core/kernel.ts';
import { keyOf, plainLine, safeWord } from '../../src/distro/plain.ts';
import { recognise } from '../../src/distro/recognise.ts';
import { imageTree } from '../../src/distro/tree.ts';
import { type Fill, imageView, kernel, type MadeImage, MIB, madeFile } from './kit.ts';
import { SAMPLES } from './samples.ts';

const kernelIn = (view: ImageView, name: string) =>
  readKernel((maxBytes, position) => view.read(`/${name}`, maxBytes, position));

const CASPER: Readonly<Record<string, Fill>> = {
  'casper/vmlinuz': kernel({ version: '6.8.0-1-generic' }),
  'casper/initrd': MIB,
  'casper/filesystem.squashfs': MIB,
};

/** Every text of a verdict, wherever it stands. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function assertPlain(verdict: Verdict): void {
  for (const text of textsOf(verdict)) {
    assert.doesNotMatch(text, /[\p{C}\n\r]/u, JSON.stringify(text));
    assert.ok(text.length <= 400, text);
  }
  for (const text of [verdict.name, verdict.version, verdict.codename ?? '', verdict.edition ?? '', verdict.group]) {
    assert.ok([...text].length <= 80, text);
  }
}

const NASTY = [
  'Ubuntu 24.04\nLABEL evil\n  KERNEL evil',
  '\u202eUbuntu\u0000\u001b[31m 24.04',
  `Ubuntu ${'9'.repeat(5000)}`,
  '"; reboot; #',
  '${net0/mac} $(reboot) `reboot`',
  '{http}{node}',
  'A'.repeat(100_000),
  '\ufffd\ufffe\ud800',
  '',
];
for (const nasty of NASTY) {
  test(`texts of an image become one plain line: ${JSON.stringify(nasty).slice(0, 40)}`, async () => {
    for (const base of [CASPER, {}]) {
      const files = { ...base, '.disk/info': nasty, '.treeinfo': `[general]\nfamily = ${nasty}\nversion = ${nasty}\n` };
      const verdict = await recognise(imageView({ label: nasty, fileName: `${nasty}.iso`, files }));
      assertPlain(verdict);
      assert.notEqual(verdict.name, '');
    }
  });
}

test('nothing of a text gets into a command line', async () => {
  const files = { ...CASPER, '.disk/info': 'Ubuntu 24.04 init=/bin/sh "x" - Release amd64' };
  const [entry] = (await recognise(imageView({ files }))).entries;
  assert.ok(entry?.how.kind === 'linux' && !entry.how.arguments.some((word) => /init=|sh/.test(word)));
});

const PATHS = ['a b', 'a;b', 'a$b', 'a{http}b', "a'b", 'a"b', 'a,b', 'a\nb', 'ä', 'a%20b', 'x'.repeat(230)];
for (const name of PATHS) {
  test(`a name that loaders could misread is not found: ${JSON.stringify(name).slice(0, 20)}`, async () => {
    const files = { [`live/vmlinuz-${name}`]: 'x', [`live/initrd.img-${name}`]: 'x', 'live/filesystem.squashfs': MIB };
    assert.deepEqual((await recognise(imageView({ files }))).entries, []);
  });
}

test('a base folder with an odd name is no family: it would be on the command line', async () => {
  const files = {
    'a b/x86_64/airootfs.sfs': MIB,
    'a b/boot/x86_64/vmlinuz-linux': 'x',
    'a b/boot/x86_64/initramfs-linux.img': 'x',
  };
  assert.equal((await recognise(imageView({ files }))).family, 'unknown');
});

test('folders of thousands of kernels give a few entries', async () => {
  const files: Record<string, Fill> = { 'live/filesystem.squashfs': MIB };
  for (let n = 0; n < 3000; n++) {
    files[`live/vmlinuz-6.${n}`] = n + 1;
    files[`live/initrd.img-6.${n}`] = n + 1;
  }
  const verdict = await recognise(imageView({ files }));
  assert.ok(verdict.entries.length > 0 && verdict.entries.length <= 18);
});

// By the tables once, by the readers of boot menus again.
test('no folder is listed time and again, and no file is read beyond its headers', async () => {
  for (const sample of Object.values(SAMPLES)) {
    const view = imageView(sample.image);
    const listed = new Map<string, number>();
    let readBytes = 0;
    await recognise({
      ...view,
      list: (path) => {
        listed.set(path.toLowerCase(), (listed.get(path.toLowerCase()) ?? 0) + 1);
        return view.list(path);
      },
      read: async (path, maxBytes, position) => {
        const bytes = await view.read(path, maxBytes, position);
        readBytes += bytes?.length ?? 0;
        return bytes;
      },
    });
    assert.ok(
      [...listed.values()].every((count) => count <= 3),
      sample.name,
    );
    assert.ok(readBytes < MIB, `${sample.name}: ${readBytes}`);
  }
});

test('patterns: stars stand for parts of one name, other signs for themselves', async () => {
  const tree = imageTree(imageView({ files: { 'a.b/c+d': 'x', 'axb/c+d': 'x', 'a.b/e/c+d': 'x' } }));
  const paths = async (pattern: string): Promise<readonly string[]> =>
    (await tree.find(pattern)).map((one) => one.path);
  assert.deepEqual(await paths('a.b/c+d'), ['a.b/c+d']);
  assert.deepEqual(await paths('a*b/*+d'), ['a.b/c+d', 'axb/c+d']);
  assert.deepEqual(await paths('a.b/*/*'), ['a.b/e/c+d']);
  assert.deepEqual(await paths('../a.b'), []);
  assert.deepEqual((await tree.find('a*b/c+*'))[0]?.stars, ['.', 'd']);
});

test('a kernel cut off anywhere, or of random octets, is read without an error', async () => {
  const whole = kernel({ version: '6.8.0-41-generic', signer: 'Debian Secure Boot CA' }).bytes;
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let n = 0; n < 500; n++) {
    const bytes = Buffer.from(whole.subarray(0, n % 2 === 0 ? random(0x400) : whole.length));
    for (let k = 0; k < 20 && bytes.length > 0; k++)
      bytes.writeUInt8(random(256), random(Math.min(bytes.length, 0x400)));
    const about = await kernelIn(imageView({ files: { k: { sizeBytes: bytes.length, bytes } } }), 'k');
    assert.ok((about.version ?? '').length <= 60);
  }
});

test('what a kernel says of itself [linux: Documentation/arch/x86/boot.rst]', async () => {
  const about = (made: Parameters<typeof kernel>[0]) => kernelIn(imageView({ files: { k: kernel(made) } }), 'k');
  assert.deepEqual(await about({ version: '6.8.0-41-generic', signer: 'none' }), {
    version: '6.8.0-41-generic',
    arch: 'x86_64',
    signature: 'none',
  });
  assert.deepEqual(await about({ version: '5.10.0-20-686', arch: 'i386' }), {
    version: '5.10.0-20-686',
    arch: 'i386',
    isBiosOnly: true,
  });
  assert.deepEqual(await about({ arch: 'arm64', signer: 'Debian Secure Boot CA' }), {
    arch: 'arm64',
    signature: 'debian',
  });
  assert.deepEqual(await kernelIn(imageView({ files: { k: madeFile('text') } }), 'k'), {});
  assert.deepEqual(await kernelIn(imageView({}), 'missing'), {});
});

test('words of an image: quotes off where they hold nothing odd, else the word is dropped', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['ocs_live_run="ocs-live-general"', 'ocs_live_run=ocs-live-general'],
    ["a='b'", 'a=b'],
    ['locales=', 'locales='],
    ['a="b c"', undefined],
    ['a;b', undefined],
    ['${x}', undefined],
    ['{http}', undefined],
    ['a\nb', undefined],
    [`a=${'b'.repeat(300)}`, undefined],
    ['', undefined],
  ];
  for (const [word, want] of cases) assert.equal(safeWord(word), want, word);
  assert.equal(keyOf('IP=dhcp'), 'ip');
  assert.equal(plainLine(' a\tb\n\u202e c '), 'a b c');
});

test('read errors are the one thing that is passed on', async () => {
  const failing: MadeImage = { files: CASPER };
  const view = { ...imageView(failing), read: async () => Promise.reject(new Error('EIO')) };
  await assert.rejects(recognise(view), /EIO/);
});
