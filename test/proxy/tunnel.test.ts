/** Tunnels: octets both ways, and how they end. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net, { type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type OnBrought, tunnel } from '../../src/proxy/tunnel.ts';
import { clientOf, HOST, until } from './rawhost.ts';

interface Ground {
  readonly client: Socket;
  readonly origin: Socket;
  /** What each end has heard. */
  readonly heard: { client: string; origin: string };
  readonly ended: { client: string | undefined; origin: string | undefined };
  readonly over: Promise<{ up: number; down: number }>;
  /** The proxy's own two sockets. */
  readonly inside: { client: Socket; origin: Socket };
}

interface Terms {
  readonly idleMs?: number;
  readonly head?: string;
  readonly onBrought?: OnBrought;
  /** Before the tunnel is there. */
  readonly before?: (client: Socket, inside: Socket) => unknown;
}

/** A client and an origin, sockets of both, and the tunnel between them. */
async function ground(
  t: TestContext,
  { idleMs = 60_000, head = '', onBrought = () => true, before }: Terms = {},
): Promise<Ground> {
  const [client, insideClient] = await pair(t);
  const server = net.createServer({ allowHalfOpen: true, noDelay: true });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, 'connection');
  const insideOrigin = await clientOf(t).connect(HOST, (server.address() as net.AddressInfo).port).socket;
  const [origin] = (await accepted) as [Socket];
  t.after(() => origin.destroy());
  const heard = { client: '', origin: '' };
  const ended: Ground['ended'] = { client: undefined, origin: undefined };
  listen(client, 'client');
  listen(origin, 'origin');
  await before?.(client, insideClient);
  const over = tunnel({ client: insideClient, head: Buffer.from(head), origin: insideOrigin }, idleMs, onBrought);
  return { client, origin, heard, ended, over, inside: { client: insideClient, origin: insideOrigin } };

  function listen(socket: Socket, side: 'client' | 'origin'): void {
    socket.on('data', (chunk) => {
      heard[side] += chunk.toString('latin1');
    });
    socket.on('end', () => {
      ended[side] ??= 'end';
    });
    socket.on('error', () => {
      ended[side] = 'reset';
    });
  }
}

/** Both ends of a connection, each of which may be half closed. */
async function pair(t: TestContext): Promise<[Socket, Socket]> {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, 'connection');
  const { port } = server.address() as net.AddressInfo;
  const outer = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const [inner] = (await accepted) as [Socket];
  t.after(() => [outer, inner].map((socket) => socket.destroy()));
  return [outer, inner];
}

test('octets go both ways, early ones first, and are counted', async (t) => {
  const { client, origin, heard, over } = await ground(t, { head: 'early ' });
  client.write('request');
  await until(() => heard.origin === 'early request');
  origin.write('response');
  await until(() => heard.client === 'response');
  client.end('!');
  await until(() => heard.origin === 'early request!');
  origin.end('?');
  assert.deepEqual(await over, { up: 14, down: 9 });
  assert.deepEqual(heard, { client: 'response?', origin: 'early request!' });
});

for (const [first, second] of [
  ['client', 'origin'],
  ['origin', 'client'],
] as const) {
  test(`a half-close of the ${first} passes through, and the other goes on as long as it likes`, async (t) => {
    const g = await ground(t);
    g[first].end('bye');
    await until(() => g.ended[second] === 'end');
    assert.equal(g.heard[second], 'bye');
    assert.equal(g.ended[first], undefined);
    for (let i = 0; i < 5; i++) {
      g[second].write(`${i}`);
      await until(() => g.heard[first].length === i + 1);
    }
    g[second].end();
    const counts = await g.over;
    assert.deepEqual(counts, first === 'client' ? { up: 3, down: 5 } : { up: 5, down: 3 });
    await until(() => g.ended[first] === 'end');
  });

  test(`a reset of the ${first} is a reset of the ${second}`, async (t) => {
    const g = await ground(t);
    g[first].write('x');
    await until(() => g.heard[second] === 'x');
    g[first].resetAndDestroy();
    await until(() => g.ended[second] === 'reset');
    const { up, down } = await g.over;
    assert.equal(up + down, 1);
    assert.ok(g.inside.client.closed && g.inside.origin.closed);
  });

  test(`where the ${first}'s side is destroyed, the ${second}'s is closed`, async (t) => {
    const g = await ground(t);
    g.inside[first].destroy();
    await until(() => g.ended[second] !== undefined);
    await g.over;
    assert.ok(g.inside[second].destroyed);
  });
}

