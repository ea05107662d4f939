import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { dnsFamilies } from '../../src/admin/dnsfigures.ts';
import { expose } from '../../src/admin/exposition.ts';
import { dnsStatus } from '../../src/admin/shape.ts';
import { parseExposition } from './exposition.ts';
import { DNS, get, startWorld } from './world.ts';

const world = await startWorld();
const deaf = await startWorld({ deps: { dns: () => undefined } });
after(() => Promise.all([world, deaf].map((each) => each.stop())));

test('every figure of the resolver is there, under its name', () => {
  const figures = parseExposition(expose(dnsFamilies(DNS)));
  const want: Readonly<Record<string, number>> = {
    'questions_total{transport="udp"}': 120,
    'questions_total{transport="tcp"}': 3,
    'answers_total{source="cache"}': 80,
    'answers_total{source="withheld"}': 2,
    'dropped_total{reason="foreign"}': 5,
    'dropped_total{reason="crowded"}': 8,
    prefetches_total: 11,
    outstanding: 2,
    cache_entries: 41,
    cache_bytes: 5300,
    cache_evicted_total: 10,
    blocklist_names: 500_000,
    'upstream_asked_total{upstream="9.9.9.9:53",transport="udp"}': 30,
    'upstream_answered_total{upstream="9.9.9.9:53",transport="udp"}': 25,
    'upstream_failed_total{upstream="[2620:fe::fe]:853",transport="tls"}': 5,
    'upstream_foreign_total{upstream="9.9.9.9:53",transport="udp"}': 1,
    'upstream_down{upstream="9.9.9.9:53",transport="udp"}': 0,
    'upstream_down{upstream="[2620:fe::fe]:853",transport="tls"}': 1,
    'upstream_rtt_seconds{upstream="9.9.9.9:53",transport="udp"}': 0.01234,
  };
  for (const [name, value] of Object.entries(want)) assert.equal(figures.get(`flisolator_dns_${name}`), value, name);
  assert.equal(figures.has('flisolator_dns_upstream_rtt_seconds{upstream="[2620:fe::fe]:853",transport="tls"}'), false);
});

test('however many upstreams there are, a bounded number of series', () => {
  const [row] = DNS.upstreams;
  assert.ok(row);
  const upstreams = Array.from({ length: 5000 }, (_, i) => ({ ...row, address: `10.0.0.1:${i}` }));
  assert.ok(parseExposition(expose(dnsFamilies({ ...DNS, upstreams }))).size < 500);
});

test('/api/v1/dns and /metrics tell of the resolver; where no names are served, they say so or nothing', async () => {
  const { text } = await get(world.at, '/api/v1/dns');
  assert.deepEqual(JSON.parse(text), { isServed: true, report: JSON.parse(JSON.stringify(DNS)) });
  assert.equal(dnsStatus.safeParse(JSON.parse(text)).success, true);
  assert.match((await get(world.at, '/metrics')).text, /^flisolator_dns_questions_total\{transport="udp"\} 120$/m);
  assert.deepEqual(JSON.parse((await get(deaf.at, '/api/v1/dns')).text), { isServed: false });
  assert.doesNotMatch((await get(deaf.at, '/metrics')).text, /flisolator_dns/);
});
