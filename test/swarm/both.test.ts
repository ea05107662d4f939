/** Both ends together, over real sockets: an fnode's line, and flink's door behind a plain HTTP server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import { type Ipv4, parseIpv4, UNSPECIFIED } from '../../src/core/addr.ts';
import { type Fetched, SIGNATURE_HEADER } from '../../src/core/swarm.ts';
import { systemClock, systemUdp } from '../../src/host/system.ts';
import { type NodeSwarm, nodeSwarm } from '../../src/swarm/node.ts';
import type { SwarmPolicy } from '../../src/swarm/policy.ts';
import { type Swarm, swarmService } from '../../src/swarm/server.ts';
import { FakeLog, lan } from '../support/fakes.ts';

const SELF = '127.0.0.1' as Ipv4;
const SECRET = Buffer.from('open sesame');
const interfaces = () => [lan('lo', SELF, 8)];

interface Flink {
  readonly swarm: Swarm;
  readonly url: string;
  readonly fetched: Fetched[];
  readonly log: FakeLog;
}

async function flink(t: TestContext, over: Partial<SwarmPolicy> = {}): Promise<Flink> {
  const log = new FakeLog();
  const fetched: Fetched[] = [];
  const policy: SwarmPolicy = {
    rows: [{ name: 'fnode00', address: SELF, weight: 1 }],
    ...{ self: SELF, domain: 'flisol.lan', boots: [{ mac: '52:54:00:*', boot: 'debian' }], secret: undefined },
    ...over,
  };
  const swarm = swarmService(() => policy, {
    host: { clock: systemClock, log, interfaces },
    isAnswering: async () => true,
    onFetched: (_node, some) => fetched.push(...some),
  });
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const signature = request.headers[SIGNATURE_HEADER];
    const from = parseIpv4(request.socket.remoteAddress ?? '') ?? UNSPECIFIED;
    const body = Buffer.concat(chunks);
    const reply = swarm.door.announce({ body, from, signature: signature === undefined ? undefined : `${signature}` });
    const headers = reply.signature === undefined ? {} : { [SIGNATURE_HEADER]: reply.signature };
    response.writeHead(reply.status, headers).end(reply.body);
  });
  server.listen(0, SELF);
  await once(server, 'listening');
  await swarm.start();
  t.after(async () => {
    await swarm.stop();
    server.closeAllConnections();
    server.close();
  });
  return { swarm, log, fetched, url: `http://${SELF}:${(server.address() as AddressInfo).port}` };
}

async function node(
  t: TestContext,
  url: string,
  secret: Uint8Array | undefined,
): Promise<{ readonly line: NodeSwarm; readonly log: FakeLog }> {
  const log = new FakeLog();
  const image = { alias: 'debian', name: 'Debian 12', sizeBytes: 5, etag: '"d"', entries: ['debian'] };
  const line = nodeSwarm(
    () => ({ flink: { kind: 'url', url }, name: 'some-host', httpPort: 8080, tftpPort: 69, secret }),
    {
      host: { clock: systemClock, udp: systemUdp, log, interfaces, random: Math.random },
      traffic: () => [{ transfers: 1, sentBytes: 100 }],
      folder: tmpdir,
      readCatalog: async () => ({ loaders: ['shimx64.efi'], images: [image], entries: ['debian', 'memtest'] }),
    },
  );
  line.onFetch('127.0.0.9' as Ipv4, '/boot/shimx64.efi', 900);
  await line.start();
  t.after(() => line.stop());
  return { line, log };
}

/** Looks until it is so; the test's own time-out ends it otherwise. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const secret of [undefined, SECRET]) {
  test(`both: ${secret ? 'signed' : 'by the MAC table'}: flink knows the node and what it has, the node its name`, async (t) => {
    const { swarm, url, fetched } = await flink(t, { secret, rows: [{ name: 'fnode00', address: SELF, weight: 2 }] });
    const { line, log } = await node(t, url, secret);
    await until(() => swarm.report()[0]?.state === 'live' && swarm.report()[0]?.images.length === 1);
    const [known] = swarm.report();
    assert.deepEqual(
      [known?.name, known?.httpPort, known?.load?.transfers, known?.images[0]?.alias],
      ['fnode00', 8080, 1, 'debian'],
    );
    await until(() => line.directions() !== undefined);
    const { name, domain, boots, peers } = line.directions() ?? {};
    assert.deepEqual(
      [name, domain, boots, peers],
      ['fnode00', 'flisol.lan', [{ mac: '52:54:00:*', boot: 'debian' }], []],
    );
    await until(() => fetched.length > 0);
    assert.deepEqual(fetched, [{ client: '127.0.0.9', stage: 'loader', path: '/boot/shimx64.efi', sentBytes: 900 }]);
    assert.deepEqual(
      log.lines.map(({ event }) => event),
      ['flink-found'],
    );
    await line.stop();
    assert.deepEqual([swarm.report()[0]?.state, swarm.candidates()], ['gone', []]);
  });
}

const strangers = [
  { name: 'another secret', flinkHas: SECRET, nodeHas: Buffer.from('guess'), event: 'not-believed wrong-signature' },
  { name: 'no secret', flinkHas: SECRET, nodeHas: undefined, event: 'not-believed no-secret' },
  { name: 'a secret where flink has none', flinkHas: undefined, nodeHas: SECRET, event: 'answer-ignored not-signed' },
];
for (const { name, flinkHas, nodeHas, event } of strangers) {
  test(`both: a node with ${name} takes no directions, and says so`, async (t) => {
    const { url } = await flink(t, { secret: flinkHas });
    const { line, log } = await node(t, url, nodeHas);
    await until(() => log.lines.length > 0);
    assert.deepEqual([`${log.lines[0]?.event} ${log.lines[0]?.reason}`, line.directions()], [event, undefined]);
  });
}

test("both: whoever comes by loopback is on flink's own machine, which is believed without a row", async (t) => {
  const elsewhere = {
    rows: [{ name: 'fnode00', address: '172.16.0.10' as Ipv4, weight: 1 }],
    self: '172.16.0.1' as Ipv4,
  };
  const { url, swarm } = await flink(t, elsewhere);
  const { line, log } = await node(t, url, undefined);
  await until(() => log.lines.length > 0);
  assert.deepEqual(
    [log.lines[0]?.event, line.directions()?.name, swarm.report().length],
    ['flink-found', 'some-host', 2],
  );
});
