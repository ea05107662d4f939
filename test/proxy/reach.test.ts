/** Where the proxy must not go, whatever it is told: itself, this machine, its network; by any spelling, any name, any way round. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { a as addressOf, rr } from '../dns/packets.ts';
import { answerTo, openUpstream } from '../support/dnsupstream.ts';
import { type Place, requestFor, type Wire } from '../support/httpask.ts';
import { openOrigin } from '../support/origin.ts';
import { eventually } from '../support/proxychecks.ts';
import { startProxy } from '../support/proxyflink.ts';

/** This machine, in many words; with `P` where its port goes. */
const SPELLINGS = [
  ...['127.0.0.1', '127.1', '127.0.1', '127.000.000.001', '127.0.0.1.', '127.127.127.127', '127.255.255.254'],
  ...['2130706433', '0x7f000001', '0x7f.1', '0x7f.0x0.0x0.0x1', '0177.0.0.1', '017700000001', '0', '0.0.0.0', '0x0'],
  ...[
    'localhost',
    'LocalHost',
    'localhost.',
    'foo.localhost',
    'ip6-localhost',
    '%31%32%37.0.0.1',
    '127.0.0.1%00',
    '127%2e0%2e0%2e1',
  ],
  ...[
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:1]',
    '[::127.0.0.1]',
  ],
  ...[
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    '[::1%25lo]',
    '[fe80::1%25lo]',
    '[::ffff:0:127.0.0.1]',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
  ],
];

/** Elsewhere, and nobody's business: hosts of the LAN, clouds' metadata, multicast, and the like. */
const ELSEWHERE = [
  '169.254.169.254',
  '[fe80::1]',
  '[fd00::1]',
  '224.0.0.1',
  '255.255.255.255',
  '[ff02::1]',
  '240.0.0.1',
  '[fec0::1]',
];

