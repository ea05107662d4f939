import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { Content } from '../../src/core/content.ts';
import { sendBody } from '../../src/http/body.ts';
import { BIG_BYTES, BigBuffers, LENT_BYTES, Pace, SMALL_BYTES } from '../../src/http/pool.ts';
import { pattern } from './wire.ts';

/** A response that takes a piece when it is told to, and remembers what it was given. */
class FakeResponse extends EventEmitter {
  readonly taken: Buffer[] = [];
  readonly pieces: number[] = [];
  destroyed = false;
  isEnded = false;
  #waiting: (() => void) | undefined;
  readonly #isWilling: boolean;
  constructor(isWilling: boolean) {
    super();
    this.#isWilling = isWilling;
  }

  write(bytes: Uint8Array, done = (): void => {}): void {
    this.pieces.push(bytes.length);
    const before = this.#waiting;
    this.#waiting = () => {
      before?.();
      // Copied only now: the buffer must not be used again before.
      this.taken.push(Buffer.from(bytes));
      done();
    };
    if (this.#isWilling) this.take();
  }

  cork(): void {}
  uncork(): void {}

  end(bytes: Uint8Array, done: () => void): void {
    this.isEnded = true;
    this.write(bytes, done);
  }

  take(): void {
    const take = this.#waiting;
    this.#waiting = undefined;
    if (take) setImmediate(take);
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  get all(): Buffer {
    return Buffer.concat(this.taken);
  }

  asResponse(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

interface FakeContent extends Content {
  reads: number;
  pending: number;
  bytesRead: number;
}

function contentOf(bytes: Buffer, changed: Partial<Content> = {}): FakeContent {
  const content: FakeContent = {
    ...{ reads: 0, pending: 0, bytesRead: 0 },
    ...{ sizeBytes: bytes.length, modifiedMs: 0, etag: '"x"' },
    read: async (into, position) => {
      content.reads += 1;
      content.pending += 1;
      await new Promise((resolve) => setImmediate(resolve));
      content.pending -= 1;
      const count = bytes.copy(into, 0, position);
      content.bytesRead += count;
      return count;
    },
    isUnchanged: async () => true,
    close: async () => {},
    ...changed,
  };
  return content;
}

const means = (isFast: boolean, buffers = 4) => {
  const pace = new Pace();
  if (isFast) pace.record(8 << 20, 1);
  return { pool: new BigBuffers(buffers), pace, now: () => 0, turn: async () => {} };
};
const bytes = pattern(3 * BIG_BYTES + 17);
const all = [{ start: 0, end: bytes.length }];

for (const isFast of [false, true]) {
  test(`body: whole and in order to a ${isFast ? 'fast' : 'new'} connection`, async () => {
    const out = new FakeResponse(true);
    const use = means(isFast);
    assert.equal(await sendBody(out.asResponse(), contentOf(bytes), all, use), 'sent');
    assert.ok(out.all.equals(bytes) && out.isEnded);
    assert.equal(Math.max(...out.pieces), isFast ? BIG_BYTES : SMALL_BYTES);
    assert.equal(use.pool.leased, 0);
  });
}

test('body: parts and the octets between them keep their order', async () => {
  const out = new FakeResponse(true);
  const segments = [
    Buffer.from('<'),
    { start: 5, end: 9 },
    Buffer.from('|'),
    { start: 0, end: 70_000 },
    Buffer.from('>'),
  ];
  assert.equal(await sendBody(out.asResponse(), contentOf(bytes), segments, means(false)), 'sent');
  const [open, bar, end] = ['<', '|', '>'].map((s) => Buffer.from(s));
  assert.ok(open && bar && end);
  assert.ok(out.all.equals(Buffer.concat([open, bytes.subarray(5, 9), bar, bytes.subarray(0, 70_000), end])));
});

test('body: a new connection that takes nothing costs one small piece', async () => {
  const out = new FakeResponse(false);
  const content = contentOf(bytes);
  const sending = sendBody(out.asResponse(), content, all, means(false));
  await settled();
  assert.equal(content.bytesRead, SMALL_BYTES);
  out.destroy();
  assert.equal(await sending, 'aborted');
});

test('body: a fast connection that stops taking costs two big pieces, and none once it is gone', async () => {
  const out = new FakeResponse(false);
  const use = means(true);
  const content = contentOf(bytes);
  const sending = sendBody(out.asResponse(), content, all, use);
  await settled();
  assert.equal(content.bytesRead, 2 * BIG_BYTES);
  assert.equal(use.pool.leased, 2);
  out.destroy();
  assert.equal(await sending, 'aborted');
  assert.equal(use.pool.leased, 0);
  assert.equal(content.pending, 0);
});

test('body: without a big buffer left a fast connection goes on with small ones', async () => {
  const out = new FakeResponse(true);
  const use = means(true, 1);
  use.pool.take();
  assert.equal(await sendBody(out.asResponse(), contentOf(bytes), all, use), 'sent');
  assert.ok(out.all.equals(bytes));
  assert.equal(Math.max(...out.pieces), SMALL_BYTES);
});

test('body: a connection that is gone before the first piece reads nothing more', async () => {
  const out = new FakeResponse(false);
  out.destroyed = true;
  assert.equal(await sendBody(out.asResponse(), contentOf(bytes), all, means(false)), 'aborted');
  assert.deepEqual(out.pieces, []);
});

for (const isFast of [false, true]) {
  test(`body: bytes that changed are never completed (${isFast ? 'fast' : 'new'} connection)`, async () => {
    const out = new FakeResponse(true);
    const use = means(isFast);
    const content = contentOf(bytes, { isUnchanged: async () => false });
    assert.equal(await sendBody(out.asResponse(), content, all, use), 'changed');
    assert.ok(out.all.length < bytes.length && !out.isEnded);
    assert.equal(use.pool.leased, 0);
  });

  test(`body: when nobody can say whether the bytes changed, they did (${isFast ? 'fast' : 'new'} connection)`, async () => {
    const out = new FakeResponse(true);
    const use = means(isFast);
    const content = contentOf(bytes, { isUnchanged: () => Promise.reject(new Error('ESTALE')) });
    assert.equal(await sendBody(out.asResponse(), content, all, use), 'changed');
    assert.ok(out.all.length < bytes.length && !out.isEnded);
    assert.equal(use.pool.leased, 0);
  });

  test(`body: a file that became shorter is never padded (${isFast ? 'fast' : 'new'} connection)`, async () => {
    const out = new FakeResponse(true);
    const use = means(isFast);
    const longer = [{ start: 0, end: bytes.length + 1 }];
    assert.equal(await sendBody(out.asResponse(), contentOf(bytes), longer, use), 'changed');
    assert.ok(bytes.subarray(0, out.all.length).equals(out.all) && !out.isEnded);
    assert.equal(use.pool.leased, 0);
  });

  test(`body: a read that fails rejects and leaves no buffer behind (${isFast ? 'fast' : 'new'} connection)`, async () => {
    const out = new FakeResponse(true);
    const use = means(isFast);
    const content = contentOf(bytes);
    const { read } = content;
    const failing = {
      ...content,
      read: (into: Uint8Array, at: number) => (at > 0 ? Promise.reject(new Error('EIO')) : read(into, at)),
    };
    await assert.rejects(sendBody(out.asResponse(), failing, all, use), /EIO/);
    assert.equal(use.pool.leased, 0);
  });
}

const large = pattern(3 * LENT_BYTES + 17);
const lender = (asked: number[] = [], hot: (position: number) => boolean = () => true): Partial<Content> => ({
  borrow: async (position, maxBytes) => {
    asked.push(position);
    const blockEnd = (Math.floor(position / LENT_BYTES) + 1) * LENT_BYTES;
    return hot(position) ? large.subarray(position, Math.min(blockEnd, position + maxBytes)) : undefined;
  },
});

for (const isFast of [false, true]) {
  test(`body: what the cache has is sent as it lies there, ${isFast ? 'a MiB' : '256 KiB'} at a time (${isFast ? 'fast' : 'new'} connection)`, async () => {
    const out = new FakeResponse(true);
    const use = means(isFast);
    let turns = 0;
    const turn = async (): Promise<void> => {
      turns += 1;
    };
    const content = contentOf(large, lender());
    const range = [{ start: 100, end: large.length }];
    assert.equal(await sendBody(out.asResponse(), content, range, { ...use, turn }), 'sent');
    assert.ok(out.all.equals(large.subarray(100)) && out.isEnded);
    if (isFast) assert.deepEqual(out.pieces, [LENT_BYTES - 100, 100, LENT_BYTES - 100, 100, LENT_BYTES - 100, 17]);
    else assert.ok(out.pieces.every((bytes) => bytes <= BIG_BYTES));
    assert.equal(turns, Math.ceil((large.length - 100) / (isFast ? LENT_BYTES : BIG_BYTES)) - 1);
    assert.equal(content.reads, 0);
    assert.equal(use.pool.leased, 0);
  });
}

test('body: a reader who finds nothing in the cache asks once for each block, and reads', async () => {
  const out = new FakeResponse(true);
  const asked: number[] = [];
  const isHot = (position: number): boolean => position >= 2 * LENT_BYTES;
  const use = means(true);
  const content = contentOf(large, lender(asked, isHot));
  assert.equal(await sendBody(out.asResponse(), content, [{ start: 0, end: large.length }], use), 'sent');
  assert.ok(out.all.equals(large));
  assert.deepEqual(asked, [0, LENT_BYTES, 2 * LENT_BYTES, 3 * LENT_BYTES]);
  assert.equal(content.bytesRead, 2 * LENT_BYTES);
  assert.equal(use.pool.leased, 0);
});

test('body: new connections borrow half of all that may be lent at once, fast ones the rest, too', async () => {
  const use = means(false, 4);
  use.pool.lease(true);
  use.pool.lease(true);
  const read = contentOf(large, lender());
  await sendBody(new FakeResponse(true).asResponse(), read, all, use);
  assert.ok(read.reads > 0);
  const lent = contentOf(large, lender());
  await sendBody(new FakeResponse(true).asResponse(), lent, all, { ...means(true), pool: use.pool });
  assert.equal(lent.reads, 0);
  assert.equal(use.pool.leased, 2);
});

const spoiled: readonly { readonly name: string; readonly changed: Partial<Content>; readonly want: string }[] = [
  { name: 'that changed', changed: { ...lender(), isUnchanged: async () => false }, want: 'changed' },
  {
    name: 'that became shorter',
    changed: { ...lender(), borrow: async () => large.subarray(0, 0), read: async () => 0 },
    want: 'changed',
  },
  { name: 'that cannot be read', changed: { borrow: () => Promise.reject(new Error('EIO')) }, want: 'Error: EIO' },
];
for (const { name, changed, want } of spoiled) {
  test(`body: lent octets of a file ${name} are not completed, and nothing stays lent`, async () => {
    const out = new FakeResponse(true);
    const use = means(true);
    const outcome = sendBody(out.asResponse(), contentOf(large, changed), all, use);
    assert.equal(await outcome.catch((error: Error) => `${error}`), want);
    assert.equal(out.isEnded, false);
    assert.equal(use.pool.leased, 0);
  });
}

test('body: a fast connection that stops taking holds two lent pieces, and none once it is gone', async () => {
  const out = new FakeResponse(false);
  const use = means(true);
  const range = [{ start: 0, end: large.length }];
  const sending = sendBody(out.asResponse(), contentOf(large, lender()), range, use);
  await settled();
  assert.equal(use.pool.leased, 2);
  out.destroy();
  assert.equal(await sending, 'aborted');
  assert.equal(use.pool.leased, 0);
});

/** Everything that can happen without the client has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}
