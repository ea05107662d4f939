import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { type Belief, type Beliefs, believe } from '../../src/dns/believe.ts';
import { MAX_NEGATIVE_SEC, MAX_TTL_SEC, MAX_WITHHELD_SEC } from '../../src/dns/lifetime.ts';
import { readMessage } from '../../src/dns/message.ts';
import { isWithin } from '../../src/dns/names.ts';
import { mutate, seeded } from '../support/fakes.ts';
import {
  ANSWER,
  a,
  aaaa,
  cname,
  dname,
  nameOf,
  nsec,
  packet,
  RCODE,
  rr,
  rrsig,
  soa,
  svcb,
  type TestPacket,
  TYPE,
  target,
} from './packets.ts';

const RUNS = 100_000;
const hall: Beliefs = {
  mayBePrivate: (name) => isWithin(name, nameOf('corp.example')),
  isBlocked: (name) => isWithin(name, nameOf('ads.test')),
  isOurs: (name) => isWithin(name, nameOf('flisol.lan')),
  isInside: (address: Ipv4) => address.startsWith('203.0.113.'),
};

const address = rr('x.test', 'A', 300, a('198.51.100.1'));
const seeds: readonly (TestPacket & { readonly question: readonly [string, keyof typeof TYPE] })[] = [
  {
    question: ['x.test', 'A'],
    answers: [address, address],
    authority: [rr('test', 'NS', 60, target('ns.test'))],
    opt: {},
  },
  {
    question: ['www.example', 'A'],
    answers: [
      rr('example', 'DNAME', 300, dname('test')),
      rr('www.example', 'CNAME', 300, cname('www.test')),
      rr('www.test', 'CNAME', 30, cname('x.test')),
      address,
      rr('x.test', 'RRSIG', 300, rrsig('A', 'test')),
    ],
    additional: [rr('ns.test', 'AAAA', 300, aaaa('2001:db8::1'))],
    opt: { isDnssec: true },
  },
  {
    question: ['www.example', 'AAAA'],
    flags: ANSWER + RCODE.NXDOMAIN,
    authority: [
      rr('example', 'SOA', 300, soa()),
      rr('example', 'NSEC', 300, nsec('z.example')),
      rr('example', 'RRSIG', 300, rrsig('NSEC', 'example')),
    ],
    opt: {},
  },
  {
    question: ['in.test', 'A'],
    answers: [rr('in.test', 'A', 300, a('10.0.0.1')), rr('in.test', 'A', 9, a('10.0.0.2'))],
  },
  {
    question: ['x.test', 'HTTPS'],
    answers: [
      rr(
        'x.test',
        'HTTPS',
        300,
        svcb(1, 'y.test', [
          [4, a('198.51.100.1')],
          [6, aaaa('2001:db8::2')],
        ]),
      ),
    ],
    opt: {},
  },
];

/** What holds of any belief. */
function check(belief: Belief): void {
  if (belief.kind === 'failed') return;
  const { reply, keepSec } = belief;
  const kept = readMessage(reply.bytes);
  assert.ok(kept, 'what is told can be read');
  assert.equal(kept.records.length, reply.ttlsAt.length);
  assert.ok(keepSec >= 0 && keepSec <= MAX_TTL_SEC);
  if (belief.kind === 'negative') assert.ok(keepSec <= MAX_NEGATIVE_SEC);
  if (belief.kind === 'withheld') assert.ok(kept.records.length === 0 && keepSec <= MAX_WITHHELD_SEC);
  else for (const ttl of reply.ttlsSec) assert.ok(ttl >= keepSec, 'nothing is told for longer than it lives');
}

/** One to four octets are others: most such packets can still be read, and lie. */
function lie(bytes: Uint8Array, random: () => number): Uint8Array {
  const out = Uint8Array.from(bytes);
  for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
    out.set([Math.floor(random() * 256)], Math.floor(random() * out.length));
  }
  return out;
}

test(`believe: ${RUNS} packets with mistakes: never throws, nothing outlives itself, all that is told can be read`, () => {
  const random = seeded(20_260_101);
  const packets = seeds.map(packet);
  const kinds = new Map<string, number>();
  let judged = 0;
  for (let run = 0; judged < RUNS; run++) {
    assert.ok(run < RUNS * 4, 'most mistakes are too coarse to get anywhere');
    const pick = Math.floor(random() * seeds.length);
    const change = run % 4 === 0 ? mutate : lie;
    const message = readMessage(change(packets[pick] ?? new Uint8Array(0), random));
    if (!message) continue;
    judged += 1;
    const [name, type] = seeds[pick]?.question ?? ['', 'A'];
    const belief = believe(message, { name: nameOf(name), type: TYPE[type] }, hall);
    check(belief);
    kinds.set(belief.kind, (kinds.get(belief.kind) ?? 0) + 1);
  }
  for (const kind of ['positive', 'negative', 'withheld', 'failed']) assert.ok((kinds.get(kind) ?? 0) > 1000, kind);
});
