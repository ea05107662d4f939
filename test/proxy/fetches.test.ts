import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Bandwidth } from '../../src/proxy/bandwidth.ts';
import { BlockRoom } from '../../src/proxy/blockroom.ts';
import { type Answer, type Outgoing, type UpstreamClient, UpstreamFault } from '../../src/proxy/client.ts';
import { Fetches } from '../../src/proxy/fetches.ts';
import { type Fields, fieldOf } from '../../src/proxy/fields.ts';
import type { Flight } from '../../src/proxy/flight.ts';
import type { Entry } from '../../src/proxy/types.ts';
import type { Fetched, Want } from '../../src/proxy/want.ts';
import { FakeClock, FakeLog } from '../support/fakes.ts';
import { fakeStore } from './fakestore.ts';

interface Sent {
  readonly outgoing: Outgoing;
  isAborted: boolean;
  readonly content: PassThrough;
  answer(status: number, fields?: Fields): void;
  fail(status?: number): void;
}

function bench(perClientBitsPerSec?: number) {
  const sent: Sent[] = [];
  const client: UpstreamClient = {
    ask: (outgoing) => {
      const content = new PassThrough();
      content.on('error', () => {});
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      promise.catch(() => {});
      const fault = (status: number) => new UpstreamFault({ status, reason: 'unreachable', says: 'Gone.' });
      const one: Sent = {
        ...{ outgoing, content, isAborted: false },
        answer: (status, fields = []) => resolve({ head: { status, fields }, content, trailers: () => [] }),
        fail: (status = 502) => reject(fault(status)),
      };
      sent.push(one);
      return {
        answer: promise,
        abort: () => {
          one.isAborted = true;
          content.destroy();
          reject(fault(502));
        },
      };
    },
    connect: () => assert.fail('no tunnel'),
    stop: () => {},
  };
  const clock = new FakeClock();
  const store = fakeStore();
  const rates = { totalBitsPerSec: undefined, perClientBitsPerSec };
  const fetches = new Fetches({
    ...{ client, store, clock, log: new FakeLog(), tally: { brought: () => {} }, pseudonym: 'flisolator-test' },
    ...{ room: new BlockRoom(64 << 20), bandwidth: new Bandwidth(() => rates, clock) },
  });
  return { sent, clock, store, fetches };
}

const FRESH: Fields = ['Cache-Control', 'max-age=3600', 'ETag', '"one"'];

const want = (fields: Fields = [], more: Partial<Want> = {}): Want => ({
  asked: {
    ...{ method: 'GET', hasContent: false, version: '1.1', client: '172.16.0.7' },
    url: { scheme: 'http', host: 'origin.test', port: 80, path: '/a' },
    fields: ['Host', 'origin.test', ...fields],
  },
  ...{ key: 'http://origin.test/a', rule: { kind: 'usual' }, isSummed: false, stored: undefined, fallback: undefined },
  ...more,
});

async function settled(times = 20): Promise<void> {
  for (let i = 0; i < times; i++) await turn();
}

function flightIn(fetched: Fetched): Flight {
  assert.equal(fetched.kind, 'flight');
  return fetched.kind === 'flight' ? fetched.flight : assert.fail();
}

async function textOf(flight: Flight): Promise<string> {
  const reader = flight.join(0);
  let text = '';
  for (;;) {
    const view = await reader.at(text.length);
    if (view.length === 0) break;
    text += Buffer.from(view).toString('latin1');
  }
  reader.leave();
  return text;
}

const entry = (more: Partial<Entry> = {}): Entry => ({
  ...{ id: 9, key: 'http://origin.test/a', varies: [], sizeBytes: 3, sha256: undefined },
  ...{ head: { status: 200, fields: ['ETag', '"one"'] }, askedAtMs: 0, answeredAtMs: 0, ...more },
});

