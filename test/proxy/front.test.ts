/** What a connection of a client becomes, and that it is nobody else's: HTTP, a tunnel, or closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
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

  await t.test('who ends before it asks is let go', async () => {
    const wire = await flink.wire();
    wire.end();
    await wire.ended();
  });
});
