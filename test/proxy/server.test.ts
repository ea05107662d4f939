/** The proxy as clients and origins see it, octet by octet: what is sent on, what is not, and who waits for whom. RFC 9110, RFC 9112. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestFor } from '../support/httpask.ts';
import { fieldIn } from '../support/httpread.ts';
import { openOrigin } from '../support/origin.ts';
import { Seeded, serve } from '../support/origincontent.ts';
import { eventually, Gate } from '../support/proxychecks.ts';
import { startProxy } from '../support/proxyflink.ts';

const MiB = 2 ** 20;
const NO_STORE = { 'Cache-Control': 'no-store' };

test('the proxy', async (t) => {
  const origin = await openOrigin(t, (_, reply) => reply.answer(200, NO_STORE, 'here'));
  const other = await openOrigin(t, (_, reply) => reply.answer(200, NO_STORE, 'there'));
  const flink = await startProxy(t, { allow: [origin, other] });
  const { host } = new URL(origin.url);
  const last = () => origin.requests.at(-1);
  const usual = (): void => {
    origin.behave = (_, reply) => reply.answer(200, NO_STORE, 'here');
    origin.onHead = undefined;
  };
  t.beforeEach(usual);

  await t.test(
    'sends on what is end to end, and nothing of the connection or of the client (RFC 9110 §7.6.1)',
    async () => {
      const wire = await flink.wire();
      wire.send(
        [
          `GET ${origin.url}/fields HTTP/1.1`,
          `Host: ${host}`,
          'X-First: 1',
          'Connection: X-Named, keep-alive, close',
          'X-Named: secret',
          'Keep-Alive: timeout=5',
          'Proxy-Connection: keep-alive',
          'Proxy-Authorization: Basic secret',
          'TE: trailers, gzip',
          'Via: 1.0 before',
          'Cookie: a=b',
          'accept: text/plain',
          'X-Twice: one',
          'X-Twice: two',
          'User-Agent: test',
          '\r\n',
        ].join('\r\n'),
      );
      assert.equal((await wire.next()).text, 'here');
      const seen = last();
      const lines = seen?.lines ?? [];
      for (const name of [
        'x-named',
        'keep-alive',
        'proxy-connection',
        'proxy-authorization',
        'x-forwarded-for',
        'forwarded',
      ])
        assert.equal(fieldIn(lines, name), undefined, name);
      assert.doesNotMatch(seen?.raw ?? '', /secret|gzip/);
      assert.deepEqual(lines[0], ['Host', host]);
      assert.match(fieldIn(lines, 'via') ?? '', /^1\.0 before, 1\.1 \S+/);
      const kept = ['X-First', 'Cookie', 'accept', 'X-Twice', 'X-Twice', 'User-Agent'];
      assert.deepEqual(
        lines.map(([name]) => name).filter((name) => kept.includes(name)),
        kept,
      );
    },
  );

  await t.test('the same of answers: cookies each on its line, unknown fields, Via and Date added', async () => {
    origin.behave = async (_, reply) => {
      await reply.head(200, {
        ...{ Connection: 'X-Hop, keep-alive', 'X-Hop': 'secret', 'Keep-Alive': 'timeout=5' },
        ...{
          'Proxy-Authenticate': 'Basic',
          'Set-Cookie': ['a=1', 'b=2'],
          'X-Unknown': 'yes',
          'Content-Length': '2',
          ...NO_STORE,
        },
      });
      await reply.send('ok');
      reply.end();
    };
    const got = await flink.get(`${origin.url}/answer`);
    assert.deepEqual(
      got.lines.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value),
      ['a=1', 'b=2'],
    );
    assert.deepEqual(
      [got.text, got.field('x-unknown'), got.field('x-hop'), got.field('proxy-authenticate')],
      ['ok', 'yes', undefined, undefined],
    );
    assert.match(got.field('via') ?? '', /^1\.1 \S+/);
    assert.match(got.field('date') ?? '', /GMT$/);
  });

  await t.test('the path and the query arrive as they were written', async () => {
    for (const path of ['/', '/a%2Fb/../c;x=1', '/?q=%zz&r=a+b', '/%7euser//x', '/a?b?c=/../', "/!$&'()*+,;=:@"]) {
      await flink.get(`${origin.url}${path}`);
      assert.equal(last()?.target, path);
    }
    await flink.get(origin.url);
    assert.equal(last()?.target, '/');
  });

  await t.test('methods of any name pass, with content or without', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const answer = await flink.ask({ method, url: `${origin.url}/${method}`, body: 'content' });
      assert.deepEqual([answer.status, last()?.method, last()?.body.toString()], [200, method, 'content']);
    }
  });

  await t.test('content in chunks arrives whole, however it is cut', async () => {
    const wire = await flink.wire();
    wire.send(`POST ${origin.url}/chunks HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\non`);
    wire.send('e\r\n00004;ext="\\"x"\r\n and\r\n4\r\n two\r\n0\r\n');
    wire.send('Checksum: 1\r\n\r\n');
    assert.equal((await wire.next()).status, 200);
    assert.equal(last()?.body.toString(), 'one and two');
  });

  await t.test(
    'Expect: the origin is asked, and its 100 reaches the client before any content (RFC 9110 §10.1.1)',
    async () => {
      origin.onHead = (message, reply) => {
        assert.match(fieldIn(message.lines, 'expect') ?? '', /100-continue/i);
        void reply.send('HTTP/1.1 100 Continue\r\n\r\n');
      };
      const wire = await flink.wire();
      wire.send(
        `PUT ${origin.url}/expect HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`,
      );
      await wire.until('100', () => wire.receivedBytes >= 'HTTP/1.1 100'.length);
      wire.send('body');
      const { interim, status } = await wire.next();
      assert.deepEqual([interim.length >= 1, status, last()?.body.toString()], [true, 200, 'body']);
    },
  );

  await t.test('Expect: a refusal spares the content', async () => {
    origin.onHead = (_, reply) =>
      void reply.send('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    const wire = await flink.wire({ patienceMs: 3000 });
    wire.send(
      `PUT ${origin.url}/expect HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 4000\r\n\r\n`,
    );
    const { status, interim, field } = await wire.next();
    assert.deepEqual([status, interim.length, field('connection')], [413, 0, 'close']);
    await wire.ended();
  });

  await t.test('an answer that comes before the content is all there reaches the client', async () => {
    origin.onHead = (_, reply) => {
      reply.pause();
      void reply.send('HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    };
    const wire = await flink.wire();
    wire.send(`PUT ${origin.url}/early HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 400000\r\n\r\nsome`);
    assert.equal((await wire.next()).status, 403);
    wire.close();
  });

  await t.test('early hints reach who understands them, and nobody else (RFC 8297)', async () => {
    origin.behave = async (_, reply) => {
      await reply.send('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX-Hint: a\r\nx-hint: b\r\nAge: 7\r\n\r\n');
      reply.answer(200, NO_STORE, 'late');
    };
    const { interim, text } = await flink.get(`${origin.url}/hints`);
    const told = interim.map(({ lines }) => ['link', 'x-hint', 'age'].map((name) => fieldIn(lines, name)));
    assert.deepEqual([told, text], [[['</a.css>', 'a, b', undefined]], 'late']);
    const old = await flink.wire();
    old.send(`GET ${origin.url}/hints HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
    assert.deepEqual((await old.next()).interim, []);
  });

  await t.test('early hints that are none harm nobody', async () => {
    const hints = ['</a.css>; rel=preload, </b.css>; rel=preload', 'nonsense', '</a>; title="a b', ''];
    for (const link of hints) {
      origin.behave = async (_, reply) => {
        await reply.send(`HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\nContent-Length: 5\r\n\r\n`);
        reply.answer(200, NO_STORE, 'late');
      };
      const { interim, text } = await flink.get(`${origin.url}/hints`);
      const told = interim.map(({ lines }) => fieldIn(lines, 'link'));
      assert.deepEqual([told, text], [link === hints[0] ? [link] : [], 'late']);
    }
  });

  await t.test('trailers reach a client that takes them (RFC 9110 §6.5)', async () => {
    origin.behave = async (_, reply) => {
      await reply.head(200, { ...NO_STORE, 'Transfer-Encoding': 'chunked', Trailer: 'X-Sum' });
      await reply.chunk('content');
      await reply.send('0\r\nX-Sum: 7\r\n\r\n');
      reply.end();
    };
    const got = await flink.get(`${origin.url}/trailers`, { TE: 'trailers', Connection: 'TE' });
    assert.deepEqual([got.text, got.trailers], ['content', [['X-Sum', '7']]]);
  });

  await t.test("HTTP/1.0: a client gets no chunks, an origin's content ends with its connection", async () => {
    const content = new Seeded('old', 300_000);
    origin.behave = (request, reply) => serve(request, reply, content, { framing: 'chunked', fields: NO_STORE });
    const wire = await flink.wire({ isHashed: true });
    wire.send(`GET ${origin.url}/old HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
    const got = await wire.next();
    assert.deepEqual([got.field('transfer-encoding'), got.ended, got.sha256], [undefined, 'close', content.sha256()]);
    origin.behave = async (_, reply) => {
      await reply.send('HTTP/1.0 200 OK\r\nCache-Control: no-store\r\n\r\nold');
      reply.close();
    };
    assert.equal((await flink.get(`${origin.url}/old`)).text, 'old');
  });

  await t.test('HEAD has the fields and no content', async () => {
    origin.behave = (request, reply) => serve(request, reply, new Seeded('head', 12_345), { fields: NO_STORE });
    const wire = await flink.wire();
    wire.send(requestFor('HEAD', `${origin.url}/head`), 'HEAD');
    const head = await wire.next();
    assert.deepEqual([head.status, head.field('content-length'), head.bytes], [200, '12345', 0]);
    wire.send(requestFor('GET', `${origin.url}/head`), 'GET');
    assert.equal((await wire.next()).bytes, 12_345);
  });

  await t.test(
    'Max-Forwards of OPTIONS and TRACE is counted down, and 0 is answered here (RFC 9110 §7.6.2)',
    async () => {
      const before = origin.requests.length;
      const fields = (max: string) => ({ 'Max-Forwards': max });
      assert.ok((await flink.ask({ method: 'OPTIONS', url: `${origin.url}/`, fields: fields('0') })).status < 500);
      assert.ok((await flink.ask({ method: 'TRACE', url: `${origin.url}/`, fields: fields('0') })).status < 506);
      assert.equal(origin.requests.length, before);
      await flink.ask({ method: 'OPTIONS', url: `${origin.url}/`, fields: fields('5') });
      assert.equal(last()?.field('max-forwards'), '4');
    },
  );

  await t.test('requests behind one another are answered in order, whichever origin they are for', async () => {
    const wire = await flink.wire();
    wire.send([origin, other, origin, other].map(({ url }, n) => requestFor('GET', `${url}/p${n}`)).join(''));
    const texts: string[] = [];
    for (let n = 0; n < 4; n++) texts.push((await wire.next()).text);
    assert.deepEqual(texts, ['here', 'there', 'here', 'there']);
  });

  await t.test('a request that comes octet by octet is one request', async () => {
    const wire = await flink.wire();
    wire.socket.setNoDelay(true);
    for (const octet of requestFor('POST', `${origin.url}/slowly`, {}, 'body')) {
      wire.send(octet);
      await new Promise(setImmediate);
    }
    assert.equal((await wire.next()).status, 200);
    assert.equal(last()?.body.toString(), 'body');
  });

  await t.test('at the intercepting door the Host says where to; without one nothing goes anywhere', async () => {
    const wire = await flink.wire({ door: flink.intercept });
    wire.send(`GET /inside?x HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.deepEqual([(await wire.next()).text, last()?.target, last()?.field('host')], ['here', '/inside?x', host]);
    const before = origin.requests.length;
    for (const request of [
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.0\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n\r\n`,
    ]) {
      const bare = await flink.wire({ door: flink.intercept });
      bare.send(request);
      assert.equal((await bare.next()).status, 400, request);
    }
    assert.equal(origin.requests.length, before);
  });

  await t.test("protocols that are nobody's business here are refused (Gopher, FTP, WAIS, URN)", async () => {
    for (const url of [
      'ftp://127.0.0.1/',
      'gopher://127.0.0.1/1',
      'wais://127.0.0.1/',
      'urn:isbn:1',
      'file:///etc/passwd',
      'cache_object://x/',
    ]) {
      const wire = await flink.wire();
      wire.send(`GET ${url} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      assert.ok([400, 403, 501].includes((await wire.next()).status), url);
    }
  });

  await t.test('Upgrade: what the origin does not take up is an ordinary request', async () => {
    const got = await flink.get(`${origin.url}/upgrade`, { Connection: 'Upgrade', Upgrade: 'websocket' });
    assert.deepEqual([got.status, got.text], [200, 'here']);
    assert.equal(last()?.field('upgrade'), undefined);
  });

  await t.test('an origin that switches protocols unasked is broken', async () => {
    origin.behave = (_, reply) =>
      void reply.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx');
    assert.equal((await flink.get(`${origin.url}/unasked`)).status, 502);
  });

  await t.test(
    'an answer longer than any buffer waits for its reader; when that goes, the origin hears of it',
    async () => {
      const gone = new Gate();
      origin.behave = async (_, reply) => {
        await reply.head(200, NO_STORE);
        const block = Buffer.alloc(65_536);
        while (await reply.send(block));
        gone.open();
      };
      const wire = await flink.wire({ keepBytes: 0 });
      wire.send(requestFor('GET', `${origin.url}/endless`));
      await wire.until('a megabyte', () => wire.contentBytes > MiB);
      wire.pause();
      let sent = -1;
      let same = 0;
      await eventually('the origin is held up', () => {
        same = sent === origin.sentBytes ? same + 1 : 0;
        sent = origin.sentBytes;
        return same >= 10;
      });
      assert.ok(sent < 64 * MiB, `${sent}`);
      wire.close();
      await gone.opened;
    },
  );

  await t.test('content longer than any buffer waits for an origin that does not read', async () => {
    origin.onHead = (_, reply) => reply.pause();
    const wire = await flink.wire();
    wire.send(`PUT ${origin.url}/upload HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${512 * MiB}\r\n\r\n`);
    const block = Buffer.alloc(MiB);
    let sent = 0;
    while (sent < 512 && wire.socket.writableLength < 4 * MiB) {
      wire.socket.write(block);
      sent++;
      await new Promise((resume) => setTimeout(resume, 2));
    }
    assert.ok(sent < 128, `${sent} MiB were taken`);
    wire.close();
    await eventually('the origin is let go', () => origin.open <= 4);
  });

  await t.test('a name that nobody knows, an origin that is not there: 502 to 504 with a sentence', async () => {
    const dead = await openOrigin(t, () => {});
    await dead.close();
    for (const url of ['http://nowhere.invalid/', 'http://a.b.c.example.invalid:8080/']) {
      const got = await flink.get(url);
      assert.ok(got.status >= 502 && got.status <= 504, `${url} ${got.status}`);
      assert.match(got.text, /\w+ \w+/);
      assert.doesNotMatch(got.text, /at .*\.ts:\d+/);
    }
  });
});