test('one request for all who want the same, before the head and after it', async () => {
  const { sent, fetches, store } = bench();
  const early = [fetches.get(want()), fetches.get(want()), fetches.get(want())];
  await settled();
  assert.equal(sent.length, 1);
  sent[0]?.answer(200, [...FRESH, 'Content-Length', '10']);
  const flights = (await Promise.all(early.map(({ fetched }) => fetched))).map(flightIn);
  const texts = flights.map(textOf);
  sent[0]?.content.write('hello');
  await settled();
  const late = flightIn(await fetches.get(want()).fetched);
  texts.push(textOf(late));
  sent[0]?.content.end('world');
  assert.deepEqual(
    await Promise.all(texts),
    Array.from({ length: 4 }, () => 'helloworld'),
  );
  await settled();
  assert.equal(sent.length, 1);
  assert.equal(store.find('http://origin.test/a').length, 1);
  assert.deepEqual(fetches.counts, { fetches: 0, waiting: 0 });
});

test('an answer that is private is for the first; each of the others asks for itself, and later ones do not wait', async () => {
  const { sent, fetches } = bench();
  const first = fetches.get(want());
  const second = fetches.get(want());
  const third = fetches.get(want());
  await settled();
  sent[0]?.answer(200, ['Cache-Control', 'private']);
  assert.equal((await first.fetched).kind, 'answer');
  await settled();
  assert.equal(sent.length, 3);
  sent[1]?.answer(200, ['Cache-Control', 'private']);
  sent[2]?.answer(200, ['Cache-Control', 'private']);
  assert.equal((await second.fetched).kind, 'answer');
  assert.equal((await third.fetched).kind, 'answer');
  fetches.get(want());
  fetches.get(want());
  await settled();
  assert.equal(sent.length, 5);
});

test('other variants than the one that came are asked for by themselves (RFC 9111 §4.1)', async () => {
  const { sent, fetches } = bench();
  const english = fetches.get(want(['Accept-Language', 'en']));
  const spanish = fetches.get(want(['Accept-Language', 'es']));
  await settled();
  sent[0]?.answer(200, [...FRESH, 'Vary', 'Accept-Language', 'Content-Length', '2']);
  const flight = flightIn(await english.fetched);
  await settled();
  assert.equal(sent.length, 2);
  sent[1]?.answer(200, [...FRESH, 'Vary', 'Accept-Language', 'Content-Length', '2']);
  assert.notEqual(flightIn(await spanish.fetched), flight);
});

test('the first goes away: the others go on; all go away: the origin is let go', async () => {
  const { sent, fetches } = bench();
  const [first, second] = [fetches.get(want()), fetches.get(want())];
  await settled();
  first.leave();
  await settled();
  assert.equal(sent[0]?.isAborted, false);
  second.leave();
  await settled();
  assert.equal(sent[0]?.isAborted, true);
});

test('what breaks off is gone on with by Range and If-Range, and nobody notices', async () => {
  const { sent, fetches, clock, store } = bench();
  const one = fetches.get(want());
  await settled();
  sent[0]?.answer(200, [...FRESH, 'Content-Length', '10']);
  const flight = flightIn(await one.fetched);
  const text = textOf(flight);
  sent[0]?.content.write('hello');
  await settled();
  sent[0]?.content.destroy(new Error('reset'));
  await settled();
  clock.advance(1000);
  await settled();
  assert.equal(sent.length, 2);
  const { fields = [] } = sent[1]?.outgoing ?? {};
  assert.equal(fieldOf(fields, 'range'), 'bytes=5-');
  assert.equal(fieldOf(fields, 'if-range'), '"one"');
  sent[1]?.answer(206, ['Content-Range', 'bytes 5-9/10', 'ETag', '"one"', 'Content-Length', '5']);
  await settled();
  sent[1]?.content.end('world');
  assert.equal(await text, 'helloworld');
  await settled();
  assert.equal(store.find('http://origin.test/a')[0]?.sizeBytes, 10);
});

const others = [
  { name: 'the whole again', status: 200, fields: ['ETag', '"two"', 'Content-Length', '10'] },
  { name: 'a part of another', status: 206, fields: ['Content-Range', 'bytes 5-9/10', 'ETag', '"two"'] },
  { name: 'another part', status: 206, fields: ['Content-Range', 'bytes 4-9/10', 'ETag', '"one"'] },
  { name: 'a part of a longer one', status: 206, fields: ['Content-Range', 'bytes 5-10/11', 'ETag', '"one"'] },
] as const;
for (const { name, status, fields } of others) {
  test(`what broke off is never mixed with another content: ${name}`, async () => {
    const { sent, fetches, clock, store } = bench();
    const one = fetches.get(want());
    await settled();
    sent[0]?.answer(200, [...FRESH, 'Content-Length', '10']);
    const text = textOf(flightIn(await one.fetched));
    text.catch(() => {});
    sent[0]?.content.write('hello');
    await settled();
    sent[0]?.content.destroy(new Error('reset'));
    await settled();
    clock.advance(1000);
    await settled();
    sent[1]?.answer(status, fields);
    sent[1]?.content.end('WORLD');
    await assert.rejects(text);
    assert.equal(store.find('http://origin.test/a').length, 0);
    assert.equal(store.drafts[0]?.fate, 'discarded');
  });
}

