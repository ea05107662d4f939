import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { BodyReader } from '../../src/admin/body.ts';
import { MAX_ANNOUNCEMENT_BYTES } from '../../src/core/swarm.ts';

const request = (headers: Readonly<Record<string, string>> = {}) =>
  Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage & PassThrough;

/** All that is under way has been taken in: every turn of the loop before this one is over. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('a body is whole, in however many pieces it comes; none is one, too', async () => {
  const reader = new BodyReader();
  const [whole, none] = [request(), request()];
  const read = Promise.all([reader.read(whole), reader.read(none)]);
  for (const piece of ['ab', 'c', 'd']) whole.write(piece);
  whole.end();
  none.end();
  const texts = (await read).map((body) => (body.kind === 'whole' ? Buffer.from(body.bytes).toString() : body.kind));
  assert.deepEqual(texts, ['abcd', '']);
  assert.equal(reader.heldBytes, 0);
});

test('one that says that it is too long is not read at all; one that turns out so, not to its end', async () => {
  const reader = new BodyReader();
  assert.equal((await reader.read(request({ 'content-length': `${MAX_ANNOUNCEMENT_BYTES + 1}` }))).kind, 'too-long');
  const long = request();
  const read = reader.read(long);
  for (let n = 0; n < 17; n++) long.write(Buffer.alloc(64 << 10));
  assert.equal((await read).kind, 'too-long');
  assert.deepEqual([long.destroyed, reader.heldBytes], [false, 0]);
});

test('all together may hold 16 MiB: who comes then is asked to try again, and has room once others are done', async () => {
  const reader = new BodyReader();
  const others = Array.from({ length: 16 }, () => request());
  const reading = others.map((each) => reader.read(each));
  for (const each of others) each.write(Buffer.alloc(MAX_ANNOUNCEMENT_BYTES));
  await turn();
  assert.equal(reader.heldBytes, 16 * MAX_ANNOUNCEMENT_BYTES);
  const late = request();
  late.end('x');
  assert.equal((await reader.read(late)).kind, 'crowded');
  for (const each of others) each.end();
  assert.ok((await Promise.all(reading)).every(({ kind }) => kind === 'whole'));
  const later = request();
  later.end('x');
  assert.equal((await reader.read(later)).kind, 'whole');
});

test('a peer that goes away leaves nothing held', async () => {
  const reader = new BodyReader();
  const cut = request();
  const read = reader.read(cut);
  cut.write('x');
  await turn();
  cut.destroy(new Error('aborted'));
  assert.deepEqual([(await read).kind, reader.heldBytes], ['cut', 0]);
});
