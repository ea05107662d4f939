import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { after, test } from 'node:test';
import * as z from 'zod';
import { ANSWERS, PATHS } from '../../src/admin/openapi.ts';
import type { LeaseRow } from '../../src/admin/shape.ts';
import type { Ipv4 } from '../../src/core/addr.ts';
import { Fault } from '../../src/core/errors.ts';
import { MAX_ANNOUNCEMENT_BYTES } from '../../src/core/swarm.ts';
import { parseExposition } from './exposition.ts';
import { decision, get, HERE, LEASES, makeService, ON_THE_LAN, startWorld, tell } from './world.ts';

const world = await startWorld();
after(() => world.stop());
const MAC = '52:54:00:12:34:56';

const schema = JSON.parse(readFileSync(new URL('../../schema/flink-api.json', import.meta.url), 'utf8'));
/** What the published document says of an answer; it is what people write clients from. */
const published = (name: string) =>
  z.fromJSONSchema({
    $ref: `#/$defs/${name}`,
    $defs: JSON.parse(JSON.stringify(schema.components.schemas).replaceAll('#/components/schemas/', '#/$defs/')),
  });

for (const [path, { answer }] of PATHS) {
  if (!(answer in ANSWERS)) continue;
  test(`${path} answers as the published document says, and nothing beyond it`, async () => {
    world.events.record(
      decision(1, { hostname: 'desk7', arch: 7, fnode: 'fnode00', file: 'shimx64.efi', stage: 'pxe' }),
    );
    const { status, headers, text } = await get(world.at, path + (path.endsWith('explain') ? `?mac=${MAC}` : ''));
    assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
    const body = JSON.parse(text);
    published(answer).parse(body);
    assert.deepEqual(ANSWERS[answer as keyof typeof ANSWERS].parse(body), body);
  });
}

test('the document itself is served', async () => {
  assert.deepEqual(JSON.parse((await get(world.at, '/api/v1/openapi.json')).text), schema);
});

test('leases: all, or those in one state; none is a list, too', async () => {
  const leases = async (query: string) => JSON.parse((await get(world.at, `/api/v1/leases${query}`)).text).leases;
  assert.deepEqual(await leases(''), LEASES);
  assert.deepEqual(await leases('?state=declined'), [LEASES[1]]);
  assert.deepEqual(await leases('?state=expired'), []);
});

test('decisions: the last 500, newest first', async () => {
  for (let n = 0; n < 700; n++) world.events.record(decision(n));
  const { decisions } = JSON.parse((await get(world.at, '/api/v1/decisions')).text);
  assert.equal(decisions.length, 500);
  assert.deepEqual([decisions[0].mac, decisions[0].id > decisions[1].id], [decision(699).mac, true]);
});

test('explain asks for the client that the query describes', async () => {
  const { text } = await get(world.at, `/api/v1/explain?mac=${MAC}&arch=7&userClass=iPXE&httpClient=true`);
  assert.deepEqual(JSON.parse(text).data, { mac: MAC, arch: 7, userClass: 'iPXE', isHttpClient: true });
  const wrong = await get(world.at, '/api/v1/explain?mac=x');
  assert.deepEqual([wrong.status, wrong.text], [400, '{"error":"mac: want a MAC like 52:54:00:12:34:56"}\n']);
});

test('metrics: what has been decided since the start, with all that the services say', async () => {
  const fresh = await startWorld();
  for (let n = 0; n < 3; n++) fresh.events.record(decision(n, { fnode: 'fnode00' }));
  const { headers, text } = await get(fresh.at, '/metrics');
  await fresh.stop();
  const figures = parseExposition(text);
  assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/);
  assert.equal(figures.get('flisolator_dhcp_decisions_total{kind="offer",reason="pool"}'), 3);
  assert.equal(figures.get('flisolator_placements_total{fnode="fnode00"}'), 3);
  assert.equal(figures.get('flisolator_pool_free_addresses{network="172.16.0.0/16"}'), 198);
});

