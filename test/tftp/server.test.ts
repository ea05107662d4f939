import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { Content } from '../../src/core/content.ts';
import { TFTP_BOUNDS, tftpBounds } from '../../src/tftp/server.ts';
import { type FakeHost, fakeHost, lan } from '../support/fakes.ts';
import { ackOf, clientAt, download, errorOf, listener, request, SERVER, settle } from './client.ts';
import { type Files, noise, serve, twoNetworks } from './world.ts';

const infoLines = (host: FakeHost) => host.log.lines.filter((line) => line.level !== 'debug');

interface Case {
  readonly name: string;
  readonly size: number;
  readonly options?: Readonly<Record<string, string | number>>;
  readonly want?: Readonly<Record<string, string>>;
}
const cases: readonly Case[] = [
  { name: 'a file without options, RFC 1350', size: 5000, want: {} },
  { name: 'an empty file', size: 0, options: { tsize: 0 }, want: { tsize: '0' } },
  { name: 'a file of whole blocks ends with an empty one, RFC 1350 §6', size: 1024, want: {} },
  { name: 'blksize, RFC 2348', size: 5000, options: { blksize: 1428 }, want: { blksize: '1428' } },
  { name: 'the largest blksize', size: 200_000, options: { blksize: 65_464 }, want: { blksize: '65464' } },
  { name: 'tsize, RFC 2349', size: 5000, options: { tsize: 0 }, want: { tsize: '5000' } },
  { name: 'windowsize, RFC 7440', size: 50_000, options: { windowsize: 16 }, want: { windowsize: '16' } },
  {
    name: 'everything, across many runs',
    size: 3_000_000,
    options: { BLKSIZE: 1468, TSize: 0, windowsize: 4, timeout: 3, nonsense: 7 },
    want: { BLKSIZE: '1468', TSize: '3000000', windowsize: '4', timeout: '3' },
  },
  { name: 'a window of whole blocks', size: 16 * 512, options: { windowsize: 16 }, want: { windowsize: '16' } },
];
for (const { name, size, options, want } of cases) {
  test(`server: sends ${name}`, async (t) => {
    const { host, open } = await serve(t, { '/boot/a': noise(size) });
    const got = await download(host, 'a', { ...(options ? { options } : {}) });
    assert.deepEqual([got.isComplete, got.options, got.error], [true, want ?? {}, undefined]);
    assert.deepEqual(got.bytes, noise(size));
    assert.equal(open(), 0);
    assert.deepEqual(
      infoLines(host).map(({ service, event, ip, file, bytes, local }) => ({ service, event, ip, file, bytes, local })),
      [{ service: 'tftp', event: 'sent', ip: '172.16.0.50', file: '/boot/a', bytes: size, local: '172.16.0.1' }],
    );
  });
}

test('server: block numbers go on at 0 after 65535, and twice', async (t) => {
  const bytes = noise(8 * 131_200 + 3);
  const { host } = await serve(t, { '/boot/a': bytes });
  const got = await download(host, 'a', { options: { blksize: 8, windowsize: 64 } });
  assert.ok(got.isComplete && Buffer.from(got.bytes).equals(bytes));
});

test('server: netascii has CR LF and CR NUL, in any block and window, and no tsize', async (t) => {
  const text = 'one\ntwo\r\nthree\r'.repeat(5000);
  const { host } = await serve(t, { '/boot/a': text });
  const want = text.replaceAll(/[\r\n]/g, (c) => (c === '\n' ? '\r\n' : '\r\0'));
  for (const options of [{}, { blksize: 7 + 2 }, { blksize: 1000, windowsize: 8, tsize: 0 }]) {
    const got = await download(host, 'a', { mode: 'netascii', options });
    assert.equal(Buffer.from(got.bytes).toString('latin1'), want);
    assert.equal(got.options.tsize, undefined);
  }
  assert.equal(infoLines(host).at(-1)?.bytes, want.length);
});

