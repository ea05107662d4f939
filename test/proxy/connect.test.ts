/** Which addresses are connected to, in what order, and for how long. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { interleaved } from '../../src/proxy/connect.ts';
import { clientOf, HOST, rawHost, refused, request, until, whole } from './rawhost.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const answering = (socket: net.Socket): void => void socket.write(OK);

test('a name is resolved, not the system asked', async (t) => {
  const host = await rawHost(t, answering);
  const asked: string[] = [];
  const resolve = async (name: string): Promise<string[]> => {
    asked.push(name);
    return ['127.0.0.1'];
  };
  assert.equal(await whole(clientOf(t, { resolve }).ask(request(host.port)).answer), '200 hi');
  assert.deepEqual(asked, [HOST]);
});

test('a literal is not resolved, but asked about like any other address', async (t) => {
  const host = await rawHost(t, answering);
  const asked: unknown[] = [];
  const mayConnect = (...about: unknown[]): boolean => asked.push(about) > 0;
  const client = clientOf(t, { resolve: () => assert.fail('it is no name'), mayConnect });
  const url = { scheme: 'http', host: '127.0.0.1', port: host.port, path: '/' } as const;
  assert.equal(await whole(client.ask(request(host.port, { url })).answer), '200 hi');
  const about = ['127.0.0.1', '127.0.0.1', host.port];
  assert.deepEqual(asked, [about, about], 'before it is connected to, and after');
});

for (const { name, host = HOST, addresses = ['127.0.0.1'], allowed, want } of [
  { name: 'a literal', host: '127.0.0.1', allowed: [], want: '403 forbidden' },
  { name: 'an IPv6 literal', host: '::ffff:127.0.0.1', allowed: [], want: '403 forbidden' },
  { name: 'a name’s only address', allowed: [], want: '403 forbidden' },
  { name: 'one of two', addresses: ['127.0.0.9', '127.0.0.1'], allowed: ['127.0.0.1'], want: '200 hi' },
]) {
  test(`what must not be connected to is not: ${name}`, async (t) => {
    const origin = await rawHost(t, answering);
    const forbidden = await rawHost(t, answering, { port: origin.port, address: '127.0.0.9' });
    const mayConnect = (address: string): boolean => (allowed as string[]).includes(address);
    const client = clientOf(t, { resolve: async () => addresses, mayConnect });
    const url = { scheme: 'http', host, port: origin.port, path: '/' } as const;
    const { answer } = client.ask(request(origin.port, { url }));
    assert.equal(want.startsWith('200') ? await whole(answer) : await refused(answer), want);
    const { socket, abort } = client.connect(host, origin.port);
    if (want.startsWith('200')) assert.equal((await socket).remoteAddress, '127.0.0.1');
    else assert.equal(await refused(socket), want);
    abort();
    assert.equal(forbidden.sockets.length, 0);
    if (allowed.length === 0) assert.equal(origin.sockets.length, 0);
  });
}

test('the address that was reached is asked about again, and nothing is said to one that must not be', async (t) => {
  const host = await rawHost(t, answering);
  let asked = 0;
  const client = clientOf(t, { mayConnect: () => asked++ === 0 });
  assert.equal(await refused(client.ask(request(host.port)).answer), '403 forbidden');
  await until(() => host.sockets.length === 1 && host.open() === 0);
  assert.equal(host.heard[0], '');
});

test('each connection is resolved anew, a kept one is not', async (t) => {
  const host = await rawHost(t, answering);
  let resolved = 0;
  const resolve = async (): Promise<string[]> => {
    resolved += 1;
    return ['127.0.0.1'];
  };
  const client = clientOf(t, { resolve });
  for (let i = 0; i < 3; i++) {
    await whole(client.ask(request(host.port)).answer);
    await new Promise((goOn) => setImmediate(goOn));
  }
  assert.equal(resolved, 1);
});

/** A port of that address where nobody listens. */
async function deadPort(t: TestContext, address: string): Promise<number> {
  const host = await rawHost(t, () => {}, { address });
  host.close();
  return host.port;
}

for (const { name, resolve, want } of [
  { name: 'RFC 9110 §15.6.3: no such name is a bad gateway', resolve: async () => [], want: '502 unknown-name' },
  {
    name: '§15.6.5: no resolver is a late one',
    resolve: async () => Promise.reject(new Error('silent')),
    want: '504 timed-out',
  },
  {
    name: '§15.6.5: nor is one that takes too long',
    resolve: () => new Promise<string[]>(() => {}),
    want: '504 timed-out',
  },
  { name: 'nobody listens there', resolve: async () => ['127.0.0.1', '127.0.0.2'], want: '502 unreachable' },
]) {
  test(`not reached: ${name}`, async (t) => {
    const port = await deadPort(t, '127.0.0.1');
    const client = clientOf(t, { resolve, limits: { connectMs: 50 } });
    assert.equal(await refused(client.ask(request(port)).answer), want);
    assert.equal(await refused(client.connect(HOST, port).socket), want);
  });
}