test('healthz: 503 when a service is not well, and why', async () => {
  const health = { ok: false, services: { dhcp: { ok: false, reason: 'not-bound' } } };
  const sick = await startWorld({ deps: { health: () => health } });
  const { status, text } = await get(sick.at, '/healthz');
  await sick.stop();
  assert.deepEqual([status, JSON.parse(text)], [503, health]);
});

test('HEAD has the header and no body', async () => {
  for (const path of ['/api/v1/status', '/api/v1/leases', '/api/v1/decisions?stream']) {
    const { status, text } = await get(world.at, path, { method: 'HEAD' });
    assert.deepEqual([status, text], [200, ''], path);
  }
});

test('65,000 leases go out piece by piece: others have their turn in between', async () => {
  const row = LEASES[0] as LeaseRow;
  let taken = 0;
  let atFirstTurn = 0;
  const big = await startWorld({
    deps: {
      *leases() {
        setImmediate(() => {
          atFirstTurn = taken;
        });
        for (; taken < 65_000; taken++) yield row;
      },
    },
  });
  const { text } = await get(big.at, '/api/v1/leases');
  await big.stop();
  assert.equal(JSON.parse(text).leases.length, 65_000);
  assert.ok(atFirstTurn > 0 && atFirstTurn < 2000, `${atFirstTurn} in the first turn`);
});

test('a peer that goes away in the middle of a long answer leaves nothing behind, and no line in the log', async () => {
  let isLeft: () => void = () => {};
  const left = new Promise<void>((resolve) => {
    isLeft = resolve;
  });
  const big = await startWorld({
    deps: {
      *leases() {
        try {
          for (;;) yield LEASES[0] as LeaseRow;
        } finally {
          isLeft();
        }
      },
    },
  });
  const socket = net.connect(big.at.port, big.at.address);
  socket.write('GET /api/v1/leases HTTP/1.1\r\nHost: localhost\r\n\r\n');
  socket.once('data', () => socket.destroy());
  await left;
  assert.equal((await get(big.at, '/healthz')).status, 200);
  await big.stop();
  assert.deepEqual(big.host.log.lines, []);
});

test('a bug is one line in the log and a sentence for the peer, never a stack', async () => {
  const broken = await startWorld({
    deps: {
      status: () => {
        throw new TypeError('a bug');
      },
    },
  });
  const { status, text } = await get(broken.at, '/api/v1/status');
  await broken.stop();
  assert.deepEqual([status, text], [500, '{"error":"this failed to answer; the log says why"}\n']);
  assert.match(String(broken.host.log.lines[0]?.error), /TypeError: a bug\n {4}at /);
});

test('announcements: the other end, the signature, the octets as they are; the answer is signed', async () => {
  const body = '{"version":1,"name":"ñ"}';
  const headers = { 'X-Flisolator-Signature': 'sha256=me' };
  const got = await get(world.swarm, '/api/v1/announcements', { method: 'POST', headers, body, from: '127.0.0.9' });
  const asked = world.announced.at(-1);
  assert.deepEqual(
    [asked?.from, asked?.signature, Buffer.from(asked?.body ?? []).toString()],
    ['127.0.0.9', 'sha256=me', body],
  );
  assert.deepEqual([got.status, got.headers['x-flisolator-signature'], got.text], [200, 'sha256=ok', '{"version":1}']);
});

for (const status of [400, 401, 403] as const) {
  test(`announcements: ${status} of the swarm goes out as it is`, async () => {
    const refusing = await startWorld({ reply: { status, body: '{"reason":"x"}' } });
    const got = await get(refusing.swarm, '/api/v1/announcements', { method: 'POST', body: 'x' });
    await refusing.stop();
    assert.deepEqual(
      [got.status, got.text, got.headers['x-flisolator-signature']],
      [status, '{"reason":"x"}', undefined],
    );
  });
}

