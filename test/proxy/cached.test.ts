/** What is told from the cache, by request and answer, through the doors: ranges, conditions, variants, stale, purge. RFC 9110, RFC 9111, RFC 5861. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CacheReport } from '../../src/core/cachereport.ts';
import { type Received, requestFor } from '../support/httpask.ts';
import { type Fields, type OriginRequest, openOrigin, type Reply } from '../support/origin.ts';
import { Seeded, serve } from '../support/origincontent.ts';
import { eventually, keeps } from '../support/proxychecks.ts';
import { type Request, startProxy } from '../support/proxyflink.ts';

const MODIFIED = 'Sat, 03 Oct 2020 10:00:00 GMT';
const HOUR = 'max-age=3600';

test('cached', async (t) => {
  const origin = await openOrigin(t, () => {});
  const flink = await startProxy(t, { allow: [origin] });
  const content = new Seeded('object', 300_000);
  const all = content.whole();
  let serial = 0;
  /** What came is on the disk. */
  const settled = (): Promise<void> => eventually('it is kept', async () => (await flink.report()).fetches === 0);
  const asks = async (request: Request): Promise<Received> => {
    const got = await flink.ask(request);
    await settled();
    return got;
  };
  const get = (url: string, fields: Readonly<Record<string, string>> = {}): Promise<Received> => asks({ url, fields });

  /** A path of its own; how often it is asked for. */
  const at = (behave: (request: OriginRequest, reply: Reply, nth: number) => void | Promise<void>) => {
    const url = `${origin.url}/object${++serial}`;
    const asked: OriginRequest[] = [];
    origin.behave = (request, reply) => {
      asked.push(request);
      return behave(request, reply, asked.length);
    };
    return { url, asked };
  };
  const answers = (fields: Fields, body = 'body') => at((_, reply, nth) => reply.answer(200, fields, `${body} ${nth}`));
  const kept = () => at(keeps(content, { etag: '"object"', lastModified: MODIFIED }));

  const shared: readonly (readonly [fields: Fields, isKept: boolean, why: string])[] = [
    [{ 'Cache-Control': HOUR }, true, 'max-age'],
    [{ 'Cache-Control': 's-maxage=3600, max-age=0' }, true, 's-maxage'],
    [{ 'Cache-Control': 'public, max-age=3600' }, true, 'public'],
    [{ Expires: new Date(Date.now() + 3_600_000).toUTCString() }, true, 'Expires'],
    [{ 'Last-Modified': MODIFIED }, true, 'by heuristic'],
    [{ 'Cache-Control': 'no-store, max-age=3600' }, false, 'no-store'],
    [{ 'Cache-Control': 'private, max-age=3600' }, false, 'private'],
    [{ 'Cache-Control': 'no-cache, max-age=3600' }, false, 'no-cache'],
    [{ 'Cache-Control': 'max-age=0' }, false, 'max-age=0'],
    [{ Expires: '0' }, false, 'Expires: 0'],
    [{ 'Cache-Control': HOUR, Age: '3700' }, false, 'older than it may be'],
    [{ 'Cache-Control': HOUR, Vary: '*' }, false, 'Vary: *'],
    [{}, false, 'nothing'],
    [{ 'Cache-Control': HOUR, 'Set-Cookie': 'a=b' }, true, 'Set-Cookie beside max-age (RFC 9111 §7.3)'],
  ];
  for (const [fields, isKept, why] of shared)
    await t.test(`${isKept ? 'told from the cache' : 'asked for again'}: ${why}`, async () => {
      const { url, asked } = answers(fields);
      assert.equal((await get(url)).text, 'body 1');
      const again = await get(url);
      assert.deepEqual([again.text, asked.length], isKept ? ['body 1', 1] : ['body 2', 2]);
      // An origin that is a cache itself says its own.
      if (isKept || fields.Age === undefined) assert.equal(again.field('age') !== undefined, isKept);
    });

  await t.test(
    'told from the cache: that there is no content (RFC 9110 §15.3.5), and content of no octets',
    async () => {
      for (const status of [204, 200]) {
        const { url, asked } = at((_, reply) => reply.answer(status, { 'Cache-Control': HOUR }));
        const answers = [await get(url), await get(url)];
        assert.deepEqual(
          answers.map((answer) => [answer.status, answer.bytes, answer.field('age') !== undefined]),
          [
            [status, 0, false],
            [status, 0, true],
          ],
        );
        assert.equal(asked.length, 1);
      }
    },
  );

  await t.test('a request that wants it new is asked for: no-cache, max-age=0; no-store is not kept', async () => {
    for (const wants of ['no-cache', 'max-age=0', 'no-store']) {
      const { url, asked } = answers({ 'Cache-Control': HOUR });
      await get(url);
      await get(url, { 'Cache-Control': wants });
      assert.equal(asked.length, 2, wants);
    }
  });

  await t.test(
    'who has had the last octet finds it kept: the next request is told so, or asks about it, as ever',
    async () => {
      for (let n = 0; n < 10; n++) {
        const { url, asked } = answers({ 'Cache-Control': HOUR });
        const wire = await flink.wire();
        const ask = (fields = {}): Promise<Received> => {
          wire.send(requestFor('GET', url, fields));
          return wire.next();
        };
        await ask();
        assert.notEqual((await ask({ 'Cache-Control': 'only-if-cached' })).status, 504);
        assert.equal((await ask({ 'Cache-Control': 'no-cache' })).text, 'body 2');
        assert.equal((await flink.ask({ method: 'HEAD', url })).status, 200);
        assert.equal(asked.length, 2);
      }
    },
  );

  await t.test('only-if-cached: what is there, or 504 and nobody asked (RFC 9111 §5.2.1.7)', async () => {
    const { url, asked } = answers({ 'Cache-Control': HOUR });
    assert.deepEqual([(await get(url, { 'Cache-Control': 'only-if-cached' })).status, asked.length], [504, 0]);
    await get(url);
    assert.equal((await get(url, { 'Cache-Control': 'only-if-cached' })).text, 'body 1');
  });

  const ranges: readonly (readonly [range: string, from: number, to: number])[] = [
    ['bytes=0-0', 0, 1],
    ['bytes=100-199', 100, 200],
    ['bytes=299999-', 299_999, 300_000],
    ['bytes=-1', 299_999, 300_000],
    ['bytes=-999999', 0, 300_000],
    ['bytes=200000-999999', 200_000, 300_000],
  ];
  for (const isCached of [true, false])
    await t.test(`ranges of one that is ${isCached ? '' : 'not '}there`, async () => {
      for (const [range, from, to] of ranges) {
        const { url } = kept();
        if (isCached) assert.equal((await get(url)).bytes, 300_000);
        const got = await get(url, { Range: range });
        assert.deepEqual(
          [got.status, got.field('content-range'), got.field('etag')],
          [206, `bytes ${from}-${to - 1}/300000`, '"object"'],
          range,
        );
        assert.ok(got.body.equals(all.subarray(from, to)), range);
        // And no part is ever told as the whole.
        const whole = await get(url);
        assert.deepEqual([whole.status, whole.body.equals(all)], [200, true]);
      }
    });

  await t.test('a part of what is not there brings the whole, once: later parts and the whole are there', async () => {
    const { url, asked } = kept();
    const parts = await Promise.all(
      ['bytes=0-99999', 'bytes=100000-199999', 'bytes=-100000'].map((range) => get(url, { Range: range })),
    );
    assert.deepEqual(
      parts.map(({ status }) => status),
      [206, 206, 206],
    );
    assert.ok(Buffer.concat(parts.map(({ body }) => body)).equals(all));
    assert.equal((await get(url, { Range: 'bytes=5-9' })).status, 206);
    assert.equal((await get(url)).bytes, 300_000);
    assert.equal(asked.length, 1);
  });

  await t.test('ranges: several, none that is there, words that are none, another unit, If-Range', async () => {
    const { url, asked } = kept();
    await get(url);
    const many = await get(url, { Range: 'bytes=0-4,100-104' });
    assert.match(many.field('content-type') ?? '', /^multipart\/byteranges; *boundary=/);
    assert.ok(many.body.includes(all.subarray(0, 5)) && many.body.includes(all.subarray(100, 105)));
    const none = await get(url, { Range: 'bytes=300000-' });
    assert.deepEqual([none.status, none.field('content-range')], [416, 'bytes */300000']);
    for (const range of ['bytes=5-4', 'bytes=a-b', 'lines=1-2', 'bytes='])
      assert.equal((await get(url, { Range: range })).status, 200, range);
    assert.equal((await get(url, { Range: 'bytes=0-9', 'If-Range': '"object"' })).status, 206);
    assert.equal((await get(url, { Range: 'bytes=0-9', 'If-Range': '"other"' })).status, 200);
    assert.equal((await get(url, { Range: 'bytes=0-9', 'If-Range': 'W/"object"' })).status, 200);
    assert.equal((await get(url, { Range: 'bytes=0-9', 'If-Range': 'Sun, 04 Oct 2020 10:00:00 GMT' })).status, 200);
    assert.equal((await get(url, { Range: `bytes=${'0-0,'.repeat(5000)}1-1` })).bytes <= 400_000, true);
    assert.equal(asked.length, 1);
  });

  await t.test(
    'conditions are answered here: 304 for who has it, 200 for who has another, 412 where that is meant',
    async () => {
      const { url, asked } = kept();
      await get(url);
      for (const [fields, status] of [
        [{ 'If-None-Match': '"object"' }, 304],
        [{ 'If-None-Match': '"a", W/"object"' }, 304],
        [{ 'If-None-Match': '*' }, 304],
        [{ 'If-None-Match': '"other"' }, 200],
        [{ 'If-Modified-Since': MODIFIED }, 304],
        [{ 'If-Modified-Since': 'Fri, 02 Oct 2020 10:00:00 GMT' }, 200],
        [{ 'If-None-Match': '"other"', 'If-Modified-Since': MODIFIED }, 200],
        [{ 'If-Modified-Since': 'nonsense' }, 200],
      ] as const)
        assert.equal((await get(url, fields as Record<string, string>)).status, status, JSON.stringify(fields));
      assert.equal(asked.length, 1);
    },
  );

  await t.test('HEAD is told from what a GET brought; a HEAD brings nothing that a GET could be told', async () => {
    const one = kept();
    await get(one.url);
    const head = await asks({ method: 'HEAD', url: one.url });
    assert.deepEqual([head.status, head.field('content-length'), head.bytes, one.asked.length], [200, '300000', 0, 1]);
    const two = kept();
    await asks({ method: 'HEAD', url: two.url });
    assert.equal((await get(two.url)).bytes, 300_000);
  });

  await t.test('HEAD of what is old is told as a GET is from then on (RFC 9110 §9.3.2, RFC 9111 §4.3.5)', async () => {
    const { url, asked } = at((_, reply, nth) =>
      nth === 1
        ? reply.answer(200, { 'Cache-Control': 'max-age=0', ETag: '"v1"', 'X-Old': 'yes' }, 'body')
        : reply.answer(200, { 'Cache-Control': HOUR, ETag: '"v1"', 'X-New': 'yes' }, 'body'),
    );
    await get(url);
    for (const method of ['HEAD', 'GET']) {
      const { status, field } = await asks({ method, url });
      assert.deepEqual(
        [status, field('x-old'), field('x-new'), field('content-length')],
        [200, 'yes', 'yes', '4'],
        method,
      );
    }
    assert.equal(asked.length, 2);
  });

  await t.test('what was old when it came is told so at once, as it is ever after (RFC 9111 §4.2.3)', async () => {
    const { url } = answers({ 'Cache-Control': HOUR, Date: new Date(Date.now() - 60_000).toUTCString() });
    for (const text of ['body 1', 'body 1']) {
      const got = await get(url);
      assert.deepEqual([got.text, Number(got.field('age')) >= 60], [text, true]);
    }
  });

  await t.test('what is old is asked about: 304 makes it new with its new fields, 200 replaces it', async () => {
    const { url, asked } = at((request, reply, nth) => {
      if (nth === 2) reply.answer(304, { ETag: '"v1"', 'Cache-Control': HOUR, 'X-New': 'yes' });
      else reply.answer(200, { ETag: '"v1"', 'Cache-Control': 'max-age=0' }, `body ${nth}`);
      if (nth === 2) assert.equal(request.field('if-none-match'), '"v1"');
    });
    await get(url);
    const made = await get(url);
    assert.deepEqual([made.status, made.text, made.field('x-new')], [200, 'body 1', 'yes']);
    assert.equal((await get(url)).text, 'body 1');
    assert.equal(asked.length, 2);
    const other = at((_, reply, nth) =>
      reply.answer(200, { ETag: `"v${nth}"`, 'Cache-Control': 'max-age=0' }, `body ${nth}`),
    );
    await get(other.url);
    assert.equal((await get(other.url)).text, 'body 2');
    assert.equal(other.asked[1]?.field('if-none-match'), '"v1"');
  });

  await t.test('Vary: each its own, none for somebody else; a thousand do not fill the cache', async () => {
    const { url, asked } = at((request, reply) =>
      reply.answer(
        200,
        { 'Cache-Control': HOUR, Vary: 'Accept-Language, X-Kind' },
        `${request.field('accept-language')}/${request.field('x-kind')}`,
      ),
    );
    const told = async (language: string, kind: string): Promise<string> =>
      (await get(url, { 'Accept-Language': language, 'X-Kind': kind })).text;
    for (let round = 0; round < 2; round++)
      for (const language of ['es', 'en'])
        for (const kind of ['a', 'b']) assert.equal(await told(language, kind), `${language}/${kind}`);
    assert.equal(asked.length, 4);
    assert.equal((await get(url)).text, 'undefined/undefined');
    const before = await flink.report();
    for (let n = 0; n < 1000; n++) assert.equal(await told('es', `k${n}`), `es/k${n}`);
    const after = await flink.report();
    assert.ok(after.store.entries - before.store.entries <= 128, `${after.store.entries - before.store.entries}`);
  });

  await t.test(
    'what is old is better than nothing where the origin is gone or ill (RFC 5861 §4), unless it may not be',
    async () => {
      for (const [control, fault, want] of [
        ['max-age=0, stale-if-error=600', 503, 'body 1'],
        ['max-age=0, stale-if-error=600', 'reset', 'body 1'],
        ['max-age=0', 'reset', 'body 1'],
        ['max-age=0, must-revalidate', 'reset', undefined],
        ['max-age=0, s-maxage=0', 'reset', undefined],
        ['max-age=0, proxy-revalidate', 'reset', undefined],
      ] as const) {
        const { url } = at((_, reply, nth) => {
          if (nth === 1) reply.answer(200, { ETag: '"1"', 'Cache-Control': control }, 'body 1');
          else if (fault === 'reset') reply.reset();
          else reply.answer(fault, {}, 'ill');
        });
        await get(url);
        const got = await get(url);
        if (want === undefined) assert.ok(got.status >= 500, `${control}: ${got.status}`);
        else assert.deepEqual([got.status, got.text], [200, want], `${control} ${fault}`);
      }
    },
  );

  await t.test('stale-while-revalidate: told at once, and new for the next (RFC 5861 §3)', async () => {
    const { url, asked } = at((_, reply, nth) =>
      reply.answer(200, { 'Cache-Control': 'max-age=0, stale-while-revalidate=600', ETag: `"${nth}"` }, `body ${nth}`),
    );
    await get(url);
    assert.equal((await get(url)).text, 'body 1');
    await eventually('it is asked about', () => asked.length === 2);
    await eventually('the new one is told', async () => (await get(url)).text !== 'body 1');
  });

  await t.test('an unsafe request outdates what is kept, where it worked (RFC 9111 §4.4)', async () => {
    for (const [status, isOutdated] of [
      [200, true],
      [204, true],
      [303, true],
      [403, false],
      [500, false],
    ] as const) {
      const { url } = at((request, reply) =>
        reply.answer(
          request.method === 'GET' ? 200 : status,
          { 'Cache-Control': HOUR },
          request.method === 'GET' ? `body ${serial}` : '',
        ),
      );
      await get(url);
      serial++;
      await asks({ method: 'POST', url, body: 'x' });
      assert.equal((await get(url)).text === `body ${serial}`, isOutdated, String(status));
    }
  });

  await t.test('errors: 404 by its max-age, 500 never, redirects by theirs', async () => {
    for (const [status, fields, isKept] of [
      [404, { 'Cache-Control': HOUR }, true],
      [410, { 'Cache-Control': HOUR }, true],
      [301, { 'Cache-Control': HOUR, Location: '/x' }, true],
      [302, { Location: '/x' }, false],
      [302, { 'Cache-Control': HOUR, Location: '/x' }, true],
      [500, {}, false],
      [503, {}, false],
    ] as const) {
      const { url, asked } = at((_, reply) => reply.answer(status, fields));
      for (let n = 0; n < 2; n++) assert.equal((await get(url)).status, status);
      assert.equal(asked.length, isKept ? 1 : 2, `${status} ${JSON.stringify(fields)}`);
    }
  });

  await t.test('206 of the origin is never told as the whole, asked for or not', async () => {
    const { url } = at(async (request, reply) => {
      if (request.field('range') === undefined)
        return serve(request, reply, content, { fields: { 'Cache-Control': HOUR } });
      await reply.head(206, { 'Cache-Control': HOUR, 'Content-Range': 'bytes 0-9/300000', 'Content-Length': '10' });
      await reply.send(content.part(0, 10));
      reply.end();
    });
    await get(url, { Range: 'bytes=0-9' });
    assert.ok((await get(url)).body.equals(all));
    const lie = at((_, reply) => {
      reply.answer(206, { 'Cache-Control': HOUR, 'Content-Range': 'bytes 0-3/300000' }, 'part');
    });
    await get(lie.url);
    assert.notEqual((await get(lie.url)).status, 200);
  });

  await t.test('cache purge forgets it, cache stats has counted; what was not there is said', async () => {
    const { url, asked } = answers({ 'Cache-Control': HOUR });
    await get(url);
    const purged = await flink.command('cache', 'purge', url);
    assert.equal(purged.code, 0, purged.err);
    assert.equal((await get(url)).text, 'body 2');
    assert.equal(asked.length, 2);
    assert.notEqual((await flink.command('cache', 'purge', `${url}-never`)).code, 2);
    assert.equal((await flink.command('cache', 'purge', 'nonsense')).code, 2);
    const stats = await flink.command('cache', 'stats', '--json');
    const { report } = JSON.parse(stats.out) as { readonly report: CacheReport };
    assert.ok((report.answers.hit ?? 0) > 10 && (report.answers.miss ?? 0) > 10, stats.out);
    assert.ok(report.sentBytes > report.broughtBytes && report.broughtBytes > 0, stats.out);
    assert.doesNotMatch(stats.out, /object\d/);
  });

  await t.test('what is kept outlives a restart, and is told with the origin gone', async () => {
    const { url } = kept();
    assert.equal((await get(url)).bytes, 300_000);
    await flink.stop();
    await origin.close();
    await flink.start();
    const got = await get(url);
    assert.deepEqual([got.status, got.body.equals(all)], [200, true]);
    const wire = await flink.wire();
    wire.send(requestFor('GET', url, { Range: 'bytes=5-9' }));
    assert.ok((await wire.next()).body.equals(all.subarray(5, 10)));
  });
});
