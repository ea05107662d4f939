/** More than a server can take at once: it sheds, and serves the next honest client. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Endpoint, LOOPBACK } from '../../src/core/addr.ts';
import { aim, ask, type Node, pattern, request, startNode } from './wire.ts';

const HEALTHY = /^HTTP\/1\.1 200 OK\r\n/;

/** Neither the server's own machine nor one of those that `connectMany` connects. */
const STRANGER = '127.0.9.9';
const health = (node: Node, from = STRANGER) => ask(node.at, request('/healthz'), from);
const isOpen = (peers: readonly Peer[]): readonly boolean[] => peers.map((peer) => peer.isOpen);

test('a new connection takes the place of the one that was without a request for longest', async () => {
  const node = await startNode({ limits: { maxConnections: 10 } });
  const silent = await connectMany(node.at, 10);
  assert.match((await health(node)).head, HEALTHY);
  assert.deepEqual(isOpen(silent), [false, ...Array(9).fill(true)]);
  await leave(silent, node);
});

test('when every connection is in the middle of an answer, a new one is closed at once, and the log says so once', async () => {
  const node = await startNode({ limits: { maxConnections: 8 } });
  const stalled = await stallMany(node, 8);
  for (let i = 0; i < 3; i++) assert.equal((await health(node)).head, '');
  assert.equal(node.host.log.lines.filter(({ event }) => event === 'full').length, 1);
  assert.equal(node.openFiles(), 1);
  stalled[3]?.socket.destroy();
  await closed(stalled[3]?.socket);
  assert.match(await untilAnswered(node.at, STRANGER), HEALTHY);
  await leave(stalled, node);
});

test('full of others, the server still answers its own machine: the health check', async () => {
  const node = await startNode({ limits: { maxConnections: 8 } });
  const stalled = await stallMany(node, 8);
  assert.equal((await health(node)).head, '');
  for (let i = 0; i < 10; i++) assert.match((await ask(node.at, request('/healthz'))).head, HEALTHY);
  assert.deepEqual(isOpen(stalled), Array(8).fill(true));
  await leave(stalled, node);
});

test('a full server gives the place of an answer that stands still for a minute to a new connection', async () => {
  const node = await startNode({ limits: { maxConnections: 8 } });
  const stalled = await stallMany(node, 8);
  assert.equal((await health(node)).head, '');
  let head = '';
  // A few times: what the kernels between still swallowed was progress.
  for (let minute = 0; minute < 50 && head === ''; minute++) {
    node.host.clock.advance(60_000);
    head = (await health(node)).head;
  }
  assert.match(head, HEALTHY);
  await leave(stalled, node);
});

test('one address leaves room for others, however many connections it opens', async () => {
  const node = await startNode({ limits: { maxConnections: 8 } });
  const greedy = await stallMany(node, 6, () => '127.0.3.1');
  assert.equal((await ask(node.at, request('/healthz'), '127.0.3.1')).head, '');
  assert.match((await health(node)).head, HEALTHY);
  await leave(greedy, node);
});

