import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, ipv4FromNumber, ipv4ToNumber, type Mac, parseRange } from '../../src/core/addr.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import type { DhcpPolicy } from '../../src/dhcp/policy.ts';
import { proberService } from '../../src/dhcp/prober.ts';
import type { Ping } from '../../src/host/ping.ts';
import { startAll } from '../../src/service.ts';
import { FLINK, hall, macNumber } from '../support/dhcp.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';
import { Neighbourhood } from './neighbourhood.ts';

const ME = macNumber(1);
const SQUATTER = macNumber(2);
const OTHER = macNumber(3);

/** Lets promises settle. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function pass(host: FakeHost, ms: number, stepMs = 10): Promise<void> {
  await settled();
  for (let t = 0; t < ms; t += stepMs) {
    host.clock.advance(stepMs);
    await settled();
  }
}

/** A hall whose LAN gives out `lan` and whose relayed subnet `far`. */
function policyOf(lan: string, far = '10.1.0.50-10.1.0.60'): DhcpPolicy {
  const [home, relayed] = hall().networks;
  const range = (text: string) => parseRange(text) ?? { first: FLINK, last: FLINK };
  if (!relayed) throw new Error('no relayed network');
  return hall({
    networks: [
      { ...home, range: range(lan) },
      { ...relayed, range: range(far) },
    ],
  });
}

interface World {
  readonly lan?: string;
  readonly far?: string;
  readonly prepare?: (neighbourhood: Neighbourhood, host: FakeHost, leases: LeaseTable) => void;
  readonly ping?: Ping;
  readonly maxSockets?: number;
  /** By then the reserve is full. */
  readonly settleMs?: number;
}

async function running(world: World = {}) {
  const host = fakeHost();
  const neighbourhood = new Neighbourhood(host);
  const leases = new LeaseTable();
  world.prepare?.(neighbourhood, host, leases);
  const policy = policyOf(world.lan ?? '172.16.0.101-172.16.0.110', world.far);
  const service = proberService(
    () => policy,
    () => leases,
    {
      ...{ host, neighbours: neighbourhood.read, findPing: async () => world.ping },
      maxSockets: world.maxSockets ?? 64,
    },
  );
  await startAll([service]);
  await pass(host, world.settleMs ?? 0);
  const at = (address: Ipv4, mac: Mac = ME) => service.view.at(address, mac, host.clock.now());
  const spares = (range = policy.networks[0].range) => {
    const given = new Set<Ipv4>();
    for (;;) {
      const next = service.view.spare(range, host.clock.now(), (address) => !given.has(address));
      if (next === undefined) return given;
      given.add(next);
    }
  };
  /** How long a look took, by the clock. */
  const look = async (address: Ipv4, mac: Mac = ME) => {
    const startMs = host.clock.now();
    let endMs: number | undefined;
    void service.look(address, mac).then(() => {
      endMs = host.clock.now();
    });
    for (let i = 0; endMs === undefined && i < 200; i++) await pass(host, 10);
    assert.ok(endMs !== undefined, 'the look has an end');
    return endMs - startMs;
  };
  const warnings = () => host.log.lines.filter(({ level }) => level === 'warn');
  return { host, neighbourhood, leases, policy, service, at, spares, look, warnings };
}

const ip = (text: string) => text as Ipv4;
const nth = (first: string, n: number) => ipv4FromNumber(ipv4ToNumber(ip(first)) + n);
/** Outside the pool, so that the reserve never looks there. */
const APART = ip('172.16.9.9');

test('prober: nobody answers ARP for 300 ms: free', async () => {
  const { look, at } = await running();
  const tookMs = await look(APART);
  assert.equal(at(APART), 'free');
  assert.ok(tookMs >= 300 && tookMs <= 400, `${tookMs}`);
});

test('prober: who answers ARP is there, whatever else it drops, and is told of with the cure', async () => {
  const { look, at, warnings } = await running({ prepare: (lan) => lan.machines.set(APART, SQUATTER) });
  const tookMs = await look(APART);
  assert.equal(at(APART), 'taken');
  assert.ok(tookMs <= 100, `${tookMs}`);
  assert.deepEqual(
    warnings().map(({ event, ip, mac }) => [event, ip, mac]),
    [['address-in-use', APART, SQUATTER]],
  );
  assert.match(String(warnings()[0]?.cure), /dhcp\.range/);
});