const refusals: readonly { readonly name: string; readonly packet: Uint8Array; readonly code: number }[] = [
  { name: 'a file that is not there', packet: request(1, 'nothing', 'octet'), code: 1 },
  { name: 'two dots', packet: request(1, '../../etc/passwd', 'octet'), code: 2 },
  { name: 'two dots with backslashes', packet: request(1, '..\\..\\etc\\passwd', 'octet'), code: 2 },
  { name: 'a folder', packet: request(1, 'folder', 'octet'), code: 2 },
  { name: 'writing', packet: request(2, 'a', 'octet'), code: 2 },
  { name: 'mail', packet: request(1, 'a', 'mail'), code: 4 },
  { name: 'an unknown mode', packet: request(1, 'a', 'image'), code: 4 },
];
for (const { name, packet, code } of refusals) {
  test(`server: refuses ${name} with ERROR ${code}, at debug level`, async (t) => {
    const { host, open } = await serve(t, { '/boot/a': 'a', '/boot/folder': 'a folder' });
    const { heard, socket } = await listener(host, clientAt('172.16.0.50'));
    socket.send(packet, SERVER);
    await settle();
    assert.deepEqual([heard.length, heard[0]?.[1], heard[0]?.[3]], [1, 5, code]);
    assert.deepEqual([infoLines(host), open(), host.udp.openSockets, host.clock.pendingTimers], [[], 0, 2, 0]);
  });
}

test('server: a name that is busy is not answered: the client asks again', async (t) => {
  const files: Record<string, Files[string]> = { '/boot/a': 'busy' };
  const { host } = await serve(t, files);
  const downloading = download(host, 'a', { patienceMs: 100 });
  await settle();
  files['/boot/a'] = 'there now';
  assert.equal(Buffer.from((await downloading).bytes).toString(), 'there now');
});

test('server: a name in capitals is found in lower case', async (t) => {
  const { host, visits } = await serve(t, { '/boot/pxelinux.0': 'x' });
  assert.ok((await download(host, '\\BOOT\\PXELINUX.0\xff')).isComplete);
  assert.deepEqual(
    visits.map((visit) => visit.path),
    ['/boot/BOOT/PXELINUX.0', '/boot/pxelinux.0'],
  );
});

test('server: each transfer has a port of its own on the address that was asked, RFC 1350 §4', async (t) => {
  const { host, visits } = await serve(
    t,
    { '/boot/a': 'x' },
    { listen: 'every-address', httpPort: 8080 },
    twoNetworks(),
  );
  const peers = [];
  for (const address of ['172.16.0.1', '10.0.0.1', '10.0.0.1'] as Ipv4[]) {
    const got = await download(host, 'a', { from: clientAt('10.0.0.9'), to: { address, port: 69 } });
    peers.push(got.peer);
  }
  assert.deepEqual(
    peers.map((peer) => peer?.address),
    ['172.16.0.1', '10.0.0.1', '10.0.0.1'],
  );
  assert.equal(new Set(peers.map((peer) => peer?.port)).size, 3);
  assert.deepEqual(
    visits
      .map(({ localAddress, clientAddress, transport, httpPort }) => ({
        localAddress,
        clientAddress,
        transport,
        httpPort,
      }))
      .at(1),
    {
      localAddress: '10.0.0.1',
      clientAddress: '10.0.0.9',
      transport: 'tftp',
      httpPort: 8080,
    },
  );
});

test('server: another sender does not disturb a transfer, RFC 1350 §4', async (t) => {
  const { host } = await serve(t, { '/boot/a': noise(20_000) });
  const stranger = await listener(host, clientAt('172.16.0.66'));
  const got = await download(host, 'a', {
    onBlock: () => {
      const transfer = host.udp.sent.at(-1)?.from;
      if (transfer)
        for (const packet of [errorOf(0, 'stop'), ackOf(1), ackOf(9), new Uint8Array(0), new Uint8Array(1)])
          stranger.socket.send(packet, transfer);
    },
  });
  assert.deepEqual([got.isComplete, got.bytes], [true, noise(20_000)]);
});

test('server: broken packets from the client itself do not disturb a transfer', async (t) => {
  const { host } = await serve(t, { '/boot/a': noise(20_000) });
  const from = clientAt('172.16.0.50');
  const got = await download(host, 'a', {
    from,
    onBlock: () => {
      const transfer = host.udp.sent.at(-1)?.from;
      if (transfer)
        for (const packet of [new Uint8Array(0), new Uint8Array(1), Buffer.from([0, 9, 9, 9]), Buffer.from([0, 4, 1])])
          host.udp.deliver(packet, from, transfer);
    },
  });
  assert.ok(got.isComplete);
});

