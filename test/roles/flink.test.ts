/** flink as a whole on a fake network: what a reload changes, what it refuses, what it says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITED_BROADCAST, UNSPECIFIED } from '../../src/core/addr.ts';
import { OPTION, showOption } from '../../src/dhcp/options.ts';
import { decode, encode } from '../../src/dhcp/packet.ts';
import { probeServers } from '../../src/dhcp/probe.ts';
import { explainClient, flinkRole } from '../../src/roles.ts';
import { startAll, stopAll } from '../../src/service.ts';
import { flinkConfig } from '../support/config.ts';
import { FLINK, LAPTOP, message, pxe } from '../support/dhcp.ts';
import { type FakeHost, fakeHost, lan } from '../support/fakes.ts';

const BASE = 'lan: enp3s0\ndns: { upstreams: [9.9.9.9] }\n';
const hallHost = () => fakeHost([lan('enp3s0', '172.16.0.1')]);

async function running(yaml: string, host: FakeHost = hallHost()) {
  const role = flinkRole(flinkConfig(BASE + yaml), host);
  await startAll(role.services);
  const offer = () => {
    host.udp.deliver(
      encode(message('discover', { options: pxe(7) })),
      { address: UNSPECIFIED, port: 68 },
      { address: LIMITED_BROADCAST, port: 67 },
    );
    const last = host.udp.sent.at(-1);
    return last?.from.address === FLINK ? decode(last.bytes) : undefined;
  };
  return { role, host, offer };
}

test('flink: a reload changes what the next client is told, and drops nothing', async () => {
  const { role, offer } = await running('');
  const before = offer();
  await role.reload(flinkConfig(`${BASE}domain: other.lan\nfnodes: [ { name: fnode00, ip: 172.16.0.10 } ]\n`));
  const after = offer();
  assert.ok(before && after);
  assert.equal(after.yiaddr, before.yiaddr);
  assert.deepEqual([before.siaddr, after.siaddr], ['172.16.0.1', '172.16.0.10']);
  assert.equal(showOption(15, after.options.get(OPTION.domainName) ?? new Uint8Array()), '15 domain-name: "other.lan"');
  await stopAll(role.services);
});

for (const [key, yaml] of [
  ['ports', 'ports: { dhcp: 6767 }'],
  ['dhcp.mode', 'dhcp: { mode: off }'],
] as const) {
  test(`flink: a changed ${key} needs a restart; nothing of that reload is taken over`, async () => {
    const { role, offer } = await running('');
    await assert.rejects(
      role.reload(flinkConfig(`${BASE}fnodes: [ { name: fnode00, ip: 172.16.0.10 } ]\n${yaml}\n`)),
      new RegExp(`${key} has changed`),
    );
    assert.equal(offer()?.siaddr, '172.16.0.1');
    await stopAll(role.services);
  });
}

test('flink: dhcp.mode off answers nobody, opens nothing and does not claim to serve', async () => {
  const { role, host, offer } = await running('dhcp: { mode: off }\n');
  assert.equal(offer(), undefined);
  assert.equal(host.udp.openSockets, 0);
  assert.match(role.ready.join(), /^nothing/);
  const told = explainClient(
    flinkConfig(`${BASE}dhcp: { mode: off }\n`),
    { mac: LAPTOP, arch: 7, userClass: undefined, isHttpClient: false },
    hallHost(),
  );
  assert.match(told.lines.join('\n'), /none: mode-off/);
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
  host.clock.advance(3000);
  assert.deepEqual(await found, ['172.16.0.1', '172.16.0.9']);
  assert.equal(host.udp.openSockets, 1, 'only the stand-in server is left');
});