test('where one address refuses, the next is tried at once', async (t) => {
  const host = await rawHost(t, answering);
  const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.1'];
  const client = clientOf(t, { resolve: async () => addresses, limits: { staggerMs: 1e6 } });
  assert.equal(await whole(client.ask(request(host.port)).answer), '200 hi');
});

for (const [addresses, want] of [
  ['1.1.1.1', '1.1.1.1'],
  ['1.1.1.1 2.2.2.2 ::1 ::2', '1.1.1.1 ::1 2.2.2.2 ::2'],
  ['::1 1.1.1.1 2.2.2.2 3.3.3.3', '::1 1.1.1.1 2.2.2.2 3.3.3.3'],
  ['1.1.1.1 2.2.2.2 3.3.3.3 ::1', '1.1.1.1 ::1 2.2.2.2 3.3.3.3'],
  ['::1 ::2', '::1 ::2'],
] as const) {
  test(`RFC 8305 §4: families take turns: ${addresses}`, () => {
    assert.equal(interleaved(addresses.split(' ')).join(' '), want);
  });
}

/** An address that answers nothing, as behind a dead line: a listener that stands still, its queue full. Its port. */
async function silentAddress(t: TestContext, address: string): Promise<number> {
  const source = `require('net').createServer().listen({port: 0, host: '${address}', backlog: 1}, function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  await until(() => / T /.test(readFileSync(`/proc/${child.pid}/stat`, 'latin1')));
  const queued = Array.from({ length: 8 }, () => net.connect(port, address).on('error', () => {}));
  t.after(() => {
    for (const socket of queued) socket.destroy();
  });
  await until(() => queued.filter((socket) => !socket.connecting).length >= 2);
  return port;
}

test('RFC 8305 §5: beside an address that is slow the next is tried, and the slow one is let go', async (t) => {
  const port = await silentAddress(t, '127.0.0.2');
  const host = await rawHost(t, answering, { port });
  const resolve = async (): Promise<string[]> => ['127.0.0.2', '127.0.0.1'];
  const client = clientOf(t, { resolve, limits: { staggerMs: 20 } });
  assert.equal(await whole(client.ask(request(host.port)).answer), '200 hi');
});

for (const limits of [{ attemptMs: 20 }, { connectMs: 40 }]) {
  test(`an address that says nothing is given up: ${Object.keys(limits)}`, async (t) => {
    const port = await silentAddress(t, '127.0.0.2');
    const client = clientOf(t, { resolve: async () => ['127.0.0.2'], limits });
    assert.equal(await refused(client.ask(request(port)).answer), '504 timed-out');
  });
}

test('a tunnel’s socket stays open on our side when the origin has ended', async (t) => {
  const host = await rawHost(t, () => {});
  const socket = await clientOf(t).connect(HOST, host.port).socket;
  await until(() => host.sockets.length === 1);
  host.sockets[0]?.end();
  await once(socket.resume(), 'end');
  socket.end('all the same');
  await until(() => host.heard[0] === 'all the same');
});

test('a tunnel that is aborted while it connects leaves nothing', async (t) => {
  const host = await rawHost(t, () => {});
  const opening = clientOf(t).connect(HOST, host.port);
  opening.abort();
  assert.equal(await refused(opening.socket), '502 broken');
  const open = clientOf(t).connect(HOST, host.port);
  await open.socket;
  open.abort();
  await until(() => host.sockets.length > 0 && host.open() === 0);
});

const folder = mkdtempSync(join(tmpdir(), 'proxy-connect-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const openssl = (...args: string[]): void => {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
};

/** A CA of its own, and what it signs: key and certificate as PEM. */
function makeCa(ca: string) {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '2', '-subj', `/CN=${ca}`, '-keyout', `${ca}.key`, '-out', `${ca}.pem`);
  const sign = (name: string, subjects: string, days = 2): tls.TlsOptions => {
    openssl('req', '-new', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${subjects}\n`);
    const signed = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', `${days}`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
    return { key: readFileSync(join(folder, `${name}.key`)), cert: readFileSync(join(folder, `${name}.pem`)) };
  };
  return { pem: readFileSync(join(folder, `${ca}.pem`), 'latin1'), sign };
}
const ca = makeCa('ca');
const right = ca.sign('right', `DNS:${HOST},IP:127.0.0.1`);

/** Its port, what it was told in greeting, and how many of its connections are open. */
async function tlsHost(t: TestContext, options: tls.TlsOptions, onSocket: (socket: tls.TLSSocket) => void) {
  const greetings: (string | false | null)[] = [];
  const open = new Set<net.Socket>();
  const server = tls.createServer({ ALPNProtocols: ['h2', 'http/1.1'], ...options }, (socket) => {
    greetings.push(socket.alpnProtocol, (socket as { servername?: string }).servername ?? null);
    socket.on('error', () => {}).on('data', () => onSocket(socket));
  });
  server.on('connection', (socket: net.Socket) => {
    open.add(socket.on('error', () => {}));
    socket.once('close', () => open.delete(socket));
  });
  server.on('tlsClientError', () => {});
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { port: (server.address() as net.AddressInfo).port, greetings, open };
}