test('server: a request that came twice starts one transfer', async (t) => {
  const { host } = await serve(t, { '/boot/a': noise(2000) });
  const { heard, socket } = await listener(host, clientAt('172.16.0.50'));
  for (let n = 0; n < 5; n++) {
    socket.send(request(1, 'a', 'octet'), SERVER);
    await settle();
  }
  assert.equal(heard.length, 1);
});

test('server: a client that comes back from the same port with another request gets that', async (t) => {
  const { host } = await serve(t, { '/boot/a': noise(2000), '/boot/b': 'b' });
  const from = clientAt('172.16.0.50');
  const first = await listener(host, from);
  first.socket.send(request(1, 'a', 'octet'), SERVER);
  await settle();
  await first.socket.close();
  assert.equal(Buffer.from((await download(host, 'b', { from })).bytes).toString(), 'b');
});

test('server: a request that is replaced while its file is opened sends nothing', async (t) => {
  const { host, open } = await serve(t, { '/boot/a': 'a', '/boot/b': 'b' });
  const { heard, socket } = await listener(host, clientAt('172.16.0.50'));
  socket.send(request(1, 'a', 'octet'), SERVER);
  socket.send(request(1, 'b', 'octet'), SERVER);
  await settle();
  assert.deepEqual([heard.map((packet) => Buffer.from(packet.subarray(4)).toString()), open()], [['b'], 1]);
});

test('server: one file as octets and as text at a time are two things', async (t) => {
  const { host } = await serve(t, { '/boot/a': 'line\n'.repeat(2000) });
  const [octets, text] = await Promise.all([download(host, 'a'), download(host, 'a', { mode: 'netascii' })]);
  assert.deepEqual([octets.bytes.length, text.bytes.length], [10_000, 12_000]);
});

test('server: a cache that holds nothing costs time and no octet', async (t) => {
  const bytes = noise(400_000);
  const { host } = await serve(t, { '/boot/a': bytes }, { cacheBytes: 1 });
  const clients = [1, 2, 3].map(() => download(host, 'a', { options: { blksize: 4000, windowsize: 16 } }));
  for (const got of await Promise.all(clients)) assert.deepEqual(got.bytes, bytes);
});

test('server: to a forged request three blocks or six OACKs go at most, then silence, and nothing stays open', async (t) => {
  const wanted = [
    { options: {}, packets: 3 },
    { options: { blksize: 1428, windowsize: 64 }, packets: 6 },
  ];
  for (const { options, packets } of wanted) {
    const { host, open, service } = await serve(t, { '/boot/a': noise(200_000) });
    const { heard, socket } = await listener(host, clientAt('172.16.0.50'));
    socket.send(request(1, 'a', 'octet', options), SERVER);
    for (let n = 0; n < 600; n++) {
      await settle();
      host.clock.advance(100);
    }
    assert.equal(heard.length, packets);
    assert.ok(heard.every((packet) => packet.length <= 516));
    assert.deepEqual([open(), host.udp.openSockets, host.clock.pendingTimers, infoLines(host)], [0, 2, 0, []]);
    await service.stop();
  }
});

test('server: requests with a forged source bring it less than ten times as much in a second', async (t) => {
  for (const options of [{}, { nonsense: 1 }, { blksize: 1428, tsize: 0 }]) {
    const { host, service } = await serve(t, { '/boot/a': noise(200_000) });
    const victim = '172.16.0.50';
    let asked = 0;
    for (let n = 0; n < 1000; n++) {
      const packet = request(1, 'a', 'octet', options);
      asked += packet.length;
      host.udp.deliver(packet, clientAt(victim, 1000 + n), SERVER);
      await settle();
      host.clock.advance(1);
    }
    const answers = host.udp.sent.filter(({ to }) => to.address === victim);
    const got = answers.reduce((sum, { bytes }) => sum + bytes.length, 0);
    assert.ok(got > 0 && got < 10 * asked, `${got} octets for ${asked}`);
    await service.stop();
  }
});

