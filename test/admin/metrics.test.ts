import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expose, Histogram } from '../../src/admin/exposition.ts';
import { DecisionTally, processFamilies, serviceFamilies } from '../../src/admin/metrics.ts';
import { processWatch } from '../../src/admin/probe.ts';
import { parseExposition } from './exposition.ts';
import { decision } from './world.ts';

test('text format: escapes, infinities, families without samples', () => {
  const text = expose([
    { name: 'a', help: 'one \\ two\nthree', type: 'gauge', samples: [{ value: 1 }] },
    {
      name: 'b',
      help: 'b',
      type: 'gauge',
      samples: [{ labels: { x: 'q"\\\n\u001b[1m\u202e' }, value: Number.POSITIVE_INFINITY }],
    },
    { name: 'c', help: 'c', type: 'counter', samples: [] },
  ]);
  assert.equal(
    text,
    '# HELP a one \\\\ two\\nthree\n# TYPE a gauge\na 1\n# HELP b b\n# TYPE b gauge\nb{x="q\\"\\\\\\n?[1m?"} +Inf\n',
  );
  assert.equal(parseExposition(text).get('b{x="q\\"\\\\\\n?[1m?"}'), Number.POSITIVE_INFINITY);
});

test('histogram: buckets count what is at most their bound, and add up', () => {
  const histogram = new Histogram([1, 2, 5]);
  for (const value of [0.5, 1, 1.5, 5, 9]) histogram.observe(value);
  assert.deepEqual(
    histogram.samples().map(({ suffix, labels, value }) => [suffix, labels?.le, value]),
    [
      ['_bucket', '1', 2],
      ['_bucket', '2', 3],
      ['_bucket', '5', 4],
      ['_bucket', '+Inf', 5],
      ['_sum', undefined, 17],
      ['_count', undefined, 5],
    ],
  );
});

test('decisions are counted by kind and reason, placements by node, answers by time', () => {
  const tally = new DecisionTally();
  for (let n = 0; n < 3; n++) tally.count({ id: n, ...decision(n, { fnode: 'fnode01' }) });
  tally.count({ id: 4, ...decision(4, { kind: 'ack', reason: 'current-binding', fnode: 'fnode00', tookMs: 600 }) });
  tally.count({ id: 5, ...decision(5, { kind: 'ignore', reason: 'pool-empty', tookMs: 9999 }) });
  tally.count({ id: 6, at: '', kind: 'inform', mac: '', tookMs: 0.05 });
  const figures = parseExposition(expose(tally.families()));
  assert.equal(figures.get('flisolator_dhcp_decisions_total{kind="offer",reason="pool"}'), 3);
  assert.equal(figures.get('flisolator_dhcp_decisions_total{kind="ignore",reason="pool-empty"}'), 1);
  assert.equal(figures.get('flisolator_dhcp_decisions_total{kind="inform",reason=""}'), 1);
  assert.equal(figures.get('flisolator_placements_total{fnode="fnode01"}'), 3);
  assert.equal(figures.get('flisolator_dhcp_answer_seconds_count'), 5, 'what was ignored took no answer');
  assert.equal(figures.get('flisolator_dhcp_answer_seconds_bucket{le="0.0001"}'), 1);
  assert.equal(figures.get('flisolator_dhcp_answer_seconds_bucket{le="1"}'), 5);
});

test('however many words come, a bounded number of series', () => {
  const tally = new DecisionTally();
  for (let n = 0; n < 5000; n++) tally.count({ id: n, ...decision(1, { reason: `r${n}`, fnode: `n${n}` }) });
  const count = [...parseExposition(expose(tally.families())).keys()].filter((key) => !key.includes('answer')).length;
  assert.equal(count, 512);
});

test('services and process: every family reads back', () => {
  const counts = { leases: { bound: 3 }, probes: { free: 1 }, store: { commits: 9, failures: 2 } };
  const pools = [{ network: '172.16.0.0/16', size: 10, held: 4, free: 6, declined: 1 }];
  const node = { address: '172.16.0.10', httpPort: 80, weight: 1, images: [] };
  const fnodes = [
    { ...node, name: 'a', state: 'live', machines: 5 },
    { ...node, name: 'b', state: 'live', machines: 0 },
    { ...node, name: 'c', state: 'gone', machines: 0 },
  ] as const;
  const watch = processWatch(1_700_000_000_000);
  watch.start();
  const process = watch.figures();
  watch.stop();
  const figures = parseExposition(expose([...serviceFamilies(counts, pools, fnodes), ...processFamilies(process)]));
  const want: Readonly<Record<string, number>> = {
    'flisolator_leases{state="bound"}': 3,
    'flisolator_pool_addresses{network="172.16.0.0/16"}': 10,
    'flisolator_pool_free_addresses{network="172.16.0.0/16"}': 6,
    'flisolator_pool_declined_addresses{network="172.16.0.0/16"}': 1,
    'flisolator_fnodes{state="live"}': 2,
    'flisolator_fnodes{state="gone"}': 1,
    'flisolator_fnodes{state="unheard"}': 0,
    'flisolator_fnode_machines{fnode="a"}': 5,
    'flisolator_probes_total{outcome="free"}': 1,
    flisolator_store_commits_total: 9,
    flisolator_store_failures_total: 2,
    process_start_time_seconds: 1_700_000_000,
  };
  for (const [name, value] of Object.entries(want)) assert.equal(figures.get(name), value, name);
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds']) {
    assert.ok((figures.get(name) ?? 0) > 0, name);
  }
  assert.ok((figures.get('flisolator_event_loop_delay_seconds{quantile="0.99"}') ?? -1) >= 0);
});