test('a client that went before the tunnel was there takes it along', async (t) => {
  const { over, inside } = await ground(t, {
    before: async (_, insideClient) => {
      insideClient.destroy();
      await once(insideClient, 'close');
    },
  });
  assert.deepEqual(await over, { up: 0, down: 0 });
  assert.ok(inside.origin.destroyed);
});

test('a client that ended before the tunnel was there has ended', async (t) => {
  const { over, origin, ended } = await ground(t, {
    before: async (client, insideClient) => {
      client.end();
      await once(insideClient.resume(), 'end');
    },
  });
  await until(() => ended.origin === 'end');
  origin.end('x');
  assert.deepEqual(await over, { up: 0, down: 1 });
});

test('a tunnel in which nobody says anything is closed in time', async (t) => {
  const { over, ended } = await ground(t, { idleMs: 30 });
  assert.deepEqual(await over, { up: 0, down: 0 });
  await until(() => ended.client !== undefined && ended.origin !== undefined);
});

for (const [who, what] of [
  ['client', 'up'],
  ['origin', 'down'],
] as const) {
  test(`one side that speaks keeps it open: the ${who}`, async (t) => {
    const g = await ground(t, { idleMs: 150 });
    let said = 0;
    const timer = setInterval(() => {
      g[who].write('x');
      said += 1;
    }, 10);
    t.after(() => clearInterval(timer));
    await until(() => said === 40);
    assert.equal(g.ended.client ?? g.ended.origin, undefined);
    clearInterval(timer);
    assert.equal((await g.over)[what], said);
  });
}

test('nor is it idle while it must wait for its share', async (t) => {
  let release = (): void => {};
  const { over, client, origin, heard, ended } = await ground(t, {
    idleMs: 20,
    onBrought: (_, goOn) => {
      release = goOn;
      return false;
    },
  });
  origin.write('x');
  await until(() => heard.client === 'x');
  let isLate = false;
  setTimeout(() => {
    isLate = true;
  }, 150);
  await until(() => isLate);
  assert.equal(ended.client, undefined);
  release();
  client.destroy();
  await over;
});

test('what comes from the origin waits for its share, what goes there does not', async (t) => {
  const waiting: (() => void)[] = [];
  let brought = 0;
  const onBrought: OnBrought = (bytes, goOn) => {
    brought += bytes;
    waiting.push(goOn);
    return false;
  };
  const { client, origin, heard, over } = await ground(t, { onBrought });
  origin.write('a'.repeat(1 << 20));
  await until(() => waiting.length === 1);
  const first = brought;
  client.write('b'.repeat(1 << 20));
  await until(() => heard.origin.length === 1 << 20);
  assert.equal(brought, first, 'no octet more is taken from the origin');
  assert.ok(first <= 65_536);
  while (brought < 1 << 20) {
    const [turn] = waiting.splice(0);
    turn?.();
    await new Promise((goOn) => setImmediate(goOn));
  }
  await until(() => heard.client.length === 1 << 20);
  waiting.pop()?.();
  client.end();
  origin.end();
  assert.deepEqual(await over, { up: 1 << 20, down: 1 << 20 });
  waiting.pop()?.();
});

