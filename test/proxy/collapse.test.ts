/** One fetch however many wait: what the origin is asked, and what each client gets, by octets. RFC 9111 §4, threats of collapsed forwarding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Received, Wire } from '../support/httpask.ts';
import { requestFor } from '../support/httpask.ts';
import { type Behave, openOrigin, paths } from '../support/origin.ts';
import { Seeded, serve } from '../support/origincontent.ts';
import { comparing, eventually, Gate, keeps } from '../support/proxychecks.ts';
import { startProxy } from '../support/proxyflink.ts';

const MiB = 2 ** 20;

test('50 clients, one object of 200 MiB that nobody has: fetched once, told to all while it comes, whole', async (t) => {
  const content = new Seeded('big', 200 * MiB);
  const all = new Gate();
  const before = (position: number): Promise<void> | undefined => (position >= 4 * MiB ? all.opened : undefined);
  const origin = await openOrigin(t, keeps(content, { etag: '"big"', before }));
  const flink = await startProxy(t, { allow: [origin] });
  const expected = content.whole();
  const wires = await Promise.all(Array.from({ length: 50 }, () => flink.wire(comparing(expected))));
  for (const wire of wires) wire.send(requestFor('GET', `${origin.url}/big.iso`));
  // The origin goes on when the last one has its first octet, not before: all have something of what only one has asked for.
  await Promise.all(wires.map((wire) => wire.until('its first octets', () => wire.contentBytes > 0)));
  all.open();
  const answers = await Promise.all(wires.map((wire) => wire.next()));
  for (const { status, bytes, ended } of answers) assert.deepEqual([status, bytes, ended], [200, 200 * MiB, 'length']);
  assert.equal(origin.requests.length, 1);
  assert.ok(origin.sentBytes <= 1.05 * content.sizeBytes, `${origin.sentBytes}`);
  // And it is there from now on.
  const again = await flink.get(`${origin.url}/big.iso`, {}, comparing(expected));
  assert.deepEqual([again.bytes, origin.requests.length], [200 * MiB, 1]);
});

test('collapsing', async (t) => {
  const origin = await openOrigin(t, () => {});
  const flink = await startProxy(t, { allow: [origin] });
  const content = new Seeded('shared', 12 * MiB);
  const expected = content.whole();
  let serial = 0;

  /** An object that stops at `heldAt` until the gate is opened, at a path of its own. */
  const held = (heldAt: number, more: Parameters<typeof keeps>[1] = {}) => {
    const gate = new Gate();
    const path = `/held${++serial}.bin`;
    const before = (position: number): Promise<void> | undefined => (position >= heldAt ? gate.opened : undefined);
    const since = origin.requests.length;
    origin.behave = paths({ [path]: keeps(content, { etag: '"shared"', before, ...more }) });
    return { gate, url: `${origin.url}${path}`, asked: () => origin.requests.slice(since) };
  };
  const join = async (url: string, fields: Record<string, string> = {}): Promise<Wire> => {
    const wire = await flink.wire(comparing(expected));
    wire.send(requestFor('GET', url, fields));
    await wire.until('its first octets', () => wire.contentBytes > 0);
    return wire;
  };
  const isWhole = ({ status, bytes, ended }: Received): void =>
    assert.deepEqual([status, bytes, ended], [200, content.sizeBytes, 'length']);

  await t.test('who comes late begins at the beginning', async () => {
    const { gate, url, asked } = held(8 * MiB);
    const first = await join(url);
    await first.until('what has come', () => first.contentBytes >= 6 * MiB);
    const late = await join(url);
    await late.until('the same', () => late.contentBytes >= 6 * MiB);
    gate.open();
    const answers = [await first.next(), await late.next()];
    answers.forEach(isWhole);
    assert.equal(asked().length, 1);
    // What another asked for is told with its age: RFC 9111 §4.
    assert.deepEqual(
      answers.map((answer) => answer.field('age') !== undefined),
      [false, true],
    );
  });

  for (const way of ['close', 'reset'] as const)
    await t.test(`the first goes (${way}): the others notice nothing, and nothing is asked again`, async () => {
      const { gate, url, asked } = held(2 * MiB);
      const first = await join(url);
      const others = [await join(url), await join(url)];
      first[way]();
      await eventually('it is gone', () => first.socket.destroyed);
      gate.open();
      for (const wire of others) isWhole(await wire.next());
      assert.equal(asked().length, 1);
    });

  await t.test('one that does not read holds up nobody, and gets the whole when it does', async () => {
    const { gate, url, asked } = held(1 * MiB);
    const slow = await join(url);
    slow.pause();
    const fast = await join(url);
    gate.open();
    isWhole(await fast.next());
    assert.ok(slow.contentBytes < content.sizeBytes);
    slow.resume();
    isWhole(await slow.next());
    assert.equal(asked().length, 1);
  });

  await t.test(
    'a range of what has come is told at once, of what has not when it comes; nothing more is asked',
    async () => {
      const { gate, url, asked } = held(6 * MiB);
      const first = await join(url);
      await first.until('what has come', () => first.contentBytes >= 5 * MiB);
      const there = await flink.get(url, { Range: 'bytes=1000000-1000099' });
      assert.deepEqual(
        [there.status, there.field('content-range')],
        [206, `bytes 1000000-1000099/${content.sizeBytes}`],
      );
      assert.deepEqual(there.body, expected.subarray(1_000_000, 1_000_100));
      const ahead = await flink.wire();
      ahead.send(requestFor('GET', url, { Range: 'bytes=-100' }));
      gate.open();
      const tail = await ahead.next();
      assert.deepEqual([tail.status, tail.body], [206, expected.subarray(-100)]);
      isWhole(await first.next());
      // Whether the tail was worth a question of its own is a matter of taste; the whole never is twice.
      assert.equal(asked().filter((request) => request.field('range') === undefined).length, 1);
    },
  );

  await t.test('what may not be shared is asked for each', async () => {
    const since = origin.requests.length;
    let n = 0;
    const gate = new Gate();
    origin.behave = async (_, reply) => {
      const mine = `mine ${++n}`;
      await gate.opened;
      reply.answer(200, { 'Cache-Control': 'private, no-store' }, mine);
    };
    const asking = Array.from({ length: 5 }, () => flink.get(`${origin.url}/private`));
    await origin.request(since + 1);
    gate.open();
    const texts = (await Promise.all(asking)).map(({ text }) => text);
    assert.deepEqual(texts.toSorted(), ['mine 1', 'mine 2', 'mine 3', 'mine 4', 'mine 5']);
  });

  await t.test('cookies and authorisation: nobody gets what was made for somebody else', async () => {
    origin.behave = (request, reply) =>
      reply.answer(200, { 'Cache-Control': 'max-age=60' }, request.field('authorization'));
    const asking = ['a', 'b', 'c'].map((who) =>
      flink.get(`${origin.url}/authorised`, { Authorization: `Basic ${who}` }),
    );
    assert.deepEqual((await Promise.all(asking)).map(({ text }) => text).toSorted(), ['Basic a', 'Basic b', 'Basic c']);
  });

  await t.test('variants: one fetch for each, none for two', async () => {
    const { url, asked } = held(0);
    const gate = new Gate();
    const variant: Behave = async (request, reply) => {
      await gate.opened;
      reply.answer(200, { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' }, request.field('accept-language'));
    };
    origin.behave = variant;
    // Which fields count is known once an answer has said so.
    gate.open();
    assert.equal((await flink.get(url, { 'Accept-Language': 'fr' })).text, 'fr');
    const asking = ['es', 'en', 'es', 'en', 'es'].map((language) => flink.get(url, { 'Accept-Language': language }));
    assert.deepEqual(
      (await Promise.all(asking)).map(({ text }) => text),
      ['es', 'en', 'es', 'en', 'es'],
    );
    assert.ok(asked().length <= 6, String(asked().length));
    const settled = asked().length;
    for (const language of ['es', 'en', 'fr'])
      assert.equal((await flink.get(url, { 'Accept-Language': language })).text, language);
    assert.equal(asked().length, settled);
  });

  await t.test(
    'an origin that has nothing, is busy or is not there: told to all who wait, and asked again by the next',
    async () => {
      const since = origin.requests.length;
      const gate = new Gate();
      origin.behave = async (_, reply) => {
        await gate.opened;
        reply.answer(503, {}, 'later');
      };
      const asking = Array.from({ length: 20 }, () => flink.get(`${origin.url}/busy`));
      await origin.request(since + 1);
      gate.open();
      for (const { status, text } of await Promise.all(asking)) assert.deepEqual([status, text], [503, 'later']);
      origin.behave = (_, reply) => reply.answer(200, {}, 'now');
      assert.equal((await flink.get(`${origin.url}/busy`)).text, 'now');
    },
  );

  await t.test('all who waited have gone: an origin that never ends is let go', async () => {
    const gone = new Gate();
    origin.behave = async (_, reply) => {
      await reply.head(200, { 'Cache-Control': 'max-age=60' });
      const block = Buffer.alloc(65_536);
      while (await reply.send(block));
      gone.open();
    };
    const wires = await Promise.all(Array.from({ length: 3 }, () => flink.wire({ keepBytes: 0 })));
    for (const wire of wires) wire.send(requestFor('GET', `${origin.url}/endless`));
    await Promise.all(wires.map((wire) => wire.until('three megabytes', () => wire.contentBytes > 3 * MiB)));
    for (const wire of wires) wire.close();
    await gone.opened;
  });

  await t.test('a part far inside a large object is fetched by itself, half of it brings the whole', async () => {
    const huge = new Seeded('huge', 96 * MiB);
    origin.behave = paths({ '/huge.iso': keeps(huge, { etag: '"huge"' }) });
    const url = `${origin.url}/huge.iso`;
    const since = origin.requests.length;
    const part = async (from: number, bytes: number): Promise<void> => {
      const expected = huge.part(from, from + bytes);
      const got = await flink.get(url, { Range: `bytes=${from}-${from + bytes - 1}` }, comparing(expected));
      assert.deepEqual([got.status, got.bytes], [206, bytes]);
    };
    await part(80 * MiB, 1000);
    await part(70 * MiB, 30_000);
    const ranges = (): (string | undefined)[] => origin.requests.slice(since).map((request) => request.field('range'));
    // The first began the whole, saw how far it was, and let it be.
    assert.deepEqual(ranges(), [
      undefined,
      `bytes=${80 * MiB}-${80 * MiB + 999}`,
      `bytes=${70 * MiB}-${70 * MiB + 29_999}`,
    ]);
    origin.behave = paths({ '/other.iso': keeps(huge, { etag: '"huge"' }) });
    const half = huge.part(20 * MiB, 69 * MiB);
    const got = await flink.get(
      `${origin.url}/other.iso`,
      { Range: `bytes=${20 * MiB}-${69 * MiB - 1}` },
      comparing(half),
    );
    assert.deepEqual([got.status, got.bytes, ranges().at(-1)], [206, 49 * MiB, undefined]);
  });

  await t.test('one of unknown length is shared, and kept when it is whole', async () => {
    for (const framing of ['chunked', 'close'] as const) {
      const { gate, url, asked } = held(2 * MiB, { framing });
      const wires = [await join(url), await join(url)];
      gate.open();
      for (const wire of wires) {
        const { bytes, ended } = await wire.next();
        assert.deepEqual([bytes, ended], [content.sizeBytes, 'chunked']);
      }
      assert.equal((await flink.get(url, {}, comparing(expected))).bytes, content.sizeBytes);
      // Content that ends with its connection may have been cut off: to keep it is a matter of taste.
      assert.ok(asked().length <= (framing === 'close' ? 2 : 1));
    }
  });

  await t.test('nothing is held that nobody wants: no connection to the origin is in use in the end', async () => {
    origin.behave = (request, reply) => serve(request, reply, content);
    await eventually('no fetch goes on', async () => {
      const { fetches, waiting } = await flink.report();
      return fetches === 0 && waiting === 0;
    });
    assert.deepEqual(origin.faults, []);
  });
});
