import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import { LIMITED_BROADCAST, UNSPECIFIED } from '../../src/core/addr.ts';
import { decode, encode } from '../../src/dhcp/packet.ts';
import { dhcpService } from '../../src/dhcp/server.ts';
import { type LeaseStore, memoryLeaseStore } from '../../src/dhcp/store.ts';
import { startAll } from '../../src/service.ts';
import { FLINK, hall, LAPTOP, macNumber, message } from '../support/dhcp.ts';
import { type FakeHost, fakeHost, seeded } from '../support/fakes.ts';

const CLIENT = { address: UNSPECIFIED, port: 68 };
const EVERYBODY = { address: LIMITED_BROADCAST, port: 67 };
const LISTEN = { address: FLINK, port: 67, pxePort: 4011 };

/** Lets the promises of the store settle. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function running(store: LeaseStore = memoryLeaseStore(), host: FakeHost = fakeHost()) {
  const service = dhcpService(LISTEN, () => hall(), { host, store });
  await startAll([service]);
  const replies = () =>
    host.udp.sent.filter((d) => d.from.address === FLINK).map((d) => ({ to: d.to, packet: decode(d.bytes) }));
  const ask = (packet: ReturnType<typeof message>) => host.udp.deliver(encode(packet), CLIENT, EVERYBODY);
  return { service, host, replies, ask };
}

test('dhcp: DISCOVER and REQUEST by broadcast are answered from the LAN’s own address', async () => {
  const { service, replies, ask } = await running();
  ask(message('discover'));
  const offered = replies()[0]?.packet.yiaddr;
  assert.ok(offered);
  ask(message('request', { server: FLINK, requested: offered }));
  await settled();
  assert.deepEqual(
    replies().map((r) => [r.packet.yiaddr, r.to.address, r.to.port]),
    [
      [offered, LIMITED_BROADCAST, 68],
      [offered, LIMITED_BROADCAST, 68],
    ],
  );
  assert.equal(service.leases.at(offered)?.state, 'bound');
});

test('dhcp: an ACK waits for the store, and is not sent when the store fails', async () => {
  let release = (_error?: Error): void => {};
  const store: LeaseStore = {
    ...memoryLeaseStore(),
    commit: () =>
      new Promise((resolve, reject) => {
        release = (error) => (error ? reject(error) : resolve());
      }),
  };
  const { host, replies, ask } = await running(store);
  const request = message('request', { server: FLINK, requested: '172.16.0.101' as Ipv4 });
  ask(request);
  await settled();
  assert.equal(replies().length, 0);
  release();
  await settled();
  assert.equal(replies().length, 1);
  ask(request);
  release(new Error('disk full'));
  await settled();
  assert.equal(replies().length, 1);
  assert.ok(host.log.lines.some((line) => line.event === 'store-failed'));
});

test('dhcp: leases that the store kept are known again after a start', async () => {
  const store = memoryLeaseStore();
  const first = await running(store);
  first.ask(message('request', { server: FLINK, requested: '172.16.0.107' as Ipv4 }));
  await settled();
  const second = await running(store);
  second.ask(message('discover'));
  assert.equal(second.replies()[0]?.packet.yiaddr, '172.16.0.107');
});

test('dhcp: 10,000 random datagrams later the next honest client is served', async () => {
  const { host, replies, ask } = await running();
  const random = seeded(67);
  for (let i = 0; i < 10_000; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 600) }, () => Math.floor(random() * 256));
    host.udp.deliver(bytes, CLIENT, EVERYBODY);
  }
  assert.equal(replies().length, 0);
  ask(message('discover'));
  assert.equal(replies().length, 1);
});

test('dhcp: an empty pool is said with its cure, once a minute', async () => {
  const { host, ask } = await running();
  const warnings = () => host.log.lines.filter((line) => line.level === 'warn').length;
  for (let i = 0; i < 50; i++) ask(message('discover', { mac: macNumber(i) }));
  assert.equal(warnings(), 1);
  host.clock.advance(29_000);
  ask(message('discover', { mac: macNumber(99) }));
  assert.equal(warnings(), 1);
});

test('dhcp: what a machine repeats is told once, and nothing is told beyond a bound', async () => {
  const { host, ask } = await running();
  const told = () => host.log.lines.filter((line) => line.level === 'info').length;
  for (let i = 0; i < 100; i++) ask(message('discover'));
  assert.equal(told(), 1);
  host.clock.advance(10_000);
  ask(message('discover'));
  assert.equal(told(), 2);
});

test('dhcp: an address that somebody else uses is a warning with its cure', async () => {
  const { host, ask } = await running();
  ask(message('request', { server: FLINK, requested: '172.16.0.101' as Ipv4 }));
  await settled();
  ask(message('decline', { server: FLINK, requested: '172.16.0.101' as Ipv4 }));
  await settled();
  const line = host.log.lines.find((l) => l.event === 'decline');
  assert.deepEqual([line?.level, line?.ip], ['warn', '172.16.0.101']);
  assert.match(String(line?.cure), /fixed address/);
});

test('dhcp: a bug in one request stays in that request', async () => {
  const host = fakeHost();
  let isBroken = true;
  const policy = () => {
    if (isBroken) throw new TypeError('a bug');
    return hall();
  };
  const service = dhcpService(LISTEN, policy, { host, store: memoryLeaseStore() });
  await startAll([service]);
  host.udp.deliver(encode(message('discover')), CLIENT, EVERYBODY);
  assert.match(String(host.log.lines.find((line) => line.event === 'bug')?.error), /a bug/);
  isBroken = false;
  host.udp.deliver(encode(message('discover')), CLIENT, EVERYBODY);
  assert.equal(host.udp.sent.filter((d) => d.from.address === FLINK).length, 1);
});

test('dhcp: a change that the store cannot keep did not happen', async () => {
  const store: LeaseStore = {
    ...memoryLeaseStore(),
    commit: async () => {
      throw new Error('disk full');
    },
  };
  const { service, ask } = await running(store);
  ask(message('request', { server: FLINK, requested: '172.16.0.107' as Ipv4 }));
  await settled();
  assert.equal(service.leases.at('172.16.0.107' as Ipv4), undefined);
});

test('dhcp: a change that fails takes back itself alone, not a later one of the same address', async () => {
  const commits: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const commit = () => new Promise<void>((resolve, reject) => void commits.push({ resolve, reject }));
  const { service, ask } = await running({ ...memoryLeaseStore(), commit });
  const address = '172.16.0.107' as Ipv4;
  ask(message('request', { server: FLINK, requested: address }));
  ask(message('request', { ciaddr: address, flags: 0 }));
  commits[1]?.resolve();
  commits[0]?.reject(new Error('disk full'));
  await settled();
  assert.equal(service.leases.at(address)?.state, 'bound');
});

test('dhcp: a lease’s end survives a restart, and a clock that starts anew', async () => {
  const store = memoryLeaseStore();
  const first = await running(store);
  first.ask(message('request', { server: FLINK, requested: '172.16.0.107' as Ipv4 }));
  await settled();
  const host = fakeHost();
  host.clock.advance(1_800_000);
  const second = await running(store, host);
  assert.equal(
    second.service.leases.at('172.16.0.107' as Ipv4)?.expiresAtMs,
    3_600_000,
    'an hour after the first one’s start',
  );
});

test('dhcp: a log line says who, what and by which rule', async () => {
  const { host, ask } = await running();
  ask(message('discover', { mac: LAPTOP as Mac }));
  const line = host.log.lines.find((l) => l.event === 'offer');
  assert.deepEqual(
    [line?.level, line?.service, line?.mac, line?.reason, line?.stage],
    ['info', 'dhcp', LAPTOP, 'pool', 'system'],
  );
});

test('dhcp: a socket that a service manager hands over is the only one for port 67', async () => {
  const host = fakeHost();
  host.udp.handedPort = 67;
  const { service } = await running(memoryLeaseStore(), host);
  assert.equal(host.udp.openSockets, 2, 'that one and 4011');
  assert.deepEqual(service.health(), { ok: true });
  await service.stop();
  assert.equal(host.udp.openSockets, 0);
});

test('dhcp: a start that fails half way leaves no socket', async () => {
  const host = fakeHost();
  const taken = await host.udp.bind({ address: LIMITED_BROADCAST, port: 67 }, () => {});
  await assert.rejects(running(memoryLeaseStore(), host), /in use/);
  assert.equal(host.udp.openSockets, 1);
  await taken.close();
});

test('dhcp: a port in use is a fault, and stop leaves no socket', async () => {
  const { service, host } = await running();
  const second = dhcpService(LISTEN, () => hall(), { host, store: memoryLeaseStore() });
  await assert.rejects(second.start(), /in use/);
  assert.deepEqual(service.health(), { ok: true });
  await service.stop();
  await service.stop();
  await second.stop();
  assert.equal(host.udp.openSockets, 0);
  assert.deepEqual(service.health(), { ok: false, reason: 'not-bound' });
});
