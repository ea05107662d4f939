/** flink's answers beside unbound's, and beside those of the authoritative server that both of them ask. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eachOf, type Server } from '../support/dnsask.ts';
import { faults, hear, type Lanes, lanesTo } from '../support/dnscompare.ts';
import { startFlink } from '../support/dnsflink.ts';
import { Bench, lacks, nsd, unbound } from '../support/dnspeers.ts';
import { type Asking, askings } from '../support/dnsquestions.ts';
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
