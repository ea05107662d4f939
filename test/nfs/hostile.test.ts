/** Whatever clients send, and whatever they leave undone: the next honest one is served, memory stays within bounds, nothing is logged as a fault. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { hasPrograms, makeIso, makeTree } from '../iso/support.ts';
import { mutate, seeded } from '../support/fakes.ts';
import { args3, PROC3 } from '../support/nfs3.ts';
import { pattern } from '../support/nfsimages.ts';
import { MOUNT, NFS, NfsAsker, type NfsNode, PORTMAP, startNfsNode } from '../support/nfsnode.ts';
import { args, askUdp, authSys, call, marked, resultsOf, unmarked, type Wanted, xdr } from '../support/rpc.ts';

/** For a long run: `MUTATIONS=1000000 GETATTRS=1000000 SILENT_READERS=60`. */
const MUTATIONS = Number(process.env.MUTATIONS ?? 40_000);
const GETATTRS = Number(process.env.GETATTRS ?? 200_000);
/** Forty hold all the memory that there is for answers: then it takes ten seconds, until the first of them are cut. */
const SILENT_READERS = Number(process.env.SILENT_READERS ?? 20);
const MIB = 1 << 20;
const FILE = pattern(4 * MIB, 5);

interface Ground {
  readonly node: NfsNode;
  readonly root: Uint8Array;
  readonly file: Uint8Array;
  readonly many: Uint8Array;
}

const home = mkdtempSync(join(tmpdir(), 'nfs-hostile-'));
let made: Promise<Ground> | undefined;
after(async () => {
  await (await made?.catch(() => undefined))?.node.end();
  rmSync(home, { recursive: true, force: true });
});

async function open(): Promise<Ground> {
  const isos = join(home, 'isos');
  mkdirSync(isos);
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`many/a name of some length ${i}`, `${i}`]));
  const tree = makeTree(join(home, 'tree'), { 'live/file': FILE, 'live/link': { link: 'file' }, ...many });
  makeIso('xorriso', ['-R'], tree, join(isos, 'mint.iso'));
  const node = await startNfsNode({ isos, home });
  const client = await NfsAsker.to(node);
  const root = await client.mount('/tree/mint');
  const file = await client.walk(root, 'live/file');
  const ground = { node, root, file, many: await client.walk(root, 'many') };
  await client.close();
  return ground;
}

/** One fnode for all tests. */
async function onGround(t: TestContext): Promise<Ground | undefined> {
  if (!hasPrograms(t, ['xorriso'])) return undefined;
  made ??= open();
  return await made;
}

/** A client that does nothing wrong, on a connection of its own, and quickly. */
async function isServed({ node, file, root }: Ground, localAddress = '127.0.0.1'): Promise<void> {
  const client = await NfsAsker.to(node, { localAddress, timeoutMs: 15_000 });
  assert.equal(Number((await client.attributes(file)).size), FILE.length);
  assert.deepEqual(await client.read(file, MIB - 1000, 64 * 1024), FILE.subarray(MIB - 1000, MIB - 1000 + 64 * 1024));
  assert.deepEqual((await client.names(root)).toSorted(), ['.', '..', 'live', 'many']);
  await client.close();
  assert.ok(node.isAlive());
}

function connectTo({ ports }: NfsNode, localAddress = '127.0.0.1', port = ports.nfs): net.Socket {
  return net.connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {});
}

async function connected(node: NfsNode, localAddress?: string): Promise<net.Socket> {
  const socket = connectTo(node, localAddress);
  await once(socket, 'connect');
  return socket;
}

/** An error is only a way to be closed. */
const closed = (socket: net.Socket): Promise<void> =>
  new Promise((resolve) => void (socket.closed ? resolve() : socket.once('close', () => resolve())));

const nfs = (procedure: keyof typeof PROC3, octets: Uint8Array, xid = 1): Buffer =>
  call({ ...NFS, procedure: PROC3[procedure], args: octets, xid, credential: authSys(0, 0, [0, 4, 24]) });

/** What clients ask, with handles that are good. */
function honest({ root, file, many }: Ground): readonly Buffer[] {
  const rpc = (wanted: Wanted) => call({ credential: authSys(), ...wanted });
  return [
    nfs('null', new Uint8Array()),
    nfs('getattr', args3.getattr(file)),
    nfs('lookup', args3.lookup(root, 'live')),
    nfs('access', args3.access(file, 63)),
    nfs('readlink', args3.readlink(file)),
    nfs('read', args3.read(file, 4096, 64)),
    nfs('write', args3.write(file)),
    nfs('create', args3.create(root)),
    nfs('rename', args3.rename(root)),
    nfs('readdir', args3.readdir(many, 100, 1000)),
    nfs('readdirplus', args3.readdirplus(many, 0, { dircount: 500, maxcount: 2000 })),
    nfs('fsstat', args3.fsstat(root)),
    nfs('fsinfo', args3.fsinfo(root)),
    nfs('pathconf', args3.pathconf(file)),
    rpc({ ...MOUNT, procedure: 1, args: xdr.text('/tree/mint/live') }),
    rpc({ ...MOUNT, procedure: 2 }),
    rpc({ ...MOUNT, procedure: 3, args: xdr.text('/tree/mint') }),
    rpc({ ...MOUNT, procedure: 5 }),
  ];
}