test('prober: who answers under the MAC of the client is the client', async () => {
  const { look, at } = await running({ prepare: (lan) => lan.machines.set(APART, ME) });
  await look(APART);
  assert.deepEqual([at(APART, ME), at(APART, OTHER)], ['free', 'taken']);
});

test('prober: a neighbour that the kernel knew before is believed at once, then verified: it had left', async () => {
  const { host, look, at, warnings } = await running({ prepare: (lan) => lan.knows(APART, SQUATTER, 3_600_000) });
  assert.ok((await look(APART)) <= 10);
  assert.equal(at(APART), 'taken');
  await pass(host, 7_900);
  assert.equal(at(APART), 'taken', 'the kernel waits 5 s and asks three times');
  await pass(host, 2_000);
  assert.equal(at(APART), 'free');
  assert.deepEqual(warnings(), [], 'nobody was there');
});

test('prober: a stranger at the address of a neighbour that left does not hear the kernel’s probes, but the next question', async () => {
  const prepare = (lan: Neighbourhood) => {
    lan.knows(APART, OTHER, 3_600_000);
    lan.machines.set(APART, SQUATTER);
  };
  const { host, look, at, warnings } = await running({ prepare });
  await look(APART, OTHER);
  assert.equal(at(APART, OTHER), 'free', 'its own, as far as the kernel knows');
  await pass(host, 10_000);
  assert.equal(at(APART, OTHER), 'taken');
  assert.deepEqual(
    warnings().map(({ mac }) => mac),
    [SQUATTER],
  );
});

test('prober: a neighbour that was reachable a moment ago is asked again when the kernel would have to ask, too', async () => {
  const left = await running({ prepare: (lan) => lan.knows(APART, SQUATTER) });
  await left.look(APART);
  await pass(left.host, 58_000, 500);
  assert.equal(left.at(APART), 'free');
  const stays = await running({
    prepare: (lan) => {
      lan.knows(APART, SQUATTER);
      lan.machines.set(APART, SQUATTER);
    },
  });
  await stays.look(APART);
  await pass(stays.host, 58_000, 500);
  assert.equal(stays.at(APART), 'taken');
  assert.equal(stays.warnings().length, 1);
});

test('prober: the spares are there within a second of the start, squatters and holders are none', async () => {
  const { spares } = await running({
    settleMs: 900,
    prepare: (lan, host, leases) => {
      lan.machines.set(ip('172.16.0.103'), SQUATTER);
      const expiresAtMs = host.clock.now() + 3_600_000;
      const lease = { mac: OTHER, clientId: undefined, isBoot: false, hostname: undefined, expiresAtMs } as const;
      leases.put({ ...lease, address: ip('172.16.0.104'), state: 'bound' });
    },
  });
  // .105 is a reservation's.
  assert.deepEqual([...spares()].map((address) => address.split('.')[3]).join(' '), '101 102 106 107 108 109 110');
});

test('prober: 190 of 200 answer ARP and nothing else: the ten others are known within a second, with one warning', async () => {
  const { spares, warnings, service, policy, host } = await running({
    ...{ lan: '172.16.1.0-172.16.1.199', settleMs: 1500 },
    prepare: (lan) => {
      for (let n = 0; n < 200; n++) if (n % 20 !== 7) lan.machines.set(nth('172.16.1.0', n), macNumber(1000 + n));
    },
  });
  assert.equal(spares().size, 10);
  assert.equal(service.view.strangers(policy.networks[0].range, host.clock.now()), 190);
  assert.equal(warnings().length, 1);
  assert.deepEqual(service.counts, { free: 10 + 11, taken: 190, failed: 0 }, 'with those behind the relay');
});

test('prober: 512 spares of a large pool, and never more than 384 entries of the kernel’s table without an answer', async () => {
  const { host, spares, neighbourhood, look } = await running({ lan: '172.16.1.0-172.16.200.255', settleMs: 9_000 });
  assert.equal(spares().size, 512);
  const clients = Array.from({ length: 500 }, (_, n) => look(nth('172.16.210.0', n), macNumber(n)));
  await pass(host, 1_000);
  await Promise.all(clients);
  assert.equal(neighbourhood.mostUnresolved, 384);
});

