import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../../src/core/addr.ts';
import { ForeignServers } from '../../src/dhcp/foreign.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import { OPTION, ofIpv4, ofU8 } from '../../src/dhcp/options.ts';
import { BOOTREPLY, decode, encode } from '../../src/dhcp/packet.ts';
import { probeServers } from '../../src/dhcp/probe.ts';
import { MESSAGE } from '../../src/dhcp/reply.ts';
import { serverWatch, type WatchedMode } from '../../src/dhcp/watch.ts';
import { decide, FLINK, hall } from '../support/dhcp.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';

const ROUTER = '172.16.0.254' as Ipv4;
const ROUND_MS = 15_000;
/** Between rounds of `auto` while another server is there. */
const BESIDE_MS = 30_000;
/** Between rounds while one that was there is silent. */
const MISSED_MS = 5000;

/** A DHCP server of somebody else; `isOn` can be switched. */
async function rogue(host: FakeHost, at: Ipv4 = ROUTER): Promise<{ isOn: boolean; asked: number }> {
  const state = { isOn: true, asked: 0 };
  const socket = await host.udp.bind({ address: at, port: 67 }, () => {});
  await host.udp.bind({ address: LIMITED_BROADCAST, port: 67 }, (bytes) => {
    const discover = decode(bytes);
    state.asked += 1;
    if (!state.isOn) return;
    socket.send(encode(offer(discover.xid, at)), { address: LIMITED_BROADCAST, port: 68 });
  });
  return state;
}

function offer(xid: number, server: Ipv4) {
  const options = new Map([
    [OPTION.messageType, ofU8(MESSAGE.offer)],
    [OPTION.serverIdentifier, ofIpv4(server)],
  ]);
  const none = new Uint8Array(0);
  const header = { op: BOOTREPLY, htype: 1, hlen: 6, hops: 0, xid, secs: 0, flags: 0 };
  const addresses = { ciaddr: UNSPECIFIED, yiaddr: '172.16.9.9' as Ipv4, siaddr: UNSPECIFIED, giaddr: UNSPECIFIED };
  return { ...header, ...addresses, chaddr: new Uint8Array(16), sname: none, file: none, options };
}

async function watching(mode: WatchedMode, host = fakeHost()) {
  const watch = serverWatch(FLINK, mode, host);
  await watch.start();
  const warned = () => host.log.lines.filter((line) => line.level === 'warn').map((line) => line.event);
  return { watch, host, warned };
}

test('auto: nothing is answered until it is known whether another server is there', async () => {
  const { watch, host } = await watching('auto');
  assert.equal(watch.role(), 'off');
  host.clock.advance(3999);
  assert.equal(watch.role(), 'off', 'dnsmasq pings for three seconds');
  host.clock.advance(1);
  assert.equal(watch.role(), 'server');
  const told = host.log.lines.filter(({ event }) => event === 'role').map(({ role }) => role);
  assert.deepEqual(told, ['server'], 'when it is so, not a round later');
});

test('auto: proxy from the first answer of another server on, server again some rounds after the last', async () => {
  const host = fakeHost();
  const other = await rogue(host);
  const { watch } = await watching('auto', host);
  assert.deepEqual([watch.role(), watch.servers()], ['proxy', [ROUTER]]);
  other.isOn = false;
  host.clock.advance(BESIDE_MS + MISSED_MS);
  assert.equal(watch.role(), 'proxy', 'answers can be lost');
  host.clock.advance(BESIDE_MS + 2 * MISSED_MS);
  assert.equal(watch.role(), 'server', 'a minute later nobody would give addresses');
  other.isOn = true;
  host.clock.advance(ROUND_MS);
  assert.equal(watch.role(), 'proxy');
  assert.deepEqual(
    host.log.lines.filter((line) => line.event === 'role').map((line) => line.role),
    ['proxy', 'server', 'proxy'],
  );
});

test('server: another server is a warning with its address and the cure, not again at every round', async () => {
  const host = fakeHost();
  await rogue(host);
  const { watch, warned } = await watching('server', host);
  host.clock.advance(5 * ROUND_MS);
  assert.equal(watch.role(), 'server');
  assert.deepEqual(warned(), ['another-server']);
  const line = host.log.lines.find(({ event }) => event === 'another-server');
  assert.match(`${line?.servers} ${line?.cure}`, /172\.16\.0\.254.*--dhcp proxy/);
});

test('a flink leaves its own question alone, and answers that of another flink: two on a LAN find each other', async () => {
  const { host } = await watching('server');
  const asked = host.udp.sent.find(({ to }) => to.port === 67);
  assert.ok(asked);
  const answerOf = (serverAddress: Ipv4) => decide(decode(asked.bytes), hall({ serverAddress }), new LeaseTable());
  const own = answerOf(FLINK);
  assert.equal('reason' in own && own.reason, 'own-question');
  assert.equal(answerOf('172.16.0.2' as Ipv4).kind, 'offer');
});

test('proxy: nobody who gives out addresses is a warning', async () => {
  const { host, warned } = await watching('proxy');
  host.clock.advance(2 * ROUND_MS);
  assert.deepEqual(warned(), ['no-server']);
});

test('an answer that is overheard counts for nothing, but is reason to ask at once', async () => {
  const host = fakeHost();
  const other = await rogue(host);
  other.isOn = false;
  const { watch } = await watching('auto', host);
  host.clock.advance(10_000);
  const asked = other.asked;
  host.udp.deliver(
    encode(offer(0x12345678, ROUTER)),
    { address: ROUTER, port: 67 },
    { address: LIMITED_BROADCAST, port: 68 },
  );
  assert.deepEqual([watch.role(), other.asked], ['server', asked + 1]);
});

test('a client that names another server is reason to ask at once, but not twice within five seconds', async () => {
  const host = fakeHost();
  const other = await rogue(host);
  other.isOn = false;
  const { watch } = await watching('server', host);
  host.clock.advance(10_000);
  const asked = other.asked;
  for (const server of [ROUTER, FLINK, ROUTER]) watch.hint(server);
  assert.equal(other.asked, asked + 1);
});

test('without port 68 flink says so and gives out addresses', async () => {
  const host = fakeHost();
  await host.udp.bind({ address: LIMITED_BROADCAST, port: 68 }, () => {});
  const { watch, warned } = await watching('auto', host);
  assert.deepEqual([watch.role(), warned()], ['server', ['not-watched']]);
  await watch.stop();
});

test('a thousand servers that do not exist are not remembered', () => {
  const foreign = new ForeignServers();
  foreign.ask();
  for (let i = 0; i < 1000; i++) foreign.answered(`10.0.${Math.floor(i / 250)}.${i % 250}` as Ipv4);
  assert.equal(foreign.present().length, 32);
});

test('stop leaves no socket and no timer', async () => {
  const { watch, host } = await watching('auto');
  await watch.stop();
  assert.deepEqual([host.udp.openSockets, host.clock.pendingTimers], [0, 0]);
});

test('probeServers: who answers within four seconds, as dnsmasq does after its three of ping', async () => {
  const host = fakeHost();
  await rogue(host);
  const found = probeServers(host, FLINK);
  await new Promise((resolve) => setImmediate(resolve));
  host.clock.advance(4000);
  assert.deepEqual(await found, [ROUTER]);
  assert.equal(host.udp.openSockets, 2, 'the server’s own');
});
