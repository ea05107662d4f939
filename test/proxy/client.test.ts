/** What leaves for origins, what of their answers is believed, and what becomes of the connections. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { Answer, Outgoing } from '../../src/proxy/client.ts';
import { clientOf, HOST, rawHost, refused, request, textOf, until, whole } from './rawhost.ts';

/** A connection that has become free is offered to others a turn later. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const says =
  (text: string) =>
  (socket: Socket): void =>
    void socket.write(text, 'latin1');
const ends =
  (text: string) =>
  (socket: Socket): void =>
    void socket.end(text, 'latin1');
const breaks =
  (text: string) =>
  (socket: Socket): void =>
    void socket.write(text, 'latin1', () => socket.resetAndDestroy());

test('fields leave as they were given, in order, letters and octets as they came, and nothing else does', async (t) => {
  const host = await rawHost(t, says(OK));
  const fields = ['hOST', HOST, 'X-b', '1', 'X-A', 'caf\xe9', 'x-b', '2', 'Accept-Encoding', 'gzip'];
  const client = clientOf(t);
  assert.equal(await whole(client.ask(request(host.port, { fields }, '/a%20b?c=\xe9|"')).answer), '200 hi');
  const lines = [
    'GET /a%20b?c=\xe9|" HTTP/1.1',
    `hOST: ${HOST}`,
    'X-b: 1',
    'X-A: caf\xe9',
    'x-b: 2',
    'Accept-Encoding: gzip',
  ];
  assert.equal(host.heard[0], `${lines.join('\r\n')}\r\n\r\n`);
});

for (const { name, method, content, fields = [], want } of [
  { name: 'RFC 9110 §8.6: a POST without content says so', method: 'POST', want: 'Content-Length: 0\r\n\r\n' },
  { name: 'other methods say nothing', method: 'DELETE', want: '\r\n' },
  { name: 'nor do those that nobody knows', method: 'FROB', want: '\r\n' },
  {
    name: 'a known length is told',
    method: 'PUT',
    content: 3,
    want: 'Connection: close\r\nContent-Length: 3\r\n\r\nabc',
  },
  {
    name: 'an unknown one is sent in chunks',
    ...{
      method: 'PUT',
      content: undefined,
      want: 'Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    },
  },
  {
    name: 'content of a GET, too',
    method: 'GET',
    content: 3,
    want: 'Connection: close\r\nContent-Length: 3\r\n\r\nabc',
  },
  {
    name: 'RFC 9112 §6: framing that was left in does not count',
    ...{
      method: 'GET',
      fields: [
        'Content-Length',
        '9',
        'transfer-encoding',
        'chunked',
        'Connection',
        'X',
        'Upgrade',
        'h2c',
        'Trailer',
        'X',
      ],
    },
    want: '\r\n',
  },
] as { name: string; method: string; content?: number; fields?: string[]; want: string }[]) {
  test(`framing: ${name}`, async (t) => {
    const client = clientOf(t);
    const host = await rawHost(t, () => {});
    const hasContent = want.includes('abc');
    const from = Readable.from(
      [Buffer.from('a'), Buffer.from('bc')]
        .map((part, _, all) => (content === undefined ? Buffer.concat(all).subarray(0, 3) : part))
        .slice(0, content === undefined ? 1 : 2),
    );
    const sent: Partial<Outgoing> = hasContent ? { content: { from, bytes: content } } : {};
    const asking = client.ask(request(host.port, { method, fields: ['Host', HOST, ...fields], ...sent }));
    const head = `${method} / HTTP/1.1\r\nHost: ${HOST}\r\n`;
    await until(() => host.heard[0]?.length === (head + want).length);
    assert.equal(host.heard[0], head + want);
    host.sockets[0]?.write(OK);
    assert.equal(await whole(asking.answer), '200 hi');
  });
}

test('what cannot be sent is refused, and no connection is left', async (t) => {
  const host = await rawHost(t, says(OK));
  const client = clientOf(t);
  for (const fields of [
    ['Host', HOST, 'X', 'a\r\nb'],
    ['a b', 'c'],
    ['Host', 'h', 'X', '\u0100'],
  ]) {
    assert.equal(await refused(client.ask(request(host.port, { fields })).answer), '400 garbled');
  }
  assert.equal(await refused(client.ask(request(host.port, {}, '/a b')).answer), '400 garbled');
  await until(() => host.open() === 0);
  assert.deepEqual(host.heard.join(''), '');
});

for (const { name, method = 'GET', answer, want, kept } of [
  { name: 'Content-Length', answer: says(OK), want: '200 hi', kept: true },
  {
    name: 'chunks',
    answer: says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\nX: y\r\n\r\n'),
    want: '200 hi',
    kept: true,
  },
  { name: 'the connection’s end', answer: ends('HTTP/1.1 200 OK\r\n\r\nhi'), want: '200 hi', kept: false },
  { name: 'HTTP/1.0, the connection’s end', answer: ends('HTTP/1.0 200 OK\r\n\r\nhi'), want: '200 hi', kept: false },
  {
    name: 'HTTP/1.0, a length',
    answer: says('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi'),
    want: '200 hi',
    kept: false,
  },
  {
    name: 'Connection: close',
    answer: says('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi'),
    want: '200 hi',
    kept: false,
  },
  { name: '204', answer: says('HTTP/1.1 204 No Content\r\n\r\n'), want: '204 ', kept: true },
  {
    name: '304 that tells the length of what it has not',
    answer: says('HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n'),
    want: '304 ',
    kept: true,
  },
  {
    name: 'HEAD',
    method: 'HEAD',
    answer: says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'),
    want: '200 ',
    kept: true,
  },
  {
    name: 'HEAD in chunks',
    method: 'HEAD',
    answer: says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
    want: '200 ',
    kept: true,
  },
  { name: 'an empty one', answer: says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), want: '200 ', kept: true },
  {
    name: 'an origin that keeps nothing',
    answer: says('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nhi'),
    want: '200 hi',
    kept: false,
  },
  { name: 'an odd status', answer: says('HTTP/1.1 999 \r\nContent-Length: 2\r\n\r\nhi'), want: '999 hi', kept: true },
] as { name: string; method?: string; answer: (socket: Socket) => void; want: string; kept: boolean }[]) {
  test(`RFC 9112 §6.3: an answer ends by ${name}${kept ? ', and its connection is kept' : ''}`, async (t) => {
    const host = await rawHost(t, answer);
    const client = clientOf(t);
    assert.equal(await whole(client.ask(request(host.port, { method })).answer), want);
    if (kept) await turn();
    else await until(() => host.open() === 0);
    assert.equal(await whole(client.ask(request(host.port, { method })).answer), want);
    assert.equal(host.sockets.length, kept ? 1 : 2);
  });
}

test('trailers are there behind the content; too many of them are none', async (t) => {
  const trailers = ['X: y', `X: ${'y'.repeat(9000)}`];
  const host = await rawHost(t, (socket, _, nth) =>
    socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${trailers[nth]}\r\n\r\n`),
  );
  const client = clientOf(t);
  const first = await client.ask(request(host.port)).answer;
  await textOf(first.content);
  assert.deepEqual(first.trailers(), ['X', 'y']);
  await turn();
  const second = await client.ask(request(host.port)).answer;
  await textOf(second.content);
  assert.deepEqual(second.trailers(), []);
});

for (const { name, method = 'GET', answer } of [
  { name: 'a length', answer: `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil` },
  { name: 'a length, garbage', answer: `${OK}x` },
  {
    name: 'chunks',
    answer:
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
  },
  { name: '304', answer: 'HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil' },
  { name: '204', answer: 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil' },
  {
    name: 'HEAD',
    method: 'HEAD',
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
  },
]) {
  const headEnd = answer.indexOf('\r\n\r\n') + 4;
  const first =
    method === 'HEAD' || /^HTTP\/1.1 [23]04/.test(answer)
      ? answer.slice(0, headEnd)
      : answer.slice(0, answer.search(/(?<=hi|0\r\n\r\n)(HTTP|x)/));
  for (const when of ['with it', 'once it is read', 'while nobody has asked again'] as const) {
    test(`octets behind an answer (${name}), ${when}, close its connection, and answer nobody`, async (t) => {
      const host = await rawHost(t, (socket, connection) => {
        socket.write(connection > 0 ? OK.replace('hi', 'ok') : when === 'with it' ? answer : first);
      });
      const client = clientOf(t);
      const got = await whole(client.ask(request(host.port, { method })).answer);
      assert.match(got, method === 'HEAD' ? /^200 $/ : /^(200 hi|204 |304 )$/);
      if (when === 'while nobody has asked again') await turn();
      if (when !== 'with it') host.sockets[0]?.write(answer.slice(first.length));
      await until(() => host.open() === 0);
      assert.equal(await whole(client.ask(request(host.port)).answer), '200 ok');
      assert.equal(host.sockets.length, 2);
    });
  }
}

test('octets behind an answer that nobody has read yet close its connection, and leave it whole', async (t) => {
  const host = await rawHost(t, says(OK));
  const { content } = await clientOf(t).ask(request(host.port)).answer;
  host.sockets[0]?.write(OK);
  await until(() => host.open() === 0);
  assert.equal(await textOf(content), 'hi');
});

test('octets behind an answer answer nobody who waits for the connection', async (t) => {
  // What the runtime reads at a time: the answer's end is the end of a piece.
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: ';
  const length = 65_536 - head.length - '65490\r\n\r\n'.length;
  const long = `${head}${length}\r\n\r\n${'x'.repeat(length)}`;
  assert.equal(long.length, 65_536);
  const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
  const host = await rawHost(t, (socket, connection) => socket.write(connection > 0 ? OK : long + evil));
  const client = clientOf(t, { limits: { maxPerOrigin: 1 } });
  const first = client.ask(request(host.port)).answer;
  const second = client.ask(request(host.port)).answer;
  assert.equal((await textOf((await first).content)).length, length);
  assert.equal(await whole(second), '200 hi');
});

for (const { name, answer, want } of [
  { name: 'a length and chunks', answer: 'Content-Length: 2\r\nTransfer-Encoding: chunked', want: '502 garbled' },
  { name: 'chunks and a length', answer: 'Transfer-Encoding: chunked\r\nContent-Length: 2', want: '502 garbled' },
  { name: 'two lengths', answer: 'Content-Length: 2\r\nContent-Length: 3', want: '502 garbled' },
  { name: 'the same length twice', answer: 'Content-Length: 2\r\nContent-Length: 2', want: '502 garbled' },
  { name: 'a list of lengths', answer: 'Content-Length: 2, 2', want: '502 garbled' },
  { name: 'a length with a sign', answer: 'Content-Length: +2', want: '502 garbled' },
  { name: 'a coding that was not asked for', answer: 'Transfer-Encoding: gzip, chunked', want: '502 garbled' },
  { name: 'chunks twice', answer: 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', want: '502 garbled' },
  { name: 'an unknown coding', answer: 'Transfer-Encoding: x', want: '502 garbled' },
  { name: 'a space before the colon', answer: 'Content-Length : 2', want: '502 garbled' },
  { name: 'a folded line', answer: 'X: y\r\n z', want: '502 garbled' },
  { name: 'a bare line feed', answer: 'X: y\nZ: w', want: '502 garbled' },
  { name: 'an octet 0', answer: 'X: \0', want: '502 garbled' },
  { name: '201 fields', answer: Array.from({ length: 201 }, (_, i) => `X${i}: y`).join('\r\n'), want: '502 garbled' },
  { name: '5,000 fields', answer: Array.from({ length: 5000 }, () => `X: y`).join('\r\n'), want: '502 garbled' },
  { name: 'a field of 64 KiB', answer: `X: ${'y'.repeat(65_536)}`, want: '502 garbled' },
]) {
  test(`not believed: ${name}`, async (t) => {
    const host = await rawHost(t, says(`HTTP/1.1 200 OK\r\n${answer}\r\n\r\n2\r\nhi\r\n0\r\n\r\n`));
    assert.equal(await refused(clientOf(t).ask(request(host.port)).answer), want);
    await until(() => host.open() === 0);
  });
}

for (const { name, answer, want } of [
  {
    name: '200 fields',
    answer: `HTTP/1.1 200 OK\r\n${Array.from({ length: 199 }, (_, i) => `X${i}: y\r\n`).join('')}Content-Length: 2\r\n\r\nhi`,
    want: 'no refusal: undefined',
  },
  {
    name: 'HTTP/1.0 with chunks',
    answer: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    want: '502 garbled',
  },
  { name: 'HTTP/2.0', answer: 'HTTP/2.0 200 OK\r\n\r\n', want: '502 garbled' },
  { name: 'HTTP/0.9', answer: '<html>', want: '502 garbled' },
  { name: 'another protocol', answer: 'SSH-2.0-OpenSSH_9.2\r\n', want: '502 garbled' },
  { name: 'a status of two digits', answer: 'HTTP/1.1 20 OK\r\n\r\n', want: '502 garbled' },
  { name: 'a status below 100', answer: 'HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n', want: '502 garbled' },
  {
    name: '101 that nobody asked for',
    answer: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    want: '502 garbled',
  },
  {
    name: 'chunks that are none, right behind its head',
    answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    want: '502 garbled',
  },
  {
    name: 'RFC 9110 §15.5.8: 407, which only a proxy may say',
    answer: 'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n',
    want: '502 garbled',
  },
  { name: '101 without Upgrade', answer: 'HTTP/1.1 101 Switching Protocols\r\n\r\n', want: '502 garbled' },
  { name: 'a 1xx that never ends', answer: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(65), want: '502 broken' },
]) {
  test(`an answer: ${name}`, async (t) => {
    const host = await rawHost(t, says(answer));
    assert.equal(await refused(clientOf(t).ask(request(host.port)).answer), want);
  });
}

for (const { name, answer, want } of [
  { name: 'nothing', answer: ends(''), want: '502 broken' },
  { name: 'nothing, by a reset', answer: breaks(''), want: '502 broken' },
  { name: 'half a head', answer: ends('HTTP/1.1 200 OK\r\nX'), want: '502 broken' },
  { name: 'half a head, by a reset', answer: breaks('HTTP/1.1 200 OK\r\nX'), want: '502 broken' },
  { name: 'a 1xx alone', answer: ends('HTTP/1.1 103 Early Hints\r\n\r\n'), want: '502 broken' },
]) {
  test(`an origin that breaks off after ${name}`, async (t) => {
    const host = await rawHost(t, answer);
    assert.equal(await refused(clientOf(t).ask(request(host.port)).answer), want);
    assert.equal(host.sockets.length, 1);
  });
}

for (const { name, answer, want } of [
  {
    name: 'cut before its length, by its end',
    answer: ends('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi'),
    want: '502 broken',
  },
  {
    name: 'cut before its length, by a reset',
    answer: breaks('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi'),
    want: '502 broken',
  },
  {
    name: 'cut before the last chunk',
    answer: ends('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n'),
    want: '502 broken',
  },
  {
    name: 'cut within the last chunk',
    answer: ends('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n'),
    want: '502 broken',
  },
  { name: 'of no known length, cut by a reset', answer: breaks('HTTP/1.1 200 OK\r\n\r\nhi'), want: '502 broken' },
  {
    name: 'in chunks that are none',
    answer: says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhix'),
    want: '502 garbled',
  },
  {
    name: 'with chunk extensions without end',
    answer: says(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\nhi\r\n0\r\n\r\n`),
    want: '502 garbled',
  },
  {
    name: 'with trailers without end',
    answer: says(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`,
    ),
    want: '502 garbled',
  },
]) {
  test(`content fails: ${name}`, async (t) => {
    const host = await rawHost(t, answer);
    const client = clientOf(t);
    // What comes with the head, in one piece, is the answer's own fault.
    assert.equal(await refused(whole(client.ask(request(host.port)).answer)), want);
    await until(() => host.open() === 0);
  });
}

test('content that breaks off before anybody reads it fails all the same', async (t) => {
  const host = await rawHost(t, breaks('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi'));
  const { content } = await clientOf(t).ask(request(host.port)).answer;
  await until(() => host.open() === 0 && content.destroyed);
  assert.equal(await refused(textOf(content)), '502 broken');
});

test('interim answers come through, 64 of them', async (t) => {
  const interim = Array.from({ length: 64 }, (_, i) => `HTTP/1.1 103 Early Hints\r\nLink: ${i}\r\n\r\n`).join('');
  const host = await rawHost(t, says(interim + OK));
  const heads: unknown[] = [];
  const asking = clientOf(t).ask(request(host.port, { onInterim: (head) => heads.push(head) }));
  assert.equal(await whole(asking.answer), '200 hi');
  assert.equal(heads.length, 64);
  assert.deepEqual(heads[63], { status: 103, fields: ['Link', '63'] });
});

/** A connection that was kept and is closed by the origin at the second request on it. */
const forgetful = (socket: Socket, _connection: number, nth: number): void => {
  if (nth === 0) socket.write(OK);
  else socket.end();
};