test('an origin that stays away is given up after some tries, and what came is left for the next', async () => {
  const { sent, fetches, clock, store } = bench();
  const one = fetches.get(want());
  await settled();
  sent[0]?.answer(200, [...FRESH, 'Content-Length', '10']);
  const text = textOf(flightIn(await one.fetched));
  text.catch(() => {});
  sent[0]?.content.write('hello');
  await settled();
  sent[0]?.content.destroy(new Error('reset'));
  for (let i = 0; i < 10; i++) {
    await settled();
    clock.advance(20_000);
    await settled();
    sent.at(-1)?.fail();
  }
  await assert.rejects(text);
  assert.ok(sent.length > 3 && sent.length < 10, `${sent.length}`);
  assert.equal(store.drafts[0]?.fate, 'left');
});

test('what an earlier start left is gone on with; of another content it is thrown away', async () => {
  for (const isSame of [true, false]) {
    const { sent, fetches, store } = bench();
    const head = { status: 200, fields: FRESH };
    store.begun = {
      entry: {
        key: 'http://origin.test/a',
        varies: [],
        head,
        askedAtMs: 0,
        answeredAtMs: 0,
        sizeBytes: 10,
        isSummed: false,
      },
      bytes: Buffer.from('hello'),
    };
    const one = fetches.get(want());
    await settled();
    assert.equal(fieldOf(sent[0]?.outgoing.fields ?? [], 'range'), 'bytes=5-');
    if (isSame) sent[0]?.answer(206, ['Content-Range', 'bytes 5-9/10', 'ETag', '"one"']);
    else sent[0]?.answer(200, ['Cache-Control', 'max-age=60', 'ETag', '"two"', 'Content-Length', '5']);
    const flight = flightIn(await one.fetched);
    // As old as its beginning.
    if (isSame) assert.equal(flight.facts.arrived?.answeredAtMs, 0);
    const text = textOf(flight);
    sent[0]?.content.end('WORLD');
    assert.equal(await text, isSame ? 'helloWORLD' : 'WORLD');
    await settled();
    assert.equal(store.drafts[0]?.fate, isSame ? 'finished' : 'discarded');
  }
});

test('304 makes what is kept new (RFC 9111 §4.3.4)', async () => {
  const { sent, fetches } = bench();
  const stored = entry();
  const one = fetches.get(want([], { stored }));
  await settled();
  assert.equal(fieldOf(sent[0]?.outgoing.fields ?? [], 'if-none-match'), '"one"');
  sent[0]?.answer(304, ['ETag', '"one"', 'Cache-Control', 'max-age=60']);
  const fetched = await one.fetched;
  assert.ok(fetched.kind === 'entry' && fetched.source === 'revalidated');
  assert.equal(fetched.kind === 'entry' && fieldOf(fetched.entry.head.fields, 'cache-control'), 'max-age=60');
});

for (const trouble of [500, 502, 503, 504, 'gone'] as const) {
  test(`what is kept is told where the origin is in trouble: ${trouble} (RFC 5861 §4)`, async () => {
    const { sent, fetches } = bench();
    const stored = entry();
    const one = fetches.get(want([], { stored, fallback: stored }));
    await settled();
    if (trouble === 'gone') sent[0]?.fail();
    else sent[0]?.answer(trouble);
    const fetched = await one.fetched;
    assert.ok(fetched.kind === 'entry' && fetched.source === 'stale' && fetched.entry === stored);
  });
}

