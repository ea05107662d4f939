/** Calls as they are heard, and replies. RFC 5531 §9. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { type Answer, dispatch, hear, type Program, type Reply, replyHead, replyRecord } from '../../src/nfs/rpc.ts';
import { XdrWriter } from '../../src/nfs/xdr.ts';
import { authSys, call, parseReply, resultsOf, type Wanted, xdr } from '../support/rpc.ts';
import { caller, callIn, hexOf } from './packets.ts';

const plain: Wanted = { xid: 0xfeed_beef, program: 100_003, version: 3, procedure: 6, args: xdr.text('args') };
const auth = (flavour: number, bytes: number) => ({ flavour, body: Buffer.alloc(bytes, 1) });

const calls: readonly { name: string; wanted: Wanted }[] = [
  { name: 'with AUTH_NONE (§10)', wanted: plain },
  { name: 'with AUTH_SYS (§14)', wanted: { ...plain, credential: authSys(1000, 1000, [4, 24]) } },
  { name: 'with an AUTH_SYS that makes no sense: nobody reads it', wanted: { ...plain, credential: auth(1, 3) } },
  { name: 'with a credential of 400 octets (§8.2)', wanted: { ...plain, credential: auth(1, 400) } },
  {
    name: 'with an AUTH_NONE that has a body: empty is recommended only (§10)',
    wanted: { ...plain, credential: auth(0, 5) },
  },
  { name: 'with a verifier AUTH_NONE that has a body', wanted: { ...plain, verifier: auth(0, 400) } },
];
for (const c of calls) {
  test(`heard: a call ${c.name}`, () => {
    const { args, ...rest } = callIn(call(c.wanted));
    assert.deepEqual(rest, { xid: 0xfeed_beef, program: 100_003, version: 3, procedure: 6 });
    assert.equal(args.text(4, 'args'), 'args');
    assert.equal(args.left, 0);
  });
}

test('heard: numbers of 32 bits stay what they are', () => {
  const { args: _, ...rest } = callIn(
    call({ xid: 2 ** 32 - 1, program: 2 ** 32 - 2, version: 2 ** 31, procedure: 2 ** 32 - 4 }),
  );
  assert.deepEqual(rest, { xid: 2 ** 32 - 1, program: 2 ** 32 - 2, version: 2 ** 31, procedure: 2 ** 32 - 4 });
});

const refused: readonly { name: string; wanted: Wanted; reason: string; reply: object }[] = [
  {
    name: 'another version of RPC: RPC_MISMATCH with the one that is spoken',
    wanted: { ...plain, rpcVersion: 3 },
    reason: 'rpc-version',
    reply: { kind: 'rpc-mismatch', range: [2, 2] },
  },
  {
    name: 'AUTH_SHORT: AUTH_REJECTEDCRED, so the client sends the whole one',
    wanted: { ...plain, credential: auth(2, 8) },
    reason: 'credential',
    reply: { kind: 'auth-error', why: 2 },
  },
  {
    name: 'RPCSEC_GSS',
    wanted: { ...plain, credential: auth(6, 20) },
    reason: 'credential',
    reply: { kind: 'auth-error', why: 2 },
  },
  {
    name: 'a flavour that nobody knows',
    wanted: { ...plain, credential: auth(2 ** 32 - 1, 0) },
    reason: 'credential',
    reply: { kind: 'auth-error', why: 2 },
  },
  {
    name: 'a verifier beside AUTH_SYS: AUTH_BADVERF (§14 wants AUTH_NONE)',
    wanted: { ...plain, credential: authSys(), verifier: auth(6, 4) },
    reason: 'credential',
    reply: { kind: 'auth-error', why: 3 },
  },
];
for (const c of refused) {
  test(`refused: ${c.name}`, () => {
    const heard = hear(call(c.wanted));
    assert.ok(heard.kind === 'refused');
    assert.equal(heard.reason, c.reason);
    assert.deepEqual(parseReply(heard.reply), { xid: 0xfeed_beef, ...c.reply });
  });
}

test('refused: another version of RPC is told so, whatever comes behind it', () => {
  const heard = hear(call({ ...plain, rpcVersion: 1 }).subarray(0, 12));
  assert.equal(heard.kind === 'refused' && heard.reason, 'rpc-version');
});

const aReply = replyHead(7, { kind: 'done', results: new Uint8Array(0) });
const dropped: readonly { name: string; record: Uint8Array; reason: string }[] = [
  { name: 'nothing', record: Buffer.alloc(0), reason: 'too-short' },
  { name: 'less than three words', record: call(plain).subarray(0, 11), reason: 'too-short' },
  { name: 'a header cut short', record: call(plain).subarray(0, 39), reason: 'too-short' },
  {
    name: 'a credential cut short',
    record: call({ ...plain, credential: authSys() }).subarray(0, 50),
    reason: 'too-short',
  },
  {
    name: 'a verifier cut short',
    record: call({ ...plain, verifier: auth(0, 8), args: Buffer.alloc(0) }).subarray(0, 47),
    reason: 'too-short',
  },
  { name: 'a reply', record: aReply, reason: 'not-a-call' },
  { name: 'neither call nor reply', record: Buffer.alloc(64, 7), reason: 'not-a-call' },
  {
    name: 'a credential of over 400 octets (§8.2)',
    record: call({ ...plain, credential: auth(1, 401) }),
    reason: 'bad-credential',
  },
  {
    name: 'a verifier of over 400 octets',
    record: call({ ...plain, verifier: auth(0, 404) }),
    reason: 'bad-credential',
  },
];
for (const c of dropped)
  test(`dropped: ${c.name}`, () => assert.deepEqual(hear(c.record), { kind: 'dropped', reason: c.reason }));

const done: Answer = { kind: 'done', results: new Uint8Array(0) };
const nfs = (answer: Program['answer']): Program => ({ number: 100_003, versions: { low: 3, high: 4 }, answer });
const other: Program = {
  number: 100_005,
  versions: { low: 3, high: 3 },
  answer: () => assert.fail('not the one that is meant'),
};
const garbage = () => {
  throw new Malformed('fhandle3', 0);
};
const dispatched: readonly { name: string; wanted: Wanted; answer?: Program['answer']; want: Answer }[] = [
  { name: 'the program that is meant', wanted: plain, want: done },
  { name: 'the highest of its versions', wanted: { ...plain, version: 4 }, want: done },
  { name: 'no such program', wanted: { ...plain, program: 100_004 }, want: { kind: 'program-unavailable' } },
  { name: 'a version too low', wanted: { ...plain, version: 2 }, want: { kind: 'version-mismatch', low: 3, high: 4 } },
  { name: 'a version too high', wanted: { ...plain, version: 5 }, want: { kind: 'version-mismatch', low: 3, high: 4 } },
  { name: 'arguments that break the format', wanted: plain, answer: garbage, want: { kind: 'garbage-arguments' } },
  {
    name: 'the same where it takes a while to find out',
    wanted: plain,
    answer: async () => garbage(),
    want: { kind: 'garbage-arguments' },
  },
];
for (const c of dispatched) {
  test(`dispatch: ${c.name}`, async () => {
    const programs = [other, nfs(c.answer ?? (() => done))];
    assert.deepEqual(await dispatch(callIn(call(c.wanted)), caller(), programs), c.want);
  });
}

test('dispatch: what is answered at once comes at once', () => {
  assert.equal(dispatch(callIn(call(plain)), caller(), [nfs(() => done)]), done);
});

test('dispatch: a bug comes through, it is none of the caller', async () => {
  const bug = (): never => {
    throw new TypeError('bug');
  };
  assert.throws(() => dispatch(callIn(call(plain)), caller(), [nfs(bug)]), TypeError);
  await assert.rejects(async () => await dispatch(callIn(call(plain)), caller(), [nfs(async () => bug())]), TypeError);
});

const replies: readonly { name: string; reply: Reply; want: object }[] = [
  { name: 'PROG_UNAVAIL', reply: { kind: 'program-unavailable' }, want: { kind: 'program-unavailable' } },
  {
    name: 'PROG_MISMATCH with the range',
    reply: { kind: 'version-mismatch', low: 2, high: 4 },
    want: { kind: 'program-mismatch', range: [2, 4] },
  },
  { name: 'PROC_UNAVAIL', reply: { kind: 'procedure-unavailable' }, want: { kind: 'procedure-unavailable' } },
  { name: 'GARBAGE_ARGS', reply: { kind: 'garbage-arguments' }, want: { kind: 'garbage-arguments' } },
  { name: 'SYSTEM_ERR', reply: { kind: 'system-error' }, want: { kind: 'system-error' } },
];
for (const c of replies) {
  test(`reply: ${c.name}`, () => {
    const head = replyHead(0xfeed_beef, c.reply);
    assert.deepEqual(parseReply(head), { xid: 0xfeed_beef, ...c.want });
    assert.equal(hexOf(replyRecord(0xfeed_beef, c.reply)), (2 ** 31 + head.length).toString(16) + hexOf(head));
  });
}

test('reply: results stand behind six words (§9)', () => {
  const head = replyHead(7, { kind: 'done', results: new XdrWriter().u32(5).text('abc').bytes() });
  assert.equal(hexOf(head), '000000070000000100000000000000000000000000000000000000050000000361626300');
  const results = resultsOf(parseReply(head));
  assert.deepEqual([results.u32(), results.text(), results.left], [5, 'abc', 0]);
});

for (const bytes of [0, 1, 4, 131_071]) {
  test(`reply: the mark counts a tail of ${bytes} octets and its filling, which are not in the head`, () => {
    const tail = { views: [Buffer.alloc(bytes)], bytes, release: () => assert.fail('not here') };
    const results = new XdrWriter().u32(bytes).bytes();
    const whole = replyRecord(7, { kind: 'done', results, tail });
    assert.equal(Buffer.from(whole).readUInt32BE(), 2 ** 31 + 24 + 4 + Math.ceil(bytes / 4) * 4);
    assert.equal(hexOf(whole.subarray(4)), hexOf(replyHead(7, { kind: 'done', results, tail })));
  });
}