const secure = (port: number, host = HOST) => request(port, { url: { scheme: 'https', host, port, path: '/' } });

test('https: the certificate is checked, the name told, HTTP/1.1 asked for; the connection is kept', async (t) => {
  const host = await tlsHost(t, right, (socket) => socket.write(OK));
  const client = clientOf(t, { authorities: ca.pem });
  for (let i = 0; i < 3; i++) {
    assert.equal(await whole(client.ask(secure(host.port)).answer), '200 hi');
    await new Promise((goOn) => setImmediate(goOn));
  }
  assert.deepEqual(host.greetings, ['http/1.1', HOST]);
  client.stop();
  await until(() => host.open.size === 0);
});

test('https: RFC 6066 §3: an address is no server name, and certificates may be for one', async (t) => {
  const host = await tlsHost(t, right, (socket) => socket.write(OK));
  const client = clientOf(t, { authorities: ca.pem });
  assert.equal(await whole(client.ask(secure(host.port, '127.0.0.1')).answer), '200 hi');
  assert.deepEqual(host.greetings, ['http/1.1', false]);
});

for (const { name, options, authorities = ca.pem, says } of [
  {
    name: 'nobody known has signed',
    options: makeCa('stranger').sign('strange', `DNS:${HOST}`),
    says: /^origin\.example:?\d* cannot be trusted: nobody known has signed its certificate \(/,
  },
  {
    name: 'has expired',
    options: ca.sign('expired', `DNS:${HOST}`, -1),
    says: /not valid today \(certificate has expired\): see whether flink's clock is right/,
  },
  {
    name: 'is for another name',
    options: ca.sign('other', 'DNS:other.example'),
    says: /its certificate is for another name/,
  },
  {
    name: 'of our own CA, which the runtime does not know',
    options: right,
    authorities: undefined,
    says: /nobody known has signed/,
  },
] as { name: string; options: tls.TlsOptions; authorities?: string | undefined; says: RegExp }[]) {
  test(`https: a certificate that ${name} is not trusted, and nothing is said to its owner`, async (t) => {
    const heard: string[] = [];
    const host = await tlsHost(t, options, () => heard.push('octets'));
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
    const known = name.startsWith('of our own') ? undefined : authorities;
    const { answer } = clientOf(t, { authorities: known }).ask(secure(host.port));
    await assert.rejects(answer, (error: Error) => says.test(error.message));
    assert.equal(await refused(answer), '502 broken');
    await until(() => host.open.size === 0);
    assert.deepEqual(heard, []);
  });
}

test('https: what does not speak TLS, or ends in the greeting, is broken; what says nothing is late', async (t) => {
  const plain = await rawHost(t, () => {});
  const speaking = net.createServer((socket) => socket.on('error', () => {}).write(OK)).listen(0, '127.0.0.1');
  const ending = net.createServer((socket) => socket.on('error', () => {}).end()).listen(0, '127.0.0.1');
  t.after(() => {
    for (const server of [speaking, ending]) server.close();
  });
  for (const server of [speaking, ending]) {
    if (!server.listening) await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    assert.equal(await refused(clientOf(t).ask(secure(port)).answer), '502 broken');
  }
  const client = clientOf(t, { limits: { connectMs: 50 } });
  assert.equal(await refused(client.ask(secure(plain.port)).answer), '504 timed-out');
  await until(() => plain.open() === 0);
});

test('https: abort in the greeting, and in the content, leaves nothing', async (t) => {
  const silent = await rawHost(t, () => {});
  const client = clientOf(t, { authorities: ca.pem });
  const greeting = client.ask(secure(silent.port));
  await until(() => silent.heard[0] !== undefined && silent.heard[0] !== '');
  greeting.abort();
  assert.equal(await refused(greeting.answer), '502 broken');
  await until(() => silent.open() === 0);
  const host = await tlsHost(t, right, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi'));
  const asking = client.ask(secure(host.port));
  await asking.answer;
  asking.abort();
  await until(() => host.open.size === 0);
});

test('https: content cut off fails, octets behind an answer close the connection', async (t) => {
  const cut = await tlsHost(t, right, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi'));
  const client = clientOf(t, { authorities: ca.pem });
  assert.equal(await refused(whole(client.ask(secure(cut.port)).answer)), '502 broken');
  const more = await tlsHost(t, right, (socket) => {
    socket.write(OK);
    setImmediate(() => socket.write(OK));
  });
  assert.equal(await whole(client.ask(secure(more.port)).answer), '200 hi');
  await until(() => more.open.size === 0);
});
