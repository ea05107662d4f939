/** Clients and origins that are slow, silent, endless or too many: limits hold, an honest client is served, memory stays. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { requestFor, Wire } from '../support/httpask.ts';
import { openOrigin, paths } from '../support/origin.ts';
import { Seeded } from '../support/origincontent.ts';
import { eventually, keeps } from '../support/proxychecks.ts';
import { type ProxyFlink, startProxy } from '../support/proxyflink.ts';

const MiB = 2 ** 20;

/** Resident octets of flink's process. */
function residentBytes(flink: ProxyFlink): number {
  const status = readFileSync(`/proc/${flink.running.child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

/** Loopback has many addresses: a crowd is not one client. */
const address = (n: number): string => `127.0.${1 + Math.floor(n / 200)}.${1 + (n % 200)}`;

test('limits', async (t) => {
  const content = new Seeded('cached', 4 * MiB);
  const origin = await openOrigin(t, (_, reply) => reply.answer(200, { 'Cache-Control': 'max-age=600' }, 'honest'));
  const second = await openOrigin(t, (_, reply) => reply.answer(200, {}, 'second'));
  const flink = await startProxy(t, { allow: [origin, second] });
  const { host } = new URL(origin.url);
  let serial = 0;
  const honest = async (): Promise<void> => {
    assert.equal((await flink.get(`${origin.url}/cached`, {}, { from: '127.0.0.9', patienceMs: 5000 })).text, 'honest');
    assert.equal(
      (await flink.get(`${origin.url}/new${++serial}`, {}, { from: '127.0.0.9', patienceMs: 5000 })).text,
      'honest',
    );
  };
  const usual = origin.behave;
  t.afterEach(() => {
    origin.behave = usual;
  });
  await honest();

  const tooLarge: readonly (readonly [name: string, request: string, statuses: readonly number[]])[] = [
    ['a head of 70 kB', `GET ${origin.url}/ HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, [431]],
    [
      'fields of 70 kB',
      `GET ${origin.url}/ HTTP/1.1\r\nHost: ${host}\r\n${'X-Y: 123456789012345678901234567890123456789\r\n'.repeat(1500)}\r\n`,
      [431],
    ],
    ['300 fields', `GET ${origin.url}/ HTTP/1.1\r\nHost: ${host}\r\n${'X: y\r\n'.repeat(300)}\r\n`, [431]],
    ['a URL of 20 kB', `GET ${origin.url}/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [414, 431]],
    ['a method of 20 kB', `${'X'.repeat(20_000)} ${origin.url}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400, 431, 501]],
    [
      'a host of 5 kB',
      `GET http://${'x.'.repeat(2500)}example/ HTTP/1.1\r\nHost: ${'x.'.repeat(2500)}example\r\n\r\n`,
      [400, 414, 502],
    ],
  ];
  for (const [name, request, statuses] of tooLarge)
    await t.test(`${name} is refused`, async () => {
      const before = origin.requests.length;
      const wire = await flink.wire();
      wire.send(request);
      const { status } = await wire.next();
      assert.ok(statuses.includes(status), String(status));
      assert.equal(origin.requests.length, before);
    });

  await t.test('a head that never ends is cut off, and memory stays', async () => {
    const before = residentBytes(flink);
    const line = Buffer.from(`X-Bomb: ${'x'.repeat(8000)}\r\n`);
    const bombs = await Promise.all(Array.from({ length: 100 }, (_, n) => flink.wire({ from: address(n) })));
    for (const wire of bombs) {
      wire.send(`GET ${origin.url}/ HTTP/1.1\r\nHost: ${host}\r\n`);
      for (let n = 0; n < 40; n++) wire.socket.write(line);
    }
    await honest();
    await Promise.all(bombs.map((wire) => wire.ended()));
    assert.ok(residentBytes(flink) - before < 96 * MiB, `${(residentBytes(flink) - before) / MiB} MiB`);
  });

  await t.test('extensions of chunks and trailers without end are cut off', async () => {
    const head = `POST ${origin.url}/ HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (const octets of [
      `5;${'x'.repeat(40_000)}`,
      `1\r\na\r\n0\r\n${'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(4000)}`,
    ]) {
      const wire = await flink.wire();
      wire.send(head + octets);
      const got = await wire.next().catch(() => undefined);
      assert.ok(got === undefined || got.status >= 400, String(got?.status));
      wire.close();
    }
    await honest();
  });

  await t.test('an origin whose head never ends, or whose content is never told, harms nobody else', async () => {
    const before = residentBytes(flink);
    origin.behave = paths({
      '/head': async (_, reply) => {
        await reply.send('HTTP/1.1 200 OK\r\n');
        for (let n = 0; n < 4000 && (await reply.send(`X-${n}: ${'x'.repeat(1000)}\r\n`)); n++);
      },
      '/interim': async (_, reply) => {
        for (let n = 0; n < 10_000 && (await reply.send('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n')); n++);
      },
      '/cached': usual,
    });
    for (const path of ['/head', '/interim']) {
      const { status } = await flink.get(`${origin.url}${path}`);
      assert.equal(status, 502, path);
    }
    assert.ok(residentBytes(flink) - before < 96 * MiB);
    origin.behave = usual;
    await honest();
  });

  for (const [name, more] of [
    ['an extension of a chunk', '1;'],
    ['trailers', '1\r\na\r\n0\r\n'],
  ] as const)
    await t.test(`${name} of an origin that never ends: whoever asked hears of it`, async () => {
      origin.behave = async (_, reply) => {
        await reply.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${more}`);
        for (let n = 0; n < 4000 && (await reply.send(`X-${n}: ${'x'.repeat(1000)}\r\n`)); n++);
      };
      const got = await flink.get(`${origin.url}/endless${++serial}`, {}, { patienceMs: 4000 }).catch(String);
      assert.doesNotMatch(String(got), /in vain/);
      assert.ok(typeof got === 'string' || got.status === 502 || got.ended === 'cut');
    });

  await t.test(
    '400 requests to an origin that says nothing: who asks another is served; who goes is forgotten',
    async () => {
      const silent = await openOrigin(t, () => {});
      const beside = await startProxy(t, { allow: [origin, silent] });
      const waiting = await Promise.all(Array.from({ length: 400 }, (_, n) => beside.wire({ from: address(n) })));
      waiting.forEach((wire, n) => {
        wire.send(requestFor('GET', `${silent.url}/${n}`));
      });
      await eventually('they are asked', () => silent.requests.length >= 20, 1000);
      assert.equal((await beside.get(`${origin.url}/beside`)).text, 'honest');
      const asked = silent.requests.length;
      for (const wire of waiting) wire.close();
      await eventually('the origin is let go', () => silent.open === 0, 1000);
      assert.ok(asked <= 400);
    },
  );

  await t.test('200 clients that do not read 4 MiB each: they cost no memory, and who reads is served', async () => {
    origin.behave = keeps(content, { etag: '"4m"' });
    const url = `${origin.url}/big`;
    assert.equal((await flink.get(url, {}, { isHashed: true })).sha256, content.sha256());
    const before = residentBytes(flink);
    const slow = await Promise.all(
      Array.from({ length: 200 }, (_, n) => flink.wire({ from: address(n), keepBytes: 0 })),
    );
    for (const wire of slow) {
      wire.pause();
      wire.send(requestFor('GET', url));
    }
    assert.equal((await flink.get(url, {}, { isHashed: true })).sha256, content.sha256());
    assert.ok(residentBytes(flink) - before < 128 * MiB, `${(residentBytes(flink) - before) / MiB} MiB`);
    for (const wire of slow) wire.close();
  });

  for (const where of ['another origin', 'the same origin'])
    await t.test(`500 heads that dribble in, and 500 contents for ${where}: who is quick is served`, async (tt) => {
      const other = where === 'the same origin' ? origin : second;
      const slow = await Promise.all(Array.from({ length: 1000 }, (_, n) => flink.wire({ from: address(n) })));
      tt.after(() => {
        for (const wire of slow) wire.close();
      });
      slow.forEach((wire, n) => {
        const post = `POST ${other.url}/${n} HTTP/1.1\r\nHost: ${new URL(other.url).host}\r\nContent-Length: 1000\r\n\r\na`;
        wire.send(n % 2 === 0 ? `GET ${origin.url}/ HTTP/1.1\r\nHo` : post);
      });
      let sentOn = 0;
      other.onHead = ({ start }) => {
        if (start.startsWith('POST')) sentOn += 1;
      };
      tt.after(() => {
        other.onHead = undefined;
      });
      const serving = async (): Promise<void> => {
        for (const wire of slow) wire.send('s');
        await honest();
      };
      for (let n = 0; n < 5; n++) await serving();
      await eventually('what is slow has its turn', () => sentOn >= 32);
      for (let n = 0; n < 5; n++) await serving();
      assert.equal(sentOn, 32);
    });

  await t.test('10,000 idle connections: the oldest make room, and an honest client is served', async () => {
    const before = residentBytes(flink);
    const idle: Wire[] = [];
    for (let n = 0; n < 10_000; n += 250) {
      const some = Array.from({ length: 250 }, (_, k) => flink.wire({ from: address(n / 250 + (k % 100)) }));
      for (const result of await Promise.allSettled(some)) if (result.status === 'fulfilled') idle.push(result.value);
    }
    await honest();
    assert.ok(idle.length > 9000, String(idle.length));
    assert.ok(residentBytes(flink) - before < 320 * MiB, `${(residentBytes(flink) - before) / MiB} MiB`);
    for (const wire of idle) wire.close();
    await honest();
  });

  await t.test('one client with thousands of connections does not shut out another', async () => {
    const greedy: Wire[] = [];
    for (let n = 0; n < 6000; n += 250) {
      const some = Array.from({ length: 250 }, () => Wire.open(flink.proxy, { from: '127.0.0.77' }));
      for (const result of await Promise.allSettled(some)) if (result.status === 'fulfilled') greedy.push(result.value);
    }
    await honest();
    for (const wire of greedy) wire.close();
  });

  await t.test('nothing of all that is left', async () => {
    let left: unknown;
    const isOver = async (): Promise<boolean> => {
      const { connections, fetches, waiting } = await flink.report();
      left = { connections, fetches, waiting };
      return connections <= 4 && fetches === 0;
    };
    await eventually('it is over', isOver, 300).catch((error: Error) => {
      assert.fail(`${error.message}: ${JSON.stringify(left)}`);
    });
  });
});
