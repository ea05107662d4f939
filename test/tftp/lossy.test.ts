/** Links that lose, double and shuffle packets, and senders that mean harm. Times are those of the fake clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSame } from '../../src/core/bytes.ts';
import { mutate, seeded } from '../support/fakes.ts';
import { clientAt, type Download, download, listener, request, SERVER, settle } from './client.ts';
import { noise, serve } from './world.ts';

type Link = NonNullable<Download['link']>;

function losing(share: number, seed: number): Link {
  const random = seeded(seed);
  return (packets) => packets.filter(() => random() >= share);
}
function doubling(share: number, seed: number): Link {
  const random = seeded(seed);
  return (packets) => packets.flatMap((packet) => (random() < share ? [packet, packet] : [packet]));
}
function shuffling(share: number, seed: number): Link {
  const random = seeded(seed);
  return (packets) => {
    const out = [...packets];
    for (let i = 1; i < out.length; i++) {
      const [before, after] = [out[i - 1], out[i]];
      if (before && after && random() < share) out.splice(i - 1, 2, after, before);
    }
    return out;
  };
}

test('lossy: 1 MB in lock-step over a link that loses 3 % each way takes seconds, by the fake clock', async (t) => {
  const bytes = noise(1 << 20);
  const { host } = await serve(t, { '/boot/a': bytes });
  const got = await download(host, 'a', { link: losing(0.03, 1), patienceMs: 1000 });
  assert.ok(got.isComplete && isSame(got.bytes, bytes));
  // 2,049 round trips of 1 ms, and about 125 losses of which each costs the floor of the timer.
  assert.ok(got.tookMs < 10_000, `${got.tookMs} ms`);
});

const links: readonly { readonly name: string; readonly link: (seed: number) => Link }[] = [
  { name: 'loses 10 %', link: (seed) => losing(0.1, seed) },
  { name: 'doubles 30 %', link: (seed) => doubling(0.3, seed) },
  { name: 'doubles every packet', link: (seed) => doubling(1, seed) },
  { name: 'shuffles', link: (seed) => shuffling(0.3, seed) },
  {
    name: 'loses, doubles and shuffles',
    link: (seed) => {
      const [lose, double, shuffle] = [losing(0.05, seed), doubling(0.1, seed + 1), shuffling(0.2, seed + 2)];
      return (packets) => lose(double(shuffle(packets)));
    },
  },
];
for (const { name, link } of links) {
  for (const windowsize of [1, 4, 16, 64]) {
    test(`lossy: a link that ${name} delivers each byte once, window ${windowsize}`, async (t) => {
      const bytes = noise(300_000);
      const { host, open } = await serve(t, { '/boot/a': bytes });
      for (let seed = 1; seed <= 3; seed++) {
        const got = await download(host, 'a', {
          link: link(seed * 100),
          options: { blksize: 1000, windowsize },
          patienceMs: 300,
        });
        assert.ok(got.isComplete && isSame(got.bytes, bytes), `seed ${seed}`);
      }
      host.clock.advance(60_000);
      await settle();
      assert.equal(open(), 0);
    });
  }
}

test('lossy: in lock-step doubled ACKs double nothing (Sorcerer), RFC 1123 §4.2.3.1', async (t) => {
  const { host } = await serve(t, { '/boot/a': noise(100_000) });
  const acksOnly: Link = (packets) =>
    packets.flatMap((packet) => (packet[1] === 4 ? [packet, packet, packet] : [packet]));
  await download(host, 'a', { link: acksOnly });
  const blocks = host.udp.sent.filter(({ bytes }) => bytes[1] === 3);
  assert.equal(blocks.length, 196);
});

test('lossy: in windows doubled ACKs do not go on doubling', async (t) => {
  const { host } = await serve(t, { '/boot/a': noise(500_000) });
  let acks = 0;
  const oneAck: Link = (packets) =>
    packets.flatMap((packet) => (packet[1] === 4 && acks++ === 3 ? [packet, packet] : [packet]));
  await download(host, 'a', { link: oneAck, options: { windowsize: 16 } });
  const blocks = host.udp.sent.filter(({ bytes }) => bytes[1] === 3).length;
  assert.ok(blocks <= 977 + 16, `${blocks} blocks sent for 977`);
});

test('hostile: after 10,000 random datagrams an honest client is served', async (t) => {
  const bytes = noise(50_000);
  const { host, open, service } = await serve(t, { '/boot/a': bytes });
  const random = seeded(69);
  const seeds = [
    request(1, 'a', 'octet'),
    request(1, 'a', 'octet', { blksize: 1428, windowsize: 16, tsize: 0 }),
    request(2, 'a', 'octet'),
  ];
  const random10 = (): Uint8Array =>
    Uint8Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256));
  for (let n = 0; n < 10_000; n++) {
    const packet = n % 2 === 0 ? random10() : mutate(seeds[n % seeds.length] ?? random10(), random);
    const from = clientAt(
      `172.16.${Math.floor(random() * 8)}.${1 + Math.floor(random() * 250)}`,
      1 + Math.floor(random() * 65_535),
    );
    host.udp.deliver(packet, from, SERVER);
    if (n % 50 === 0) await settle();
    if (n === 5000) assert.ok((await download(host, 'a')).isComplete, 'in the middle of it');
  }
  const got = await download(host, 'a', { options: { blksize: 1428, windowsize: 16 } });
  assert.ok(got.isComplete && isSame(got.bytes, bytes));
  assert.ok(host.udp.openSockets <= 1 + 3000);
  assert.deepEqual(
    host.log.lines.filter((line) => line.level === 'error'),
    [],
  );
  await service.stop();
  assert.deepEqual([open(), host.udp.openSockets, host.clock.pendingTimers], [0, 0, 0]);
});

test('hostile: 20,000 mutated packets at the port of a transfer do not end the process', async (t) => {
  const { host } = await serve(t, { '/boot/a': noise(50_000) });
  const random = seeded(70);
  const from = clientAt('172.16.0.50');
  const { senders, socket } = await listener(host, from);
  for (let n = 0; n < 2000; n++) {
    socket.send(request(1, 'a', 'octet', { windowsize: 1 + (n % 4) }), SERVER);
    await settle();
    const transfer = senders.at(-1) ?? SERVER;
    for (let k = 0; k < 10; k++) socket.send(mutate(Buffer.from([0, 4, 0, k]), random), transfer);
  }
  await socket.close();
  assert.ok((await download(host, 'a')).isComplete);
  assert.deepEqual(
    host.log.lines.filter((line) => line.level === 'error'),
    [],
  );
});