for (const { name, method, want, connections } of [
  {
    name: 'RFC 9112 §9.3.1: a GET on a kept connection that is dead is sent once more, on a new one',
    method: 'GET',
    want: '200 hi',
    connections: 2,
  },
  { name: 'a HEAD, too', method: 'HEAD', want: '200 ', connections: 2 },
  { name: 'what cannot be repeated has a connection of its own', method: 'POST', want: '200 hi', connections: 2 },
]) {
  test(name, async (t) => {
    const host = await rawHost(t, forgetful);
    const client = clientOf(t);
    assert.equal(await whole(client.ask(request(host.port)).answer), '200 hi');
    await turn();
    assert.equal(await whole(client.ask(request(host.port, { method })).answer), want);
    assert.equal(host.sockets.length, connections);
  });
}

test('it is not sent a third time, nor once an octet of an answer came', async (t) => {
  const host = await rawHost(t, (socket, connection, nth) => {
    if (connection === 0 && nth === 0) socket.write(OK);
    else socket.end(connection === 0 ? '' : 'HTTP/1.1 2');
  });
  const client = clientOf(t);
  await whole(client.ask(request(host.port)).answer);
  await turn();
  assert.equal(await refused(client.ask(request(host.port)).answer), '502 broken');
  assert.equal(host.sockets.length, 2);
});

