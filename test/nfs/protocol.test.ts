import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import {
  ACCESS,
  type Asked,
  accessed,
  decodeAsked,
  type Failure,
  failed,
  gotAttributes,
  linkRead,
  lookedUp,
  NFS_PROGRAM,
  NFS_VERSION,
  type Procedure,
  pathRulesTold,
  readHead,
  STATUS,
  sizesTold,
  spaceTold,
} from '../../src/nfs/protocol.ts';
import { XdrReader } from '../../src/nfs/xdr.ts';
import { mutate, seeded } from '../support/fakes.ts';
import {
  access3res,
  args3,
  type Fattr3,
  fsinfo3res,
  fsstat3res,
  getattr3res,
  good,
  link3res,
  lookup3res,
  opaque,
  PROC3,
  pathconf3res,
  read3res,
  readdir3res,
  readdirplus3res,
  readlink3res,
  rename3res,
  u32,
  u64,
  wccRes,
} from '../support/nfs3.ts';
import { attributesFrom, common, golden3, golden3Names, plainFile } from './golden3.ts';

const ask = (procedure: number, args: Uint8Array): Asked | undefined => decodeAsked(procedure, new XdrReader(args));
const name = (text: string): Procedure => text as Procedure;
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const plain = (asked: Asked | undefined): unknown =>
  asked &&
  Object.fromEntries(
    Object.entries(asked).map(([key, value]) => [key, value instanceof Uint8Array ? hex(value) : value]),
  );

/** Behind the handle. What there is of writing procedures, nobody reads. */
const called: Readonly<Record<string, object>> = {
  'getattr-call': {},
  'setattr-call': {},
  'lookup-call': { name: 'filesystem.squashfs' },
  'access-call': { wanted: ACCESS.read },
  'readlink-call': {},
  'read-call': { offset: 0, count: 14 },
  'write-call': {},
  'create-call': {},
  'mkdir-call': {},
  'symlink-call': {},
  'mknod-call': {},
  'remove-call': {},
  'rmdir-call': {},
  'rename-call': {},
  'link-call': {},
  'readdir-call': { cookie: 0, verifier: '0000000000000000', maxBytes: 4096 },
  'readdirplus-call': { cookie: 0, verifier: '0000000000000000', dirBytes: 8192, maxBytes: 8192 },
  'fsstat-call': {},
  'fsinfo-call': {},
  'pathconf-call': {},
  'commit-call': {},
};

test('every procedure but NULL has real arguments here', () => {
  const calls = golden3Names.filter((each) => each.endsWith('-call'));
  assert.deepEqual(calls, Object.keys(called).sort());
  assert.equal(calls.length, 21);
});

for (const [call, fields] of Object.entries(called))
  test(`decodeAsked: ${call} means what its comments say`, () => {
    const procedure = call.replace('-call', '') as keyof typeof PROC3;
    const args = golden3(call);
    const handle = hex(args.subarray(4, 32));
    assert.deepEqual(plain(ask(PROC3[procedure], args)), { procedure, handle, ...fields });
  });

test('decodeAsked: NULL has no arguments, 22 is no procedure (RFC 1813 §3)', () => {
  assert.deepEqual(ask(0, new Uint8Array(0)), { procedure: 'null' });
  for (const procedure of [22, 23, 0x7fff_ffff, 0xffff_ffff]) assert.equal(ask(procedure, opaque('handle')), undefined);
  assert.deepEqual([NFS_PROGRAM, NFS_VERSION], [100_003, 3]);
});

