/** Real upstreams by UDP, TCP and TLS, good and bad, on loopback. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { setPair } from '../../src/core/bytes.ts';
import { type Exchange, type Outcome, openExchange } from '../../src/dns/exchange.ts';
import { Frames, framed } from '../../src/dns/frames.ts';
import { systemLines } from '../../src/dns/lines.ts';
import type { Upstream } from '../../src/dns/upstream.ts';
import { systemHost } from '../../src/host/system.ts';
import { FakeLog } from '../support/fakes.ts';
import { answerTo, wanted } from './upstreams.ts';

const folder = mkdtempSync(join(tmpdir(), 'dns-lines-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const openssl = (...args: string[]): void => {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
};

/** A CA of its own, and what it signs: key and certificate as PEM. */
function makeCa(ca: string) {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '2', '-subj', `/CN=${ca}`, '-keyout', `${ca}.key`, '-out', `${ca}.pem`);
  const sign = (name: string, subjects: string, days = 2): tls.TlsOptions => {
    openssl('req', '-new', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(at(`${name}.ext`), `subjectAltName=${subjects}\n`);
    const signed = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', `${days}`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
    return { key: readFileSync(at(`${name}.key`)), cert: readFileSync(at(`${name}.pem`)) };
  };
  return { pem: readFileSync(at(`${ca}.pem`), 'latin1'), sign };
}
const ca = makeCa('ca');
const right = ca.sign('right', 'DNS:dns.example,IP:127.0.0.1');
const expired = ca.sign('expired', 'DNS:dns.example,IP:127.0.0.1', -1);
const strange = makeCa('stranger').sign('strange', 'DNS:dns.example,IP:127.0.0.1');

type OnSocket = (socket: net.Socket) => void;

/** Answers each question by itself; `order` may turn them around. */
const honest: OnSocket = (socket) => {
  const frames = new Frames();
  socket.on('data', (bytes) => {
    frames.push(bytes, (message) => socket.write(framed(answerTo(message))));
  });
};

async function listen(t: TestContext, onSocket: OnSocket, secure?: tls.TlsOptions) {
  const open = new Set<net.Socket>();
  const seen = { connections: 0, resumed: 0 };
  const server = secure ? tls.createServer(secure) : net.createServer();
  server.on(secure ? 'secureConnection' : 'connection', (socket: net.Socket) => {
    seen.connections += 1;
    if (socket instanceof tls.TLSSocket && socket.isSessionReused()) seen.resumed += 1;
    onSocket(socket);
  });
  server.on('connection', (socket: net.Socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const upstream: Upstream = { transport: secure ? 'tls' : 'tcp', address: '127.0.0.1', port };
  return { upstream, seen, open };
}

function asking(t: TestContext, trusted: string | undefined = ca.pem) {
  const log = new FakeLog();
  const exchange = openExchange(systemHost(log), { openLine: systemLines(trusted) });
  t.after(() => exchange.stop());
  return { exchange, log };
}

const ask = (exchange: Exchange, ...upstreams: Upstream[]): Promise<Outcome> =>
  new Promise((resolve) => exchange.ask(wanted('www.example'), upstreams, resolve));

/** By UDP on the port that the TCP server has. */
async function alsoUdp(t: TestContext, { port }: Upstream, answer: (asked: Uint8Array) => readonly Uint8Array[]) {
  const ports = new Set<number>();
  const socket = dgram.createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  socket.on('message', (bytes, from) => {
    ports.add(from.port);
    for (const reply of answer(bytes)) socket.send(reply, from.port, from.address);
  });
  return { ports, upstream: { transport: 'udp', address: '127.0.0.1', port } satisfies Upstream };
}

test('UDP: 300 questions leave from 50 ports at least, and all ports are closed in the end', async (t) => {
  const { ports, upstream } = await alsoUdp(t, (await listen(t, honest)).upstream, (asked) => [answerTo(asked)]);
  const { exchange } = asking(t);
  for (let n = 0; n < 300; n++) assert.equal((await ask(exchange, upstream)).kind, 'message');
  assert.ok(ports.size >= 50);
  await exchange.stop();
  assert.deepEqual(exchange.report(), []);
});

test('UDP: what was cut comes by TCP', async (t) => {
  const { upstream: byTcp, seen } = await listen(t, honest);
  const { upstream } = await alsoUdp(t, byTcp, (asked) => [answerTo(asked, 0, (a) => setPair(a, 2, 0x8380))]);
  const { exchange } = asking(t);
  assert.equal((await ask(exchange, upstream)).kind, 'message');
  assert.equal(seen.connections, 1);
});

test('UDP: one that answers garbage is asked by TCP', async (t) => {
  const { upstream: byTcp } = await listen(t, honest);
  const garbage = Array.from({ length: 20 }, (_, n) => new Uint8Array(n).fill(0xff));
  const { upstream } = await alsoUdp(t, byTcp, () => garbage);
  const { exchange } = asking(t);
  assert.equal((await ask(exchange, upstream)).kind, 'message');
});

test('UDP: nobody listens: the next answers at once, the dead one is not asked any more', async (t) => {
  const dead = await alsoUdp(t, (await listen(t, honest)).upstream, () => []);
  const { upstream } = await alsoUdp(t, (await listen(t, honest)).upstream, (asked) => [answerTo(asked)]);
  const nobody: Upstream = { ...dead.upstream, address: '127.0.0.77' };
  const { exchange } = asking(t);
  for (let n = 0; n < 20; n++) assert.equal((await ask(exchange, nobody, upstream)).kind, 'message');
  const [first] = exchange.report();
  assert.deepEqual([first?.isDown, first?.answered], [true, 0]);
  assert.ok((first?.asked ?? 99) <= 2, `${first?.asked}`);
});

test('TCP: a hundred questions at a time over two connections at most', async (t) => {
  const { upstream, seen } = await listen(t, honest);
  const { exchange } = asking(t);
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => ask(exchange, upstream)));
  assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['message']));
  assert.ok(seen.connections <= 2);
});