test('the connection used last is used next, and one that the origin closes is forgotten', async (t) => {
  const host = await rawHost(t, (socket, connection) => socket.write(OK.replace('hi', `c${connection}`)));
  const client = clientOf(t);
  const two = [client.ask(request(host.port)), client.ask(request(host.port))];
  assert.deepEqual((await Promise.all(two.map(({ answer }) => whole(answer)))).sort(), ['200 c0', '200 c1']);
  await turn();
  const third = await whole(client.ask(request(host.port)).answer);
  const last = Number(third.at(-1));
  await turn();
  assert.equal(await whole(client.ask(request(host.port)).answer), third);
  host.sockets[last]?.end();
  await until(() => host.open() === 1);
  assert.equal(await whole(client.ask(request(host.port)).answer), `200 c${1 - last}`);
});

test('an origin that answers without having read what it was sent does not hang', async (t) => {
  const host = await rawHost(t, (socket) => {
    socket.pause();
    socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
  });
  const client = clientOf(t);
  let made = 0;
  const from = new Readable({
    read() {
      made += 65_536;
      this.push(Buffer.alloc(65_536));
    },
  });
  const asking = client.ask(request(host.port, { method: 'POST', content: { from, bytes: undefined } }));
  assert.equal(await whole(asking.answer), '413 no');
  await until(() => from.listenerCount('data') === 0 && from.listenerCount('close') === 0);
  assert.equal(from.destroyed, false, 'it is the client’s');
  assert.ok(made < 64 << 20, `${made} octets were taken from the client`);
  host.sockets[0]?.resume();
  await until(() => host.open() === 0);
});

