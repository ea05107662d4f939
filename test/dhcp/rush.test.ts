/** Many new clients at once before a server that looks at every address first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Ipv4,
  ipv4FromNumber,
  ipv4ToNumber,
  LIMITED_BROADCAST,
  type Mac,
  macFromBytes,
  parseRange,
  parseSubnet,
  UNSPECIFIED,
} from '../../src/core/addr.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import { type DhcpPacket, decode, encode } from '../../src/dhcp/packet.ts';
import { proberService } from '../../src/dhcp/prober.ts';
import { type DhcpService, dhcpService } from '../../src/dhcp/server.ts';
import { memoryLeaseStore } from '../../src/dhcp/store.ts';
import { startAll } from '../../src/service.ts';
import { FLINK, hall, macNumber, message, RELAY } from '../support/dhcp.ts';
import { fakeHost } from '../support/fakes.ts';
import { Neighbourhood } from './neighbourhood.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A flink that looks, in a hall with 60,000 addresses on the LAN and 4,000 behind the relay. */
async function running(prepare: (lan: Neighbourhood) => void = () => {}) {
  const host = fakeHost();
  const neighbourhood = new Neighbourhood(host);
  prepare(neighbourhood);
  const network = (subnet: string, range: string, router: Ipv4) => {
    const parsed = { subnet: parseSubnet(subnet), range: parseRange(range) };
    if (!parsed.subnet || !parsed.range) throw new Error(`not a network: ${subnet} ${range}`);
    return { subnet: parsed.subnet, range: parsed.range, router };
  };
  const policy = hall({
    networks: [
      network('172.16.0.0/16', '172.16.1.0-172.16.235.95', FLINK),
      network('10.1.0.0/16', '10.1.16.0-10.1.31.255', RELAY),
    ],
  });
  let service: DhcpService | undefined;
  const empty = new LeaseTable();
  const leases = () => service?.leases ?? empty;
  const deps = { host, neighbours: neighbourhood.read, findPing: async () => undefined, maxSockets: 1024 };
  const prober = proberService(() => policy, leases, deps);
  service = dhcpService({ address: FLINK, port: 67, pxePort: 4011 }, () => policy, {
    ...{ host, prober, store: memoryLeaseStore() },
  });
  await startAll([service, prober]);

  const askedAtMs = new Map<Mac, number>();
  /** The address of each client's first offer, and how long after its last question it came. */
  const offers = new Map<Mac, { readonly address: Ipv4; readonly tookMs: number }>();
  let heard = 0;
  const listen = (): void => {
    for (const { from, to, bytes } of host.udp.sent.slice(heard)) {
      if (from.port !== 67 || from.address !== FLINK || to.port === 9) continue;
      const reply = decode(bytes);
      const mac = macFromBytes(reply.chaddr);
      const tookMs = host.clock.now() - (askedAtMs.get(mac) ?? 0);
      if (!offers.has(mac)) offers.set(mac, { address: reply.yiaddr, tookMs });
    }
    heard = host.udp.sent.length;
  };
  const pass = async (ms: number): Promise<void> => {
    for (let t = 0; t < ms; t += 10) {
      await settled();
      host.clock.advance(10);
      await settled();
      listen();
    }
  };
  const ask = (packet: DhcpPacket): void => {
    askedAtMs.set(macFromBytes(packet.chaddr), host.clock.now());
    const isRelayed = packet.giaddr !== UNSPECIFIED;
    const from = isRelayed ? { address: RELAY, port: 67 } : { address: UNSPECIFIED, port: 68 };
    host.udp.deliver(encode(packet), from, { address: isRelayed ? FLINK : LIMITED_BROADCAST, port: 67 });
  };
  const stop = async (): Promise<void> => {
    await prober.stop();
    await service?.stop();
  };
  return { host, neighbourhood, offers, pass, ask, stop };
}