/** Sends, says that this is all, and counts the replies until `most` have come or the connection ends. */
async function answersTo(node: NfsNode, octets: Uint8Array, most: number): Promise<number> {
  const socket = await connected(node);
  let answers = 0;
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const { records, rest } = unmarked(Buffer.concat([held, chunk]));
    held = rest;
    answers += records.length;
    if (answers >= most) socket.destroy();
  });
  socket.end(octets);
  await closed(socket);
  return answers;
}

const LAST = 0xfeed_beef;
const AT_ONCE = 8;
const EACH = 20;

/** Where a call's arguments begin: behind six numbers, the credential and the verifier. */
function headOf(each: Buffer): number {
  const verifier = 28 + 4 + each.readUInt32BE(28) + 4;
  return verifier + 4 + each.readUInt32BE(verifier);
}

test(`${MUTATIONS} calls with mutated arguments over TCP: each is answered, and an honest client is served meanwhile`, async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const random = seeded(5531);
  const calls = honest(ground);
  const wrong = (i: number): Uint8Array => {
    const each = calls[i % calls.length] ?? assert.fail();
    return spoiled(each, 1, random);
  };
  const last = marked(nfs('null', new Uint8Array(), LAST));
  for (let done = 0; done < MUTATIONS; done += AT_ONCE * EACH) {
    const streams = Array.from({ length: AT_ONCE }, (_, k) =>
      Buffer.concat([...Array.from({ length: EACH }, (_, i) => marked(wrong(done + k * EACH + i))), last]),
    );
    const counts: readonly number[] = await Promise.all(
      streams.map((stream) => answersTo(ground.node, stream, EACH + 1)),
    );
    assert.deepEqual(
      counts,
      Array.from({ length: AT_ONCE }, () => EACH + 1),
    );
    if (done % 3200 === 0) await isServed(ground);
  }
  await isServed(ground);
});

test(`${MUTATIONS / 8} calls that are wrong anywhere, each on its own connection: some are answered, and the next is served`, async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const random = seeded(5532);
  const calls = honest(ground);
  let answered = 0;
  for (let done = 0; done < MUTATIONS / 8; done += AT_ONCE) {
    const wrong = Array.from({ length: AT_ONCE }, (_, i) =>
      mutate(calls[(done + i) % calls.length] ?? assert.fail(), random),
    );
    const counts: readonly number[] = await Promise.all(wrong.map((each) => answersTo(ground.node, marked(each), 1)));
    answered += counts.reduce((sum, count) => sum + count, 0);
  }
  assert.ok(answered > MUTATIONS / 100, `${answered} answers`);
  await isServed(ground);
});

test('mutated streams, record marks and all, and noise: whatever is left of the connection, the next is served', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const random = seeded(1831);
  const stream = Buffer.concat(honest(ground).map((each) => marked(each, 100)));
  for (let round = 0; round < MUTATIONS / 50; round += AT_ONCE) {
    const sockets = await Promise.all(Array.from({ length: AT_ONCE }, () => connected(ground.node)));
    for (const [i, socket] of sockets.entries()) {
      const noise = Uint8Array.from({ length: 400 }, () => Math.floor(random() * 256));
      // Whoever ends his side is answered what was whole, and then there is an end.
      socket.resume().end((round + i) % 4 === 3 ? noise : mutate(stream, random));
    }
    await Promise.all(sockets.map(closed));
  }
  await isServed(ground);
});

/** Wrong anywhere, or in its arguments alone. */
function spoiled(each: Buffer, i: number, random: () => number): Uint8Array {
  if (i % 3 === 0) return mutate(each, random);
  return Buffer.concat([each.subarray(0, headOf(each)), mutate(each.subarray(headOf(each)), random)]);
}