test('a request that breaks off closes its connection', async (t) => {
  const host = await rawHost(t, () => {});
  const from = new Readable({ read() {} });
  const asking = clientOf(t).ask(request(host.port, { method: 'POST', content: { from, bytes: 10 } }));
  from.push('abc');
  await until(() => host.heard[0]?.endsWith('abc') === true);
  from.destroy();
  assert.equal(await refused(asking.answer), '400 broken');
  await until(() => host.open() === 0);
});

test('one that had broken off before there was a connection, too', async (t) => {
  const host = await rawHost(t, () => {});
  const from = new Readable({ read() {} });
  const asking = clientOf(t).ask(request(host.port, { method: 'POST', content: { from, bytes: 10 } }));
  from.destroy();
  assert.equal(await refused(asking.answer), '400 broken');
  await until(() => host.open() === 0);
});

for (const { name, limits, host: script, want } of [
  { name: 'an answer that never comes', limits: { silentMs: 30 }, host: () => {}, want: '504 timed-out' },
  { name: 'a head of which an octet comes now and then', limits: { headMs: 20 }, host: drip, want: '504 timed-out' },
] as { name: string; limits: object; host: (socket: Socket) => void; want: string }[]) {
  test(`time is up for ${name}`, async (t) => {
    const host = await rawHost(t, script);
    assert.equal(await refused(clientOf(t, { limits }).ask(request(host.port)).answer), want);
    await until(() => host.open() === 0);
  });
}

