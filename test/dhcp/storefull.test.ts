/** What clients get while nothing can be written: the service on a store whose disk is full, or fails in other ways. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, LIMITED_BROADCAST, type Mac, UNSPECIFIED } from '../../src/core/addr.ts';
import { Fault } from '../../src/core/errors.ts';
import { keeper } from '../../src/dhcp/keep.ts';
import { type Lease, LeaseTable } from '../../src/dhcp/leases.ts';
import { OPTION, readU8, readU32 } from '../../src/dhcp/options.ts';
import { decode, encode } from '../../src/dhcp/packet.ts';
import { MESSAGE } from '../../src/dhcp/reply.ts';
import { dhcpService } from '../../src/dhcp/server.ts';
import { journalLeaseStore, type LeaseStore, memoryLeaseStore } from '../../src/dhcp/store.ts';
import { startAll } from '../../src/service.ts';
import { decide, FLINK, hall, LAPTOP, type Made, macNumber, message } from '../support/dhcp.ts';
import { FakeDisk } from '../support/disk.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';

const LISTEN = { address: FLINK, port: 67, pxePort: 4011 };
const HOME = '172.16.0.107' as Ipv4;
const LEASE_SEC = 3600;

async function hallOn(disk: FakeDisk, host: FakeHost = fakeHost()) {
  const store = journalLeaseStore(disk, host, 1000);
  const times = { leaseTimeSec: LEASE_SEC };
  const service = dhcpService(LISTEN, () => hall(times), { host, store });
  await startAll([service]);
  /** The answer, once the disk has said all that it has to say. */
  const ask = async (type: keyof typeof MESSAGE, made: Made) => {
    const before = host.udp.sent.length;
    const from = { address: UNSPECIFIED, port: 68 };
    host.udp.deliver(encode(message(type, made)), from, { address: LIMITED_BROADCAST, port: 67 });
    for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve));
    const sent = host.udp.sent.slice(before).find((d) => d.from.address === FLINK);
    const options = sent && decode(sent.bytes).options;
    const sec = (code: number) => readU32(options?.get(code));
    const kind = readU8(options?.get(OPTION.messageType));
    return {
      kind: Object.entries(MESSAGE).find(([, code]) => code === kind)?.[0],
      leaseSec: sec(OPTION.leaseTime),
      t1: sec(OPTION.renewalTime),
      t2: sec(OPTION.rebindingTime),
    };
  };
  const renew = (mac?: Mac) => ask('request', { ciaddr: HOME, ...(mac && { mac }), options: WANTS_TIMES });
  const errors = () => host.log.lines.filter(({ level }) => level === 'error');
  return { host, service, ask, renew, errors, times };
}

const WANTS_TIMES = [[OPTION.parameterRequestList, Uint8Array.of(1, 58, 59)]] as const;
const select = { server: FLINK, requested: HOME, options: WANTS_TIMES };

test('full disk: who is on it keeps its address, for as long as stands on it and no longer; T1 < T2 < lease', async () => {
  const disk = new FakeDisk();
  const { host, ask, renew } = await hallOn(disk);
  assert.deepEqual(await ask('request', select), { kind: 'ack', leaseSec: 3600, t1: 1800, t2: 3150 });
  disk.failsWith = 'ENOSPC';
  host.clock.advance(1_000_000);
  assert.deepEqual(await renew(), { kind: 'ack', leaseSec: 2600, t1: 1300, t2: 2275 });
  assert.deepEqual(await ask('request', select), { kind: 'ack', leaseSec: 2600, t1: 1300, t2: 2275 });
  host.clock.advance(2_539_000);
  assert.deepEqual(await renew(), { kind: 'ack', leaseSec: 61, t1: 30, t2: 53 });
  host.clock.advance(2000);
  assert.equal((await renew()).kind, undefined, 'less than a minute is no lease');
});

test('full disk: who is on it for longer than leases last now gets no more than these', async () => {
  const disk = new FakeDisk();
  const { ask, renew, times } = await hallOn(disk);
  await ask('request', select);
  disk.failsWith = 'ENOSPC';
  times.leaseTimeSec = 600;
  assert.deepEqual(await renew(), { kind: 'ack', leaseSec: 600, t1: 300, t2: 525 });
});