test('mutated datagrams and noise at the portmapper and the mount service, and both answer the next', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const { nfs: port, portmap } = ground.node.ports;
  const random = seeded(1833);
  const getport = { ...PORTMAP, procedure: 3, args: args(...[100_003, 3, 6, 0].map(xdr.u32)) };
  const calls = [
    call(getport),
    call({ ...PORTMAP, procedure: 4 }),
    call({ ...PORTMAP, procedure: 5, args: args(...[100_005, 3, 0].map(xdr.u32), xdr.opaque(Buffer.alloc(8))) }),
    call({
      program: 100_000,
      version: 4,
      procedure: 3,
      args: args(xdr.u32(100_003), xdr.u32(3), xdr.text('tcp'), xdr.text(''), xdr.text('')),
    }),
    call({ program: 100_000, version: 4, procedure: 4 }),
    call({ ...MOUNT, procedure: 5 }),
    call({ ...MOUNT, procedure: 1, args: xdr.text('/tree/mint') }),
  ];
  const socket = createSocket('udp4').on('error', () => {});
  let heard = 0;
  socket.on('message', () => heard++);
  for (let i = 0; i < MUTATIONS / 2; i++) {
    const octets =
      i % 10 === 9
        ? Buffer.alloc(Math.floor(random() * 9000), i)
        : spoiled(calls[i % calls.length] ?? assert.fail(), i, random);
    await new Promise((resolve) => socket.send(octets, i % 2 ? port : portmap, '127.0.0.1', resolve));
    // Otherwise nothing would be received meanwhile.
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const found = await askUdp({ port: portmap }, getport);
  assert.equal(resultsOf(found ?? assert.fail('the portmapper is silent')).u32(), port);
  const exported = await askUdp({ port }, { ...MOUNT, procedure: 5 });
  assert.ok(exported && resultsOf(exported).left > 4, 'the mount service is silent');
  socket.close();
  assert.ok(heard > MUTATIONS / 20, `${heard} answers`);
  await isServed(ground);
});

const half = Buffer.from([0x80, 0, 0]);
const crowds = [
  { name: 'of one address, with half a mark each', from: () => '127.0.0.2', says: half },
  { name: 'of two hundred addresses, silent', from: (i: number) => `127.0.1.${1 + (i % 200)}`, says: Buffer.alloc(0) },
];
for (const { name, from, says } of crowds) {
  test(`10,000 connections ${name}: the next client is served, and so are those who came back to be`, async (t) => {
    const ground = await onGround(t);
    if (!ground) return;
    const before = ground.node.rssBytes();
    const sockets: net.Socket[] = [];
    for (let i = 0; i < 10_000; i += 100) {
      const some = Array.from({ length: 100 }, (_, k) => connectTo(ground.node, from(i + k)));
      await Promise.all(
        some.map((socket) => Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed(socket)])),
      );
      for (const socket of some) if (!socket.destroyed && says.length > 0) socket.write(says);
      sockets.push(...some);
      if (i % 2000 === 0) await isServed(ground);
    }
    await isServed(ground);
    // One that asks is worth more than those that never did, though it comes from where they do.
    await isServed(ground, from(1));
    assert.ok(ground.node.rssBytes() - before < 128 * MIB, `${(ground.node.rssBytes() - before) / MIB} MiB more`);
    for (const socket of sockets) socket.destroy();
    await Promise.all(sockets.map(closed));
  });
}

test('clients that ask for gigabytes and never read: memory is bounded, and others read on', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const before = ground.node.rssBytes();
  const sockets = await Promise.all(
    Array.from({ length: SILENT_READERS }, (_, i) => connected(ground.node, `127.0.2.${i + 1}`)),
  );
  const asked = Buffer.concat(
    Array.from({ length: 2000 }, (_, i) => marked(nfs('read', args3.read(ground.file, (i % 4) * MIB, MIB), i))),
  );
  for (const socket of sockets) socket.pause().write(asked);
  for (let i = 0; i < 100; i++) await isServed(ground);
  const grown = ground.node.rssBytes() - before;
  t.diagnostic(`${Math.round(grown / MIB)} MiB more`);
  assert.ok(grown < 320 * MIB, `${grown / MIB} MiB more for ${sockets.length * 2} GB`);
  for (const socket of sockets) socket.destroy();
  await isServed(ground);
});

test('records that say they have 2 GiB are not waited for, and take no memory', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const before = ground.node.rssBytes();
  for (const mark of [0xffff_ffff, 0x7fff_ffff, 0x8100_0000]) {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connected(ground.node)));
    const more = Buffer.concat([xdr.u32(mark), Buffer.alloc(100_000)]);
    for (const socket of sockets) socket.resume().write(more);
    await Promise.all(sockets.map(closed));
  }
  assert.ok(ground.node.rssBytes() - before < 64 * MIB);
  await isServed(ground);
});

const fragments = [
  { name: 'of one octet', octets: Buffer.from([0, 0, 0, 1, 7]) },
  { name: 'of none', octets: Buffer.from([0, 0, 0, 0]) },
];
for (const { name, octets } of fragments) {
  test(`records of endless fragments ${name} come to an end`, async (t) => {
    const ground = await onGround(t);
    if (!ground) return;
    const socket = await connected(ground.node);
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => octets));
    for (let i = 0; i < 1000 && !socket.destroyed; i++) {
      if (!socket.write(many))
        await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed(socket)]);
    }
    assert.ok(socket.destroyed, 'ten million fragments were taken');
    await isServed(ground);
  });
}

