/** Colours as text screens name them, and the picture behind GRUB's selected line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { ansiOf, grubPair, sgrOf } from '../../src/menu/colours.ts';
import { pixelPng } from '../../src/menu/pixel.ts';

const names = [
  { text: '#f2f6fa', ground: '#10243e', grub: 'white/blue', sgr: '37;44' },
  { text: '#10243e', ground: '#ffd866', grub: 'black/brown', sgr: '30;43' },
  { text: '#ffd866', ground: '#000000', grub: 'yellow/black', sgr: '33;40' },
  { text: '#800000', ground: '#00ffff', grub: 'red/cyan', sgr: '31;46' },
  { text: '#ff00ff', ground: '#008000', grub: 'light-magenta/green', sgr: '35;42' },
  { text: '#000000', ground: '#ffffff', grub: 'black/light-gray', sgr: '30;47' },
];
for (const { text, ground, grub, sgr } of names) {
  test(`${text} on ${ground} is ${grub} and ${sgr}`, () => {
    assert.equal(grubPair(text, ground), grub);
    assert.equal(sgrOf(text, ground, false), sgr);
    assert.equal(sgrOf(text, ground, true), `1;${sgr}`);
  });
}

test('every colour has a name', () => {
  for (let n = 0; n < 0x1000000; n += 4099) {
    const colour = `#${n.toString(16).padStart(6, '0')}`;
    assert.match(grubPair(colour, colour), /^[a-z-]+\/[a-z-]+$/, colour);
    assert.ok(ansiOf(colour, 'ground').colour <= 7);
  }
});

/** PNG, §5.3: type and data of each chunk, whose sum is right. */
function chunks(png: Uint8Array): readonly (readonly [type: string, data: Uint8Array])[] {
  const bytes = Buffer.from(png);
  const found: [string, Uint8Array][] = [];
  for (let at = 8; at < bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at);
    assert.equal(bytes.readUInt32BE(end), crc32(bytes.subarray(at + 4, end)));
    found.push([bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at + 8, end)]);
    at = end + 4;
  }
  return found;
}

for (const [colour, row] of [
  ['#2a4f7c', [0, 0x2a, 0x4f, 0x7c]],
  ['#ffffff', [0, 0xff, 0xff, 0xff]],
  ['#000000', [0, 0, 0, 0]],
] as const) {
  test(`a pixel of ${colour} is one as zlib reads it`, () => {
    const png = pixelPng(colour);
    assert.equal(Buffer.from(png.subarray(0, 8)).toString('hex'), '89504e470d0a1a0a');
    const [head, data, end] = chunks(png);
    assert.deepEqual([head?.[0], data?.[0], end?.[0]], ['IHDR', 'IDAT', 'IEND']);
    assert.deepEqual([...(head?.[1] ?? [])], [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
    assert.deepEqual([...inflateSync(data?.[1] ?? new Uint8Array())], row);
  });
}