const midway: readonly { readonly name: string; readonly says: string }[] = [
  { name: 'that asked for a tunnel', says: 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n' },
  { name: 'in the middle of a header', says: 'GET / HTTP/1.1\r\nHost: x\r\nX-' },
  { name: 'in the middle of content', says: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf' },
  { name: 'that says nothing', says: '' },
];
for (const { name, says } of midway) {
  test(`stop does not wait for a client ${name} and never closes its end`, { timeout: 20_000 }, async () => {
    const node = await startNode();
    const socket = net.connect({ ...aim(node.at), allowHalfOpen: true }, () => socket.write(says));
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    // Whoever asks afterwards is heard afterwards: by then the server has what was said before.
    assert.match((await ask(node.at, request('/healthz'))).head, HEALTHY);
    await node.stop();
    socket.destroy();
  });
}

test('requests that are sent without waiting are answered one after the other', async () => {
  const node = await startNode();
  fs.writeFileSync(path.join(node.folder, 'isos', 'a.iso'), pattern(50_000));
  const one = 'GET /isos/a.iso HTTP/1.1\r\nHost: x\r\n\r\n';
  const heard = await ask(node.at, one.repeat(9) + request('/isos/a.iso'));
  assert.equal(heard.body.toString('latin1').match(/HTTP\/1\.1 200 OK/g)?.length, 9);
  assert.ok(heard.body.subarray(-50_000).equals(pattern(50_000)));
  await node.stop();
});

test('thousands of requests without waiting for an answer end the connection, and open one file at a time', async () => {
  const node = await startNode();
  fs.writeFileSync(path.join(node.folder, 'isos', 'a.iso'), pattern(8 << 20));
  await ask(node.at, 'GET /isos/a.iso HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5000));
  assert.ok(node.visits.length < 20, `${node.visits.length} were opened`);
  assert.match((await ask(node.at, request('/healthz'))).head, HEALTHY);
  await node.stop();
  assert.equal(node.openFiles(), 0);
});

test('clients that stop reading hold one descriptor together, and an honest one is served beside them', async () => {
  const node = await startNode();
  const bytes = 48 << 20;
  fs.writeFileSync(path.join(node.folder, 'isos', 'a.iso'), pattern(bytes));
  const stalled = await connectMany(node.at, 50);
  for (const { socket } of stalled) socket.write(request('/isos/a.iso'));
  await Promise.all(stalled.map(({ socket }) => new Promise((resolve) => socket.once('readable', resolve))));
  assert.equal(node.openFiles(), 1);
  const honest = await ask(node.at, request('/isos/a.iso'));
  assert.equal(honest.body.length, bytes);
  await leave(stalled, node);
});

test('a header that does not come to its end is given up, and so is a connection that asks nothing', async () => {
  const node = await startNode({ limits: { headerMs: 50, idleMs: 50 } });
  assert.match((await ask(node.at, 'GET / HTTP/1.1\r\nX-')).head, /^(HTTP\/1\.1 408 |$)/);
  assert.match((await ask(node.at, '')).head, /^(HTTP\/1\.1 408 |$)/);
  const kept = await ask(node.at, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(kept.head, HEALTHY);
  await node.stop();
});

test('with 64 descriptors and 300 silent connections the next honest client is served', async () => {
  const script = fileURLToPath(new URL('./exhausted.ts', import.meta.url));
  const child = spawn('sh', ['-c', `ulimit -n 64; exec '${process.execPath}' '${script}'`]);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(Number(line)));
    child.once('exit', () => reject(new Error(said)));
  });
  const at = { address: LOOPBACK, port };
  const silent = await connectMany(at, 300);
  assert.match(await untilAnswered(at, STRANGER), HEALTHY);
  const file = await ask(at, request('/boot/exhausted.ts'), STRANGER);
  assert.ok(file.body.equals(fs.readFileSync(script)));
  for (const { socket } of silent) socket.destroy();
  child.kill();
  await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(said, '');
});

interface Peer {
  readonly socket: net.Socket;
  isOpen: boolean;
}

/** Connected, and heard of no more; each knows whether it is still open. Each is a client of its own but for `from`. */
async function connectMany(to: Endpoint, count: number, from = alone): Promise<readonly Peer[]> {
  const peers: Peer[] = [];
  for (let i = 0; i < count; i++) {
    const socket = net.connect(aim(to, from(i)));
    const peer: Peer = { socket, isOpen: true };
    const gone = (): void => {
      peer.isOpen = false;
    };
    socket.on('error', gone).on('end', gone).on('close', gone);
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    peers.push(peer);
  }
  return peers;
}

function alone(index: number): string {
  return `127.0.1.${(index % 250) + 1}`;
}

/** Connections that ask for an image and read nothing of it but its beginning. */
async function stallMany(node: Node, count: number, from = alone): Promise<readonly Peer[]> {
  const image = path.join(node.folder, 'isos', 'a.iso');
  if (!fs.existsSync(image)) fs.writeFileSync(image, pattern(48 << 20));
  const peers = await connectMany(node.at, count, from);
  for (const { socket } of peers) socket.write(request('/isos/a.iso'));
  await Promise.all(peers.map(({ socket }) => new Promise((resolve) => socket.once('readable', resolve))));
  return peers;
}

async function leave(peers: readonly Peer[], node: Node): Promise<void> {
  for (const { socket } of peers) socket.destroy();
  await node.stop();
}

async function closed(socket: net.Socket | undefined): Promise<void> {
  if (socket && !socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/** The head of the first answer within fifty tries: the other end learns of a closed connection a moment later. */
async function untilAnswered(at: Endpoint, from?: string): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const { head } = await ask(at, request('/healthz'), from);
    if (head !== '') return head;
  }
  return '';
}