test('a call in fragments of any size, and octet by octet, is a call (RFC 5531 §11)', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const getattr = nfs('getattr', args3.getattr(ground.file), LAST);
  for (const bytes of [1, 3, 7, 40, getattr.length])
    assert.equal(await answersTo(ground.node, marked(getattr, bytes), 1), 1);
  const socket = await connected(ground.node);
  socket.setNoDelay(true);
  const answer = once(socket, 'data');
  for (const octet of marked(getattr)) {
    socket.write(Uint8Array.of(octet));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const [reply] = (await answer) as [Buffer];
  assert.equal(reply.readUInt32BE(4), LAST);
  socket.destroy();
});

test('1,000 calls at once are each answered once, whatever the order, and rightly', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const client = await NfsAsker.to(ground.node, { timeoutMs: 20_000 });
  await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      const at = (i * 4001) % (FILE.length - 5000);
      if (i % 4 === 0) assert.equal((await client.attributes(ground.file)).fileid > 0n, true);
      else if (i % 4 === 1) assert.equal((await client.names(ground.root)).length, 4);
      else assert.ok((await client.read(ground.file, at, 5000)).equals(FILE.subarray(at, at + 5000)));
    }),
  );
  await client.close();
});

test('who says that he asks no more is still answered all that he asked', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const socket = await connected(ground.node);
  const pieces: Buffer[] = [];
  socket.on('data', (chunk) => pieces.push(chunk));
  socket.end(
    Buffer.concat(Array.from({ length: 16 }, (_, i) => marked(nfs('read', args3.read(ground.file, 0, MIB), i)))),
  );
  await closed(socket);
  const { records, rest } = unmarked(Buffer.concat(pieces));
  assert.equal(rest.length, 0);
  assert.deepEqual(
    records.map((record) => record.readUInt32BE()).toSorted((a, b) => a - b),
    [...Array(16).keys()],
  );
  for (const record of records) assert.ok(record.subarray(-MIB).equals(FILE.subarray(0, MIB)));
});

test('clients that close in the middle of an answer leave neither memory nor descriptors behind', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const asked = Buffer.concat(
    Array.from({ length: 16 }, (_, i) => marked(nfs('read', args3.read(ground.file, 0, MIB), i))),
  );
  const round = async (): Promise<void> => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connected(ground.node)));
    for (const [i, socket] of sockets.entries()) {
      socket.write(asked);
      socket.once('data', () => void (i % 2 ? socket.destroy() : socket.resetAndDestroy()));
    }
    await Promise.all(sockets.map(closed));
    await isServed(ground);
  };
  await round();
  const before = ground.node.rssBytes();
  for (let i = 0; i < 10; i++) await round();
  const grown = ground.node.rssBytes() - before;
  assert.ok(grown < 128 * MIB, `${grown / MIB} MiB more`);
});

test(`${GETATTRS} GETATTRs on one connection: all are answered, and memory is flat`, async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const one = marked(nfs('getattr', args3.getattr(ground.file)));
  const many = Buffer.concat(Array.from({ length: 100 }, () => one));
  const socket = await connected(ground.node);
  // Mark, head of the reply, status, attributes.
  const replyBytes = 4 + 24 + 4 + 84;
  let heardBytes = 0;
  let sent = 0;
  let middle = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const go = (): void => {
    while (sent < GETATTRS && sent - heardBytes / replyBytes < 1000) {
      socket.write(many);
      sent += 100;
    }
    if (middle === 0 && heardBytes > (GETATTRS * replyBytes) / 4) middle = ground.node.rssBytes();
    if (heardBytes >= GETATTRS * replyBytes) resolve();
  };
  socket.on('data', (chunk) => {
    heardBytes += chunk.length;
    go();
  });
  socket.on('close', () => reject(new Error(`closed after ${heardBytes / replyBytes}`)));
  go();
  await promise;
  assert.equal(heardBytes, GETATTRS * replyBytes);
  const grown = ground.node.rssBytes() - middle;
  assert.ok(grown < 48 * MIB, `${grown / MIB} MiB more than after the first quarter`);
  socket.removeAllListeners('close').destroy();
});

test('in the end few descriptors are open, and no fault was logged', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const [, pid] = /"pid":(\d+)/.exec(ground.node.said()) ?? [];
  if (pid) assert.ok(readdirSync(`/proc/${pid}/fd`).length < 200);
  assert.doesNotMatch(ground.node.said(), /"level":"error"|"event":"bug"/);
});
