/** Requests that two readers could take for two things: one request at the origin for each that was accepted, none for what was refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openOrigin } from '../support/origin.ts';
import { startProxy } from '../support/proxyflink.ts';

/** What hides in it: it must never be asked for. */
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: hidden\r\n\r\n';

interface Case {
  readonly name: string;
  /** `{U}`: the origin's URL, `{H}`: its host and port. */
  readonly request: string;
  /** Whether it is in order after all, and what the origin reads then. */
  readonly accepted?: string;
}

const post = (lines: string, body: string): string => `POST {U}/x HTTP/1.1\r\nHost: {H}\r\n${lines}\r\n\r\n${body}`;
const chunked = (coding: string): string => post(`Transfer-Encoding: ${coding}`, `0\r\n\r\n${HIDDEN}`);
const length = (value: string): string => post(`Content-Length: ${value}`, `abc${HIDDEN}`);

const cases: readonly Case[] = [
  { name: 'CL.TE', request: post('Content-Length: 6\r\nTransfer-Encoding: chunked', `0\r\n\r\n${HIDDEN}`) },
  {
    name: 'TE.CL',
    request: post('Transfer-Encoding: chunked\r\nContent-Length: 3', `8\r\nabcdefgh\r\n0\r\n\r\n${HIDDEN}`),
  },
  { name: 'two lengths', request: post('Content-Length: 3\r\nContent-Length: 4', `abc${HIDDEN}`) },
  { name: 'a list of lengths', request: length('3, 4') },
  { name: 'a length with a sign', request: length('+3') },
  { name: 'a negative length', request: length('-3') },
  { name: 'a length in hex', request: length('0x3') },
  { name: 'a length with a space in it', request: length('3 3') },
  { name: 'a length with a comma alone', request: length('3,') },
  { name: 'no length', request: length('') },
  { name: 'a length of words', request: length('three') },
  { name: 'a length beyond reason', request: length('99999999999999999999999') },
  { name: 'white space before the colon', request: post('Content-Length : 3', `abc${HIDDEN}`) },
  { name: 'white space before the colon of TE', request: post('Transfer-Encoding : chunked', `0\r\n\r\n${HIDDEN}`) },
  { name: 'a folded line', request: post('X: y\r\n Content-Length: 3', HIDDEN) },
  { name: 'TE on a folded line', request: post('Transfer-Encoding:\r\n chunked', `0\r\n\r\n${HIDDEN}`) },
  { name: 'a bare LF between lines', request: post('X: y\nContent-Length: 3', `abc${HIDDEN}`) },
  { name: 'a bare CR in a value', request: post('X: y\rContent-Length: 3', HIDDEN) },
  { name: 'NUL in a value', request: post('X: a\u0000b', HIDDEN) },
  { name: 'NUL in a name', request: post('X\u0000Y: b', HIDDEN) },
  { name: 'a name that is none', request: post('X Y: b', HIDDEN) },
  { name: 'a line without a colon', request: post('Nothing', HIDDEN) },
  { name: 'an empty name', request: post(': b', HIDDEN) },
  { name: 'TE: identity', request: chunked('identity') },
  { name: 'TE: xchunked', request: chunked('xchunked') },
  { name: 'TE: chunked, identity', request: chunked('chunked, identity') },
  { name: 'TE: chunked, gzip', request: chunked('chunked, gzip') },
  { name: 'TE: gzip, chunked', request: chunked('gzip, chunked') },
  {
    name: 'TE: chunked twice',
    request: post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', `0\r\n\r\n${HIDDEN}`),
  },
  { name: 'TE: chunked; x=y', request: chunked('chunked;x=y') },
  { name: 'TE: "chunked"', request: chunked('"chunked"') },
  { name: 'TE: vertical tab', request: chunked('\u000bchunked') },
  {
    name: 'TE with HTTP/1.0',
    request: `POST {U}/x HTTP/1.0\r\nHost: {H}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  },
  {
    name: 'a chunk size with an underscore',
    request: post('Transfer-Encoding: chunked', `0_3\r\nabc\r\n0\r\n\r\n${HIDDEN}`),
  },
  { name: 'a chunk size with 0x', request: post('Transfer-Encoding: chunked', `0x3\r\nabc\r\n0\r\n\r\n${HIDDEN}`) },
  { name: 'a negative chunk size', request: post('Transfer-Encoding: chunked', `-3\r\nabc\r\n0\r\n\r\n${HIDDEN}`) },
  {
    name: 'a chunk size beyond 64 bits',
    request: post('Transfer-Encoding: chunked', `10000000000000003\r\nabc\r\n0\r\n\r\n${HIDDEN}`),
  },
  { name: 'a chunk that ends with LF alone', request: post('Transfer-Encoding: chunked', `3\nabc\n0\n\n${HIDDEN}`) },
  {
    name: 'a chunk longer than its size',
    request: post('Transfer-Encoding: chunked', `3\r\nabcdef\r\n0\r\n\r\n${HIDDEN}`),
  },
  {
    name: 'a bare CR in a chunk extension',
    request: post('Transfer-Encoding: chunked', `3;a\rb\r\nabc\r\n0\r\n\r\n${HIDDEN}`),
  },
  {
    name: 'a bare LF in a chunk extension',
    request: post('Transfer-Encoding: chunked', `3;a\nb\r\nabc\r\n0\r\n\r\n${HIDDEN}`),
  },
  { name: 'two Hosts', request: `GET {U}/x HTTP/1.1\r\nHost: {H}\r\nHost: hidden\r\n\r\n` },
  { name: 'Host and the URL differ', request: `GET {U}/x HTTP/1.1\r\nHost: hidden.invalid\r\n\r\n` },
  { name: 'Host with a list', request: `GET {U}/x HTTP/1.1\r\nHost: {H}, hidden\r\n\r\n` },
  { name: 'Host with a path', request: `GET {U}/x HTTP/1.1\r\nHost: {H}/hidden\r\n\r\n` },
  { name: 'Host with a user', request: `GET {U}/x HTTP/1.1\r\nHost: hidden@{H}\r\n\r\n` },
  { name: 'a user in the URL', request: `GET http://hidden@{H}/x HTTP/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'a fragment', request: `GET {U}/x#/../hidden HTTP/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'a space in the URL', request: `GET {U}/x HTTP/1.1 HTTP/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'a tab in the URL', request: `GET {U}/x\ty HTTP/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'a bare CR in the URL', request: `GET {U}/x\rHost:hidden HTTP/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'NUL in the URL', request: `GET {U}/x\u0000y HTTP/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'octets above 127 in the URL', request: `GET {U}/x\u00e9 HTTP/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'a backslash before the host', request: `GET http:\\\\{H}/x HTTP/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'HTTP/2.0', request: `GET {U}/x HTTP/2.0\r\nHost: {H}\r\n\r\n` },
  { name: 'HTTP/1.9', request: `GET {U}/x HTTP/1.9\r\nHost: {H}\r\n\r\n` },
  { name: 'HTTP/0.9', request: `GET {U}/x\r\n\r\n` },
  { name: 'http in small letters', request: `GET {U}/x http/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'PRI of HTTP/2', request: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
  { name: 'a method of two words', request: `GET X {U}/x HTTP/1.1\r\nHost: {H}\r\n\r\n` },
  { name: 'an empty line with a space', request: `GET {U}/x HTTP/1.1\r\nHost: {H}\r\n \r\n${HIDDEN}` },
  { name: 'the same length twice', request: post('Content-Length: 3\r\nContent-Length: 3', 'abc') },
  {
    name: 'GET with content',
    request: 'GET {U}/x HTTP/1.1\r\nHost: {H}\r\nContent-Length: 3\r\n\r\nabc',
    accepted: 'abc',
  },
  {
    name: 'chunk extensions',
    request: post('Transfer-Encoding: chunked', '3;a=b;c="d\\"e"\r\nabc\r\n0;f\r\n\r\n'),
    accepted: 'abc',
  },
  {
    name: 'Transfer-Encoding in odd letters',
    request: post('tRANSFER-eNCODING: CHUNKED', '3\r\nabc\r\n0\r\n\r\n'),
    accepted: 'abc',
  },
  { name: 'zeros before a length', request: post('Content-Length: 0003', 'abc'), accepted: 'abc' },
  { name: 'empty lines before the request', request: `\r\n\r\n${post('Content-Length: 3', 'abc')}`, accepted: 'abc' },
];

test('smuggling', async (t) => {
  const origin = await openOrigin(t, (_, reply) => reply.answer(200, { 'Cache-Control': 'no-store' }, 'answer'));
  const beside = await openOrigin(t, (_, reply) => reply.answer(200, {}, 'beside'));
  const flink = await startProxy(t, { allow: [origin, beside] });
  const host = `${origin.at.address}:${origin.at.port}`;

  for (const { name, request, accepted } of cases)
    await t.test(`${name} is ${accepted === undefined ? 'refused, or read one way only' : 'in order'}`, async () => {
      const since = origin.requests.length;
      const wire = await flink.wire();
      wire.send(request.replaceAll('{U}', origin.url).replaceAll('{H}', host));
      const coming = wire.next().catch(() => undefined);
      // Some wait for more, which never comes: who asks meanwhile is answered, and then it is over.
      for (let n = 0; n < 3; n++) await flink.get(`${beside.url}/${n}`);
      if (accepted === undefined) wire.end();
      const answer = await coming;
      wire.close();
      const asked = origin.requests.slice(since);
      assert.ok(
        asked.every(({ target }) => target.startsWith('/x')),
        asked.map(({ start }) => start).join(),
      );
      if (accepted !== undefined) {
        assert.deepEqual([answer?.status, asked.map(({ body }) => body.toString())], [200, [accepted]]);
        return;
      }
      assert.ok(asked.length <= 1);
      if (answer === undefined || answer.status >= 400) {
        assert.equal(asked.length, 0, `refused with ${answer?.status}, and asked all the same`);
        return;
      }
      // Lenient reading is allowed where it is one reading: the origin must see it without the doubt.
      const [{ raw = '', lines = [] } = {}] = asked;
      const framing = lines.filter(([field]) => /^(content-length|transfer-encoding|host)$/i.test(field));
      assert.equal(new Set(framing.map(([field]) => field.toLowerCase())).size, framing.length, raw);
      assert.ok(!/transfer-encoding/i.test(raw) || !/content-length/i.test(raw), raw);
      assert.doesNotMatch(raw, /hidden|[^\r]\n|\r[^\n]|\u0000/, raw);
      assert.fail(`accepted: ${JSON.stringify(raw)}`);
    });

  await t.test('what the origin is sent is written anew, never the octets that came', async () => {
    const wire = await flink.wire();
    wire.send(`GET ${origin.url}/anew HTTP/1.1\r\nhost:${host}\r\nX-Spaces:   a   \r\nX-Empty:\r\n\r\n`);
    assert.equal((await wire.next()).status, 200);
    const raw = origin.requests.at(-1)?.raw ?? '';
    assert.match(raw, /^GET \/anew HTTP\/1\.1\r\nHost: /);
    assert.match(raw, /\r\nX-Spaces: a\r\nX-Empty: ?\r\n/);
  });

  await t.test('a fat GET and a GET are not the same: content is never part of what is kept', async () => {
    origin.behave = (request, reply) =>
      reply.answer(200, { 'Cache-Control': 'max-age=600' }, `for ${request.body.toString() || 'nobody'}`);
    const url = `${origin.url}/fat`;
    assert.equal((await flink.ask({ url, body: 'poison' })).text, 'for poison');
    assert.equal((await flink.get(url)).text, 'for nobody');
    assert.equal((await flink.get(url)).text, 'for nobody');
  });

  await t.test(
    'fields that are no part of the key do not poison it where the origin is silent about them',
    async () => {
      origin.behave = (request, reply) =>
        reply.answer(200, { 'Cache-Control': 'max-age=600' }, request.field('x-http-method-override') ?? 'plain');
      const url = `${origin.url}/override`;
      await flink.get(url);
      assert.equal((await flink.get(url, { 'X-HTTP-Method-Override': 'DELETE' })).text, 'plain');
    },
  );

  await t.test('paths are not put in order: /a and /b/../a are two objects', async () => {
    origin.behave = (request, reply) => reply.answer(200, { 'Cache-Control': 'max-age=600' }, request.target);
    for (const path of ['/a', '/b/../a', '/%61', '/./a', '//a', '/a?', '/A'])
      assert.equal((await flink.get(`${origin.url}${path}`)).text, path);
  });
});
