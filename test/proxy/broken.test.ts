/** Origins that break off, lie or change their mind in the middle, and a flink that dies in it: nobody ever gets a wrong octet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Received, requestFor, type Wire } from '../support/httpask.ts';
import { type OriginRequest, openOrigin, type Reply } from '../support/origin.ts';
import { type ObjectTerms, Seeded, serve } from '../support/origincontent.ts';
import { comparing, eventually, Gate, keeps } from '../support/proxychecks.ts';
import { startProxy } from '../support/proxyflink.ts';

const MiB = 2 ** 20;
const CACHED = { 'Cache-Control': 'public, max-age=3600' };

test('an origin that breaks off', async (t) => {
  const origin = await openOrigin(t, () => {});
  const hopeless = await openOrigin(t, (request, reply) => {
    if (request.field('range') !== undefined) reply.reset();
    else return keeps(content, { etag: '"first"', breakAt: 5 * MiB })(request, reply);
  });
  const flink = await startProxy(t, { allow: [origin, hopeless] });
  const content = new Seeded('first', 9 * MiB);
  const other = new Seeded('second', 9 * MiB);
  const expected = content.whole();
  // It takes its time to be sure.
  const givingUp = flink
    .get(`${hopeless.url}/hopeless.iso`, {}, { ...comparing(expected), patienceMs: 50_000 })
    .catch((error: Error) => error);
  let serial = 0;

  /** A path of its own whose nth request, from 1 on, is answered by that row; the last row answers all that follow. */
  const rows = (...all: readonly ((request: OriginRequest, reply: Reply) => void | Promise<void>)[]) => {
    const path = `/broken${++serial}.bin`;
    const asked: OriginRequest[] = [];
    origin.behave = (request, reply) => {
      asked.push(request);
      return all[Math.min(asked.length, all.length) - 1]?.(request, reply);
    };
    return { url: `${origin.url}${path}`, asked };
  };
  const first = (terms: ObjectTerms = {}) => keeps(content, { etag: '"first"', ...terms });
  const second = (terms: ObjectTerms = {}) => keeps(other, { etag: '"second"', ...terms });
  const get = (url: string, fields = {}): Promise<Received> => flink.get(url, fields, comparing(expected));
  const isWhole = ({ status, bytes, ended }: Received): void =>
    assert.deepEqual([status, bytes, ended], [200, content.sizeBytes, 'length']);
  /** Cut, or an error that says so: anything but something that looks whole. */
  const isNotWhole = (got: Received | Error): void => {
    if (got instanceof Error) {
      assert.doesNotMatch(got.message, /in vain/);
      return;
    }
    assert.ok(got.ended === 'cut' || got.status >= 500, `${got.status} ${got.bytes} ${got.ended}`);
  };
  const outcome = (asking: Promise<Received>): Promise<Received | Error> => asking.catch((error: Error) => error);

  for (const breakBy of ['close', 'reset'] as const)
    await t.test(`it is gone on with by Range and If-Range, and the client notices nothing (${breakBy})`, async () => {
      const { url, asked } = rows(first({ breakAt: 5 * MiB, breakBy }), first());
      isWhole(await get(url));
      assert.equal(asked.length, 2);
      const [, again] = asked;
      assert.equal(again?.field('if-range'), '"first"');
      const [, from] = /^bytes=(\d+)-$/.exec(again?.field('range') ?? '') ?? [];
      assert.ok(Number(from) > 0 && Number(from) <= 5 * MiB, again?.field('range'));
      isWhole(await get(url));
      assert.equal(asked.length, 2);
    });

  await t.test('by Last-Modified, too, where that is strong (RFC 9110 §8.8.2.2)', async () => {
    const lastModified = 'Sat, 03 Oct 2020 10:00:00 GMT';
    const dated = (terms: ObjectTerms): ReturnType<typeof keeps> => first({ etag: undefined, lastModified, ...terms });
    const { url, asked } = rows(dated({ breakAt: 5 * MiB }), dated({}));
    isWhole(await get(url));
    assert.deepEqual([asked.length, asked[1]?.field('if-range')], [2, lastModified]);
  });

  await t.test('it changed in between: whoever has something of the one gets nothing of the other', async () => {
    const { url } = rows(first({ breakAt: 5 * MiB }), second());
    isNotWhole(await outcome(get(url)));
    const next = await flink.get(url, {}, comparing(other.whole()));
    assert.deepEqual([next.status, next.bytes], [200, other.sizeBytes]);
  });

  await t.test('it changed, and says 206 all the same: the validator is looked at', async () => {
    const { url } = rows(first({ breakAt: 5 * MiB }), (request, reply) =>
      serve({ ...request, field: (name) => (name === 'if-range' ? undefined : request.field(name)) }, reply, other, {
        ...{ etag: '"second"', fields: CACHED },
      }),
    );
    isNotWhole(await outcome(get(url)));
  });

  await t.test('a weak validator is none: nothing is put together', async () => {
    const { url, asked } = rows(first({ etag: 'W/"first"', breakAt: 5 * MiB }), second({ etag: 'W/"first"' }));
    isNotWhole(await outcome(get(url)));
    assert.ok(asked.every((request) => request.field('range') === undefined));
  });

  await t.test('another range than was asked for, another size, or none: not put together', async () => {
    const lies: readonly Readonly<Record<string, string>>[] = [
      { 'Content-Range': `bytes 0-${content.sizeBytes - 1}/${content.sizeBytes}` },
      { 'Content-Range': `bytes ${5 * MiB}-${content.sizeBytes}/${content.sizeBytes + 1}` },
      { 'Content-Range': 'bytes */*' },
      {},
    ];
    for (const fields of lies) {
      const { url } = rows(first({ breakAt: 5 * MiB }), async (_, reply) => {
        await reply.head(206, { ETag: '"first"', ...CACHED, ...fields, 'Content-Length': `${4 * MiB}` });
        await reply.send(other.part(0, 4 * MiB));
        reply.end();
      });
      isNotWhole(await outcome(get(url)));
    }
  });

  await t.test('less than Content-Length says is no answer, and is not kept', async () => {
    const { url, asked } = rows(
      async (_, reply) => {
        await reply.head(200, { ...CACHED, 'Content-Length': '100' });
        await reply.send('only these');
        reply.close();
      },
      (_, reply) => reply.answer(200, CACHED, 'all'),
    );
    isNotWhole(await outcome(flink.get(url)));
    const settled = asked.length;
    assert.equal((await flink.get(url)).text, 'all');
    assert.ok(asked.length > settled || settled > 1);
  });

  await t.test("more than Content-Length says is nobody's answer (response splitting)", async () => {
    const { url } = rows(async (_, reply) => {
      const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nCache-Control: max-age=60\r\n\r\npoison';
      await reply.send(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\nCache-Control: max-age=60\r\n\r\ngood${poison}`);
      reply.end();
    });
    assert.equal((await flink.get(url)).text, 'good');
    for (const path of ['a', 'b', 'c']) {
      origin.behave = (_, reply) => reply.answer(200, {}, path);
      assert.equal((await flink.get(`${origin.url}/behind-${path}`)).text, path);
    }
  });

  await t.test('the same behind answers that have no content: 204, 304, HEAD', async () => {
    const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
    for (const [status, method] of [
      [204, 'GET'],
      [200, 'HEAD'],
    ] as const) {
      const { url } = rows(async (_, reply) => {
        await reply.send(`HTTP/1.1 ${status} OK\r\n${status === 200 ? 'Content-Length: 6\r\n' : ''}\r\n${poison}`);
        reply.end();
      });
      assert.equal((await flink.ask({ method, url })).status, status);
      origin.behave = (_, reply) => reply.answer(200, {}, 'clean');
      assert.equal((await flink.get(`${url}?next`)).text, 'clean');
    }
  });

  await t.test('chunks that break off are no whole, whoever waits', async () => {
    const { url } = rows(first({ framing: 'chunked', etag: undefined, breakAt: 5 * MiB }), first());
    isNotWhole(await outcome(get(url)));
    isWhole(await get(url));
  });

  await t.test(
    'chunks that are none, sizes beyond reason, heads that never end: an error, and the next is served',
    async () => {
      const bad = [
        'HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello',
        'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
        'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello',
        'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        `HTTP/1.1 200 OK\r\n${`X-Many: ${'x'.repeat(1000)}\r\n`.repeat(200)}\r\n`,
        'HTTP/1.1 999999 OK\r\n\r\n',
        'HTTP/1.1 20 OK\r\n\r\n',
        'ICY 200 OK\r\n\r\n',
        'SSH-2.0-OpenSSH_9.2\r\n',
        '\u0000\u0001\u0002\r\n\r\n',
        `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`,
      ];
      for (const octets of bad) {
        const { url, asked } = rows(async (_, reply) => {
          await reply.send(octets);
          reply.close();
        });
        const got = await outcome(flink.get(url, {}, { patienceMs: 5000 }));
        assert.doesNotMatch(String(got), /in vain/, octets.slice(0, 60));
        isNotWhole(got);
        if (!(got instanceof Error) && got.status < 500) assert.equal(got.ended, 'cut', octets.slice(0, 60));
        assert.ok(asked.length <= 3, octets.slice(0, 60));
        origin.behave = (_, reply) => reply.answer(200, {}, 'fine');
        assert.equal((await flink.get(`${url}/next`)).text, 'fine');
      }
    },
  );

  await t.test('content that is garbled right behind its head: an end, not a wait', async () => {
    for (const octets of ['xyz\r\nabc\r\n0\r\n\r\n', 'ffffffffffffffffff\r\nabc'])
      for (const kept of ['', 'Cache-Control: max-age=60\r\n'])
        for (const method of ['GET', 'POST']) {
          const { url } = rows(async (_, reply) => {
            await reply.send(`HTTP/1.1 200 OK\r\n${kept}Transfer-Encoding: chunked\r\n\r\n${octets}`);
            reply.close();
          });
          isNotWhole(await outcome(flink.ask({ method, url }, { patienceMs: 3000 })));
        }
  });

  await t.test('a kept connection that the origin closes just then is no fault of the client', async () => {
    const { url } = rows((_, reply) => {
      reply.answer(200, {}, 'one');
      reply.close();
    });
    for (let n = 0; n < 20; n++) assert.equal((await flink.get(`${url}?${n}`)).text, 'one');
  });

  await t.test('one that breaks off again and again with nothing new is given up', async () => {
    isNotWhole(await givingUp);
    assert.ok(hopeless.requests.length > 2 && hopeless.requests.length <= 12, String(hopeless.requests.length));
  });

  await t.test('a request that may not be sent twice is not (RFC 9110 §9.2.2)', async () => {
    const { url, asked } = rows((_, reply) => reply.reset());
    assert.ok((await flink.ask({ method: 'POST', url, body: 'pay' })).status >= 500);
    assert.equal(asked.length, 1);
  });
});

test('kill -9 in the middle of many: no wrong octet afterwards, and what was there already is used', async (t) => {
  const content = new Seeded('survivor', 48 * MiB);
  const expected = content.whole();
  const gate = new Gate();
  const before = (position: number): Promise<void> | undefined => (position >= 32 * MiB ? gate.opened : undefined);
  const origin = await openOrigin(t, keeps(content, { etag: '"survivor"', before }));
  const flink = await startProxy(t, { allow: [origin] });
  const url = `${origin.url}/survivor.iso`;
  const small = `${origin.url}/small`;
  const asking = async (): Promise<Wire> => {
    const wire = await flink.wire(comparing(expected));
    wire.send(requestFor('GET', url));
    return wire;
  };
  const served = origin.behave;
  origin.behave = (_, reply) => reply.answer(200, CACHED, 'small');
  assert.equal((await flink.get(small)).text, 'small');
  origin.behave = served;
  const wires = await Promise.all(Array.from({ length: 5 }, asking));
  await Promise.all(wires.map((wire) => wire.until('what has come', () => wire.contentBytes >= 31 * MiB)));
  await flink.kill();
  gate.open();
  for (const wire of wires) {
    const got = await wire.next();
    assert.equal(got.ended, 'cut');
  }
  await flink.start();
  const since = origin.requests.length;
  const again = await Promise.all(Array.from({ length: 5 }, () => flink.get(url, {}, comparing(expected))));
  for (const { status, bytes, ended } of again)
    assert.deepEqual([status, bytes, ended], [200, content.sizeBytes, 'length']);
  const asked = origin.requests.slice(since);
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.field('if-range'), '"survivor"');
  const [, from] = /^bytes=(\d+)-$/.exec(asked[0]?.field('range') ?? '') ?? [];
  assert.ok(Number(from) >= 16 * MiB, asked[0]?.field('range'));
  // What was whole stands, and is not asked for.
  origin.behave = (_, reply) => reply.answer(200, CACHED, 'anew');
  assert.equal((await flink.get(small)).text, 'small');
});

test('kill -9 in the middle, and another object when it is back: never of both', async (t) => {
  const content = new Seeded('before', 24 * MiB);
  const after = new Seeded('after', 24 * MiB);
  const stuck = (position: number): Promise<void> | undefined =>
    position >= 16 * MiB ? new Promise(() => {}) : undefined;
  const origin = await openOrigin(t, keeps(content, { etag: '"before"', before: stuck }));
  const flink = await startProxy(t, { allow: [origin] });
  const url = `${origin.url}/replaced.iso`;
  const wire = await flink.wire(comparing(content.whole()));
  wire.send(requestFor('GET', url));
  await wire.until('what has come', () => wire.contentBytes >= 15 * MiB);
  await flink.kill();
  await flink.start();
  origin.behave = keeps(after, { etag: '"after"' });
  const got = await flink.get(url, {}, comparing(after.whole()));
  assert.deepEqual([got.status, got.bytes, got.field('etag')], [200, after.sizeBytes, '"after"']);
});

test('SIGTERM in the middle: no octet is wrong, and it ends soon with a good word', async (t) => {
  const content = new Seeded('leaving', 8 * MiB);
  const gate = new Gate();
  const before = (position: number): Promise<void> | undefined => (position >= 4 * MiB ? gate.opened : undefined);
  const origin = await openOrigin(t, keeps(content, { etag: '"leaving"', before }));
  const flink = await startProxy(t, { allow: [origin] });
  const wire = await flink.wire(comparing(content.whole()));
  wire.send(requestFor('GET', `${origin.url}/leaving.iso`));
  await wire.until('what has come', () => wire.contentBytes >= 3 * MiB);
  const idle = await flink.wire();
  const stopped = flink.stop();
  await eventually('it listens no more', async () => {
    const other = await flink.wire().catch(() => undefined);
    other?.close();
    return other === undefined;
  });
  gate.open();
  const got = await wire.next();
  assert.ok(got.ended === 'cut' || got.bytes === content.sizeBytes);
  await idle.ended();
  assert.equal(await stopped, 0);
});
