import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { FlinkConfig } from '../../src/config/types.ts';
import { type Ipv4, LIMITED_BROADCAST } from '../../src/core/addr.ts';
import { decode, encode } from '../../src/dhcp/packet.ts';
import { checkDirector, checkOwnNode, nodeHealth } from '../../src/roles/doctor.ts';
import { checkFlink, checkNeighbours, checkServers } from '../../src/roles/flinkdoctor.ts';
import { flinkConfig } from '../support/config.ts';
import { message } from '../support/dhcp.ts';
import { fakeHost, lan } from '../support/fakes.ts';

const HERE = '127.0.0.1' as Ipv4;
/** All of 127/8 is this machine, so its LAN may be there. */
const LAN = lan('lan', '127.0.0.2', 8);

async function listening(t: TestContext, health: object, status = 200): Promise<number> {
  const server = http.createServer((_request, response) => {
    response.writeHead(status).end(JSON.stringify(health));
  });
  server.listen(0, HERE);
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** No program that could tell. */
const silent = async () => ({ code: 127, stdout: '', stderr: '' });

function configAt(port: number, mode: FlinkConfig['dhcp']['mode'] = 'server'): FlinkConfig {
  return flinkConfig(`lan: lan\ndhcp: { mode: ${mode} }\nadmin: { listen: 127.0.0.1:${port} }`, [LAN]);
}

const well = { ok: true, services: { admin: { ok: true } } };
const ill = { ok: false, services: { admin: { ok: true }, swarm: { ok: false, reason: 'no-node' } } };
const node = { ok: true, services: { tftp: { ok: true } } };
const answering: readonly {
  readonly name: string;
  readonly health: object;
  readonly status?: number;
  readonly want: RegExp;
  readonly isOk: boolean;
}[] = [
  { name: 'that is well', health: well, want: /^a flink runs here .*: all is well$/, isOk: true },
  { name: 'that says what is not well', health: ill, status: 503, want: /runs here .*: swarm no-node$/, isOk: false },
  {
    name: 'but an fnode',
    health: node,
    want: /^TCP port \d+ for the admin API: in use: .* under admin.listen:$/,
    isOk: false,
  },
];
for (const { name, health, status, want, isOk } of answering) {
  test(`checkFlink: who answers there is one ${name}`, async (t) => {
    const port = await listening(t, health, status);
    const found = await checkFlink(configAt(port), LAN, fakeHost([LAN]), silent);
    const line = found.find(({ what }) => want.test(what));
    assert.equal(line?.ok, isOk, JSON.stringify(found));
    assert.equal(found.length, isOk || status !== undefined ? 1 : 8);
  });
}

test('checkFlink: without a flink every port of its doors has to be free', async (t) => {
  const port = await listening(t, {});
  const host = fakeHost([LAN]);
  await host.udp.bind({ address: LAN.address, port: 4011 }, () => {});
  const found = await checkFlink(configAt(port), LAN, host, silent);
  assert.deepEqual(
    found.map(({ ok, what }) => `${ok} ${/(TCP|UDP) port \d+/.exec(what)?.[0].replace(String(port), 'N')}`),
    [
      'true UDP port 67',
      'false UDP port 4011',
      'true UDP port 53',
      'true TCP port 3128',
      'true TCP port 3129',
      'false TCP port N',
      'true TCP port N',
      'true UDP port 8067',
    ],
  );
  const off = await checkFlink(configAt(port, 'off'), LAN, host, silent);
  assert.deepEqual([off.length, off.some(({ what }) => what.includes('DHCP'))], [6, false]);
});

test('checkFlink: where a running flink serves no names, who has its port is looked for', async (t) => {
  const port = await listening(t, { services: { admin: { ok: true }, dns: { ok: false, reason: 'not served' } } }, 503);
  const host = fakeHost([LAN]);
  await host.udp.bind({ address: LAN.address, port: 53 }, () => {});
  const table = 'UNCONN 0 0 0.0.0.0:53 0.0.0.0:* users:(("dnsmasq",pid=7,fd=13))';
  const [runs, holder] = await checkFlink(configAt(port), LAN, host, async () => ({
    code: 0,
    stdout: table,
    stderr: '',
  }));
  assert.match(runs?.what ?? '', /: dns not served$/);
  assert.match(holder?.what ?? '', /is dnsmasq's/);
});

const partly = { ok: true, services: { tftp: { ok: true }, nfs: { ok: false, reason: 'not-bound' } } };
const nodes = [
  { health: node, status: 200, want: { ok: true, says: /: all is well$/ } },
  { health: partly, status: 200, want: { ok: 'warn', says: /: nfs not-bound$/ } },
  { health: partly, status: 503, want: { ok: false, says: /: nfs not-bound$/ } },
] as const;
for (const { health, status, want } of nodes) {
  test(`checkOwnNode: a node that answers ${status}, ${want.ok} ${want.says.source}`, async (t) => {
    const url = `http://127.0.0.1:${await listening(t, health, status)}`;
    const running = await nodeHealth(url);
    assert.ok(running);
    const { ok, what } = checkOwnNode(url, running);
    assert.equal(ok, want.ok);
    assert.match(what, want.says);
  });
}

const URL_OF_NOBODY = 'http://127.0.0.1:9';
test('checkDirector: a flink that answers, ill or not; nobody there; nobody wanted', async (t) => {
  const url = `http://127.0.0.1:${await listening(t, ill, 503)}`;
  const host = fakeHost([LAN]);
  assert.deepEqual(await checkDirector({ kind: 'url', url }, host), [{ ok: true, what: `flink answers at ${url}` }]);
  const [nobody] = await checkDirector({ kind: 'url', url: URL_OF_NOBODY }, host);
  assert.deepEqual([nobody?.ok, nobody?.what], ['warn', `no flink answers at ${URL_OF_NOBODY}`]);
  assert.deepEqual(await checkDirector({ kind: 'none' }, host), []);
});

const servers = [
  { mode: 'server', isThere: false, want: { ok: true, says: /^no other DHCP server/ } },
  { mode: 'server', isThere: true, want: { ok: false, says: /^another DHCP server on lan: 127.0.0.66$/ } },
  { mode: 'auto', isThere: true, want: { ok: true, says: /stands beside the DHCP server 127.0.0.66/ } },
  { mode: 'proxy', isThere: true, want: { ok: true, says: /stands beside/ } },
  { mode: 'proxy', isThere: false, want: { ok: 'warn', says: /^no DHCP server on lan for flink to stand beside/ } },
] as const;
for (const { mode, isThere, want } of servers) {
  test(`checkServers: ${mode}, ${isThere ? 'beside another server' : 'alone'}`, async () => {
    const host = fakeHost([LAN]);
    const server = '127.0.0.66' as Ipv4;
    await host.udp.bind({ address: LIMITED_BROADCAST, port: 67 }, (bytes) => {
      const reply = encode({ ...message('offer', { server }), op: 2, xid: decode(bytes).xid });
      const to = { address: LIMITED_BROADCAST, port: 68 };
      if (isThere) host.udp.deliver(reply, { address: server, port: 67 }, to);
    });
    const looking = checkServers(host, LAN, mode);
    await new Promise((resolve) => setImmediate(resolve));
    host.clock.advance(4000);
    const { ok, what } = await looking;
    assert.equal(ok, want.ok);
    assert.match(what, want.says);
  });
}

const read = async () => new Map();
const unreadable = () => Promise.reject(new Error('ENOENT'));
const rooms = [
  { name: 'room enough', isProbing: true, read, room: 1024, want: [true, undefined] },
  { name: 'in a network namespace it does not say', isProbing: true, read, room: undefined, want: [true, undefined] },
  {
    name: 'too few',
    isProbing: true,
    read,
    room: 128,
    want: ['warn', 'sysctl -w net.ipv4.neigh.default.gc_thresh3=4096'],
  },
  {
    name: 'no /proc',
    isProbing: true,
    read: unreadable,
    room: 1024,
    want: ['warn', 'mount /proc; until then addresses are given without a look at them'],
  },
  { name: 'nobody looks', isProbing: false, read: unreadable, room: 1024, want: ['warn', undefined] },
] as const;
for (const { name, isProbing, read, room, want } of rooms) {
  test(`checkNeighbours: ${name}`, async () => {
    const [finding] = await checkNeighbours(isProbing, read, async () => room);
    assert.deepEqual([finding?.ok, finding?.cure], want);
  });
}