const distinct = (offers: ReadonlyMap<Mac, { readonly address: Ipv4 }>) =>
  new Set([...offers.values()].map(({ address }) => address)).size;

for (const settledMs of [0, 9_000]) {
  test(`rush: 500 new clients at once, ${settledMs / 1000} s after the start: every one is served within ten seconds, a second after it asked`, async () => {
    const squatted = new Set<Ipv4>();
    const { offers, pass, ask, neighbourhood, stop } = await running((lan) => {
      for (let n = 0; n < 60_000; n += 3) {
        const address = ipv4FromNumber(ipv4ToNumber('172.16.1.0' as Ipv4) + n);
        squatted.add(address);
        lan.machines.set(address, macNumber(900_000 + n));
      }
    });
    await pass(settledMs);
    // RFC 2131 §4.1: again after four seconds; two of them ask once more within ten.
    for (let t = 0; t < 10_000; t += 4_000) {
      for (let n = 0; n < 500; n++) if (!offers.has(macNumber(n))) ask(message('discover', { mac: macNumber(n) }));
      await pass(Math.min(4_000, 10_000 - t));
    }
    assert.equal(offers.size, 500);
    assert.equal(distinct(offers), 500);
    assert.ok([...offers.values()].every(({ address }) => !squatted.has(address)));
    assert.ok([...offers.values()].every(({ tookMs }) => tookMs <= 1_000));
    assert.ok(neighbourhood.mostUnresolved <= 384, `${neighbourhood.mostUnresolved}`);
    await stop();
  });
}

test('rush: 2,000 new clients in five seconds through a relay: every one is served within a second, none asks twice', async () => {
  const { offers, pass, ask, stop } = await running();
  for (let n = 0; n < 2000; ) {
    for (let i = 0; i < 4; i++) ask(message('discover', { mac: macNumber(n++), giaddr: RELAY }));
    await pass(10);
  }
  await pass(1_000);
  assert.equal(offers.size, 2000);
  assert.equal(distinct(offers), 2000);
  const slowestMs = Math.max(...[...offers.values()].map(({ tookMs }) => tookMs));
  assert.ok(slowestMs <= 1_000, `${slowestMs}`);
  await stop();
});

test('rush: who could not be looked for in time is told of, with the cure, once a minute', async () => {
  const { host, offers, pass, ask, stop } = await running();
  for (let n = 0; n < 800; n++) ask(message('discover', { mac: macNumber(n) }));
  await pass(2_000);
  assert.ok(offers.size < 800);
  const told = host.log.lines.filter(({ reason }) => reason === 'not-looked');
  assert.equal(told.length, 800 - offers.size);
  assert.deepEqual(
    told.filter(({ level }) => level === 'warn').map(({ cure }) => /dhcp\.probe: off/.test(String(cure))),
    [true],
  );
  await stop();
});

test('rush: 19 of 20 addresses are somebody’s: who asks right after the start gets a free one to its first question, within a second', async () => {
  const { offers, pass, ask, neighbourhood, stop } = await running((lan) => {
    for (let n = 0; n < 60_000; n++)
      if (n % 20 !== 7)
        lan.machines.set(ipv4FromNumber(ipv4ToNumber('172.16.1.0' as Ipv4) + n), macNumber(900_000 + n));
  });
  ask(message('discover', { mac: macNumber(7) }));
  await pass(1_000);
  assert.deepEqual(
    [...offers.values()].map(({ address }) => neighbourhood.machines.has(address)),
    [false],
  );
  await stop();
});

test('rush: the same client asks again and again while somebody looks for it: one look, one offer', async () => {
  const { host, offers, pass, ask, stop } = await running();
  for (let n = 0; n < 20; n++) {
    ask(message('discover', { mac: macNumber(7) }));
    await pass(10);
  }
  await pass(500);
  assert.equal(offers.size, 1);
  assert.equal(host.udp.sent.filter(({ from, to }) => from.port === 67 && to.port === 68).length, 1);
  await stop();
});
