/** What a connection of a client becomes, and that it is nobody else's: HTTP, a tunnel, or closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errnoOf } from '../../src/core/errors.ts';
import { requestFor } from '../support/httpask.ts';
import { openOrigin } from '../support/origin.ts';
import { eventually, Gate } from '../support/proxychecks.ts';
import { startProxy } from '../support/proxyflink.ts';

const NO_STORE = { 'Cache-Control': 'no-store' };

test('connections of clients', async (t) => {
  const origin = await openOrigin(t, (_, reply) => reply.answer(200, NO_STORE, 'here'));
  const far = await openOrigin(t, (_, reply) => reply.answer(200, NO_STORE, 'far'));
  const flink = await startProxy(t, { allow: [origin, far] });
  const place = `127.0.0.1:${far.at.port}`;
  const connect = `CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`;
  t.beforeEach(() => {
    origin.behave = (_, reply) => reply.answer(200, NO_STORE, 'here');
  });

  await t.test('octets of a tunnel are no request of whoever got its parser', async () => {
    const tunnel = await flink.wire();
    tunnel.send(connect, 'CONNECT');
    assert.equal((await tunnel.next()).status, 200);
    const other = await flink.wire();
    other.send(requestFor('GET', `${origin.url}/before`));
    assert.equal((await other.next()).text, 'here');
    const before = other.receivedBytes;
    tunnel.send(requestFor('GET', '/tunnelled', { Host: place }));
    await far.request(1);
    await eventually('the answer through the tunnel', () => tunnel.raw.includes('far'));
    assert.deepEqual([other.receivedBytes, other.isEnded], [before, false]);
    other.send(requestFor('GET', `${origin.url}/after`));
    assert.equal((await other.next()).text, 'here');
    assert.deepEqual(origin.asked(), ['GET /before', 'GET /after']);
  });

  await t.test(
    'a CONNECT behind a request that is being answered is not answered before it (RFC 9112 §9.3.2)',
    async () => {
      const gate = new Gate();
      origin.behave = async (_, reply) => {
        await gate.opened;
        reply.answer(200, NO_STORE, 'late');
      };
      const wire = await flink.wire();
      wire.send(requestFor('GET', `${origin.url}/slow`));
      wire.send(connect);
      await wire.ended();
      assert.equal(wire.receivedBytes, 0);
      gate.open();
    },
  );

  for (const control of ['no-store', 'max-age=60']) {
    await t.test(
      `what breaks off looks so to a client of HTTP/1.0, for which the end of the connection is that of the content: ${control}`,
      async () => {
        const gate = new Gate();
        origin.behave = async (_, reply) => {
          await reply.send(
            `HTTP/1.1 200 OK\r\nCache-Control: ${control}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
          );
          await gate.opened;
          reply.reset();
        };
        const wire = await flink.wire();
        let code: unknown;
        wire.socket.on('error', (error) => {
          code = errnoOf(error);
        });
        wire.send(`GET ${origin.url}/old/${control} HTTP/1.0\r\nHost: ${new URL(origin.url).host}\r\n\r\n`);
        await wire.until('the beginning', () => wire.contentBytes === 5);
        gate.open();
        await wire.ended();
        assert.equal(code, 'ECONNRESET');
      },
    );
  }

  await t.test('what is kept of an error has its type', async () => {
    origin.behave = (_, reply) =>
      reply.answer(404, { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/x-a' }, 'no');
    for (let i = 0; i < 2; i++) {
      const { status, text, field } = await flink.get(`${origin.url}/gone`);
      assert.deepEqual([status, text, field('content-type')], [404, 'no', 'text/x-a']);
    }
  });

  await t.test('a 204 has no length, whatever its origin says (RFC 9110 §8.6)', async () => {
    origin.behave = async (_, reply) => {
      await reply.send('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n');
      reply.end();
    };
    const { status, field } = await flink.get(`${origin.url}/nothing`);
    assert.deepEqual([status, field('content-length')], [204, undefined]);
  });

  await t.test('who ends before it asks is let go', async () => {
    const wire = await flink.wire();
    wire.end();
    await wire.ended();
  });
});
