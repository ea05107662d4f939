import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { memoryContent, type Opened } from '../../src/core/content.ts';
import { Fault } from '../../src/core/errors.ts';
import { httpService } from '../../src/http/server.ts';
import { fakeHost } from '../support/fakes.ts';
import { ask, field, type Node, pattern, request, startNode } from './wire.ts';

let node: Node;
const image = pattern(100_000);
before(async () => {
  node = await startNode();
  fs.writeFileSync(path.join(node.folder, 'isos', 'a.iso'), image);
  fs.writeFileSync(path.join(node.folder, 'isos', 'empty.iso'), '');
  fs.symlinkSync('/etc/passwd', path.join(node.folder, 'isos', 'link.iso'));
});
after(() => node.stop());

const statuses: readonly (readonly [target: string, status: number])[] = [
  ['/isos/a.iso', 200],
  ['/isos/a.iso?mac=52:54:00:12:34:56', 200],
  ['/isos/a%2Eiso', 200],
  ['http://127.0.0.1/isos/a.iso', 200],
  ['/isos/empty.iso', 200],
  ['/healthz', 200],
  ['/isos/link.iso', 404],
  ['/isos/a.iso/x', 404],
  ['/grub/grub.cfg', 404],
  ['/metrics', 404],
  ['/etc/passwd', 404],
  ['/tree/a.iso', 404],
  ['/isos/../isos/a.iso', 400],
  ['/isos/%2e%2e/isos/a.iso', 400],
  ['/isos/..%2fisos', 400],
  ['/isos/..%5cisos', 400],
  ['/isos/a.iso%00', 400],
  ['/isos/%zz', 400],
  ['/isos/%c0%ae%c0%ae/x', 400],
  ['*', 400],
  [`/${'a'.repeat(5000)}`, 400],
  [`/isos/a.iso?${'a'.repeat(17_000)}`, 414],
  [`/isos/a.iso?${'a'.repeat(70_000)}`, 431],
];
for (const [target, status] of statuses) {
  test(`${status} for ${target.slice(0, 60)}`, async () => {
    const heard = await ask(node.at, request(target));
    assert.match(heard.head, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.doesNotMatch(heard.head, /^(x-powered-by|server): /im);
    assert.doesNotMatch(heard.body.subarray(0, 5000).toString('latin1'), /\bat .*\.[jt]s|node_modules/);
  });
}

for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE']) {
  test(`405 with Allow for ${method}, RFC 9110 §15.5.6`, async () => {
    const heard = await ask(node.at, request('/isos/a.iso', [], method));
    assert.match(heard.head, /^HTTP\/1\.1 405 Method Not Allowed\r\n/);
    assert.equal(field(heard, 'Allow'), 'GET, HEAD');
  });
}