test('server: a hall behind one address is served, each answer making room for the next', async (t) => {
  const bytes = noise(3000);
  const { host } = await serve(t, { '/boot/a': bytes });
  const clients = Array.from({ length: 500 }, () => download(host, 'a', { patienceMs: 20 }));
  for (const got of await Promise.all(clients)) assert.deepEqual(got.bytes, bytes);
});

test('server: asked for the size only: ERROR 8 is no failure, and the real request follows', async (t) => {
  const { host, open } = await serve(t, { '/boot/a': noise(2000) });
  const { heard, senders, socket } = await listener(host, clientAt('172.16.0.50'));
  socket.send(request(1, 'a', 'octet', { tsize: 0 }), SERVER);
  await settle();
  assert.equal(heard[0]?.[1], 6);
  socket.send(errorOf(8, 'User aborted'), senders[0] ?? SERVER);
  await settle();
  assert.deepEqual([open(), infoLines(host)], [0, []]);
  assert.ok((await download(host, 'a')).isComplete);
});

test('server: a client that is gone ends its transfer at once', async (t) => {
  const { host, open } = await serve(t, { '/boot/a': noise(20_000) });
  const { heard, senders, socket } = await listener(host, clientAt('172.16.0.50'));
  host.udp.refuses.add('172.16.0.50' as Ipv4);
  socket.send(request(1, 'a', 'octet'), SERVER);
  await settle();
  socket.send(ackOf(1), senders[0] ?? SERVER);
  await settle();
  assert.equal(heard.length, 2);
  await socket.close();
  host.clock.advance(1000);
  await settle();
  assert.deepEqual([open(), host.udp.openSockets, host.clock.pendingTimers], [0, 1, 0]);
  assert.equal(infoLines(host)[0]?.reason, 'client-gone');
});

const broken: readonly {
  readonly name: string;
  readonly content: Files[string];
  readonly options?: Record<string, number>;
}[] = [
  { name: 'has changed before its last block', content: { isUnchanged: async () => false } },
  {
    name: 'has changed before its last block, in a window',
    content: { isUnchanged: async () => false },
    options: { windowsize: 16 },
  },
  { name: 'is shorter than it was', content: { read: async () => 100 } },
  { name: 'cannot be read', content: { read: async () => Promise.reject(new Error('EIO')) } },
  { name: 'cannot be checked', content: { isUnchanged: async () => Promise.reject(new Error('EIO')) } },
];
for (const { name, content, options } of broken) {
  test(`server: a file that ${name} ends with ERROR 0 and is not completed`, async (t) => {
    const { host, open } = await serve(t, { '/boot/a': content });
    const got = await download(host, 'a', { ...(options ? { options } : {}) });
    assert.deepEqual([got.isComplete, got.error?.code], [false, 0]);
    assert.ok(got.bytes.length < 1000);
    assert.equal(open(), 0);
  });
}

test('server: a file overwritten while it is sent and restored is then sent as it is, not as it was read between', async (t) => {
  const original = noise(900_000);
  const bytes = Uint8Array.from(original);
  const { host, open } = await serve(t, { '/boot/a': bytes });
  const options = { blksize: 1400, windowsize: 4 };
  const onBlock = (count: number): void => {
    if (count === 100) bytes.fill(0x59);
  };
  const first = await download(host, 'a', { options, onBlock });
  assert.deepEqual([first.isComplete, first.error?.code], [false, 0]);
  bytes.set(original);
  const second = await download(host, 'a', { options });
  assert.ok(second.isComplete && Buffer.from(second.bytes).equals(original));
  assert.equal(open(), 0);
});

test('server: an ETag that saw no difference is not what a file is known by', async (t) => {
  const file = (fill: number, identity: string): Partial<Content> => ({
    etag: '"sampled"',
    identity,
    read: async (into) => into.fill(fill).length,
  });
  const files: Record<string, Files[string]> = { '/boot/a': file(1, '8:9:1000:1:1') };
  const { host } = await serve(t, files);
  assert.equal((await download(host, 'a')).bytes[500], 1);
  files['/boot/a'] = file(2, '8:9:1000:2:2');
  assert.equal((await download(host, 'a')).bytes[500], 2);
});