test('with the origin gone what is kept is told at once, and one asks now and then', async () => {
  const { sent, fetches, clock } = bench();
  const stored = entry();
  const ask = () => fetches.get(want([], { stored, fallback: stored })).fetched;
  const one = ask();
  await settled();
  sent[0]?.fail();
  assert.equal((await one).kind, 'entry');
  assert.equal((await ask()).kind, 'entry');
  assert.equal(sent.length, 1);
  clock.advance(5000);
  const again = ask();
  await settled();
  assert.equal(sent.length, 2);
  sent[1]?.answer(304, ['ETag', '"one"']);
  assert.equal((await again).kind, 'entry');
});

test('nobody reads any longer: what is nearly there is finished, what is far from it is left', async () => {
  for (const isNear of [true, false]) {
    const { sent, fetches, store } = bench();
    const total = isNear ? 1_000_000 : 100_000_000;
    const one = fetches.get(want());
    await settled();
    sent[0]?.answer(200, [...FRESH, 'Content-Length', `${total}`]);
    const flight = flightIn(await one.fetched);
    const reader = flight.join(0);
    sent[0]?.content.write(Buffer.alloc(400_000));
    await settled();
    reader.leave();
    fetches.left(flight);
    await settled();
    if (isNear) sent[0]?.content.end(Buffer.alloc(600_000));
    await settled(60);
    assert.equal(store.drafts[0]?.fate, isNear ? 'finished' : 'left');
    assert.equal(fetches.counts.fetches, 0);
  }
});

test('an origin that breaks off while room is made for its answer: the flight hears of it', async () => {
  const { sent, fetches, store } = bench();
  const { promise, resolve } = Promise.withResolvers<void>();
  const create = store.create;
  store.create = async (made) => {
    await promise;
    return create(made);
  };
  const one = fetches.get(want());
  await settled();
  sent[0]?.answer(200, ['Cache-Control', 'max-age=60', 'Content-Length', '10']);
  await settled();
  sent[0]?.content.destroy(new Error('reset'));
  await settled();
  resolve();
  await assert.rejects(textOf(flightIn(await one.fetched)));
  await settled();
  assert.equal(fetches.counts.fetches, 0);
});

test('what is asked about without a validator is asked for anew: a 304 to what the client has confirms nothing of ours', async () => {
  const { sent, fetches } = bench();
  const stored = entry({ head: { status: 200, fields: ['Cache-Control', 'max-age=1'] } });
  fetches.get(want(['If-None-Match', '"theirs"', 'Range', 'bytes=1-2'], { stored }));
  await settled();
  const { fields = [] } = sent[0]?.outgoing ?? {};
  assert.deepEqual([fieldOf(fields, 'if-none-match'), fieldOf(fields, 'range')], [undefined, undefined]);
});

test('what is confirmed for one variant is not told to who wants another (RFC 9111 §4.1)', async () => {
  const { sent, fetches } = bench();
  const head = { status: 200, fields: ['ETag', '"one"', 'Vary', 'Accept-Language'] };
  const english = entry({ id: 1, head, varies: ['accept-language', 'en'] });
  const spanish = entry({ id: 2, head, varies: ['accept-language', 'es'] });
  const one = fetches.get(want(['Accept-Language', 'en'], { stored: english }));
  const other = fetches.get(want(['Accept-Language', 'es'], { stored: spanish }));
  await settled();
  sent[0]?.answer(304, ['ETag', '"one"']);
  await settled();
  sent[1]?.answer(304, ['ETag', '"one"']);
  const [first, second] = await Promise.all([one.fetched, other.fetched]);
  assert.equal(first.kind === 'entry' && first.entry.id, 1);
  assert.equal(second.kind === 'entry' && second.entry.id, 2);
});

test('who comes while an abandoned request ends asks anew', async () => {
  const { sent, fetches, store } = bench();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  store.resume = () => promise;
  const first = fetches.get(want());
  await settled();
  first.leave();
  const second = fetches.get(want());
  resolve(undefined);
  await settled();
  sent.at(-1)?.answer(200, [...FRESH, 'Content-Length', '0']);
  assert.equal((await second.fetched).kind, 'flight');
});

