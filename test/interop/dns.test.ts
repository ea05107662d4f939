/** flink's answers beside unbound's, and beside those of the authoritative server that both of them ask. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eachOf, type Server } from '../support/dnsask.ts';
import { faults, hear, type Lanes, lanesTo } from '../support/dnscompare.ts';
import { startFlink } from '../support/dnsflink.ts';
import { Bench, lacks, nsd, unbound } from '../support/dnspeers.ts';
import { type Asking, askings } from '../support/dnsquestions.ts';
import type { ReadPacket } from '../support/dnsread.ts';
import { zoneFiles } from '../support/dnszone.ts';

const SEED = 20_260_101;
/** So many sentences are enough for a person. */
const SHOWN = 5;

interface Peers {
  readonly authority: Lanes;
  readonly unbound: Lanes;
  readonly flink: Lanes;
}

async function withPeers(t: TestContext, use: (peers: Peers) => Promise<void>): Promise<void> {
  if (lacks(t)) return;
  const bench = new Bench();
  const open: Lanes[] = [];
  t.after(async () => {
    for (const { udp, tcp } of open) for (const lane of [udp, tcp]) lane.close();
    await bench.close();
  });
  const { folder } = bench;
  const [authority, resolver] = [await bench.place(), await bench.place()];
  await bench.start(nsd({ folder, at: authority }, zoneFiles(folder)), authority);
  await bench.start(unbound({ folder, at: resolver }, authority), resolver);
  const flink = await startFlink(folder, [authority]);
  t.after(() => flink.close());
  const lanes = async (at: Server): Promise<Lanes> => {
    const to = await lanesTo(at);
    open.push(to);
    return to;
  };
  await use({ authority: await lanes(authority), unbound: await lanes(resolver), flink: await lanes(flink.at) });
}

test('every type at every name of plain and signed zones: the same as unbound and the authority say, asked twice', async (t) => {
  await withPeers(t, async (peers) => {
    await isSharp(peers);
    const all = [...askings(SEED)];
    const found: string[] = [];
    const compare = async (asking: Asking): Promise<void> => {
      const heard = (['flink', 'unbound', 'authority'] as const).map((who) =>
        hear(peers[who], asking, who !== 'flink'),
      );
      const [flink, other, authority] = await Promise.all(heard);
      if (!flink || !other || !authority) throw new Error('three of them');
      for (const fault of faults(asking, { flink, unbound: other, authority }))
        found.push(`${JSON.stringify(asking)}: ${fault}`);
    };
    await eachOf(all, 40, compare);
    assert.ok(all.length > 8000, `${all.length} questions`);
    assert.deepEqual(found.slice(0, SHOWN), [], `${found.length} faults`);
    // And from the cache, by another way, in other letters.
    const again = [...askings(SEED + 1)].filter((_, i) => i % 4 === 0);
    await eachOf(again, 40, compare);
    assert.deepEqual(found.slice(0, SHOWN), [], `${found.length} faults of what was asked before`);
  });
});

/** The comparison finds what it is there for. */
async function isSharp(peers: Peers): Promise<void> {
  const base = { type: 15, isTcp: false, isUnchecked: false, isDnssec: true, ednsBytes: 1232 };
  const asking: Asking = { ...base, name: 'mx.nsec.example.org' };
  const [flink, other, authority] = await Promise.all([
    hear(peers.flink, asking, false),
    hear(peers.unbound, asking, true),
    hear(peers.authority, asking, true),
  ]);
  const said = (changed: Partial<ReadPacket>): string => {
    const packet = { ...flink.first, ...changed };
    return faults(asking, { flink: { first: packet, whole: packet }, unbound: other, authority }).join('\n');
  };
  const [record] = flink.first.answer;
  assert.ok(record);
  assert.equal(said({}), '');
  assert.match(said({ rcode: 3 }), /^rcode 3, unbound 0/);
  assert.match(said({ answer: flink.first.answer.slice(1) }), /answer, unbound[\s\S]*answer, authority/);
  assert.match(said({ answer: [...flink.first.answer, record] }), /answer, unbound/);
  assert.match(said({ answer: [{ ...record, data: '00' }, ...flink.first.answer.slice(1)] }), /answer, unbound/);
  assert.match(said({ authority: [] }), /authority section, authority/);
  assert.match(said({ additional: [record] }), /nobody said/);
  assert.match(said({ aa: true }), /flags/);
  assert.match(said({ opt: undefined }), /no OPT/);
  assert.match(said({ question: { name: '\0', type: 15, class: 1 } }), /not the question/);
  assert.match(said({ tc: true }), /cut, though/);
  assert.match(said({ length: 1300 }), /1300 octets for 1232/);
}
