/**
 * Mutated packets through the whole codec, and what must hold of each. Run by itself for long: `node test/dns/codecfuzz.ts 10000000 53`
 * (how many, seed), with a third number for how many seconds at most.
 */
import assert from 'node:assert/strict';
import { keep } from '../../src/dns/keep.ts';
import { type Message, nameAt, readMessage } from '../../src/dns/message.ts';
import { type Query, readQuery } from '../../src/dns/query.ts';
import { fit, plainAnswer } from '../../src/dns/reply.ts';
import { mutate, seeded } from '../support/fakes.ts';
import { golden, goldenNames, hexOf, queryIn } from './golden.ts';
import { a, optRecord, packet, pointer, question, rr, target } from './packets.ts';
import { dataOf, recordTypes } from './recordtypes.ts';

const NAME = 'www.example.org';
const typed = recordTypes.map(([, type, data]) =>
  packet({
    question: [NAME, type],
    answers: [rr(NAME, type, 60, data)],
    additional: [rr('a.b.example.org', type, 60, data)],
    opt: {},
  }),
);
const behindOpt = packet({
  question: [NAME, 'NS'],
  answers: [rr(NAME, 'NS', 60, target('ns.example.net'))],
  additional: [
    optRecord({}),
    rr('ns.example.net', 'A', 9, a('192.0.2.1')),
    rr('b.example.com', 'A', 9, a('192.0.2.2')),
    rr('c.example.com', 'A', 9, a('192.0.2.3')),
  ],
});
const chained = packet({
  question: [NAME, 'A'],
  answers: [12, 33, 45].map((at) => rr(pointer(at), 'CNAME', 5, pointer(12))),
});
const corpus = [...goldenNames.map(golden), ...typed, behindOpt, behindOpt, chained];

const askers = [{}, { opt: { bytes: 512 } }, { opt: { bytes: 1232, isDnssec: true } }].map((more) =>
  queryIn(question(NAME, 'A', more)),
);

/** Two octets that hurt: lengths, counts, pointers. */
const EVIL = [0, 1, 0x3f, 0x40, 0xff, 0x3f3f, 0x4040, 0x8000, 0xc000, 0xc00c, 0xc0ff, 0xffff];

function spoil(bytes: Uint8Array, random: () => number): Uint8Array {
  const out = random() < 0.6 ? mutate(bytes, random) : Uint8Array.from(bytes);
  for (let n = Math.floor(random() * 4); n > 0 && out.length > 1; n--) {
    const at = Math.floor(random() * (out.length - 1));
    const own = 0xc000 + Math.floor(random() * out.length);
    new DataView(out.buffer).setUint16(at, EVIL[Math.floor(random() * (EVIL.length + 4))] ?? own);
  }
  return out;
}

function holdsOfQuery(bytes: Uint8Array): void {
  const read = readQuery(bytes);
  if (read.kind === 'drop') return;
  const out = read.kind === 'refuse' ? read.bytes : plainAnswer(read.query, 'SERVFAIL', 22);
  const answer = readMessage(out) ?? assert.fail('an answer of ours that cannot be read');
  assert.ok(answer.isResponse && out.length <= 512);
  assert.equal(hexOf(out.subarray(0, 2)), hexOf(bytes.subarray(0, 2)));
  assert.equal(hexOf(out.subarray(12, answer.questionEnd)), hexOf(bytes.subarray(12, answer.questionEnd)));
  if (read.kind === 'query') holdsOfFields(read.query);
}

function holdsOfFields({ bytes, name, key, questionEnd, maxBytes }: Query): void {
  assert.ok(questionEnd <= bytes.length && name.length === questionEnd - 16 && name.length <= 255);
  assert.ok(key.startsWith(name) && key.length === name.length + 5 && name.endsWith('\0'));
  assert.ok(maxBytes >= 512 && maxBytes <= 1232);
  assert.equal(nameAt(bytes, 12), name);
}

function holdsOfMessage(bytes: Uint8Array, random: () => number): void {
  const message = readMessage(bytes);
  if (!message) return;
  let at = message.questionEnd;
  for (const record of message.records) {
    assert.ok(record.at >= at && record.dataAt <= record.end && record.end <= bytes.length);
    assert.ok((nameAt(bytes, record.at)?.length ?? 0) <= 255 && (nameAt(bytes, record.dataAt)?.length ?? 0) <= 255);
    at = record.end;
  }
  holdsOfKept(message, random);
}

function holdsOfKept(message: Message, random: () => number): void {
  const cutAt = random() < 0.5 ? undefined : Math.floor(random() * (message.records.length + 2));
  const reply = keep(message, { cutAt, rcode: message.rcode, maxTtlSec: 604_800 });
  const kept = readMessage(reply.bytes) ?? assert.fail('what is kept cannot be read');
  assert.ok(kept.hasEdns && kept.records.length <= (cutAt ?? Number.POSITIVE_INFINITY));
  const isUntouched = message.records.every(
    ({ at, ttlAt }, i) =>
      ttlIn(message.bytes, ttlAt) <= 604_800 && at === (message.records[i - 1]?.end ?? message.questionEnd),
  );
  kept.records.forEach((record, i) => {
    const came = message.records[i] ?? assert.fail('a record that did not come');
    assert.equal(dataOf(kept.bytes, record), dataOf(message.bytes, came));
    // A name that somebody has laid over TTLs or OPT is another one when those are ours.
    if (isUntouched) assert.equal(nameAt(kept.bytes, record.at), nameAt(message.bytes, came.at));
    assert.equal(record.ttlAt, reply.ttlsAt[i]);
  });
  for (const query of askers) {
    const out = fit(reply, query, { ageSec: 5 }, random() < 0.5, random() < 0.5 ? 3 : undefined);
    const told = readMessage(out) ?? assert.fail('an answer of ours that cannot be read');
    assert.ok(told.id === query.id && told.hasEdns === query.hasEdns);
  }
}

const ttlIn = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);

/** How many packets were tried; throws with the packet in hex where one breaks a rule. `isDue`: whether to stop early. */
export function fuzz(count: number, seed: number, isDue: () => boolean = () => false): number {
  const random = seeded(seed);
  for (let i = 0; i < count; i++) {
    const bytes = spoil(corpus[i % corpus.length] ?? new Uint8Array(0), random);
    try {
      holdsOfQuery(bytes);
      holdsOfMessage(bytes, random);
    } catch (error) {
      throw new Error(`seed ${seed}, packet ${i}: ${hexOf(bytes)}`, { cause: error });
    }
    if (i % 10_000 === 0 && isDue()) return i;
  }
  return count;
}

if (import.meta.main) {
  const [count = 1e7, seed = 1, maxSec = 3600] = process.argv.slice(2).map(Number);
  const startedAtMs = performance.now();
  const tried = fuzz(count, seed, () => performance.now() - startedAtMs > maxSec * 1000);
  console.log(`${tried} packets in ${Math.round((performance.now() - startedAtMs) / 1000)} s, seed ${seed}`);
}