test('the swarm hears once of each connection that announcements came by, when it closes, and of no other', async () => {
  const mine = await startWorld();
  const agents = [0, 1].map(() => new http.Agent({ keepAlive: true, maxSockets: 1 }));
  for (const [i, agent] of agents.entries()) {
    const options = { method: 'POST', body: '{}', from: `127.0.0.${7 + i}`, agent };
    for (let n = 0; n < 3; n++) await get(mine.swarm, '/api/v1/announcements', options);
  }
  await get(mine.swarm, '/healthz', { from: '127.0.0.6' });
  assert.deepEqual(mine.closed, []);
  for (const [i, agent] of agents.entries()) {
    const next = mine.nextClosed();
    agent.destroy();
    assert.equal(await next, `127.0.0.${7 + i}`);
  }
  await mine.stop();
  assert.equal(mine.closed.length, 2);
});

test('an announcement of 1 MiB is taken, one octet more is not, however it is sent', async () => {
  const body = Buffer.alloc(MAX_ANNOUNCEMENT_BYTES, 'x');
  const full = await get(world.swarm, '/api/v1/announcements', { method: 'POST', body });
  assert.equal(full.status, 200);
  assert.equal(world.announced.at(-1)?.body.length, MAX_ANNOUNCEMENT_BYTES);
  const before = world.announced.length;
  const head = 'POST /api/v1/announcements HTTP/1.1\r\nHost: x\r\n';
  const told = await tell(world.swarm, `${head}Content-Length: ${MAX_ANNOUNCEMENT_BYTES + 1}\r\n\r\n`);
  assert.match(told, /^HTTP\/1\.1 413 .*"an announcement is at most 1 MiB"/s);
  const chunk = `100001\r\n${'x'.repeat(MAX_ANNOUNCEMENT_BYTES + 1)}\r\n`;
  const chunked = await tell(world.swarm, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`);
  assert.match(chunked, /^(HTTP\/1\.1 413 |$)/);
  assert.equal(world.announced.length, before);
});

test('the narrow door has health and announcements, and nothing else', async () => {
  for (const path of PATHS.keys()) {
    const { status, text } = await get(world.swarm, path);
    assert.equal(status, path === '/healthz' ? 200 : 404, path);
    if (status === 404) assert.match(text, /^\{"error":"this door is for nodes: the API is at admin.listen/);
  }
});

const doors = [
  { name: 'elsewhere: a narrow door of its own', listen: HERE, swarm: ON_THE_LAN, narrow: true },
  { name: 'on the LAN address: one door', listen: ON_THE_LAN, swarm: ON_THE_LAN, narrow: false },
  {
    name: 'on every address: one door',
    listen: { address: '0.0.0.0' as Ipv4, port: 0 },
    swarm: ON_THE_LAN,
    narrow: false,
  },
  { name: 'without a LAN: one door', listen: HERE, swarm: undefined, narrow: false },
];
for (const { name, listen, swarm, narrow } of doors) {
  test(`the admin door ${name}`, async () => {
    const made = makeService({ options: { listen, swarm } });
    await made.service.start();
    const at = made.service.address('admin');
    assert.equal(made.service.address('swarm') !== undefined, narrow);
    const got = await get(
      {
        address: '127.0.0.1' as Ipv4,
        port: at?.port ?? 0,
        ...(listen === ON_THE_LAN ? { address: ON_THE_LAN.address } : {}),
      },
      '/api/v1/announcements',
      { method: 'POST', body: '{}' },
    );
    assert.equal(got.status, 200, 'nodes on this machine may come by it, too');
    await made.service.stop();
  });
}

test('stop leaves no socket, timer or subscriber, and may be called again; start after it works', async () => {
  const made = makeService();
  await made.service.stop();
  for (let n = 0; n < 2; n++) {
    await made.service.start();
    await made.service.start();
    assert.deepEqual(made.service.health(), { ok: true });
    const at = made.service.address('admin') ?? HERE;
    const socket = net.connect(at.port, at.address);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await get(at, '/healthz');
    await made.service.stop();
    await closed;
    assert.deepEqual(made.service.health(), { ok: false, reason: 'not-bound' });
    assert.equal(made.host.clock.pendingTimers, 0);
  }
});

test('a port in use is a fault that names it, and nothing stays open', async () => {
  const made = makeService({ options: { listen: HERE, swarm: { ...world.swarm } } });
  await assert.rejects(made.service.start(), (error) => error instanceof Fault && error.code === 'bind-failed');
  assert.equal(made.service.address('admin'), undefined);
});
