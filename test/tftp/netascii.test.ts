import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryContent } from '../../src/core/content.ts';
import { convert, netasciiSource } from '../../src/tftp/netascii.ts';
import { seeded } from '../support/fakes.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const text = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1');
/** What the RFC says, in one line. */
const expected = (source: string): string => source.replaceAll(/[\r\n]/g, (c) => (c === '\n' ? '\r\n' : '\r\0'));

const cases = [
  { name: 'plain text stays', from: 'abc', want: 'abc' },
  { name: 'LF is CR LF', from: 'a\nb', want: 'a\r\nb' },
  { name: 'CR is CR NUL', from: 'a\rb', want: 'a\r\0b' },
  { name: 'CR LF is CR NUL CR LF', from: '\r\n', want: '\r\0\r\n' },
  { name: 'NUL and 0xFF stay', from: '\0\xff', want: '\0\xff' },
  { name: 'nothing is nothing', from: '', want: '' },
];
for (const { name, from, want } of cases) {
  test(`netascii: ${name}, RFC 1350 §2`, () => {
    const into = new Uint8Array(100);
    const { used, written, carry } = convert(bytes(from), into, undefined);
    assert.deepEqual([used, text(into.subarray(0, written)), carry], [from.length, want, undefined]);
  });
}

test('netascii: a pair that does not fit is carried over', () => {
  const into = new Uint8Array(2);
  const first = convert(bytes('a\nb'), into, undefined);
  assert.deepEqual([first, text(into)], [{ used: 2, written: 2, carry: 0x0a }, 'a\r']);
  const second = convert(bytes('b'), into, first.carry);
  assert.deepEqual([second, text(into)], [{ used: 1, written: 2, carry: undefined }, '\nb']);
});

async function readAll(source: string, chunk: number): Promise<string> {
  const reader = netasciiSource(memoryContent(bytes(source), '"x"', 0));
  let got = '';
  for (;;) {
    const into = new Uint8Array(chunk);
    const count = await reader.read(into, got.length);
    got += text(into.subarray(0, count));
    if (count < chunk) return got;
  }
}

test('netascii: any text in any pieces is what it is in one', async () => {
  const random = seeded(764);
  for (let n = 0; n < 200; n++) {
    const source = Array.from({ length: Math.floor(random() * 200) }, () => 'ab\r\n'[Math.floor(random() * 4)]).join(
      '',
    );
    assert.equal(await readAll(source, 1 + Math.floor(random() * 40)), expected(source));
  }
});

test('netascii: a reader may go back to where an earlier read began', async () => {
  const source = 'one\ntwo\rthree\n'.repeat(20);
  const reader = netasciiSource(memoryContent(bytes(source), '"x"', 0));
  const want = expected(source);
  const into = new Uint8Array(7);
  for (const position of [0, 7, 14, 7, 14, 21, 0]) {
    await reader.read(into, position);
    assert.equal(text(into), want.slice(position, position + 7));
  }
  await assert.rejects(reader.read(into, 3), RangeError);
});
