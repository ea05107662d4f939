/** Against a portmapper made here, with rpcbind's rules; with rpcbind itself, test/interop/rpcbind.test.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { universalAddress } from '../../src/nfs/portmap.ts';
import { RecordReader, recordMark } from '../../src/nfs/record.ts';
import { programsAt, registrar } from '../../src/nfs/register.ts';
import { isSameProgram, type Mapping, mappingOf } from '../../src/nfs/rpcbind.ts';
import { XdrReader, XdrWriter } from '../../src/nfs/xdr.ts';
import { FakeClock } from '../support/fakes.ts';

const PROGRAMS = programsAt(2049);
const OURS = PROGRAMS.map((each) => mappingOf(each, 'us'));
/** No program of this machine has that. */
const NOWHERE = '127.9.8.7' as Ipv4;

interface Manners {
  /** What it does with a call; nothing is no answer at all. */
  readonly answers?: ((call: XdrReader, socket: net.Socket) => XdrWriter | undefined) | undefined;
  /** SET of it fails, though the list does not have it. */
  readonly declines?: Mapping | undefined;
}

const procedureOf = (call: XdrReader): number => {
  for (const field of ['mtype', 'rpcvers', 'prog', 'vers']) call.u32(field);
  const procedure = call.u32('proc');
  for (const field of ['cred', 'cred', 'verf', 'verf']) call.u32(field);
  return procedure;
};
const accepted = (xid: number): XdrWriter => new XdrWriter().u32(xid).u32(1).u32(0).u32(0).u32(0).u32(0);

/** One whose caller is always `us`. `list` is what it has. */
class FakePortmapper {
  list: Mapping[];
  changes = 0;
  readonly #manners: Manners;
  constructor(list: readonly Mapping[], manners: Manners = {}) {
    this.list = [...list];
    this.#manners = manners;
  }

  answer(record: Uint8Array, socket: net.Socket): XdrWriter | undefined {
    const call = new XdrReader(record);
    if (this.#manners.answers) return this.#manners.answers(call, socket);
    const reply = accepted(call.u32('xid'));
    const procedure = procedureOf(call);
    if (procedure !== 4) return reply.bool(procedure === 1 ? this.#set(mappingIn(call)) : this.#unset(mappingIn(call)));
    for (const { program, version, netid, address, owner } of this.list)
      reply.bool(true).u32(program).u32(version).text(netid).text(address).text(owner);
    return reply.bool(false);
  }

  #set(wanted: Mapping): boolean {
    const there = this.list.find((each) => isSameProgram(each, wanted));
    const declined = this.#manners.declines;
    if (there || (declined && isSameProgram(declined, wanted))) return there?.address === wanted.address;
    this.list.push({ ...wanted, owner: 'us' });
    this.changes += 1;
    return true;
  }

  #unset(wanted: Mapping): boolean {
    const there = this.list.find((each) => isSameProgram(each, wanted));
    if (there && there.owner !== 'us') return false;
    this.list = this.list.filter((each) => each !== there);
    this.changes += there ? 1 : 0;
    return true;
  }
}

function mappingIn(call: XdrReader): Mapping {
  const text = (field: string): string => call.text(256, field);
  const [program, version] = [call.u32('prog'), call.u32('vers')];
  return { program, version, netid: text('netid'), address: text('addr'), owner: text('owner') };
}

/** Registers with it, over a local socket in a folder of the test's. */
async function ground(t: TestContext, list: readonly Mapping[] = [], manners?: Manners) {
  const portmapper = new FakePortmapper(list, manners);
  const folder = mkdtempSync(join(tmpdir(), 'portmapper-'));
  const door = { path: join(folder, 'sock') };
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const records = new RecordReader(65_536);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const record of records.feed(bytes)) {
        const reply = portmapper.answer(record, socket)?.bytes();
        if (reply) socket.write(Buffer.concat([recordMark(reply.length), reply]));
      }
    });
  });
  server.listen(door.path);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const clock = new FakeClock();
  return { portmapper, clock, door, folder, ...registrar([{ path: join(folder, 'absent') }, door], clock) };
}