test('405 for CONNECT: this is no proxy', async () => {
  const heard = await ask(node.at, 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n');
  assert.match(heard.head, /^HTTP\/1\.1 405 /);
});

test('a request with content is answered without reading it, and the connection closed', async () => {
  for (const fields of [
    'Content-Length: 1000000000\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Content-Length: 5\r\nExpect: 100-continue\r\n',
  ]) {
    const heard = await ask(node.at, `GET /isos/a.iso HTTP/1.1\r\nHost: x\r\n${fields}\r\n`);
    assert.match(heard.head, /^HTTP\/1\.1 200 OK\r\n/);
    assert.equal(field(heard, 'Connection'), 'close');
    assert.ok(heard.body.equals(image));
  }
});

const refused = [
  { name: 'more than 200 fields', text: request('/', Array<string>(201).fill('X: y')), want: 431 },
  { name: 'fields of more than 64 KiB', text: request('/', [`X: ${'y'.repeat(66_000)}`]), want: 431 },
  {
    name: 'length and chunks at once',
    text: request('/', ['Content-Length: 5', 'Transfer-Encoding: chunked']),
    want: 400,
  },
  { name: 'two lengths', text: request('/', ['Content-Length: 5', 'Content-Length: 6']), want: 400 },
  { name: 'no Host in HTTP/1.1, RFC 9112 §3.2', text: 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', want: 400 },
  { name: 'no HTTP at all', text: '\x16\x03\x01\x02\x00\x01\x00', want: 400 },
];
for (const { name, text, want } of refused) {
  test(`${want} for ${name}`, async () =>
    assert.match((await ask(node.at, text)).head, new RegExp(`^HTTP/1\\.1 ${want} `)));
}

test('a name that is not escaped is 400, with the cure: RFC 3986 §2.1', async () => {
  const raw = await ask(node.at, Buffer.from(request('/isos/español.txt')));
  assert.match(raw.head, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.equal(
    raw.body.toString(),
    'That is no URL: write "ñ" as "%C3%B1" and so on, or give the file a name in plain ASCII.\n',
  );
  assert.equal(field(raw, 'Content-Length'), `${raw.body.length}`);
});

test('what is no request cuts an answer under way: nobody takes a refusal for a part of the file', async () => {
  const heard = await ask(node.at, 'GET /isos/a.iso HTTP/1.1\r\nHost: x\r\n\r\n\x16\x03\x01');
  assert.doesNotMatch(heard.head + heard.body.toString('latin1'), /400 Bad Request/);
});

test('a folder is a page for people, and JSON for who asks for it', async () => {
  const html = await ask(node.at, request('/isos', ['Accept: text/html,application/xhtml+xml,*/*;q=0.8']));
  assert.equal(field(html, 'Content-Type'), 'text/html; charset=utf-8');
  assert.match(html.body.toString(), /href="\/isos\/a\.iso"/);
  assert.doesNotMatch(html.body.toString(), /link\.iso/);
  const json = await ask(node.at, request('/isos/', ['Accept: application/json']));
  assert.equal(field(json, 'Content-Type'), 'application/json');
  assert.equal(field(json, 'Vary'), 'Accept');
  assert.equal(JSON.parse(json.body.toString()).entries[0].name, 'a.iso');
});

test('the front page names the node, its images, and the address by which it was reached', async () => {
  const html = (await ask(node.at, request('/'))).body.toString();
  assert.match(html, /<h1>fnode00<\/h1>/);
  assert.ok(html.includes(`http://127.0.0.1:${node.at.port}/boot/shimx64.efi`));
  const json = await ask(node.at, request('/', ['Accept: application/json']));
  assert.equal(JSON.parse(json.body.toString()).images[0].url, `http://127.0.0.1:${node.at.port}/isos/a.iso`);
});

test('healthz is 200 while all is well and 503 otherwise, in JSON', async () => {
  let ok = true;
  const service = httpService(() => ({ listen: ['127.0.0.1' as Ipv4], port: 0, nodeName: 'n' }), {
    ...{ host: fakeHost(), open: async () => ({ kind: 'missing', reason: 'not-found' }) },
    health: () => ({ ok, services: { tftp: { ok } } }),
  });
  await service.start();
  const [at] = service.address();
  assert.ok(at);
  assert.equal((await ask(at, request('/healthz'))).body.toString(), '{"ok":true,"services":{"tftp":{"ok":true}}}\n');
  ok = false;
  assert.match((await ask(at, request('/healthz'))).head, /^HTTP\/1\.1 503 /);
  await service.stop();
});

test('whoever opens names is told by which address the client came, from where, and its query', async () => {
  const other = await startNode({ listen: 'every-address' });
  await ask({ address: '127.0.0.9' as Ipv4, port: other.at.port }, request('/boot/boot.ipxe?mac=52:54:00:12:34:56'));
  const visit = other.visits.at(-1);
  assert.equal(visit?.localAddress, '127.0.0.9');
  assert.equal(visit?.clientAddress, '127.0.0.1');
  assert.equal(visit?.httpPort, other.at.port);
  assert.equal(visit?.query?.get('mac'), '52:54:00:12:34:56');
  await other.stop();
});

test('each address that is named gets its own socket, and no other is listened on', async () => {
  const two = await startNode({ listen: ['127.0.0.2', '127.0.0.3'] as Ipv4[] });
  assert.deepEqual(
    two.service.address().map(({ address }) => address),
    ['127.0.0.2', '127.0.0.3'],
  );
  for (const at of two.service.address()) assert.match((await ask(at, request('/healthz'))).head, / 200 /);
  const third = await ask({ address: '127.0.0.4' as Ipv4, port: two.at.port }, request('/healthz'));
  assert.ok(third.isReset);
  await two.stop();
});

test('a port in use is one sentence with the cure, and what was bound before is let go', async () => {
  const deps = {
    host: fakeHost(),
    open: async (): Promise<Opened> => ({ kind: 'missing', reason: 'not-found' }),
    health: () => ({ ok: true, services: {} }),
  };
  const listen = ['127.0.0.5', '127.0.0.1'] as Ipv4[];
  const service = httpService(() => ({ listen, port: node.at.port, nodeName: 'n' }), deps);
  await assert.rejects(
    service.start(),
    (fault) => fault instanceof Fault && /TCP port \d+ on 127\.0\.0\.1 is in use/.test(fault.message),
  );
  assert.deepEqual(service.health(), { ok: false, reason: 'not-bound' });
  const freed = await ask({ address: '127.0.0.5' as Ipv4, port: node.at.port }, request('/'));
  assert.ok(freed.isReset);
});

test('a file that was sent whole is one line at info; ranges and names that give nothing are at debug', async () => {
  const quiet = await startNode();
  fs.writeFileSync(path.join(quiet.folder, 'isos', 'a.iso'), image);
  await ask(quiet.at, request('/isos/a.iso'));
  await ask(quiet.at, request('/isos/a.iso', ['Range: bytes=0-9']));
  await ask(quiet.at, request('/isos/b.iso'));
  await quiet.stop();
  const lines = quiet.host.log.lines.map(({ level, event, file, bytes, status, reason, local }) => ({
    level,
    event,
    file,
    bytes,
    status,
    reason,
    local,
  }));
  assert.deepEqual(lines, [
    {
      level: 'info',
      event: 'sent',
      file: '/isos/a.iso',
      bytes: image.length,
      status: 200,
      reason: undefined,
      local: '127.0.0.1',
    },
    {
      level: 'debug',
      event: 'sent',
      file: '/isos/a.iso',
      bytes: 10,
      status: 206,
      reason: undefined,
      local: '127.0.0.1',
    },
    {
      level: 'debug',
      event: 'missing',
      file: '/isos/b.iso',
      bytes: undefined,
      status: undefined,
      reason: 'not-found',
      local: '127.0.0.1',
    },
  ]);
});

const failures: readonly { readonly name: string; readonly open: () => Promise<Opened>; readonly want: RegExp }[] = [
  {
    name: 'too many files open',
    open: async () => ({ kind: 'missing', reason: 'busy' }),
    want: / 503 .*\r\n(.*\r\n)*Retry-After: 1/,
  },
  { name: 'no permission', open: async () => ({ kind: 'missing', reason: 'no-permission' }), want: / 403 / },
  { name: 'a damaged image', open: async () => ({ kind: 'missing', reason: 'damaged' }), want: / 500 / },
  { name: 'a bug', open: () => Promise.reject(new TypeError('secret internals')), want: / 500 / },
];
for (const { name, open, want } of failures) {
  test(`${name}: said honestly, without internals, and the next request is served`, async () => {
    const failing = await startNode({}, open);
    const heard = await ask(failing.at, request('/isos/a.iso'));
    assert.match(heard.head, want);
    assert.doesNotMatch(heard.body.toString(), /internals|TypeError/);
    assert.match((await ask(failing.at, request('/healthz'))).head, / 200 /);
    const bugs = failing.host.log.lines.filter(({ event }) => event === 'bug').length;
    assert.equal(bugs, name === 'a bug' ? 1 : 0);
    await failing.stop();
  });
}

test('content that cannot be read cuts the connection', async () => {
  const content = {
    ...memoryContent(Buffer.alloc(10), '"x"', 0),
    read: () => Promise.reject(Object.assign(new Error('i/o error'), { code: 'EIO' })),
  };
  const failing = await startNode({}, async () => ({ kind: 'file', content }));
  const heard = await ask(failing.at, request('/isos/a.iso'));
  assert.ok(heard.isReset && heard.body.length === 0);
  assert.deepEqual(
    failing.host.log.lines.map(({ event, reason }) => [event, reason]),
    [['unreadable', 'EIO']],
  );
  await failing.stop();
});

test('stop: an answer under way is cut, its file closed, the port free; stopping again is nothing', async () => {
  const leaving = await startNode();
  fs.writeFileSync(path.join(leaving.folder, 'isos', 'a.iso'), pattern(30_000_000));
  const socket = net.connect(leaving.at.port, leaving.at.address, () => socket.write(request('/isos/a.iso')));
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('readable', resolve).once('close', resolve));
  assert.equal(leaving.openFiles(), 1);
  await leaving.service.stop();
  assert.equal(leaving.openFiles(), 0);
  await leaving.service.stop();
  assert.deepEqual(leaving.service.address(), []);
  assert.ok((await ask(leaving.at, request('/'))).isReset);
  socket.destroy();
  await leaving.service.start();
  await leaving.stop();
});