function drip(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\nX: ');
  const timer = setInterval(() => socket.write('y'), 5);
  socket.once('close', () => clearInterval(timer));
}

test('time is up for content that comes no further, not for who does not read it', async (t) => {
  const host = await rawHost(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi'));
  const { content } = await clientOf(t, { limits: { silentMs: 20 } }).ask(request(host.port)).answer;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
  }, 100);
  t.after(() => clearTimeout(timer));
  await until(() => late);
  assert.equal(content.destroyed, false);
  assert.equal(await refused(textOf(content)), '504 timed-out');
});

test('idle connections are closed in time', async (t) => {
  const host = await rawHost(t, says(OK));
  assert.equal(await whole(clientOf(t, { limits: { idleMs: 20 } }).ask(request(host.port)).answer), '200 hi');
  await until(() => host.open() === 0);
});

test('a few connections to one origin, who comes later waits, in order; who would wait too long is told', async (t) => {
  const host = await rawHost(t, () => {});
  const client = clientOf(t, { limits: { maxPerOrigin: 2, maxWaiting: 2 } });
  const ask = (path: string): Promise<string> => whole(client.ask(request(host.port, {}, path)).answer);
  const all = ['/0', '/1', '/2', '/3'].map(ask);
  assert.equal(await refused(client.ask(request(host.port)).answer), '503 busy');
  await until(() => host.heard.length === 2 && host.heard.every((said) => said !== ''));
  host.sockets[0]?.write(OK);
  await until(() => host.heard[0]?.includes('/2') === true);
  host.sockets[0]?.write(OK);
  await until(() => host.heard[0]?.includes('/3') === true);
  for (const socket of host.sockets) socket.write(OK);
  assert.deepEqual(await Promise.all(all), Array(4).fill('200 hi'));
  assert.equal(host.sockets.length, 2);
  const impatient = clientOf(t, { limits: { maxPerOrigin: 1, waitMs: 20 } });
  const held = impatient.ask(request(host.port));
  assert.equal(await refused(impatient.ask(request(host.port)).answer), '503 busy');
  held.abort();
});

