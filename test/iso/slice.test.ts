/** A file inside an image reads as the same octets in a row, whatever pieces it lies in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Content, memoryContent } from '../../src/core/content.ts';
import { fileContent } from '../../src/iso/slice.ts';
import type { Extent, Node } from '../../src/iso/volume.ts';
import { seeded } from '../support/fakes.ts';

const IMAGE = Uint8Array.from({ length: 4096 }, (_, i) => 1 + (i % 251));

function nodeOf(extents: readonly Extent[], facts: Partial<Node> = {}): Node {
  const sizeBytes = extents.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const common = { name: 'f', kind: 'file', modifiedMs: 1e12, mode: 0o444, uid: 0, gid: 0, place: 2048 } as const;
  return { ...common, extents, sizeBytes, ...facts };
}

/** As the folder's content: several views at once, and blocks of 64 octets out of a cache. */
function image(facts: Partial<Content> = {}): Content & { readonly views: number[] } {
  const plain = memoryContent(IMAGE, '"abc-def"', 5);
  const views: number[] = [];
  return {
    ...plain,
    identity: '1:2:3',
    views,
    readScattered: async (into, position) => {
      views.push(into.length);
      let count = 0;
      for (const view of into) count += await plain.read(view, position + count);
      return count;
    },
    borrow: async (position, maxBytes) =>
      IMAGE.subarray(position, Math.min(position + maxBytes, (Math.floor(position / 64) + 1) * 64)),
    ...facts,
  };
}

const layouts: readonly { readonly name: string; readonly extents: readonly Extent[] }[] = [
  { name: 'nothing', extents: [] },
  { name: 'one piece', extents: [{ position: 100, lengthBytes: 300 }] },
  {
    name: 'pieces out of order',
    extents: [
      { position: 3000, lengthBytes: 70 },
      { position: 1, lengthBytes: 1 },
      { position: 500, lengthBytes: 129 },
    ],
  },
  {
    name: 'an empty piece between two',
    extents: [
      { position: 0, lengthBytes: 10 },
      { position: 9, lengthBytes: 0 },
      { position: 90, lengthBytes: 10 },
    ],
  },
  {
    name: 'a hole',
    extents: [
      { position: 0, lengthBytes: 50 },
      { position: undefined, lengthBytes: 200 },
      { position: 50, lengthBytes: 50 },
    ],
  },
  { name: 'nothing but a hole', extents: [{ position: undefined, lengthBytes: 200_000 }] },
];
for (const { name, extents } of layouts) {
  test(`slice: ${name} reads the same at once, scattered and borrowed, from anywhere`, async () => {
    const want = Buffer.concat(
      extents.map(({ position, lengthBytes }) =>
        position === undefined ? Buffer.alloc(lengthBytes) : IMAGE.subarray(position, position + lengthBytes),
      ),
    );
    const content = fileContent(nodeOf(extents), image());
    const random = seeded(want.length);
    const places = [0, Math.max(0, want.length - 1), want.length, want.length + 5];
    for (let i = 0; i < 40; i++) places.push(Math.floor(random() * (want.length + 1)));
    for (const position of places) {
      const length = Math.floor(random() * 400);
      const part = want.subarray(position, position + length);
      const into = new Uint8Array(length).fill(0xee);
      assert.equal(await content.read(into, position), part.length);
      assert.deepEqual(Buffer.from(into.subarray(0, part.length)), part);
      assert.ok(
        into.subarray(part.length).every((octet) => octet === 0xee),
        'nothing is written after the end',
      );
      assert.deepEqual(await scattered(content, position, length, random), part);
      assert.deepEqual(await borrowed(content, position, length), part);
    }
  });
}

/** In views of any length, some of them empty. */
async function scattered(content: Content, position: number, length: number, random: () => number): Promise<Buffer> {
  const all = Buffer.alloc(length);
  const views: Uint8Array[] = [];
  for (let at = 0; at < length; ) {
    const size = Math.floor(random() * 60);
    views.push(all.subarray(at, at + size));
    at += size;
  }
  return all.subarray(0, await content.readScattered?.(views, position));
}

async function borrowed(content: Content, position: number, length: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let left = length; left > 0; ) {
    const part = (await content.borrow?.(position + length - left, left)) ?? new Uint8Array();
    if (part.length === 0) break;
    assert.ok(part.length <= left);
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts);
}

test('slice: views in one piece are read by one call of the system', async () => {
  const whole = image();
  const views = [new Uint8Array(10), new Uint8Array(20), new Uint8Array(30)];
  assert.equal(await fileContent(nodeOf([{ position: 0, lengthBytes: 60 }]), whole).readScattered?.(views, 0), 60);
  assert.deepEqual(whole.views, [3]);
});

test('slice: what the image cannot do, a file in it cannot', () => {
  const { readScattered, borrow, ...plain } = image();
  const content = fileContent(nodeOf([]), plain);
  assert.equal(content.readScattered, undefined);
  assert.equal(content.borrow, undefined);
});

test('slice: an image that has become shorter reads short, and no further', async () => {
  const extents = [
    { position: 4000, lengthBytes: 200 },
    { position: 0, lengthBytes: 200 },
  ];
  const content = fileContent(nodeOf(extents), image());
  assert.equal(await content.read(new Uint8Array(400), 0), 96);
});

test('slice: ETag and identity are of the image, the place and the size', () => {
  const extents = [{ position: 0, lengthBytes: 10 }];
  const { etag, identity } = fileContent(nodeOf(extents), image());
  assert.equal(etag, '"abc-def.1kw.a"');
  assert.equal(identity, '1:2:3 1kw.a');
  const others = [
    fileContent(nodeOf(extents, { place: 4096 }), image()),
    fileContent(nodeOf([{ position: 0, lengthBytes: 11 }]), image()),
    fileContent(nodeOf(extents), image({ etag: '"abc-deg"', identity: '1:2:4' })),
  ];
  for (const other of others) {
    assert.notEqual(other.etag, etag);
    assert.notEqual(other.identity, identity);
  }
});

test('slice: the ETag is the same on a node where the image is another file', () => {
  const here = fileContent(nodeOf([]), image());
  assert.equal(fileContent(nodeOf([]), image({ identity: '9:9:9', modifiedMs: 77 })).etag, here.etag);
});

test('slice: closing and changing are those of the image', async () => {
  let closed = 0;
  const content = fileContent(
    nodeOf([]),
    image({
      isUnchanged: async () => false,
      close: async () => {
        closed += 1;
      },
    }),
  );
  assert.equal(await content.isUnchanged(), false);
  await content.close();
  assert.equal(closed, 1);
});

for (const modifiedMs of [Number.NaN, -1, Number.POSITIVE_INFINITY, 8.64e15, 253_402_300_800_000]) {
  test(`slice: ${modifiedMs} is no date, RFC 9110 §5.6.7`, () => {
    assert.equal(fileContent(nodeOf([], { modifiedMs }), image()).modifiedMs, 0);
  });
}