test('server: a client that gives up in the middle of an overwritten file leaves nothing of it behind', async (t) => {
  const original = noise(900_000);
  const bytes = Uint8Array.from(original);
  const { host } = await serve(t, { '/boot/a': bytes });
  const options = { blksize: 1400 };
  const onBlock = (count: number): void => {
    if (count === 100) bytes.fill(0x59);
  };
  await download(host, 'a', { options, onBlock, limitMs: 400 });
  host.clock.advance(60_000);
  await settle();
  bytes.set(original);
  const second = await download(host, 'a', { options });
  assert.ok(second.isComplete && Buffer.from(second.bytes).equals(original));
});

test('server: where it is full, whoever never answered makes room', async (t) => {
  const { host } = await serve(t, { '/boot/a': noise(2000) }, { maxTransfers: 3 });
  for (let n = 0; n < 20; n++) {
    const { socket } = await listener(host, clientAt(`172.16.1.${n}`));
    socket.send(request(1, 'a', 'octet', { tsize: 0 }), SERVER);
    await settle();
  }
  assert.ok(host.udp.openSockets <= 1 + 20 + 3);
  assert.ok((await download(host, 'a')).isComplete);
});

test('server: a thousand transfers at a time, each byte true, flat afterwards', async (t) => {
  const bytes = noise(30_000);
  const { host, open, service } = await serve(t, { '/boot/a': bytes });
  const clients = [];
  for (let n = 0; n < 1000; n++) {
    const { heard, senders, socket } = await listener(host, clientAt(`172.16.${n % 200}.50`));
    clients.push({ heard, senders, socket, blocks: [] as Uint8Array[] });
    socket.send(request(1, 'a', 'octet', { blksize: 1428, windowsize: 8 }), SERVER);
  }
  await settle();
  assert.equal(host.udp.openSockets, 2001);
  for (let round = 0; round < 6; round++) {
    for (const { heard, senders, socket, blocks } of clients) {
      for (const packet of heard.splice(0)) if (packet[1] === 3) blocks.push(packet.subarray(4));
      socket.send(ackOf(blocks.length), senders[0] ?? SERVER);
    }
    await settle();
  }
  for (const { blocks } of clients) assert.ok(Buffer.concat(blocks).equals(bytes));
  assert.deepEqual([open(), host.udp.openSockets, host.clock.pendingTimers], [0, 1001, 0]);
  assert.equal(infoLines(host).filter((line) => line.event === 'sent').length, 1000);
  await service.stop();
});

test('server: stop ends what runs, tells the clients, and leaves nothing open', async (t) => {
  const { host, open, service } = await serve(t, { '/boot/a': noise(20_000) });
  const { heard, socket } = await listener(host, clientAt('172.16.0.50'));
  socket.send(request(1, 'a', 'octet'), SERVER);
  await settle();
  await service.stop();
  await service.stop();
  assert.deepEqual([heard.at(-1)?.[1], open(), host.udp.openSockets, host.clock.pendingTimers], [5, 0, 1, 0]);
  assert.deepEqual(service.health(), { ok: false, reason: 'not-bound' });
});

test('server: stop while a file is being opened leaves nothing open', async (t) => {
  let openIt = (_: string): void => {};
  const opening = new Promise<string>((resolve) => {
    openIt = resolve;
  });
  const { host, open, service } = await serve(t, { '/boot/a': opening });
  const { socket } = await listener(host, clientAt('172.16.0.50'));
  socket.send(request(1, 'a', 'octet'), SERVER);
  const stopped = service.stop();
  await settle();
  openIt('x');
  await stopped;
  assert.deepEqual([open(), host.udp.openSockets, host.clock.pendingTimers], [0, 1, 0]);
  assert.deepEqual(
    host.log.lines.filter(({ event }) => event === 'aborted').map(({ reason }) => reason),
    ['stopped'],
  );
});