test('all places taken, an idle connection makes room for another origin, and who has given up makes room as well', async (t) => {
  const hosts = [await rawHost(t, says(OK)), await rawHost(t, () => {}), await rawHost(t, says(OK))];
  const [first = 0, second = 0, third = 0] = hosts.map(({ port }) => port);
  const client = clientOf(t, { limits: { maxInAll: 1 } });
  assert.equal(await whole(client.ask(request(first)).answer), '200 hi');
  await turn();
  const silent = client.ask(request(second));
  await until(() => hosts[0]?.open() === 0 && hosts[1]?.heard[0] !== undefined);
  const waiting = client.ask(request(third));
  const given = client.ask(request(third));
  given.abort();
  silent.abort();
  assert.equal(await whole(waiting.answer), '200 hi');
  assert.equal(await refused(given.answer), '502 broken');
});

test('of idle connections no more are kept than may be', async (t) => {
  const host = await rawHost(t, () => {});
  const client = clientOf(t, { limits: { maxIdle: 2 } });
  const all = Array.from({ length: 5 }, () => whole(client.ask(request(host.port)).answer));
  await until(() => host.heard.filter((said) => said !== '').length === 5);
  for (const socket of host.sockets) socket.write(OK);
  await Promise.all(all);
  await until(() => host.open() === 2);
});

