/** What the resolver's figures are called in Prometheus' format. */
import type { DnsReport, UpstreamFigures } from '../core/dnsreport.ts';
import type { Family, Sample } from './exposition.ts';

/** Domains may have upstreams of their own: the first of them have figures. */
const MAX_UPSTREAMS = 64;

/** None where no names are served. */
export function dnsFamilies(report: DnsReport | undefined): readonly Family[] {
  if (!report) return [];
  const { questions, answers, dropped, outstanding, cache, blocklist, prefetches } = report;
  const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
    ...{ name: `flisolator_dns_${name}`, help, type: 'counter', samples },
  });
  const gauge = (name: string, help: string, value: number): Family => ({
    ...{ name: `flisolator_dns_${name}`, help, type: 'gauge', samples: [{ value }] },
  });
  return [
    counter('questions_total', 'Questions by how they came in.', by('transport', questions)),
    counter('answers_total', 'Answers by where they came from.', by('source', answers)),
    counter('dropped_total', 'Questions that were not looked at, and why.', by('reason', dropped)),
    counter('prefetches_total', 'Names that were asked for again before their end.', [{ value: prefetches }]),
    gauge('outstanding', 'Questions that upstreams are being asked.', outstanding),
    gauge('cache_entries', 'Answers that are remembered.', cache.entries),
    gauge('cache_bytes', 'Octets that they take.', cache.bytes),
    counter('cache_evicted_total', 'Answers that were forgotten to make room.', [{ value: cache.evicted }]),
    gauge('blocklist_names', 'Names on the blocklist.', blocklist),
    ...upstreamFamilies(report.upstreams.slice(0, MAX_UPSTREAMS)),
  ];
}

function upstreamFamilies(upstreams: readonly UpstreamFigures[]): readonly Family[] {
  const family = (
    type: Family['type'],
    name: string,
    help: string,
    value: (upstream: UpstreamFigures) => number | undefined,
  ): Family => ({
    ...{ name: `flisolator_dns_upstream_${name}`, help, type },
    samples: upstreams.flatMap((upstream): Sample[] => {
      const figure = value(upstream);
      const labels = { upstream: upstream.address, transport: upstream.transport };
      return figure === undefined ? [] : [{ labels, value: figure }];
    }),
  });
  return [
    family('counter', 'asked_total', 'Questions sent there.', ({ asked }) => asked),
    family('counter', 'answered_total', 'Answers of use from there.', ({ answered }) => answered),
    family('counter', 'failed_total', 'Questions without an answer of use.', ({ failed }) => failed),
    family('counter', 'foreign_total', 'Packets that answered nothing that was asked.', ({ foreign }) => foreign),
    family('gauge', 'down', '1 while it does not answer.', ({ isDown }) => Number(isDown)),
    family('gauge', 'rtt_seconds', 'How long it takes to answer, lately.', ({ rttMs }) =>
      rttMs === undefined ? undefined : rttMs / 1000,
    ),
  ];
}

function by(label: string, figures: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(figures).map(([word, value]) => ({ labels: { [label]: word }, value }));
}