test('TCP: answers that come octet by octet, and many in one piece', async (t) => {
  const drip: OnSocket = (socket) => {
    const frames = new Frames();
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      frames.push(bytes, (message) => {
        for (const octet of framed(answerTo(message))) socket.write(Uint8Array.of(octet));
      });
    });
  };
  const { upstream } = await listen(t, drip);
  const { exchange } = asking(t);
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => ask(exchange, upstream)));
  assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['message']));
});

const bad: readonly (readonly [string, OnSocket])[] = [
  ['resets at once', (socket) => socket.resetAndDestroy()],
  ['resets when asked', (socket) => socket.on('data', () => socket.resetAndDestroy())],
  ['ends when asked', (socket) => socket.on('data', () => socket.end())],
  ['answers HTTP', (socket) => socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))],
  ['lies in its lengths', (socket) => socket.on('data', () => socket.write(Uint8Array.of(0, 3, 1, 2, 3)))],
  ['promises more than it sends', (socket) => socket.on('data', () => socket.end(Uint8Array.of(255, 255, 1, 2, 3)))],
];
for (const [name, onSocket] of bad) {
  test(`TCP: one that ${name}: the next answers`, async (t) => {
    const [first, second] = [await listen(t, onSocket), await listen(t, honest)];
    const { exchange } = asking(t);
    assert.equal((await ask(exchange, first.upstream, second.upstream)).kind, 'message');
    assert.deepEqual(await ask(exchange, first.upstream), { kind: 'failed', rcode: 2 });
  });
}

test('TCP: a connection that its server ended is made anew, and nobody notices', async (t) => {
  const { upstream, seen, open } = await listen(t, honest);
  const { exchange } = asking(t);
  for (let n = 0; n < 3; n++) {
    assert.equal((await ask(exchange, upstream)).kind, 'message');
    for (const socket of open) socket.resetAndDestroy();
  }
  assert.equal(seen.connections, 3);
});

test('TLS: whose certificate is for the name that the configuration gives is believed (RFC 8310 §8.1)', async (t) => {
  const { upstream } = await listen(t, honest, right);
  const { exchange, log } = asking(t);
  assert.equal((await ask(exchange, { ...upstream, tlsName: 'dns.example' })).kind, 'message');
  assert.deepEqual(log.lines, []);
});

test('TLS: without a name the certificate must be for the address', async (t) => {
  const { upstream } = await listen(t, honest, right);
  const { exchange } = asking(t);
  assert.equal((await ask(exchange, upstream)).kind, 'message');
});

test('TLS: sessions are resumed on the next connection (RFC 8446 §2.2)', async (t) => {
  const { upstream, seen, open } = await listen(t, honest, right);
  const { exchange } = asking(t);
  assert.equal((await ask(exchange, upstream)).kind, 'message');
  for (const socket of open) socket.end();
  while (exchange.report()[0]?.sockets) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await ask(exchange, upstream)).kind, 'message');
  assert.deepEqual(seen, { connections: 2, resumed: 1 });
});

const refused: readonly (readonly [string, tls.TlsOptions, Partial<Upstream>, trusted: string | undefined, RegExp])[] =
  [
    [
      'for another name',
      right,
      { tlsName: 'other.example' },
      ca.pem,
      /not for other\.example: .*tls:\/\/127\.0\.0\.1#NAME/,
    ],
    ['for another address', ca.sign('far', 'DNS:dns.example'), {}, ca.pem, /not for 127\.0\.0\.1/],
    ['that has expired', expired, {}, ca.pem, /clock/],
    ['signed by a stranger', strange, {}, ca.pem, /NODE_EXTRA_CA_CERTS/],
    ['signed by nobody whom the system trusts', right, {}, undefined, /NODE_EXTRA_CA_CERTS/],
  ];
for (const [name, certificate, wants, trusted, cure] of refused) {
  test(`TLS: a certificate ${name} is refused, and the log says once what to do`, async (t) => {
    const { upstream } = await listen(t, honest, certificate);
    const log = new FakeLog();
    const exchange = openExchange(systemHost(log), { openLine: systemLines(trusted) });
    t.after(() => exchange.stop());
    for (let n = 0; n < 3; n++) assert.equal((await ask(exchange, { ...upstream, ...wants })).kind, 'failed');
    assert.deepEqual(
      log.lines.map(({ level, event }) => [level, event]),
      [['warn', 'no-connection']],
    );
    assert.match(String(log.lines[0]?.cure), cure);
  });
}

test('TLS: no variable of the environment makes it believe a stranger', async (t) => {
  const { upstream } = await listen(t, honest, strange);
  const { exchange } = asking(t);
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  t.after(() => {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
  });
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  assert.equal((await ask(exchange, upstream)).kind, 'failed');
});

test('TLS: a server that speaks none', async (t) => {
  const { upstream } = await listen(t, (socket) => socket.on('data', () => socket.write('220 hello\r\n')));
  const { exchange, log } = asking(t);
  assert.equal((await ask(exchange, { ...upstream, transport: 'tls' })).kind, 'failed');
  assert.match(String(log.lines[0]?.cure), /does not speak TLS/);
});