const handle = Buffer.alloc(32, 7);
const understood: readonly { name: string; procedure: number; args: Uint8Array; want: object }[] = [
  { name: 'a handle of 64 octets', procedure: 1, args: opaque(Buffer.alloc(64)), want: { handle: '00'.repeat(64) } },
  { name: 'a handle of none', procedure: 1, args: opaque(''), want: { handle: '' } },
  {
    name: 'a name of 255 octets',
    procedure: 3,
    args: args3.lookup(handle, 'n'.repeat(255)),
    want: { name: 'n'.repeat(255) },
  },
  {
    name: 'a name that is too long for a file, so that it can be told so',
    procedure: 3,
    args: args3.lookup(handle, 'n'.repeat(4096)),
    want: { name: 'n'.repeat(4096) },
  },
  { name: 'a name in UTF-8', procedure: 3, args: args3.lookup(handle, 'año'), want: { name: 'año' } },
  {
    name: 'a name that is no UTF-8 as one that no file has',
    procedure: 3,
    args: args3.lookup(handle, Buffer.from('a\xff', 'latin1')),
    want: { name: 'a\ufffd' },
  },
  {
    name: 'an offset past 4 GiB',
    procedure: 6,
    args: args3.read(handle, 2 ** 32 + 5, 1),
    want: { offset: 2 ** 32 + 5, count: 1 },
  },
  {
    name: 'an offset that no number holds as the largest',
    procedure: 6,
    args: args3.read(handle, 2n ** 64n - 1n, 0xffff_ffff),
    want: { offset: Number.MAX_SAFE_INTEGER, count: 0xffff_ffff },
  },
  {
    name: 'a cookie and its verifier',
    procedure: 17,
    args: args3.readdirplus(handle, 2 ** 40, { dircount: 1, maxcount: 2 }, Buffer.from('verifier')),
    want: { cookie: 2 ** 40, verifier: hex(Buffer.from('verifier')), dirBytes: 1, maxBytes: 2 },
  },
  {
    name: 'what comes behind is not minded',
    procedure: 1,
    args: Buffer.concat([opaque(handle), Buffer.alloc(5)]),
    want: { handle: hex(handle) },
  },
];
for (const { name: rule, procedure, args, want } of understood)
  test(`decodeAsked: ${rule}`, () => {
    const got = plain(ask(procedure, args)) as Record<string, unknown>;
    for (const [key, value] of Object.entries(want)) assert.deepEqual(got[key], value);
  });

const malformed: readonly { name: string; procedure: number; args: Uint8Array }[] = [
  { name: 'no handle', procedure: 1, args: new Uint8Array(0) },
  { name: 'a handle over 64 octets', procedure: 1, args: opaque(Buffer.alloc(65)) },
  { name: 'a handle over 64 octets of a writing procedure', procedure: 7, args: opaque(Buffer.alloc(65)) },
  { name: 'a handle that is cut off', procedure: 21, args: opaque(handle).subarray(0, 35) },
  { name: 'a handle without its filling', procedure: 1, args: opaque('abcde').subarray(0, 9) },
  { name: 'a length of 4 GiB', procedure: 1, args: u32(0xffff_ffff) },
  { name: 'a name over a path', procedure: 3, args: args3.lookup(handle, 'n'.repeat(4097)) },
  { name: 'LOOKUP without a name', procedure: 3, args: opaque(handle) },
  { name: 'ACCESS without bits', procedure: 4, args: opaque(handle) },
  { name: 'READ without a count', procedure: 6, args: Buffer.concat([opaque(handle), u64(0)]) },
  { name: 'READ with half of an offset', procedure: 6, args: Buffer.concat([opaque(handle), u32(0)]) },
  { name: 'READDIR without a verifier', procedure: 16, args: Buffer.concat([opaque(handle), u64(0)]) },
  { name: 'READDIRPLUS with the arguments of READDIR', procedure: 17, args: args3.readdir(handle, 0, 512) },
];
for (const { name: rule, procedure, args } of malformed)
  test(`decodeAsked: ${rule} is malformed`, () => assert.throws(() => ask(procedure, args), Malformed));

test('decodeAsked: 100,000 mutations of real arguments, as any procedure, throw Malformed or nothing', () => {
  const random = seeded(1813);
  const calls = Object.keys(called).map(golden3);
  let refused = 0;
  for (let n = 0; n < 100_000; n++) {
    const args = mutate(calls[n % calls.length] ?? handle, random);
    try {
      assert.ok(ask(Math.floor(n / calls.length) % 22, args));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      refused += 1;
    }
  }
  assert.ok(refused > 10_000 && refused < 90_000, `${refused} of 100,000 refused`);
});

/** RFC 1813 §2.6 */
const numbers: Readonly<Record<Failure, number>> = {
  'not-found': 2,
  io: 5,
  'not-a-folder': 20,
  'is-a-folder': 21,
  invalid: 22,
  'read-only': 30,
  'name-too-long': 63,
  stale: 70,
  'bad-handle': 10_001,
  'bad-cookie': 10_003,
  'not-supported': 10_004,
  'too-small': 10_005,
  'server-fault': 10_006,
  later: 10_008,
};
test('failures have the numbers of nfsstat3 (RFC 1813 §2.6)', () => {
  assert.deepEqual({ ...STATUS }, numbers);
  for (const failure of Object.keys(numbers) as Failure[])
    assert.deepEqual(failed('getattr', failure), Uint8Array.from(u32(numbers[failure])));
});