/** Somebody's program, at a port that nobody has. */
const dead = (like: Mapping | undefined, owner: string, port = 2048): Mapping => {
  assert.ok(like);
  return { ...like, owner, address: universalAddress(NOWHERE, port) };
};

test('register: all of them, at all of the machine’s addresses; once more changes nothing', async (t) => {
  const { register, portmapper, clock } = await ground(t);
  assert.deepEqual(await register(PROGRAMS), { kind: 'registered' });
  assert.deepEqual(portmapper.list, OURS);
  assert.equal(portmapper.list[0]?.address, '0.0.0.0.8.1');
  assert.deepEqual(await register(PROGRAMS), { kind: 'registered' });
  assert.deepEqual([portmapper.changes, clock.pendingTimers], [3, 0]);
});

test('register: what an earlier run left at another port is replaced', async (t) => {
  const { register, portmapper } = await ground(
    t,
    OURS.map((own) => dead(own, 'us')),
  );
  assert.deepEqual(await register(PROGRAMS), { kind: 'registered' });
  assert.deepEqual(portmapper.list, OURS);
});

test('register: what stands there and leads to our port is good, whosever it is', async (t) => {
  const theirs = OURS.map((own) => ({ ...own, owner: 'superuser' }));
  const { register, portmapper } = await ground(t, theirs);
  assert.deepEqual(await register(PROGRAMS), { kind: 'registered' });
  assert.deepEqual(portmapper.list, theirs);
});

test('register: what another user left is refused with the command that takes it out, and nothing is changed', async (t) => {
  const list = OURS.map((own) => dead(own, 'superuser'));
  const { register, portmapper } = await ground(t, list);
  const told = await register(PROGRAMS);
  assert.ok(told.kind === 'failed');
  assert.equal(told.reason, 'refused');
  assert.match(told.what, /: rpcinfo -d 100003 3; rpcinfo -d 100005 3 as root, or stop rpcbind .*, or set nfs: off$/);
  assert.deepEqual([portmapper.list, portmapper.changes], [list, 0]);
});

test('register: a program that lives is left alone, ours or not, and none of ours is put in beside it', async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const [, mountd] = OURS;
  assert.ok(mountd);
  const alive = { ...mountd, owner: 'us', address: universalAddress('127.0.0.1' as Ipv4, port) };
  const { register, foresee, unregister, portmapper } = await ground(t, [alive]);
  for (const ask of [register, foresee]) {
    const told = await ask(PROGRAMS);
    assert.ok(told.kind === 'failed');
    assert.deepEqual([told.reason, portmapper.changes], ['taken', 0]);
    assert.match(told.what, /^another program is registered as 100005, version 3: stop it .*, or set nfs: off$/);
  }
  await unregister(PROGRAMS);
  assert.deepEqual(portmapper.list, [alive]);
});

test('register: all or none, also when somebody is quicker in between', async (t) => {
  const { register, portmapper } = await ground(t, [], { declines: OURS[2] });
  const told = await register(PROGRAMS);
  assert.deepEqual(told.kind === 'failed' && told.reason, 'taken');
  assert.deepEqual(portmapper.list, []);
});

test('register: other versions, other transports, other programs are nobody’s affair', async (t) => {
  const [nfs] = OURS;
  assert.ok(nfs);
  const list = [
    { ...dead(nfs, 'superuser'), version: 4 },
    { ...dead(nfs, 'superuser'), netid: 'tcp6', address: '::.8.0' },
    { ...dead(nfs, 'superuser'), program: 100_021 },
  ];
  const { register, portmapper } = await ground(t, list);
  assert.deepEqual(await register(PROGRAMS), { kind: 'registered' });
  assert.deepEqual(portmapper.list, [...list, ...OURS]);
});

test('unregister: takes out what leads to us, and nothing else', async (t) => {
  const [nfs, mountd] = OURS;
  assert.ok(nfs && mountd);
  const later = dead(mountd, 'us');
  const { unregister, portmapper } = await ground(t, [nfs, later]);
  await unregister(PROGRAMS);
  assert.deepEqual(portmapper.list, [later]);
});

