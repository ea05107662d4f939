import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Upstream } from '../../src/config/types.ts';
import type { Ipv4 } from '../../src/core/addr.ts';
import { checkDnsPort, checkUpstreams } from '../../src/roles/dnsdoctor.ts';
import { flinkConfig } from '../support/config.ts';
import { fakeHost } from '../support/fakes.ts';

const LAN = '172.16.0.1' as Ipv4;
const row = (local: string, name: string) => `UNCONN 0 0 ${local} 0.0.0.0:* users:(("${name}",pid=7,fd=13))\n`;
const holders = [
  {
    name: 'on the address',
    table: row('172.16.0.1:53', 'named'),
    want: /is named's: no names for the hall$/,
    cure: /^systemctl disable --now named/,
  },
  {
    name: 'on every address',
    table: row('127.0.0.53%lo:53', 'systemd-resolve') + row('0.0.0.0:53', 'dnsmasq'),
    want: /is dnsmasq's/,
    cure: /port=0/,
  },
  {
    name: 'by IPv6 for all',
    table: row('*:53', 'odd one'),
    want: /is odd one's/,
    cure: /^stop odd one, or have it leave 172\.16\.0\.1 alone$/,
  },
  {
    name: 'as another stub of the system',
    table: row('172.16.0.1%eth0:53', 'systemd-resolve'),
    want: /is systemd-resolve's/,
    cure: /DNSStubListenerExtra/,
  },
  {
    name: 'unseen: others elsewhere are not in the way',
    table: row('127.0.0.53%lo:53', 'systemd-resolve'),
    want: /in use/,
    cure: undefined,
  },
  { name: 'unseen: no such program', table: '', want: /in use/, cure: undefined },
];
for (const { name, table, want, cure } of holders) {
  test(`who has port 53: ${name}`, async () => {
    const host = fakeHost();
    await host.udp.bind({ address: LAN, port: 53 }, () => {});
    const found = await checkDnsPort(host, LAN, 53, async () => ({ code: 0, stdout: table, stderr: '' }));
    assert.equal(found.ok, false);
    assert.match(found.what, want);
    if (cure === undefined) assert.equal(found.cure, undefined);
    else assert.match(found.cure ?? '', cure);
  });
}

test('port 53 is free: nobody is asked', async () => {
  const found = await checkDnsPort(fakeHost(), LAN, 53, () => assert.fail('asked'));
  assert.deepEqual(found, { ok: true, what: 'UDP port 53 is free for DNS' });
});

/** Answers every question with `rcode` and nothing else. */
async function resolver(t: TestContext, rcode: number): Promise<string> {
  const socket = dgram.createSocket('udp4', (bytes, from) => {
    const reply = Buffer.from(bytes);
    reply.writeUInt16BE(0x8180 + rcode, 2);
    socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

async function stream(t: TestContext): Promise<string> {
  const server = net.createServer((socket) => socket.on('error', () => {}).end('no TLS'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const say = async (yaml: string) => {
  const found = await checkUpstreams(flinkConfig(yaml).dns);
  return found.map(({ ok, what }) => `${ok} ${what.replaceAll(/:\d+ /g, ' ').replace(/ERR_SSL_\w+/, 'ERR_SSL_')}`);
};

test('resolvers of the file: each is asked in its own way', async (t) => {
  const [refusing, knowsNot, open] = [await resolver(t, 5), await resolver(t, 3), await stream(t)];
  assert.deepEqual(
    await say(
      `dns: { upstreams: ["${refusing}", "tcp://${open}", "tls://${open}"], domains: { corp.example: "${knowsNot}" } }`,
    ),
    [
      'warn udp://127.0.0.1 (dns.upstreams) does not answer as it should (EREFUSED)',
      'true tcp://127.0.0.1 (dns.upstreams) answers',
      'warn tls://127.0.0.1 (dns.upstreams) does not answer as it should (ERR_SSL_)',
      'true udp://127.0.0.1 (dns.domains, corp.example) answers',
    ],
  );
});

test('a file that names none: nothing to say; one that names hundreds: the first are asked', async (t) => {
  assert.deepEqual(await say(''), []);
  const [address = '', port = ''] = (await resolver(t, 3)).split(':');
  const upstream: Upstream = { transport: 'udp', address, port: Number(port) };
  const domains = Array.from({ length: 40 }, (_, i) => ({ name: `d${i}.example`, upstreams: [upstream] }));
  assert.equal((await checkUpstreams({ ...flinkConfig('').dns, domains })).length, 32);
});