/** What this process holds: sockets, timers. */
const held = (): string[] =>
  process.getActiveResourcesInfo().filter((kind) => /^(TCP(Socket|Connect)Wrap|Timeout|TLSWrap)$/.test(kind));

for (const { name, script, when } of [
  { name: 'before the name is resolved', script: () => {}, when: async () => {} },
  { name: 'while it connects', script: () => {}, when: () => new Promise(process.nextTick) },
  { name: 'before the answer', script: () => {}, when: (heard: () => number) => until(() => heard() === 1) },
  {
    name: 'in the middle of its head',
    script: says('HTTP/1.1 200 OK\r\nX'),
    when: (heard: () => number) => until(() => heard() === 1),
  },
  {
    name: 'in the middle of its content',
    script: says('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi'),
    when: (_: unknown, answer: Promise<Answer>) => answer,
  },
  { name: 'with its content there, unread', script: says(OK), when: (_: unknown, answer: Promise<Answer>) => answer },
] as {
  name: string;
  script: (socket: Socket) => void;
  when: (heard: () => number, answer: Promise<Answer>) => Promise<unknown>;
}[]) {
  test(`abort ${name} leaves nothing open, and no content looks whole`, async (t) => {
    const host = await rawHost(t, script);
    await until(() => held().length === 0);
    const client = clientOf(t);
    const asking = client.ask(request(host.port));
    await when(() => host.heard.length, asking.answer);
    asking.abort();
    asking.abort();
    const content = await asking.answer.then(
      (answer) => answer.content,
      () => undefined,
    );
    if (content) assert.equal(await refused(textOf(content)), '502 broken');
    else assert.equal(await refused(asking.answer), '502 broken');
    await until(() => host.open() === 0 && held().length === 0);
  });
}

test('abort behind the end hurts nobody who has the connection by then', async (t) => {
  const host = await rawHost(t, (socket, _, nth) => nth === 0 && socket.write(OK));
  const client = clientOf(t);
  const first = client.ask(request(host.port));
  await whole(first.answer);
  await turn();
  const second = client.ask(request(host.port));
  await until(() => host.heard[0]?.split('GET').length === 3);
  first.abort();
  host.sockets[0]?.write(OK);
  assert.equal(await whole(second.answer), '200 hi');
});

test('content that is destroyed closes the connection', async (t) => {
  const host = await rawHost(t, says('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi'));
  const { content } = await clientOf(t).ask(request(host.port)).answer;
  content.destroy();
  await until(() => host.open() === 0);
});

test('a thousand requests over one connection leave no listener behind', async (t) => {
  const host = await rawHost(t, says(OK));
  const client = clientOf(t);
  const warnings: unknown[] = [];
  const onWarning = (warning: unknown): void => void warnings.push(warning);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  for (let i = 0; i < 1000; i++) {
    assert.equal(await whole(client.ask(request(host.port)).answer), '200 hi');
    await turn();
  }
  assert.equal(host.sockets.length, 1);
  assert.deepEqual(warnings, []);
});

test('stop closes all that is open, and nothing is asked after it', async (t) => {
  const host = await rawHost(
    t,
    (socket, _, nth) => nth === 0 && socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi'),
  );
  const client = clientOf(t, { limits: { maxPerOrigin: 1 } });
  const { content } = await client.ask(request(host.port)).answer;
  const waiting = client.ask(request(host.port));
  const tunnel = client.connect(HOST, host.port);
  await tunnel.socket;
  client.stop();
  assert.equal(await refused(textOf(content)), '502 broken');
  assert.equal(await refused(waiting.answer), '502 broken');
  await until(() => host.open() === 0);
  assert.equal(await refused(client.ask(request(host.port)).answer), '502 broken');
  assert.equal(await refused(client.connect(HOST, host.port).socket), '502 broken');
});