test('server: an address that comes later is served, one that goes is not', async (t) => {
  const interfaces = [lan('eth0', '172.16.0.1')];
  const { host, service } = await serve(t, { '/boot/a': 'x' }, { listen: 'every-address' }, fakeHost(interfaces));
  const addresses = (): readonly string[] => service.ports().map((port) => port.address);
  assert.deepEqual([addresses(), service.health()], [['172.16.0.1'], { ok: true }]);
  interfaces.push(lan('eth1', '10.0.0.1'));
  host.clock.advance(3000);
  await settle();
  assert.deepEqual(addresses(), ['172.16.0.1', '10.0.0.1']);
  interfaces.shift();
  host.clock.advance(3000);
  await settle();
  assert.deepEqual(addresses(), ['10.0.0.1']);
  assert.ok((await download(host, 'a', { to: { address: '10.0.0.1' as Ipv4, port: 69 } })).isComplete);
  await service.stop();
  assert.equal(host.clock.pendingTimers, 0);
});

test('server: while the system cannot tell its interfaces, those served stay served, and the log says so once', async (t) => {
  const interfaces = [lan('eth0', '172.16.0.1')];
  let isShort = false;
  const host: FakeHost = {
    ...fakeHost(),
    interfaces: () => {
      if (isShort) throw new Error('EMFILE');
      return interfaces;
    },
  };
  const { service } = await serve(t, { '/boot/a': 'x' }, { listen: 'every-address' }, host);
  isShort = true;
  for (let n = 0; n < 5; n++) {
    host.clock.advance(3000);
    await settle();
  }
  assert.ok((await download(host, 'a')).isComplete);
  assert.equal(host.log.lines.filter((line) => line.event === 'interfaces-unknown').length, 1);
  isShort = false;
  interfaces.push(lan('eth1', '10.0.0.1'));
  host.clock.advance(3000);
  await settle();
  assert.equal(service.ports().length, 2);
});

test('server: transfers take no more than their share of the descriptors, and never none', () => {
  const transfers = [1_048_576, 1024, 64, 16].map((descriptors) => tftpBounds(descriptors).maxTransfers);
  assert.deepEqual(transfers, [TFTP_BOUNDS.maxTransfers, 297, 9, 8]);
});

test('server: that sockets are short is said once a minute, though some are had between', async (t) => {
  const host = fakeHost();
  const { connect } = host.udp;
  let asked = 0;
  host.udp.connect = async (...where) => {
    asked += 1;
    if (asked % 2 === 0) throw new Error('EMFILE');
    return connect.apply(host.udp, where);
  };
  await serve(t, { '/boot/a': 'x' }, {}, host);
  const { socket } = await listener(host, clientAt('172.16.0.50'));
  const warned = (): number => infoLines(host).filter(({ event }) => event === 'no-socket').length;
  for (const name of 'abcdefghij') {
    socket.send(request(1, 'a', 'octet', { [name]: 1 }), SERVER);
    await settle();
  }
  assert.deepEqual([asked, warned()], [10, 1]);
  host.clock.advance(60_000);
  for (const name of 'ab') {
    socket.send(request(1, 'a', 'octet', { [name]: 1 }), SERVER);
    await settle();
  }
  assert.equal(warned(), 2);
});

test('server: an address that comes but cannot be had is told of once', async (t) => {
  const interfaces = [lan('eth0', '172.16.0.1')];
  const { host } = await serve(t, {}, { listen: 'every-address' }, fakeHost(interfaces));
  const other = await listener(host, { address: '10.0.0.1' as Ipv4, port: 69 });
  interfaces.push(lan('eth1', '10.0.0.1'));
  for (let n = 0; n < 5; n++) {
    host.clock.advance(3000);
    await settle();
  }
  assert.equal(host.log.lines.filter((line) => line.event === 'address-not-served').length, 1);
  await other.socket.close();
  host.clock.advance(3000);
  await settle();
  assert.equal(host.log.lines.at(-1)?.event, 'address-served');
});

test('server: a port in use is a fault, and nothing stays bound', async (t) => {
  const host = twoNetworks();
  await listener(host, { address: '10.0.0.1' as Ipv4, port: 69 });
  await assert.rejects(serve(t, {}, { listen: 'every-address' }, host), { code: 'bind-failed' });
  assert.equal(host.udp.openSockets, 1);
});

test('server: nothing is sent to port 0', async (t) => {
  const { host } = await serve(t, { '/boot/a': 'x' });
  host.udp.deliver(request(1, 'a', 'octet'), { address: '172.16.0.50' as Ipv4, port: 0 }, SERVER);
  await settle();
  assert.equal(host.udp.sent.length, 1);
});
