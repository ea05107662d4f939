/** What strangers and other people's pages try: threats of an admin port on a machine that also browses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AdminEvents } from '../../src/admin/events.ts';
import { PATHS } from '../../src/admin/openapi.ts';
import { Fault } from '../../src/core/errors.ts';
import { seeded } from '../support/fakes.ts';
import { decision, get, HERE, LEASES, listenTo, makeService, startWorld, tell } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'admin-'));
const world = await startWorld();
after(async () => {
  await world.stop();
  rmSync(folder, { recursive: true });
});

function passwordFile(name: string, text: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}
const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });

test('no answer lets another site read or frame it, and none is kept', async () => {
  for (const path of [...PATHS.keys(), '/nothing']) {
    const { headers } = await get(world.at, path, { headers: { Origin: 'http://evil.example' } });
    assert.ok(!Object.keys(headers).some((name) => name.startsWith('access-control')), path);
    const plain = (await get(world.at, path)).headers;
    assert.deepEqual(
      [
        plain['cache-control'],
        plain['x-content-type-options'],
        plain['cross-origin-resource-policy'],
        plain['x-powered-by'],
      ],
      ['no-store', 'nosniff', 'same-origin', undefined],
      path,
    );
  }
});

test('a rebound name is refused at every path that holds something', async () => {
  for (const path of PATHS.keys()) {
    const { status } = await get(world.at, path, { headers: { Host: 'evil.example' } });
    assert.equal(status, path === '/healthz' ? 200 : 403, path);
  }
});

test('with a password file: 401 without it, 200 with its first line, 429 for who guesses; one address does not lock out another', async () => {
  const file = passwordFile('pass', 'correct horse\nsecond line\n');
  const mine = await startWorld({ options: { passwordFile: file } });
  const status = async (headers: Record<string, string>, from?: string) =>
    (await get(mine.at, '/api/v1/leases', { headers, ...(from === undefined ? {} : { from }) })).status;
  assert.match((await get(mine.at, '/metrics')).headers['www-authenticate'] ?? '', /^Basic /);
  assert.equal(await status(basic('anybody:correct horse')), 200);
  assert.equal(await status(basic('anybody:second line')), 401);
  for (let n = 0; n < 9; n++) await status(basic('flink:guess'), '127.0.0.5');
  assert.equal(await status(basic('flink:guess'), '127.0.0.5'), 401);
  assert.equal(await status(basic('flink:correct horse'), '127.0.0.5'), 429);
  assert.equal(await status(basic('flink:correct horse')), 200);
  mine.host.clock.advance(60_000);
  assert.equal(await status(basic('flink:correct horse'), '127.0.0.5'), 200);
  writeFileSync(file, 'new\n');
  mine.service.reload();
  assert.equal(await status(basic('flink:new')), 200);
  writeFileSync(file, '\n');
  assert.throws(() => mine.service.reload(), Fault);
  assert.equal(await status(basic('flink:new')), 200, 'the old one stays');
  await mine.stop();
  assert.deepEqual(mine.host.log.lines, []);
});

const refusedFiles = [
  {
    name: 'empty',
    make: () => passwordFile('empty', ''),
    want: /the first line of .* is empty: write the secret there$/,
  },
  { name: 'blank', make: () => passwordFile('blank', ' \nx\n'), want: /the first line of .* is empty/ },
  { name: 'not there', make: () => join(folder, 'none'), want: /there is no .*: write the secret into its first line/ },
  { name: 'a folder', make: () => folder, want: /is no file/ },
];
for (const { name, make, want } of refusedFiles) {
  test(`a password file that is ${name} is refused in one sentence, and nothing listens`, async () => {
    const made = makeService({ options: { passwordFile: make() } });
    await assert.rejects(
      made.service.start(),
      (error) => error instanceof Fault && error.code === 'config' && want.test(error.message),
    );
    assert.equal(made.service.address('admin'), undefined);
  });
}

test('a password that everybody may read is taken, with a warning and the cure', async () => {
  const mine = await startWorld({ options: { passwordFile: passwordFile('public', 'x\n', 0o644) } });
  await mine.stop();
  assert.deepEqual(
    mine.host.log.lines.map(({ event, cure }) => [event, /chmod 600/.test(String(cure))]),
    [['password-public', true]],
  );
});

const openings = [
  { listen: HERE, password: false, want: [] },
  { listen: { ...HERE, address: '0.0.0.0' as typeof HERE.address }, password: false, want: ['open'] },
  { listen: { ...HERE, address: '0.0.0.0' as typeof HERE.address }, password: true, want: [] },
];
for (const { listen, password, want } of openings) {
  test(`on ${listen.address} ${password ? 'with' : 'without'} a password: ${want.length} warning`, async () => {
    const file = password ? passwordFile('some', 'x\n') : undefined;
    const mine = await startWorld({ options: { listen, passwordFile: file } });
    await mine.stop();
    assert.deepEqual(
      mine.host.log.lines.map(({ event }) => event),
      want,
    );
  });
}

test('what a client calls itself stays text: no control, no escape, no change of direction reaches a terminal', async () => {
  const hostname = 'a\u001b[2J\r\nb\u009b31m\u202e\u2028<script>\u0000\u007f';
  const mine = await startWorld({ deps: { leases: () => [{ ...LEASES[0], hostname } as (typeof LEASES)[number]] } });
  mine.events.record(decision(1, { hostname, file: hostname }));
  const stream = await listenTo(mine.at, '/api/v1/decisions?stream&after=0');
  const texts = [
    (await get(mine.at, '/api/v1/leases')).text,
    (await get(mine.at, '/api/v1/decisions')).text,
    await stream.until('data: '),
  ];
  await mine.stop();
  for (const text of texts) {
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    assert.ok(text.includes('\\u001b[2J'));
  }
  assert.equal(JSON.parse(texts[0] ?? '').leases[0].hostname, hostname);
});

const garbled = [
  { name: 'no HTTP', text: '\x16\x03\x01\x02\x00', want: 400 },
  {
    name: 'a header of 100 KB',
    text: `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
    want: 431,
  },
  { name: '300 fields', text: `GET /healthz HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(300)}\r\n`, want: 431 },
  { name: 'a tunnel', text: 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n', want: 405 },
  {
    name: 'two lengths',
    text: 'POST /api/v1/announcements HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    want: 400,
  },
  {
    name: 'JSON of 100 MB where none is taken',
    text: 'GET /api/v1/leases HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n',
    want: 413,
  },
  { name: 'no Host', text: 'GET /api/v1/leases HTTP/1.0\r\n\r\n', want: 403 },
];
for (const { name, text, want } of garbled) {
  test(`refused with a sentence in JSON, and closed: ${name}`, async () => {
    const heard = await tell(
      world.at,
      name === '300 fields' ? text.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') : text,
    );
    assert.match(heard, new RegExp(`^HTTP/1\\.1 ${want} `));
    assert.equal(typeof JSON.parse(heard.slice(heard.indexOf('\r\n\r\n'))).error, 'string');
  });
}

const slow = [
  { name: 'a header that does not end', text: 'GET /healthz HTTP/1.1\r\nX: ' },
  {
    name: 'an announcement that does not end',
    text: 'POST /api/v1/announcements HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx',
  },
  { name: 'nothing at all', text: '' },
  { name: 'no second request', text: 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' },
];
for (const { name, text } of slow) {
  test(`cut off in time: ${name}`, async () => {
    const hasty = await startWorld({ options: { limits: { requestMs: 40, idleMs: 40, stalledMs: 400 } } });
    await tell(hasty.at, text);
    await hasty.stop();
    assert.deepEqual(hasty.announced, []);
  });
}

test('six hundred connections that say nothing keep no node out, nor do those of one address', async () => {
  const mine = await startWorld();
  const sockets: net.Socket[] = [];
  for (let n = 0; n < 600; n++) {
    const localAddress = n < 300 ? '127.0.0.5' : `127.0.1.${n % 250}`;
    const socket = net.connect({ host: mine.swarm.address, port: mine.swarm.port, localAddress });
    socket.on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
  }
  const got = await get(mine.swarm, '/api/v1/announcements', { method: 'POST', body: '{}', from: '127.0.0.9' });
  assert.equal(got.status, 200);
  for (const socket of sockets) socket.destroy();
  await mine.stop();
});

test('of 100 who want to listen 32 may; the others are told so, and lists still go out', async () => {
  const mine = await startWorld();
  const streams = [];
  for (let n = 0; n < 100; n++)
    streams.push(await listenTo(mine.at, '/api/v1/decisions', { Accept: 'text/event-stream' }));
  const open = streams.filter(({ status }) => status === 200);
  assert.deepEqual([open.length, streams.filter(({ status }) => status === 503).length], [32, 68]);
  assert.equal(open[0]?.headers['content-type'], 'text/event-stream');
  assert.match(await (streams[99]?.until('}') ?? ''), /^\{"error":"too many listen/);
  mine.events.record(decision(1));
  mine.host.clock.advance(100);
  for (const { until } of open) assert.match(await until('\n\nid: '), /retry: \d+\n\nid: 1\ndata: \{"id":1,/);
  assert.equal((await get(mine.at, '/api/v1/leases')).status, 200);
  open[0]?.close();
  await mine.stop();
  await Promise.all(open.map(({ ended }) => ended));
  assert.equal(mine.host.clock.pendingTimers, 0);
});

test('who comes back says the last id that it saw, and gets what came after it; a name that is none is ignored', async () => {
  const mine = await startWorld();
  for (let n = 1; n <= 5; n++) mine.events.record(decision(n));
  const back = await listenTo(mine.at, '/api/v1/decisions?stream', { 'Last-Event-ID': '3' });
  assert.deepEqual(
    [...(await back.until('id: 5')).matchAll(/^id: (\d+)/gm)].map(([, id]) => id),
    ['4', '5'],
  );
  const odd = await listenTo(mine.at, '/api/v1/decisions?stream', { 'Last-Event-ID': '../3' });
  assert.doesNotMatch(await odd.until('retry'), /id:/);
  await mine.stop();
});

test('a listener that reads nothing is dropped; what waits for it is bounded, and decisions go on', async () => {
  const mine = await startWorld({ deps: { events: new AdminEvents(1, 2000) } });
  const socket = net.connect(mine.at.port, mine.at.address);
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.write('GET /api/v1/decisions?stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'readable');
  socket.pause();
  // Each round is about half a MB; the kernel's buffers on both sides take some MB before anything waits here.
  for (let n = 0; n < 200 && mine.host.clock.pendingTimers > 0; n++) {
    for (let i = 0; i < 500; i++) mine.events.record(decision(i, { file: 'x'.repeat(900) }));
    mine.host.clock.advance(100);
    await get(mine.at, '/healthz');
  }
  assert.equal(mine.host.clock.pendingTimers, 0, 'nobody listens any more');
  socket.resume();
  await closed;
  await mine.stop();
});

test('whatever octets come, the server lives, and says nothing but JSON, figures and events', async () => {
  const random = seeded(20261123);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const words = [
    '/api/v1/',
    'leases',
    'decisions',
    '?stream',
    'explain?mac=',
    '%00',
    '../',
    'A'.repeat(300),
    '\r\n',
    ' ',
    '__proto__',
    '&',
    'é',
  ];
  for (let n = 0; n < 400; n++) {
    const path = random() < 0.4 ? pick([...PATHS.keys()]) : `/${Array.from({ length: 4 }, () => pick(words)).join('')}`;
    const lines = [`${pick(['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'TRACE', 'M-SEARCH', 'get'])} ${path} HTTP/1.1`];
    lines.push(`Host: ${pick(['localhost', 'evil', '', '[::1]', 'a b', 'localhost:99999999'])}`, 'Connection: close');
    if (random() < 0.3) lines.push(`Authorization: ${pick(['Basic', 'Basic =', 'Basic AAAA', '\x80'])}`);
    if (random() < 0.3) lines.push(`Content-Length: ${pick(['0', '5', '-1', '1e9', '99999999999999999999'])}`);
    const text = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${random() < 0.3 ? 'hello' : ''}`, 'latin1');
    for (let i = Math.floor(random() * 3); i > 0; i--)
      text[Math.floor(random() * text.length)] = Math.floor(random() * 256);
    const heard = await sayAndLeave(world.at.port, text);
    if (heard !== '') assert.match(heard, /^HTTP\/1\.1 (200|400|403|404|405|408|413|417|431|503) /, heard.slice(0, 80));
    assert.doesNotMatch(heard, /\.ts:\d|node:internal|Error:/);
  }
  assert.equal((await get(world.at, '/healthz')).status, 200);
  assert.deepEqual(world.host.log.lines, []);
});

/** Ends its side, so that who waits for more knows that nothing comes. */
function sayAndLeave(port: number, text: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.end(text));
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      // An endless answer has been seen enough of.
      if (heard.includes('event-stream') || heard.includes('retry:')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard));
  });
}