/** What reads a failure of each; the second, how many `post_op_attr` it has. */
const readers: Readonly<Record<Exclude<Procedure, 'null'>, readonly [(bytes: Uint8Array) => unknown, number]>> = {
  getattr: [getattr3res, 0],
  setattr: [wccRes, 1],
  lookup: [lookup3res, 1],
  access: [access3res, 1],
  readlink: [readlink3res, 1],
  read: [read3res, 1],
  write: [wccRes, 1],
  create: [wccRes, 1],
  mkdir: [wccRes, 1],
  symlink: [wccRes, 1],
  mknod: [wccRes, 1],
  remove: [wccRes, 1],
  rmdir: [wccRes, 1],
  rename: [rename3res, 2],
  link: [link3res, 2],
  readdir: [readdir3res, 1],
  readdirplus: [readdirplus3res, 1],
  fsstat: [fsstat3res, 1],
  fsinfo: [fsinfo3res, 1],
  pathconf: [pathconf3res, 1],
  commit: [wccRes, 1],
};
for (const [procedure, [read, count]] of Object.entries(readers)) {
  test(`failed: ${procedure} in the shape of its results, without attributes`, () =>
    assert.deepEqual(read(failed(name(procedure), 'read-only')), {
      ok: false,
      status: 30,
      attributes: Array.from({ length: count }, () => undefined),
    }));
  test(`failed: ${procedure} with the attributes of what was asked of, where there is room`, () => {
    const { attributes } = read(failed(name(procedure), 'stale', plainFile)) as { attributes: (Fattr3 | undefined)[] };
    assert.deepEqual(
      attributes.map((each) => each?.fileid),
      [BigInt(plainFile.fileid), undefined].slice(0, count),
    );
  });
}
test('failed: NULL has no results', () => assert.equal(failed('null', 'server-fault').length, 0));

const refused: readonly { file: string; procedure: Procedure; failure: Failure }[] = [
  { file: 'write-rofs-reply', procedure: 'write', failure: 'read-only' },
  { file: 'rename-rofs-reply', procedure: 'rename', failure: 'read-only' },
  { file: 'link-rofs-reply', procedure: 'link', failure: 'read-only' },
  { file: 'commit-rofs-reply', procedure: 'commit', failure: 'read-only' },
  { file: 'getattr-badhandle-reply', procedure: 'getattr', failure: 'bad-handle' },
  { file: 'fsinfo-badhandle-reply', procedure: 'fsinfo', failure: 'bad-handle' },
  { file: 'read-isdir-reply', procedure: 'read', failure: 'is-a-folder' },
  { file: 'readlink-inval-reply', procedure: 'readlink', failure: 'invalid' },
];
for (const { file, procedure, failure } of refused)
  test(`failed: octet by octet what another server tells, ${file}`, () =>
    assert.equal(hex(failed(procedure, failure)), hex(golden3(file))));

for (const [file, failure] of [
  ['lookup-noent-reply', 'not-found'],
  ['lookup-notdir-reply', 'not-a-folder'],
] as const)
  test(`failed: with the folder's attributes, as another server tells them, ${file}`, () => {
    const theirs = lookup3res(golden3(file));
    assert.ok(!theirs.ok);
    const [folder] = theirs.attributes;
    assert.ok(folder);
    const ours = lookup3res(failed('lookup', failure, attributesFrom(folder)));
    assert.ok(!ours.ok);
    assert.equal(ours.status, theirs.status);
    assert.deepEqual(ours.attributes.map(common), theirs.attributes.map(common));
  });

test('gotAttributes: the attributes without a word whether there are any (RFC 1813 §3.3.1)', () => {
  const { objAttributes } = good(getattr3res(gotAttributes(plainFile)));
  assert.equal(objAttributes.fileid, BigInt(plainFile.fileid));
});

/** Of a real reply whose attributes must be there. */
function known(attributes: Fattr3 | undefined): Fattr3 {
  assert.ok(attributes);
  return attributes;
}

test('lookedUp: as another server tells it (RFC 1813 §3.3.3)', () => {
  const theirs = good(lookup3res(golden3('lookup-reply')));
  const told = lookedUp({
    handle: theirs.object,
    attributes: attributesFrom(known(theirs.objAttributes)),
    folder: attributesFrom(known(theirs.dirAttributes)),
  });
  const ours = good(lookup3res(told));
  assert.deepEqual(ours.object, theirs.object);
  assert.deepEqual(common(ours.objAttributes), common(theirs.objAttributes));
  assert.deepEqual(common(ours.dirAttributes), common(theirs.dirAttributes));
});