test('prober: where there is no room who asks is told so in time for two more tries within a second', async () => {
  const { host, look, service, at } = await running({ lan: '172.16.1.0-172.16.1.1' });
  for (let n = 0; n < 384; n++) void service.look(nth('172.16.210.0', n), macNumber(n));
  await pass(host, 100);
  assert.ok(service.view.isRushed(APART, host.clock.now()));
  assert.equal(await look(APART), 300);
  assert.equal(at(APART), 'unknown');
});

test('prober: looks ahead of need and a client beside them are no rush', async () => {
  const { host, service } = await running({ lan: '172.16.1.0-172.16.200.255', settleMs: 100 });
  for (let n = 0; n < 10; n++) void service.look(nth('172.16.210.0', n), macNumber(n));
  await pass(host, 100);
  assert.equal(service.view.isRushed(APART, host.clock.now()), false);
});

test('prober: one read of the kernel’s table serves every address', async () => {
  const { host, service, neighbourhood } = await running({ lan: '172.16.1.0-172.16.1.1', settleMs: 1_000 });
  const before = neighbourhood.reads;
  for (let n = 0; n < 200; n++) void service.look(nth('172.16.210.0', n), macNumber(n));
  await pass(host, 400);
  assert.ok(neighbourhood.reads - before <= 10, `${neighbourhood.reads - before}`);
});

test('prober: where the table cannot be read it is said once, and addresses are given without a look', async () => {
  const prepare = (lan: Neighbourhood) => {
    lan.fault = new Error('ENOENT: /proc/net/arp');
  };
  const { host, look, at, warnings, spares } = await running({ prepare, settleMs: 3_000 });
  assert.ok((await look(APART)) <= 10);
  assert.equal(at(APART), 'free');
  await pass(host, 60_000, 500);
  assert.deepEqual(
    warnings().map(({ event }) => event),
    ['cannot-probe'],
  );
  assert.equal(spares().size, 0, 'nobody has looked at them');
});

test('prober: an address that the kernel does not ask about is no proof of anything', async () => {
  const { look, at, host, warnings } = await running({
    prepare: (lan) => {
      lan.isFull = true;
    },
  });
  await look(APART);
  assert.equal(at(APART), 'free');
  await pass(host, 5_000);
  assert.equal(at(APART), 'unknown');
  assert.match(String(warnings()[0]?.cure), /gc_thresh/);
});

const FAR = ip('10.1.0.200');
test('prober: behind a relay who says that nobody listens is there', async () => {
  const { look, at } = await running({ prepare: (_lan, host) => host.udp.refuses.add(FAR) });
  assert.ok((await look(FAR)) <= 10);
  assert.equal(at(FAR), 'taken');
});

test('prober: behind a relay who answers an echo alone is there, too', async () => {
  const asked: Ipv4[] = [];
  const { look, at } = await running({
    ping: async (address) => {
      asked.push(address);
      return address === FAR;
    },
  });
  await look(FAR);
  assert.equal(at(FAR), 'taken');
  assert.ok(asked.includes(FAR));
});

test('prober: behind a relay nobody answers for half a second: free', async () => {
  const { look, at } = await running();
  const tookMs = await look(FAR);
  assert.equal(at(FAR), 'free');
  assert.ok(tookMs >= 500 && tookMs <= 600, `${tookMs}`);
});

test('prober: behind relays no more sockets than it may have, few programs, and all of them end', async () => {
  let pings = 0;
  let mostPings = 0;
  const { host, service } = await running({
    maxSockets: 20,
    ping: async () => {
      pings += 1;
      mostPings = Math.max(mostPings, pings);
      await settled();
      pings -= 1;
      return false;
    },
  });
  const looks = Array.from({ length: 200 }, (_, n) => service.look(nth('10.1.0.10', n), macNumber(n)));
  await settled();
  assert.ok(host.udp.openSockets <= 21, `${host.udp.openSockets}`);
  await pass(host, 700);
  await Promise.all(looks);
  assert.ok(mostPings <= 4, `${mostPings}`);
});

test('prober: stopping leaves no socket and no timer, and lets go of everybody who waits', async () => {
  const { host, service } = await running();
  const looks = [service.look(APART, ME), service.look(FAR, ME)];
  await settled();
  await service.stop();
  await Promise.all(looks);
  await service.stop();
  await service.look(APART, ME);
  assert.deepEqual([host.udp.openSockets, host.clock.pendingTimers], [0, 0]);
  assert.equal(service.health().ok, false);
});