test('foresee: registers nothing', async (t) => {
  const { foresee, portmapper } = await ground(t);
  assert.deepEqual(await foresee(PROGRAMS), { kind: 'registered' });
  assert.deepEqual([portmapper.list, portmapper.changes], [[], 0]);
});

/** RFC 5531 §9: MSG_DENIED, AUTH_ERROR, AUTH_TOOWEAK. */
const denies = (call: XdrReader): XdrWriter => new XdrWriter().u32(call.u32('xid')).u32(1).u32(1).u32(1).u32(5);
const strangers: readonly { name: string; answers: Manners['answers']; reason: string; says: RegExp }[] = [
  { name: 'takes nothing from us', answers: denies, reason: 'refused', says: /takes nothing from this process: stop/ },
  {
    name: 'hangs up',
    answers: (_call, socket) => void socket.end(),
    reason: 'no-portmapper',
    says: /does not answer \(it hung up\): stop rpcbind/,
  },
  {
    name: 'breaks off in the middle of an answer',
    answers: (_call, socket) => void socket.end(Buffer.of(0x80, 0, 0, 28, 0, 0, 0, 1)),
    reason: 'no-portmapper',
    says: /does not answer \(.+\): stop rpcbind/,
  },
  {
    name: 'speaks no RPC',
    answers: () => new XdrWriter().u32(1).u32(2),
    reason: 'no-portmapper',
    says: /does not answer \(mtype: not a reply at octet 4\): stop/,
  },
  {
    name: 'answers what is neither true nor false',
    answers: (call) => accepted(call.u32('xid')).u32(7),
    reason: 'no-portmapper',
    says: /does not answer \(more: neither/,
  },
  {
    name: 'begins an answer without end',
    answers: (_call, socket) => void socket.write(Buffer.of(0x7f, 0xff, 0xff, 0xff)),
    reason: 'no-portmapper',
    says: /does not answer \(.+\): stop rpcbind/,
  },
];
for (const { name, answers, reason, says } of strangers) {
  test(`a portmapper that ${name}: one sentence with the cure, and the end is quiet`, async (t) => {
    const { register, unregister, foresee, clock } = await ground(t, [], { answers });
    for (const ask of [register, foresee]) {
      const told = await ask(PROGRAMS);
      assert.ok(told.kind === 'failed');
      assert.equal(told.reason, reason);
      assert.match(told.what, says);
      assert.match(told.what, /nfs: off$/);
    }
    await unregister(PROGRAMS);
    assert.equal(clock.pendingTimers, 0);
  });
}

test('a portmapper that keeps silent is given up after two seconds', async (t) => {
  let isAsked = (): void => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const { register, clock } = await ground(t, [], { answers: () => void isAsked() });
  const telling = register(PROGRAMS);
  await asked;
  clock.advance(2000);
  const told = await telling;
  assert.ok(told.kind === 'failed');
  assert.match(told.what, /does not answer \(nothing within 2 s\)/);
});

test('an answer to something else is passed over', async (t) => {
  const { register } = await ground(t, [], {
    answers: (call, socket) => {
      const xid = call.u32('xid');
      const stray = accepted(xid + 77)
        .bool(false)
        .bytes();
      socket.write(Buffer.concat([recordMark(stray.length), stray]));
      const reply = accepted(xid);
      return procedureOf(call) === 4 ? reply.bool(false) : reply.bool(true);
    },
  });
  assert.deepEqual(await register(PROGRAMS), { kind: 'registered' });
});

test('nobody is there: said, and the end is quiet', async (t) => {
  const { folder } = await ground(t);
  const { register, unregister } = registrar([{ path: join(folder, 'absent') }], new FakeClock());
  const told = await register(PROGRAMS);
  assert.deepEqual(told.kind === 'failed' && told.reason, 'no-portmapper');
  await unregister(PROGRAMS);
});