const onDisk: Lease = {
  ...{ address: HOME, mac: LAPTOP, clientId: undefined, isBoot: false, hostname: undefined },
  ...{ state: 'bound', expiresAtMs: 3_600_000 },
};
const others: readonly (readonly [string, Partial<Lease>])[] = [
  ['another machine’s', { mac: macNumber(2) }],
  ['given back', { state: 'released' }],
  ['declined', { state: 'declined' }],
];
for (const [what, over] of others) {
  test(`full disk: an address that is ${what} on it is not confirmed, whatever the table says`, async () => {
    const store: LeaseStore = {
      ...memoryLeaseStore(),
      commit: () => Promise.reject(new Error('full')),
      at: () => ({ ...onDisk, ...over }),
    };
    const decided = decide(message('request', select), hall(), new LeaseTable());
    assert.ok(decided.kind === 'ack');
    assert.equal(await keeper(store, new LeaseTable(), fakeHost()).keep({ ...decided, kind: 'ack' }), undefined);
    const own = { ...store, at: () => onDisk };
    assert.ok(await keeper(own, new LeaseTable(), fakeHost()).keep({ ...decided, kind: 'ack' }));
  });
}

test('full disk: new clients get nothing, and nobody gets the address of one who is on it', async () => {
  const disk = new FakeDisk();
  const { service, ask, renew } = await hallOn(disk);
  await ask('request', select);
  disk.failsWith = 'ENOSPC';
  const other = macNumber(2);
  const free = '172.16.0.108' as Ipv4;
  assert.equal((await ask('request', { mac: other, server: FLINK, requested: free })).kind, undefined);
  assert.equal(service.leases.at(free), undefined);
  assert.equal((await renew(other)).kind, 'nak');
  assert.equal((await renew()).kind, 'ack');
  assert.equal(service.leases.at(HOME)?.mac, LAPTOP);
});

test('full disk: what a restart on it knows is what clients were promised', async () => {
  const disk = new FakeDisk();
  const first = await hallOn(disk);
  await first.ask('request', select);
  disk.failsWith = 'ENOSPC';
  first.host.clock.advance(600_000);
  const promised = await first.renew();
  const left = disk.afterKill();
  left.failsWith = 'ENOSPC';
  const second = await hallOn(left, { ...fakeHost(), clock: first.host.clock });
  assert.deepEqual(await second.renew(), promised);
});

test('full disk: a release that could not be kept did not happen', async () => {
  const disk = new FakeDisk();
  const { service, ask } = await hallOn(disk);
  await ask('request', select);
  disk.failsWith = 'ENOSPC';
  await ask('release', { ciaddr: HOME, server: FLINK });
  assert.equal(service.leases.at(HOME)?.state, 'bound');
});

test('full disk: one alarm a minute with its cure, health says it, and once that it works again', async () => {
  const disk = new FakeDisk();
  const { host, service, renew, ask, errors } = await hallOn(disk);
  await ask('request', select);
  disk.failsWith = 'ENOSPC';
  for (let i = 0; i < 5; i++) await renew();
  assert.equal(errors().length, 1);
  assert.match(String(errors()[0]?.error), /free space in \/state/);
  assert.deepEqual(service.health(), { ok: false, reason: 'store-failed' });
  host.clock.advance(60_000);
  await renew();
  assert.equal(errors().length, 2);
  disk.failsWith = undefined;
  assert.equal((await renew()).leaseSec, LEASE_SEC);
  await renew();
  assert.equal(host.log.lines.filter(({ event }) => event === 'store-works-again').length, 1);
  assert.deepEqual(service.health(), { ok: true });
});

for (const code of ['EIO', 'EROFS', 'EACCES', 'EDQUOT']) {
  test(`${code}: the service goes on, and known clients with it`, async () => {
    const disk = new FakeDisk();
    const { ask, renew, errors } = await hallOn(disk);
    await ask('request', select);
    disk.failsWith = code;
    assert.equal((await renew()).kind, 'ack');
    assert.equal(
      (await ask('request', { mac: macNumber(3), server: FLINK, requested: '172.16.0.109' as Ipv4 })).kind,
      undefined,
    );
    assert.match(String(errors()[0]?.error), new RegExp(`${code}.*: \\w`));
    disk.failsWith = undefined;
    assert.equal((await renew()).leaseSec, LEASE_SEC);
  });
}

test('the lease store is given back when it cannot be read, and not even opened where a port is in use', async () => {
  const host = fakeHost();
  const seen: string[] = [];
  const store = {
    ...journalLeaseStore(new FakeDisk(), host, 1000),
    load: async () => {
      seen.push('load');
      throw new Fault('store-failed', 'no disk');
    },
    close: async () => void seen.push('close'),
  };
  await assert.rejects(startAll([dhcpService(LISTEN, () => hall(), { host, store })]), /no disk/);
  assert.deepEqual([seen, host.udp.openSockets], [['load', 'close'], 0]);
  const taken = await host.udp.bind({ address: LIMITED_BROADCAST, port: 67 }, () => {});
  await assert.rejects(startAll([dhcpService(LISTEN, () => hall(), { host, store })]), /in use/);
  assert.deepEqual(seen, ['load', 'close']);
  await taken.close();
});