test('a client that gives up says nothing of the origin', async () => {
  const { sent, fetches } = bench();
  const stored = entry();
  const one = fetches.get(want([], { stored, fallback: stored }));
  await settled();
  one.leave();
  await settled();
  const other = fetches.get(want([], { stored, fallback: stored }));
  await settled();
  assert.equal(sent.length, 2);
  sent[1]?.answer(304, ['ETag', '"one"']);
  const fetched = await other.fetched;
  assert.equal(fetched.kind === 'entry' && fetched.source, 'revalidated');
});

test('the first is gone when the answer comes: those who waited with it read it', async () => {
  const { sent, fetches } = bench();
  const first = fetches.get(want());
  const second = fetches.get(want());
  await settled();
  first.leave();
  // As for a client: each a step behind its fetch.
  const dropped = (async () => fetches.left(flightIn(await first.fetched)))();
  const read = (async () => textOf(flightIn(await second.fetched.finally(() => {}))))();
  sent[0]?.answer(200, [...FRESH, 'Content-Length', `${50 << 20}`]);
  await dropped;
  await settled();
  for (let i = 0; i < 50; i++) {
    sent[0]?.content.write(Buffer.alloc(1 << 20));
    await settled(2);
  }
  sent[0]?.content.end();
  assert.equal((await read).length, 50 << 20);
  assert.equal(sent.length, 1);
});

test('what has no length and no reader is fetched all the same while it is small', async () => {
  for (const isSmall of [true, false]) {
    const { sent, fetches, store } = bench();
    const one = fetches.get(want());
    await settled();
    sent[0]?.answer(200, FRESH);
    fetches.left(flightIn(await one.fetched));
    await settled();
    for (let i = 0; i < (isSmall ? 1 : 20); i++) {
      sent[0]?.content.write(Buffer.alloc(1 << 20));
      await settled(2);
    }
    if (isSmall) sent[0]?.content.end();
    await settled();
    assert.equal(store.drafts[0]?.fate, isSmall ? 'finished' : 'left');
    assert.deepEqual([sent[0]?.content.destroyed, fetches.counts.fetches], [true, 0]);
  }
});

test('content that broke off before anybody listened has broken off', async () => {
  const { sent, fetches } = bench();
  const { fetched } = fetches.get(want());
  await settled();
  sent[0]?.content.destroy(new Error('garbled'));
  sent[0]?.answer(200, FRESH);
  const flight = flightIn(await fetched);
  await assert.rejects(textOf(flight));
  await settled();
  assert.deepEqual(fetches.counts, { fetches: 0, waiting: 0 });
});

test('what is on its way and was changed meanwhile is for who has it already, and not kept (RFC 9111 §4.4)', async () => {
  const { sent, fetches, store } = bench();
  const one = fetches.get(want());
  await settled();
  sent[0]?.answer(200, [...FRESH, 'Content-Length', '3']);
  const text = textOf(flightIn(await one.fetched));
  fetches.outdate('http://origin.test/a');
  fetches.get(want());
  await settled();
  assert.equal(sent.length, 2);
  sent[0]?.content.end('old');
  assert.equal(await text, 'old');
  await settled();
  assert.equal(store.find('http://origin.test/a').length, 0);
});

test('what many read costs each of them its part: two get it in half the time of one, by shares of the uplink', async () => {
  const took: number[] = [];
  for (const clients of [['172.16.0.7'], ['172.16.0.7', '172.16.0.8']]) {
    const { sent, fetches, clock } = bench(8_000_000);
    const gettings = clients.map((client) => fetches.get({ ...want(), asked: { ...want().asked, client } }));
    await settled();
    sent[0]?.answer(200, [...FRESH, 'Content-Length', '4000000']);
    const flights = (await Promise.all(gettings.map(({ fetched }) => fetched))).map(flightIn);
    for (const [i, flight] of flights.entries()) flight.join(0, clients[i]);
    for (let i = 0; i < 40; i++) sent[0]?.content.write(Buffer.alloc(100_000));
    const startMs = clock.now();
    while ((flights[0]?.receivedBytes ?? 0) < 4_000_000 && clock.now() < startMs + 60_000) {
      await settled(4);
      clock.advance(20);
    }
    took.push(clock.now() - startMs);
    await fetches.stop();
  }
  const [alone = 0, together = 0] = took;
  assert.ok(alone > 3000 && alone < 5000 && together > alone * 0.4 && together < alone * 0.6, `${took}`);
});