test('the proxy does not reach this machine or its network', async (t) => {
  const upstream = await openUpstream({ address: '127.0.0.1', port: await freeUdp() });
  t.after(() => upstream.close());
  // Everything of this machine's, by IPv4 and by IPv6.
  const secret = await openOrigin(t, (_, reply) => reply.answer(200, {}, 'secret'), { address: '::' });
  const open = await openOrigin(t, (_, reply) => reply.answer(200, {}, 'open'));
  const { port } = secret.at;
  const dns = `  upstreams: ["127.0.0.1:${upstream.at.port}"]
  rebindProtection: false
  records: { here.hall.test: 127.0.0.1, self.hall.test: 127.0.0.1 }`;
  const flink = await startProxy(t, { allow: [open], allowSelf: ['self.hall.test'], dns });
  const refused = [400, 403, 421, 501, 502, 504, 508];

  for (const host of SPELLINGS)
    await t.test(`${host} is not reached, at either door, nor by a tunnel`, async () => {
      const octets = Buffer.from(`${host}:${port}`, 'utf8').toString('latin1');
      for (const door of [flink.proxy, flink.intercept]) {
        for (const target of [`http://${octets}/`, '/']) {
          const wire = await flink.wire({ door });
          wire.send(`GET ${target} HTTP/1.1\r\nHost: ${octets}\r\n\r\n`);
          const { status, text } = await wire.next();
          assert.ok(refused.includes(status) || (target === '/' && door === flink.proxy), `${status}`);
          assert.notEqual(text, 'secret');
        }
      }
      const wire = await flink.wire();
      wire.send(`CONNECT ${octets} HTTP/1.1\r\nHost: ${octets}\r\n\r\n`, 'CONNECT');
      assert.ok((await wire.next()).status >= 400);
      assert.equal(secret.connections, 0);
    });

  for (const host of ELSEWHERE)
    await t.test(`${host} is refused at once`, async () => {
      for (const url of [`http://${host}/`, `http://${host}:8000/latest/meta-data/`])
        assert.ok([400, 403].includes((await flink.get(url)).status), url);
    });

  await t.test('the admin port is refused by address and by name; the cache is told so, too', async () => {
    for (const host of ['127.0.0.1', 'here.hall.test', 'flink.hall.test', 'flink', 'localhost'])
      for (const path of ['/', '/api/v1/leases', '/metrics']) {
        const { status, text } = await flink.get(`http://${host}:${flink.admin.port}${path}`);
        assert.ok(refused.includes(status), `${host}${path}: ${status} ${text.slice(0, 80)}`);
      }
  });

  await t.test(
    'a name that stands for this machine is refused: of the hall, of the Internet, behind an alias',
    async () => {
      upstream.behave = (asked, send) =>
        send(answerTo(asked, { answers: [alias(asked.letters), rr('inside.example', 1, 0, addressOf('127.0.0.1'))] }));
      for (const name of ['here.hall.test', 'evil.example', 'a.b.evil.example'])
        assert.equal((await flink.get(`http://${name}:${port}/`)).status, 403, name);
      assert.equal(secret.connections, 0);
    },
  );

  await t.test(
    'a name whose address changes between two questions (rebinding): what is connected to is what counts',
    async () => {
      let n = 0;
      // TTL 0: each question goes out anew.
      upstream.behave = (asked, send) => {
        const name = Buffer.from(asked.letters, 'latin1');
        const address = ++n % 2 === 0 ? '127.0.0.1' : '192.0.2.1';
        if (asked.type === 1) send(answerTo(asked, { answers: [{ ...rr('', 1, 0, addressOf(address)), name }] }));
        else send(answerTo(asked, { answers: [] }));
      };
      const wires = await Promise.all(Array.from({ length: 8 }, () => flink.wire()));
      wires.forEach((wire, i) => {
        wire.send(requestFor('GET', `http://flips${i}.example:${port}/`));
        wire.send(requestFor('GET', `http://flips${i}.example:${port}/`));
      });
      await eventually('it was asked about', () => n >= 8);
      const sure = wires.map(async (wire) => (await wire.next()).text);
      await Promise.race([Promise.all(sure), new Promise((resume) => setTimeout(resume, 1000))]);
      assert.equal(secret.connections, 0);
      for (const wire of wires) wire.close();
      await Promise.allSettled(sure);
    },
  );

  await t.test('several addresses, one of them this machine: that one is left out', async () => {
    upstream.behave = (asked, send) => {
      const name = Buffer.from(asked.letters, 'latin1');
      const all = ['127.0.0.1', '127.0.0.2', '0.0.0.0'];
      send(
        answerTo(asked, {
          answers: asked.type === 1 ? all.map((each) => ({ ...rr('', 1, 0, addressOf(each)), name })) : [],
        }),
      );
    };
    assert.equal((await flink.get(`http://many.example:${port}/`)).status, 403);
    assert.equal(secret.connections, 0);
  });

  await t.test('a redirect is told to the client, not followed', async () => {
    open.behave = (_, reply) => reply.answer(302, { Location: `http://127.0.0.1:${port}/` });
    const got = await flink.get(`${open.url}/redirects`);
    assert.deepEqual([got.status, got.field('location')], [302, `http://127.0.0.1:${port}/`]);
    assert.equal(secret.connections, 0);
  });

  await t.test("ports that are no web server's are not asked", async () => {
    for (const p of [1, 7, 19, 21, 22, 23, 25, 53, 110, 143, 465, 587, 993])
      assert.equal((await flink.get(`http://example.org:${p}/`)).status, 403, String(p));
    for (const p of [0, 65536, 99999]) assert.ok((await flink.get(`http://example.org:${p}/`)).status < 500, String(p));
  });

  await t.test('itself: its own page at its own address, and never a request to itself', async () => {
    for (const door of [flink.proxy, flink.intercept])
      for (const url of [`http://127.0.0.1:${door.port}/`, `http://flink.hall.test:${door.port}/x`]) {
        const { status } = await flink.get(url);
        assert.ok(status === 200 || (status >= 400 && status !== 502 && status !== 504), `${url}: ${status}`);
      }
  });

  await t.test('a request that comes back to it is refused with 508 after one hop, by whatever name', async () => {
    const got = await flink.get(`http://self.hall.test:${flink.intercept.port}/loop`);
    assert.equal(got.status, 508);
  });

  await t.test('Via that names it is refused, Via that names another flink is not', async () => {
    open.behave = (_, reply) => reply.answer(200, { 'Cache-Control': 'no-store' }, 'open');
    await flink.get(`${open.url}/via`);
    const via = open.requests.at(-1)?.field('via') ?? '';
    assert.match(via, /^1\.1 \S+$/);
    for (const lines of [via, `1.0 fred, ${via}`, `${via} (a comment), 1.1 other`, via.toUpperCase()]) {
      const before = open.requests.length;
      assert.equal((await flink.get(`${open.url}/via`, { Via: lines })).status, 508, lines);
      assert.equal(open.requests.length, before);
    }
    assert.equal((await flink.get(`${open.url}/via`, { Via: '1.1 other.flink' })).status, 200);
    const second = await startProxy(t, { allow: [open] });
    assert.equal((await second.get(`${open.url}/via`, { Via: via })).status, 200);
  });
});