for (const who of ['client', 'origin'] as const) {
  test(`back-pressure: of a ${who} that does not read no more is held than buffers do`, async (t) => {
    const g = await ground(t);
    const [speaker, deaf] = who === 'client' ? [g.origin, g.client] : [g.client, g.origin];
    deaf.removeAllListeners('data').pause();
    const chunk = Buffer.alloc(1 << 20);
    for (let i = 0; i < 32; i++) speaker.write(chunk);
    const [inFrom, inTo] = who === 'client' ? [g.inside.origin, g.inside.client] : [g.inside.client, g.inside.origin];
    await until(() => inFrom.isPaused());
    assert.ok(inTo.writableLength + inFrom.readableLength <= 4 * 65_536);
    deaf.resume();
    speaker.end();
    deaf.end();
    const { up, down } = await g.over;
    assert.equal(who === 'client' ? down : up, 32 << 20);
  });
}

test('16 MiB each way arrive as they left', async (t) => {
  const { client, origin, over, ended } = await ground(t);
  const sums = { client: createHash('sha256'), origin: createHash('sha256') };
  client.on('data', (chunk) => sums.client.update(chunk));
  origin.on('data', (chunk) => sums.origin.update(chunk));
  const content = Buffer.alloc(16 << 20, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
  client.end(content);
  origin.end(content);
  assert.deepEqual(await over, { up: content.length, down: content.length });
  await until(() => ended.client === 'end' && ended.origin === 'end');
  const want = createHash('sha256').update(content).digest('hex');
  assert.deepEqual([sums.client.digest('hex'), sums.origin.digest('hex')], [want, want]);
});

test('behind node:http’s own CONNECT: early data, both ways, half-closes', async (t) => {
  const origin = net.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  if (!origin.listening) await once(origin, 'listening');
  const { port } = origin.address() as net.AddressInfo;
  const upstream = clientOf(t);
  const counted: unknown[] = [];
  const proxy = http.createServer().on('connect', async (_, client, head) => {
    const socket = await upstream.connect(HOST, port).socket;
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    counted.push(await tunnel({ client, head, origin: socket }, 60_000, () => true));
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  t.after(() => [origin, proxy].map((server) => server.close()));
  const client = net.connect({
    port: (proxy.address() as net.AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  client.end(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\nearly`);
  let heard = '';
  client.on('data', (chunk) => {
    heard += chunk.toString();
  });
  await once(client, 'end');
  assert.equal(heard, 'HTTP/1.1 200 Connection Established\r\n\r\nearly');
  await until(() => counted.length === 1);
  assert.deepEqual(counted, [{ up: 5, down: 5 }]);
});

test('2,000 idle tunnels, and each of them still works', async (t) => {
  const echo = net.createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket));
  const front = net.createServer({ allowHalfOpen: true });
  t.after(() => [echo, front].map((server) => server.close()));
  await once(echo.listen(0, '127.0.0.1', 4096), 'listening');
  await once(front.listen(0, '127.0.0.1', 4096), 'listening');
  const [echoPort, frontPort] = [echo, front].map((server) => (server.address() as net.AddressInfo).port);
  const upstream = clientOf(t);
  const over: Promise<unknown>[] = [];
  front.on('connection', async (client) => {
    const origin = await upstream.connect(HOST, echoPort ?? 0).socket;
    over.push(tunnel({ client, head: Buffer.alloc(0), origin }, 600_000, () => true));
  });
  const clients: Socket[] = [];
  for (let i = 0; i < 2000; i++) {
    clients.push(net.connect({ port: frontPort ?? 0, host: '127.0.0.1', allowHalfOpen: true }));
    // A few at a time: a queue of connections has its end.
    if (i % 100 === 99) await until(() => over.length === i + 1);
  }
  await until(() => over.length === 2000);
  for (const client of clients) client.end('x');
  assert.deepEqual(await Promise.all(over), Array(2000).fill({ up: 1, down: 1 }));
  for (const client of clients) client.destroy();
});