test('accessed: as another server tells it (RFC 1813 §3.3.4)', () => {
  const theirs = good(access3res(golden3('access-reply')));
  const ours = good(access3res(accessed(attributesFrom(known(theirs.objAttributes)), ACCESS.read)));
  assert.equal(ours.access, theirs.access);
  assert.deepEqual(common(ours.objAttributes), common(theirs.objAttributes));
  assert.deepEqual(Object.values(ACCESS), [1, 2, 4, 8, 16, 32]);
});

test('linkRead: as another server tells it (RFC 1813 §3.3.5)', () => {
  const theirs = good(readlink3res(golden3('readlink-reply')));
  assert.equal(theirs.data, 'casper/filesystem.squashfs');
  const ours = good(readlink3res(linkRead(attributesFrom(known(theirs.symlinkAttributes)), theirs.data)));
  assert.deepEqual([ours.data, common(ours.symlinkAttributes)], [theirs.data, common(theirs.symlinkAttributes)]);
  assert.equal(good(readlink3res(linkRead(plainFile, '../año/ß'))).data, '../año/ß');
});

test('readHead: what another server tells, up to the data (RFC 1813 §3.3.6)', () => {
  const reply = golden3('read-reply');
  const theirs = good(read3res(reply));
  const head = readHead(attributesFrom(known(theirs.fileAttributes)), theirs.count, theirs.eof);
  assert.equal(head.length, reply.length - 16, 'a length stands in front of 14 octets, filled up to 16');
  const ours = good(read3res(Buffer.concat([head, reply.subarray(head.length)])));
  assert.deepEqual([ours.count, ours.eof, ours.data], [theirs.count, theirs.eof, theirs.data]);
  assert.deepEqual(common(ours.fileAttributes), common(theirs.fileAttributes));
});

test('readHead: none at the end, and not the end', () => {
  assert.deepEqual(good(read3res(readHead(plainFile, 0, true))).eof, true);
  const ours = good(read3res(Buffer.concat([readHead(plainFile, 4, false), Buffer.from('data')])));
  assert.deepEqual([ours.count, ours.eof, Buffer.from(ours.data).toString()], [4, false, 'data']);
});

test('spaceTold: full, as a disk that is only read (RFC 1813 §3.3.18)', () => {
  const theirs = good(fsstat3res(golden3('fsstat-reply')));
  const attributes = attributesFrom(known(theirs.objAttributes));
  const ours = good(fsstat3res(spaceTold(attributes, { totalBytes: 5e9, files: 1234 })));
  assert.deepEqual(common(ours.objAttributes), common(theirs.objAttributes));
  const { objAttributes: _, ok: __, ...space } = ours;
  assert.deepEqual(space, {
    ...{ tbytes: 5_000_000_000n, fbytes: 0n, abytes: 0n },
    ...{ tfiles: 1234n, ffiles: 0n, afiles: 0n, invarsec: 0 },
  });
});

test('sizesTold: how much at once, and what there is: links to read, nothing to set (RFC 1813 §3.3.19)', () => {
  const sizes = {
    maxReadBytes: 1 << 20,
    preferredReadBytes: 1 << 18,
    maxWriteBytes: 4096,
    preferredFolderBytes: 65_536,
  };
  const theirs = good(fsinfo3res(golden3('fsinfo-reply')));
  const attributes = attributesFrom(known(theirs.objAttributes));
  const { objAttributes, ok: _, ...told } = good(fsinfo3res(sizesTold(attributes, sizes)));
  assert.deepEqual(common(objAttributes), common(theirs.objAttributes));
  assert.deepEqual(told, {
    ...{ rtmax: 1_048_576, rtpref: 262_144, rtmult: 4096 },
    ...{ wtmax: 4096, wtpref: 4096, wtmult: 4096, dtpref: 65_536 },
    maxfilesize: 2n ** 53n - 1n,
    timeDelta: { seconds: 0, nseconds: 1_000_000 },
    properties: 0x0a,
  });
});

for (const keepsCase of [true, false])
  test(`pathRulesTold: letter case is ${keepsCase ? '' : 'not '}kept (RFC 1813 §3.3.20)`, () => {
    const theirs = good(pathconf3res(golden3('pathconf-reply')));
    const attributes = attributesFrom(known(theirs.objAttributes));
    const { objAttributes, ok: _, ...rules } = good(pathconf3res(pathRulesTold(attributes, keepsCase)));
    assert.deepEqual(common(objAttributes), common(theirs.objAttributes));
    assert.deepEqual(rules, {
      ...{ linkmax: 1, nameMax: 255, noTrunc: true, chownRestricted: true },
      ...{ caseInsensitive: !keepsCase, casePreserving: keepsCase },
    });
  });