test('tunnels', async (t) => {
  const echo = await openEcho(t);
  const flink = await startProxy(t, { allow: [echo] });
  const target = `${echo.at.address}:${echo.at.port}`;
  const open = async (): Promise<Wire> => {
    const wire = await flink.wire();
    wire.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`, 'CONNECT');
    assert.equal((await wire.next()).status, 200);
    return wire;
  };

  await t.test('octets both ways, and the end of either passes on while the other goes on', async () => {
    const wire = await open();
    wire.send('hello');
    await wire.until('the echo', () => wire.raw.length >= 5);
    wire.end();
    // The echo says so when it hears the end.
    await wire.ended();
    assert.equal(wire.raw.toString(), 'hello, and good bye');
  });

  await t.test('what comes right behind the request is not lost', async () => {
    const wire = await flink.wire();
    wire.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\nearly`, 'CONNECT');
    assert.equal((await wire.next()).status, 200);
    await wire.until('the echo', () => wire.raw.length >= 5);
    assert.equal(wire.raw.toString(), 'early');
    wire.close();
  });

  await t.test('a reset of one side is the end of the other', async () => {
    const one = await open();
    await eventually('those of before are gone', () => echo.open() === 1);
    one.reset();
    await eventually('the origin hears of it', () => echo.open() === 0);
    const two = await open();
    two.send('RESET');
    await two.ended();
  });

  await t.test('32 MiB through it come back whole', async () => {
    const wire = await open();
    const block = Buffer.alloc(2 ** 20, 'abcdefg');
    for (let n = 0; n < 32; n++) wire.send(block);
    await wire.until('all of it', () => wire.receivedBytes >= 32 * 2 ** 20);
    assert.ok(wire.raw.subarray(0, block.length).equals(block));
    wire.close();
  });

  await t.test('a thousand idle ones, and another still works', async () => {
    const idle = await Promise.all(Array.from({ length: 1000 }, open));
    const wire = await open();
    wire.send('still');
    await wire.until('the echo', () => wire.raw.length >= 5);
    for (const each of [...idle, wire]) each.close();
    await eventually('all are gone', () => echo.open() === 0, 1500);
  });

  await t.test('other ports than those of HTTPS are refused, and so is what is no host and port', async () => {
    for (const where of [
      'example.org:22',
      'example.org:25',
      'example.org:80',
      'example.org:8067',
      'example.org:8443',
      `127.0.0.1:${flink.admin.port}`,
      '127.0.0.1:443',
      'localhost:443',
      '[::1]:443',
      '192.168.0.256:443',
      'here.invalid:443',
    ]) {
      const wire = await flink.wire();
      wire.send(`CONNECT ${where} HTTP/1.1\r\nHost: ${where}\r\n\r\n`, 'CONNECT');
      const { status } = await wire.next();
      assert.ok(
        where.endsWith('invalid:443') || where.includes('256') ? status >= 400 : status === 403,
        `${where}: ${status}`,
      );
    }
    for (const where of [
      'example.org',
      'http://example.org:443/',
      '/',
      '*',
      ':443',
      'example.org:',
      'example.org:https',
      'a b:443',
      'user@example.org:443',
    ]) {
      const wire = await flink.wire();
      wire.send(`CONNECT ${where} HTTP/1.1\r\nHost: example.org\r\n\r\n`, 'CONNECT');
      assert.equal((await wire.next()).status, 400, where);
    }
  });

  await t.test('CONNECT at the intercepting door is nothing that a client of a web server says', async () => {
    const wire = await flink.wire({ door: flink.intercept });
    wire.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`, 'CONNECT');
    assert.ok((await wire.next()).status >= 400);
  });

  await t.test('a blocked domain is blocked for tunnels, too, and for what is below it', async () => {
    const blocking = await startProxy(t, { allow: [echo], proxy: '  blocklist: [blocked.example]' });
    for (const name of ['blocked.example', 'www.blocked.example', 'BLOCKED.example.']) {
      assert.equal((await blocking.get(`http://${name}/`)).status, 403, name);
      const wire = await blocking.wire();
      wire.send(`CONNECT ${name}:443 HTTP/1.1\r\nHost: ${name}:443\r\n\r\n`, 'CONNECT');
      assert.equal((await wire.next()).status, 403, name);
    }
    assert.notEqual((await blocking.get('http://notblocked.example/')).status, 403);
  });
});

/** `evil.example. CNAME inside.example.` for whatever was asked. */
function alias(letters: string) {
  const target = Buffer.from('\u0006inside\u0007example\u0000', 'latin1');
  return { ...rr('', 5, 0, target), name: Buffer.from(letters, 'latin1') };
}

async function freeUdp(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  return bound === null || typeof bound === 'string' ? 0 : bound.port;
}

/** Says what it hears, and good bye in the end; breaks off where it hears RESET. */
async function openEcho(t: TestContext): Promise<{ readonly at: Place; open(): number }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (chunk.toString('latin1') === 'RESET') socket.resetAndDestroy();
      else if (!socket.write(chunk)) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    });
    socket.on('end', () => socket.end(', and good bye'));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return { at: { address: '127.0.0.1', port: bound.port }, open: () => sockets.size };
}
