/** More than a server can take at once: it sheds, and serves the next honest client. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Endpoint, LOOPBACK } from '../../src/core/addr.ts';
import { ask, type Node, pattern, request, startNode } from './wire.ts';

const HEALTHY = /^HTTP\/1\.1 200 OK\r\n/;

test('a new connection takes the place of the one that was without a request for longest', async () => {
  const node = await startNode({ limits: { maxConnections: 10 } });
  const silent = await connectMany(node.at, 10);
  assert.match((await ask(node.at, request('/healthz'))).head, HEALTHY);
  assert.equal(silent.filter(({ isOpen }) => !isOpen).length, 1);
  assert.equal(silent[0]?.isOpen, false);
  await leave(silent, node);
});

test('when every connection is in the middle of an answer, a new one is closed at once, and the log says so once', async () => {
  const node = await startNode({ limits: { maxConnections: 8 } });
  fs.writeFileSync(path.join(node.folder, 'isos', 'a.iso'), pattern(48 << 20));
  const stalled = await connectMany(node.at, 8);
  for (const { socket } of stalled) socket.write(request('/isos/a.iso'));
  await Promise.all(stalled.map(({ socket }) => new Promise((resolve) => socket.once('readable', resolve))));
  for (let i = 0; i < 3; i++) assert.equal((await ask(node.at, request('/healthz'))).head, '');
  assert.equal(node.host.log.lines.filter(({ event }) => event === 'full').length, 1);
  assert.equal(node.openFiles(), 1);
  stalled[3]?.socket.destroy();
  await closed(stalled[3]?.socket);
  assert.match(await untilAnswered(node.at), HEALTHY);
  await leave(stalled, node);
});

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
  assert.equal((await ask(node.at, '')).body.length, 0);
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
  assert.match(await untilAnswered(at), HEALTHY);
  const file = await ask(at, request('/boot/exhausted.ts'));
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

/** Connected, and heard of no more; each knows whether it is still open. */
async function connectMany(to: Endpoint, count: number): Promise<readonly Peer[]> {
  const peers: Peer[] = [];
  for (let i = 0; i < count; i++) {
    const socket = net.connect(to.port, to.address);
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

async function leave(peers: readonly Peer[], node: Node): Promise<void> {
  for (const { socket } of peers) socket.destroy();
  await node.stop();
}

async function closed(socket: net.Socket | undefined): Promise<void> {
  if (socket && !socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/** The head of the first answer within fifty tries: the other end learns of a closed connection a moment later. */
async function untilAnswered(at: Endpoint): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const { head } = await ask(at, request('/healthz'));
    if (head !== '') return head;
  }
  return '';
}
