/** flink as a whole on a fake network: what a reload changes, what it refuses, what it says. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, test } from 'node:test';
import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../../src/core/addr.ts';
import { OPTION, showOption } from '../../src/dhcp/options.ts';
import { decode, encode } from '../../src/dhcp/packet.ts';
import { probeServers } from '../../src/dhcp/probe.ts';
import { explainClient, flinkRole } from '../../src/roles.ts';
import { startAll, stopAll } from '../../src/service.ts';
import { freePort } from '../cli/support.ts';
import { flinkConfig } from '../support/config.ts';
import { FLINK, LAPTOP, message, pxe } from '../support/dhcp.ts';
import { type FakeHost, fakeHost, lan } from '../support/fakes.ts';

/** Its HTTP doors are real ones, so the LAN is one that every machine has. */
const SELF = '127.16.0.1' as Ipv4;
const ADMIN = `${SELF}:${await freePort()}`;
const LAN = [lan('enp3s0', SELF)];
const hallHost = () => fakeHost(LAN);
const hallConfig = (yaml: string) => flinkConfig(yaml, LAN);
const hallYaml = (more = '', dhcp = 'probe: off') =>
  `lan: enp3s0\ndns: { upstreams: [9.9.9.9] }\nadmin: { listen: ${ADMIN} }\ndhcp: { ${dhcp} }\n${more}`;
const ONE_NODE = 'fnodes: [ { name: fnode00, ip: 127.16.0.10 } ]\n';

async function running(yaml = hallYaml(), host: FakeHost = hallHost()) {
  const role = flinkRole(hallConfig(yaml), host);
  await startAll(role.services);
  after(() => stopAll(role.services));
  const offer = () => {
    host.udp.deliver(
      encode(message('discover', { options: pxe(7) })),
      { address: UNSPECIFIED, port: 68 },
      { address: LIMITED_BROADCAST, port: 67 },
    );
    const last = host.udp.sent.at(-1);
    return last?.from.address === SELF ? decode(last.bytes) : undefined;
  };
  return { role, host, offer };
}

test('flink: a reload changes what the next client is told, and drops nothing', async () => {
  const { role, offer } = await running();
  const before = offer();
  await role.reload(hallConfig(hallYaml(`domain: other.lan\n${ONE_NODE}`)));
  const after = offer();
  assert.ok(before && after);
  assert.equal(after.yiaddr, before.yiaddr);
  assert.deepEqual([before.siaddr, after.siaddr], [SELF, '127.16.0.10']);
  assert.equal(showOption(15, after.options.get(OPTION.domainName) ?? new Uint8Array()), '15 domain-name: "other.lan"');
  await stopAll(role.services);
});

for (const [key, yaml] of [
  ['ports', hallYaml(`${ONE_NODE}ports: { dhcp: 6767 }`)],
  ['dhcp.mode', hallYaml(ONE_NODE, 'mode: proxy, probe: off')],
  ['dhcp.probe', hallYaml(ONE_NODE, 'probe: on')],
] as const) {
  test(`flink: a changed ${key} needs a restart; nothing of that reload is taken over`, async () => {
    const { role, offer } = await running();
    await assert.rejects(role.reload(hallConfig(yaml)), new RegExp(`${key} has changed`));
    assert.equal(offer()?.siaddr, SELF);
    await stopAll(role.services);
  });
}

for (const key of ['upstreams: [127.0.0.1]', 'domains: { corp.example: 127.0.0.1 }']) {
  test(`flink: a reload with dns: { ${key} } is refused: until a restart flink itself answers there`, async () => {
    const { role, offer } = await running();
    const next = `${hallYaml(ONE_NODE)}`.replace('upstreams: [9.9.9.9]', key);
    await assert.rejects(role.reload(hallConfig(next)), /^Fault: dns names a resolver at 127\.0\.0\.1.*restarted/);
    assert.equal(offer()?.siaddr, SELF);
    await role.reload(
      hallConfig(next.replace('127.0.0.1 }', '127.0.0.1:5353 }').replace('[127.0.0.1]', '["127.0.0.1:5353"]')),
    );
    await stopAll(role.services);
  });
}

