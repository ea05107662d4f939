/** Hostile streams through records, calls, portmapper and MOUNT. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { mountProgram } from '../../src/nfs/mount.ts';
import { portmapAt, portmapProgram } from '../../src/nfs/portmap.ts';
import { RecordReader } from '../../src/nfs/record.ts';
import { dispatch, hear, type Program, replyRecord } from '../../src/nfs/rpc.ts';
import { mutate, seeded } from '../support/fakes.ts';
import { args, authSys, call, marked, parseReply, xdr } from '../support/rpc.ts';
import { caller, golden, goldenNames, isMarked } from './packets.ts';

const ROUNDS = 100_000;
const MAX_RECORD_BYTES = 4096;

const programs: readonly Program[] = [
  portmapProgram(() => portmapAt(111)),
  mountProgram({
    resolve: (path) =>
      path.startsWith('/') ? { kind: 'folder', handle: new Uint8Array(32) } : { kind: 'refused', reason: 'not-found' },
    exports: () => ['/isos', '/tree/mint-22'],
  }),
];

const ask = (program: number, version: number, procedure: number, octets: Uint8Array = Buffer.alloc(0)): Buffer =>
  marked(call({ program, version, procedure, args: octets, credential: authSys(0, 0, [1]) }));
const rpcb = args(xdr.u32(100_005), xdr.u32(3), xdr.text('tcp'), xdr.text(''), xdr.text(''));
const seeds: readonly Buffer[] = [
  ...goldenNames.map(golden).map((octets) => (isMarked(octets) ? octets : marked(octets))),
  ...[0, 1, 2, 3, 4, 5].map((procedure) => ask(100_000, 2, procedure, args(...[100_005, 3, 6, 0].map(xdr.u32)))),
  ...[3, 4, 5, 9].map((procedure) => ask(100_000, 4, procedure, rpcb)),
  ...[0, 1, 2, 3, 4, 5].map((procedure) => ask(100_005, 3, procedure, xdr.text('/tree/mint-22'))),
  marked(ask(100_005, 3, 1, xdr.text('/tree/mint-22')), 16),
];

/** What one record comes to: its outcome as one word. Whatever is sent must be a reply to it. */
async function outcome(record: Uint8Array): Promise<string> {
  const heard = hear(record);
  if (heard.kind === 'dropped') return heard.reason;
  const xid = Buffer.from(record).readUInt32BE();
  if (heard.kind === 'refused') {
    assert.equal(parseReply(heard.reply).xid, xid);
    return heard.reason;
  }
  const answer = await dispatch(heard.call, caller(), programs);
  if (answer.kind === 'silence') return answer.kind;
  const reply = replyRecord(xid, answer);
  assert.equal(parseReply(reply.subarray(4)).xid, xid);
  assert.ok(reply.length <= 262_144 + 28, `${reply.length} octets`);
  return answer.kind;
}

test(`${ROUNDS} mutated records: each has one of the outcomes that there are, and nothing grows`, async () => {
  const random = seeded(1833);
  const outcomes = new Map<string, number>();
  const count = (what: string): void => void outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
  for (let round = 0; round < ROUNDS; round++) {
    const seed = seeds[Math.floor(random() * seeds.length)] ?? Buffer.alloc(0);
    // Half of them keep their mark, so that what is behind it is reached.
    const octets = random() < 0.5 ? mutate(seed, random) : marked(mutate(seed.subarray(4), random));
    const reader = new RecordReader(MAX_RECORD_BYTES);
    try {
      const half = Math.floor(random() * octets.length);
      for (const piece of [octets.subarray(0, half), octets.subarray(half)])
        for (const record of reader.feed(piece)) count(await outcome(record));
    } catch (e) {
      if (!(e instanceof Malformed)) throw e;
      count('malformed record');
    }
    assert.ok(reader.heldBytes <= MAX_RECORD_BYTES);
  }
  const seen = [...outcomes.keys()].sort();
  assert.deepEqual(seen, [
    'bad-credential',
    'credential',
    'done',
    'garbage-arguments',
    'malformed record',
    'not-a-call',
    'procedure-unavailable',
    'program-unavailable',
    'rpc-version',
    'silence',
    'too-short',
    'version-mismatch',
  ]);
});
