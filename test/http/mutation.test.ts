/** Whatever comes in, the next honest client is served, and nothing is logged as a bug. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import type { Endpoint } from '../../src/core/addr.ts';
import { mutate, seeded } from '../support/fakes.ts';
import { ask, pattern, request, startNode } from './wire.ts';

const ROUNDS = 10_000;
const AT_ONCE = 50;

const honest = [
  request('/isos/a.iso', ['Range: bytes=0-9,20-29,-5', 'If-Range: "abc"', 'Accept: application/json']),
  request(
    '/boot//grubx64.efi',
    ['If-None-Match: W/"x", "y"', 'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT'],
    'HEAD',
  ),
  request('/isos/%61.iso?mac=52:54:00:12:34:56', [
    'If-Match: *',
    'If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT',
  ]),
  `${request('/', ['Content-Length: 5', 'Accept: text/html;q=0.5, application/json;q=0.9'])}hello`,
  'GET /isos HTTP/1.0\r\n\r\n',
];

test(`${ROUNDS} mutated requests at the port, and the service answers the next honest client`, async () => {
  const node = await startNode();
  fs.writeFileSync(path.join(node.folder, 'isos', 'a.iso'), pattern(5000));
  const random = seeded(20_260_102);
  for (let round = 0; round < ROUNDS; round += AT_ONCE) {
    const texts = Array.from({ length: AT_ONCE }, (_, i) => hostile(round + i, random));
    await Promise.all(texts.map((text) => throwAt(node.at, text)));
    if (round % 1000 === 0) assert.match((await ask(node.at, request('/healthz'))).head, /^HTTP\/1\.1 200 OK\r\n/);
  }
  const heard = await ask(node.at, request('/isos/a.iso'));
  assert.ok(heard.body.equals(pattern(5000)));
  assert.deepEqual(
    node.host.log.lines.filter(({ level }) => level === 'error' || level === 'warn'),
    [],
  );
  assert.ok(node.host.log.lines.some(({ event }) => event === 'sent'));
  await node.stop();
  assert.equal(node.openFiles(), 0);
});

/** Every fourth is noise, the others are honest requests with a few octets wrong. */
function hostile(round: number, random: () => number): Uint8Array {
  if (round % 4 === 3) return Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256));
  return mutate(Buffer.from(honest[round % honest.length] ?? ''), random);
}

/** Sends, says that nothing more comes, and waits for the end of whatever comes back. */
function throwAt(to: Endpoint, text: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(to.port, to.address, () => socket.end(text));
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
  });
}