test('flink: dhcp.mode off answers nobody, and says so', async () => {
  const yaml = hallYaml('', 'mode: off');
  const { role, offer } = await running(yaml);
  assert.equal(offer(), undefined);
  assert.match(role.ready.join(), /^no DHCP/);
  const question = { mac: LAPTOP, arch: 7, userClass: undefined, isHttpClient: false };
  assert.match(explainClient(hallConfig(yaml), question, hallHost()).lines.join('\n'), /none: mode-off/);
  await stopAll(role.services);
});

test('flink: where the usual port of its admin API is somebody else’s it says so, and machines get addresses', async () => {
  const squatter = http.createServer().listen(8067, '127.0.0.1');
  // In use already is as good.
  await once(squatter, 'listening').catch(() => {});
  const { role, host, offer } = await running('lan: enp3s0\ndns: { upstreams: [9.9.9.9] }\ndhcp: { probe: off }\n');
  assert.ok(offer());
  const said = host.log.lines.find(({ service, event }) => service === 'admin' && event === 'not-served');
  assert.match(
    `${said?.level} ${said?.error} ${said?.cure}`,
    /^error TCP port 8067 on 127\.0\.0\.1 is in use.*--admin/,
  );
  await stopAll(role.services);
  squatter.close();
});

test('flink: where port 53 cannot be had it says so, machines get addresses, and are told upstreams to ask', async () => {
  const host = hallHost();
  const other = await host.udp.bind({ address: SELF, port: 53 }, () => {});
  const { role, offer } = await running(hallYaml(), host);
  const resolvers = showOption(6, offer()?.options.get(OPTION.domainNameServers) ?? new Uint8Array());
  assert.equal(resolvers, '6 domain-name-servers: 9.9.9.9');
  const said = host.log.lines.find(({ service, event }) => service === 'dns' && event === 'not-served');
  assert.match(
    `${said?.level} ${said?.error}; ${said?.cure}`,
    /^error .*port 53 on 127\.16\.0\.1.*; until .*told upstreams/,
  );
  assert.doesNotMatch(role.ready.join(), /DNS/);
  // Whoever restarts what is not well would take the rest of it from the hall.
  const health = await fetch(`http://${ADMIN}/healthz`);
  const { services } = (await health.json()) as { services: Record<string, unknown> };
  assert.deepEqual([health.status, services.dns], [200, { ok: false, reason: 'not served' }]);
  await stopAll(role.services);
  await other.close();
});

test('flink: nothing of it is left open when it has stopped', async () => {
  const { role, host } = await running();
  await stopAll(role.services);
  assert.deepEqual([host.udp.openSockets, host.clock.pendingTimers], [0, 0]);
});

test('probeServers: names every server that offers to this question, and nobody else', async () => {
  const host = fakeHost();
  const answers = [
    ['172.16.0.1', 0],
    ['172.16.0.9', 0],
    ['172.16.0.66', 1],
  ] as const;
  await host.udp.bind({ address: LIMITED_BROADCAST, port: 67 }, (bytes) => {
    const request = decode(bytes);
    for (const [server, wrong] of answers) {
      const offered = message('offer', { server: server as never });
      const reply = encode({ ...offered, op: 2, xid: request.xid + wrong });
      host.udp.deliver(reply, { address: server as never, port: 67 }, { address: LIMITED_BROADCAST, port: 68 });
    }
  });
  const found = probeServers(host, FLINK);
  await new Promise((resolve) => setImmediate(resolve));
  host.clock.advance(4000);
  assert.deepEqual(await found, ['172.16.0.1', '172.16.0.9']);
  assert.equal(host.udp.openSockets, 1, 'only the stand-in server is left');
});
