import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ATTRIBUTES_BYTES,
  type Attributes,
  NO_ATTRIBUTES_BYTES,
  POST_ATTRIBUTES_BYTES,
  writeAttributes,
  writePostAttributes,
} from '../../src/nfs/attributes.ts';
import { XdrWriter } from '../../src/nfs/xdr.ts';
import { type Fattr3, FTYPE3, getattr3res, good } from '../support/nfs3.ts';
import { attributesFrom, common, golden3, plainFile, plainFolder } from './golden3.ts';

function told(changes: Partial<Attributes>): Fattr3 {
  const w = new XdrWriter().u32(0);
  writeAttributes(w, { ...plainFile, ...changes });
  return good(getattr3res(w.bytes())).objAttributes;
}

test('fattr3 is 84 octets, post_op_attr 88 or 4 (RFC 1813 §2.6)', () => {
  const bytesOf = (write: (w: XdrWriter) => void): number => {
    const w = new XdrWriter();
    write(w);
    return w.bytes().length;
  };
  assert.equal(ATTRIBUTES_BYTES, 84);
  assert.equal(
    bytesOf((w) => writeAttributes(w, plainFile)),
    ATTRIBUTES_BYTES,
  );
  assert.equal(
    bytesOf((w) => writePostAttributes(w, plainFile)),
    POST_ATTRIBUTES_BYTES,
  );
  assert.equal(
    bytesOf((w) => writePostAttributes(w, undefined)),
    NO_ATTRIBUTES_BYTES,
  );
});

test('every field of fattr3 stands where RFC 1813 §2.6 has it', () => {
  const time = { seconds: 1_721_643_072, nseconds: 500_000_000 };
  assert.deepEqual(told({}), {
    type: FTYPE3.reg,
    mode: 0o644,
    nlink: 1,
    uid: 1000,
    gid: 100,
    size: 70_000n,
    used: 71_680n,
    rdev: [0, 0],
    fsid: 0x1234_5678_9abcn,
    fileid: 2n ** 40n + 6n,
    atime: time,
    mtime: time,
    ctime: time,
  });
});

test('what another server tells of a folder, we tell with the same octets', () => {
  const theirs = good(getattr3res(golden3('getattr-reply'))).objAttributes;
  assert.equal(theirs.type, FTYPE3.dir);
  assert.deepEqual(common(told(attributesFrom(theirs))), common(theirs));
});

const kinds: readonly [Attributes['kind'], number][] = [
  ['file', FTYPE3.reg],
  ['folder', FTYPE3.dir],
  ['link', FTYPE3.lnk],
  ['other', FTYPE3.sock],
];
for (const [kind, type] of kinds) test(`type: ${kind} is ${type}`, () => assert.equal(told({ kind }).type, type));

test('links: a folder has 1, which tells find not to count the folders inside', () =>
  assert.equal(told(plainFolder).nlink, 1));

const modes = [
  { name: 'the permission bits', mode: 0o755, want: 0o755 },
  { name: 'set-user-id and sticky, too', mode: 0o7777, want: 0o7777 },
  { name: 'without the type of file', mode: 0o100644, want: 0o644 },
  { name: 'without what is no mode at all', mode: 0xffff_f1a4, want: 0o644 },
];
for (const { name, mode, want } of modes) test(`mode: ${name}`, () => assert.equal(told({ mode }).mode, want));

const sizes = [
  { name: 'nothing', sizeBytes: 0, used: 0n },
  { name: 'one octet takes a sector', sizeBytes: 1, used: 2048n },
  { name: 'a sector', sizeBytes: 2048, used: 2048n },
  { name: 'over 4 GiB', sizeBytes: 2 ** 32 + 1, used: 2n ** 32n + 2048n },
  { name: 'what a damaged image says at most', sizeBytes: Number.MAX_SAFE_INTEGER, used: 2n ** 53n - 1n },
];
for (const { name, sizeBytes, used } of sizes)
  test(`size: ${name}`, () => {
    const { size, used: toldUsed } = told({ sizeBytes });
    assert.deepEqual([size, toldUsed], [BigInt(sizeBytes), used]);
  });

const times = [
  { name: 'the first moment', modifiedMs: 0, want: [0, 0] },
  { name: 'milliseconds', modifiedMs: 1001, want: [1, 1_000_000] },
  { name: 'the last millisecond of a second', modifiedMs: 1999, want: [1, 999_000_000] },
  { name: 'parts of a millisecond', modifiedMs: 1000.25, want: [1, 250_000] },
  { name: 'never a whole second of nanoseconds', modifiedMs: 1999.999_999_999_9, want: [1, 999_999_999] },
  { name: 'before 1970', modifiedMs: -1, want: [0, 0] },
  { name: 'no time', modifiedMs: Number.NaN, want: [0, 0] },
  { name: 'the last second of 32 bits', modifiedMs: 0xffff_ffff * 1000, want: [0xffff_ffff, 0] },
  { name: 'behind it', modifiedMs: 0xffff_ffff * 1000 + 1999, want: [0xffff_ffff, 0] },
  { name: 'without end', modifiedMs: Number.POSITIVE_INFINITY, want: [0xffff_ffff, 0] },
];
for (const { name, modifiedMs, want } of times)
  test(`time: ${name}`, () => {
    const { atime, mtime, ctime } = told({ modifiedMs });
    for (const { seconds, nseconds } of [atime, mtime, ctime]) assert.deepEqual([seconds, nseconds], want);
  });
