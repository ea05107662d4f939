import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, LIMITED_BROADCAST } from '../../src/core/addr.ts';
import { type FindDeps, type Found, findFlink } from '../../src/swarm/find.ts';
import { type FakeHost, fakeHost, lan } from '../support/fakes.ts';

const settle = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
};
const never = (): Promise<never> => new Promise(() => {});
const FLINK = 'http://172.16.0.1:8067';

interface Hall extends Partial<FindDeps> {
  /** URLs where a flink answers. */
  readonly flinks?: readonly string[];
  /** What it answers to the broadcast, and from where. */
  readonly answer?: { readonly url: string; readonly from: string };
  readonly avoid?: string;
  readonly signal?: AbortSignal;
}

/** Looks in a hall; `found` is undefined until it ends. */
async function look({ flinks = [], answer, avoid, signal, ...over }: Hall): Promise<{
  readonly host: FakeHost;
  readonly tried: readonly string[];
  readonly found: () => Found | 'nobody' | undefined;
}> {
  const host = fakeHost([lan('lo', '127.0.0.1', 8), lan('eth0', '172.16.0.10')]);
  const tried: string[] = [];
  let found: Found | 'nobody' | undefined;
  if (answer) {
    const bytes = Buffer.from(JSON.stringify({ flisolator: 'flink', version: 1, url: answer.url, name: 'flink' }));
    await host.udp.bind({ address: LIMITED_BROADCAST, port: 8067 }, (question, from) => {
      assert.equal(question.length, 256);
      host.udp.deliver(bytes, { address: answer.from as Ipv4, port: 8067 }, from);
    });
  }
  const deps: FindDeps = {
    host,
    isFlink: async (url) => {
      tried.push(url);
      return flinks.includes(url);
    },
    lookup: async () => [],
    gateways: async () => [],
    ...over,
  };
  void findFlink(deps, { avoid, signal }).then((one) => {
    found = one ?? 'nobody';
  });
  await settle();
  return { host, tried, found: () => found };
}

const addresses =
  (...all: readonly string[]) =>
  async (): Promise<readonly Ipv4[]> =>
    all as readonly Ipv4[];
const ways: readonly (Hall & { readonly name: string; readonly want: Found | 'nobody' })[] = [
  { name: 'by name', lookup: addresses('172.16.0.1'), flinks: [FLINK], want: { url: FLINK, way: 'name' } },
  { name: 'as a gateway', gateways: addresses('172.16.0.1'), flinks: [FLINK], want: { url: FLINK, way: 'gateway' } },
  {
    name: 'by asking everybody',
    answer: { url: FLINK, from: '172.16.0.1' },
    flinks: [FLINK],
    want: { url: FLINK, way: 'broadcast' },
  },
  {
    name: 'on this machine',
    flinks: ['http://172.16.0.10:8067'],
    want: { url: 'http://172.16.0.10:8067', way: 'this-machine' },
  },
  { name: 'by loopback', flinks: ['http://127.0.0.1:8067'], want: { url: 'http://127.0.0.1:8067', way: 'loopback' } },
  {
    name: 'who says so from afar is nobody',
    answer: { url: FLINK, from: '10.9.9.9' },
    flinks: [FLINK],
    want: 'nobody',
  },
  { name: 'who does not answer is nobody', answer: { url: FLINK, from: '172.16.0.1' }, want: 'nobody' },
  {
    name: 'who is to be avoided is nobody',
    gateways: addresses('172.16.0.1'),
    flinks: [FLINK],
    avoid: FLINK,
    want: 'nobody',
  },
  {
    name: 'the name before all others',
    lookup: addresses('172.16.0.2'),
    gateways: addresses('172.16.0.1'),
    flinks: [FLINK, 'http://172.16.0.2:8067', 'http://127.0.0.1:8067'],
    want: { url: 'http://172.16.0.2:8067', way: 'name' },
  },
  {
    name: 'the gateway before this machine',
    gateways: addresses('172.16.0.1'),
    flinks: ['http://127.0.0.1:8067', FLINK],
    want: { url: FLINK, way: 'gateway' },
  },
  {
    name: 'a resolver that is silent holds nobody up',
    lookup: never,
    gateways: addresses('172.16.0.1'),
    flinks: [FLINK],
    want: { url: FLINK, way: 'gateway' },
  },
  {
    name: 'ways that fail leave the others',
    lookup: async () => {
      throw new Error('x');
    },
    flinks: ['http://127.0.0.1:8067'],
    want: { url: 'http://127.0.0.1:8067', way: 'loopback' },
  },
];
for (const { name, want, ...hall } of ways) {
  test(`find: ${name}`, async () => {
    const { host, found } = await look(hall);
    host.clock.advance(1500);
    await settle();
    assert.deepEqual(found(), want);
    assert.deepEqual([host.udp.openSockets, host.clock.pendingTimers], [hall.answer ? 1 : 0, 0]);
  });
}

test('find: a name is taken at once, another way after a quarter of a second, nobody after one and a half', async () => {
  const named = await look({ lookup: addresses('172.16.0.1'), flinks: [FLINK] });
  assert.deepEqual(named.found(), { url: FLINK, way: 'name' });
  const gateway = await look({ gateways: addresses('172.16.0.1'), flinks: [FLINK] });
  assert.equal(gateway.found(), undefined);
  gateway.host.clock.advance(250);
  await settle();
  assert.deepEqual(gateway.found(), { url: FLINK, way: 'gateway' });
  const alone = await look({});
  alone.host.clock.advance(1499);
  await settle();
  assert.equal(alone.found(), undefined);
});

test('find: a look that is called off is over at once, with nothing left of it', async () => {
  const ending = new AbortController();
  const { signal } = ending;
  const { host, found } = await look({ signal, lookup: never });
  assert.equal(found(), undefined);
  ending.abort();
  await settle();
  assert.deepEqual([found(), host.udp.openSockets, host.clock.pendingTimers], ['nobody', 0, 0]);
  const late = await look({ signal, flinks: [FLINK], gateways: addresses('172.16.0.1') });
  assert.deepEqual([late.found(), late.host.clock.pendingTimers], ['nobody', 0]);
});

test('find: a system that cannot say its addresses leaves the ways that need none', async () => {
  const host = { ...fakeHost(), interfaces: () => assert.fail('EMFILE') };
  const others = { isFlink: async () => true, lookup: async () => [], gateways: addresses('172.16.0.1') };
  const looking = findFlink({ host, ...others });
  await settle();
  host.clock.advance(250);
  assert.deepEqual(await looking, { url: FLINK, way: 'gateway' });
});

test('find: a look costs a packet on each network and a few connections, whatever a hostile resolver says', async () => {
  const many = Array.from({ length: 500 }, (_, n) => `10.0.${Math.floor(n / 250)}.${n % 250}`);
  const { host, tried } = await look({ lookup: addresses(...many) });
  assert.equal(host.udp.sent.length, 1);
  assert.equal(tried.length, 16 + 2);
});
