import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import { cureOf, occupancyOf } from '../../src/dhcp/occupancy.ts';
import { encode } from '../../src/dhcp/packet.ts';
import { Presence } from '../../src/dhcp/presence.ts';
import { dhcpService, type Prober } from '../../src/dhcp/server.ts';
import { memoryLeaseStore } from '../../src/dhcp/store.ts';
import { startAll } from '../../src/service.ts';
import { FLINK, hall, macNumber, message } from '../support/dhcp.ts';
import { fakeHost } from '../support/fakes.ts';

const ip = (end: number) => `172.16.0.${end}` as Ipv4;

test('occupancy: each address of the range is counted once, by who has it', () => {
  const policy = hall();
  const presence = new Presence(() => false);
  const leases = new LeaseTable();
  const put = (end: number, state: 'bound' | 'offered' | 'declined' | 'released', expiresAtMs = 1000) =>
    leases.put({
      ...{ address: ip(end), mac: macNumber(end), clientId: undefined, isBoot: false, hostname: undefined },
      ...{ state, expiresAtMs },
    });
  put(101, 'bound');
  put(102, 'offered');
  put(103, 'declined');
  put(104, 'released');
  put(106, 'bound', 0);
  put(200, 'bound');
  presence.found({ address: ip(107), seen: 'taken', mac: macNumber(7), isSure: true }, 0);
  presence.found({ address: ip(201), seen: 'taken', mac: macNumber(8), isSure: true }, 0);
  const occupancy = occupancyOf(policy.networks[0], { policy, presence, nowMs: 0 }, leases.all());
  const { range: _, ...counts } = occupancy;
  assert.deepEqual(counts, { addresses: 10, held: 2, declined: 1, strangers: 1, fixed: 1 });
});

test('occupancy: the cure is for what fills the pool most', () => {
  const { range } = hall().networks[0];
  const full = { range, addresses: 10, held: 9, declined: 0, strangers: 0, fixed: 1 };
  assert.match(cureOf(full), /widen dhcp\.range or shorten dhcp\.leaseTime/);
  assert.match(cureOf({ ...full, held: 2, declined: 1, strangers: 6 }), /the other DHCP server/);
});

test('dhcp: an empty pool is said with its numbers, once a minute', async () => {
  const host = fakeHost();
  const presence = new Presence(() => false);
  for (let end = 101; end <= 110; end++)
    presence.found({ address: ip(end), seen: 'taken', mac: macNumber(9), isSure: true }, 0);
  const prober: Prober = { view: presence, look: async () => {}, forget: (address) => presence.forget(address) };
  const listen = { address: FLINK, port: 67, pxePort: 4011 };
  const service = dhcpService(listen, () => hall(), { host, prober, store: memoryLeaseStore() });
  await startAll([service]);
  const ask = (n: number) =>
    host.udp.deliver(
      encode(message('discover', { mac: macNumber(n) })),
      { address: '0.0.0.0' as Ipv4, port: 68 },
      { address: '255.255.255.255' as Ipv4, port: 67 },
    );
  for (let n = 0; n < 20; n++) ask(n);
  const warnings = host.log.lines.filter(({ level }) => level === 'warn');
  assert.deepEqual(
    warnings.map(({ reason, range, addresses, held, strangers }) => [reason, range, addresses, held, strangers]),
    [['pool-empty', '172.16.0.101-172.16.0.110', 10, 0, 10]],
  );
  await service.stop();
});

test('dhcp: what a client declines is looked at anew before anybody gets it (RFC 2131 §4.3.3)', async () => {
  const host = fakeHost();
  const forgotten: Ipv4[] = [];
  const view = new Presence(() => false);
  const prober: Prober = { view, look: async () => {}, forget: (address) => void forgotten.push(address) };
  const listen = { address: FLINK, port: 67, pxePort: 4011 };
  const service = dhcpService(listen, () => hall(), { host, prober, store: memoryLeaseStore() });
  await startAll([service]);
  view.found({ address: ip(103), seen: 'free', mac: undefined, isSure: true }, 0);
  for (const type of ['request', 'decline'] as const) {
    host.udp.deliver(
      encode(message(type, { server: FLINK, requested: ip(103) })),
      { address: '0.0.0.0' as Ipv4, port: 68 },
      { address: '255.255.255.255' as Ipv4, port: 67 },
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(service.leases.at(ip(103))?.state, 'declined');
  assert.deepEqual(forgotten, [ip(103)]);
  await service.stop();
});
