/** What the proxy's figures are called in Prometheus' format: no clients, and no domains, of which there are too many. */
import type { CacheReport } from '../core/cachereport.ts';
import type { Family, Sample } from './exposition.ts';

/** None where no proxy is served. */
export function cacheFamilies(report: CacheReport | undefined): readonly Family[] {
  if (!report) return [];
  const { answers, store } = report;
  const family = (type: Family['type'], name: string, help: string, samples: readonly Sample[]): Family => ({
    ...{ name: `flisolator_proxy_${name}`, help, type, samples },
  });
  const counter = (name: string, help: string, value: number): Family => family('counter', name, help, [{ value }]);
  const gauge = (name: string, help: string, value: number): Family => family('gauge', name, help, [{ value }]);
  const bySource = Object.entries(answers).map(([source, value]) => ({ labels: { source }, value }));
  return [
    family('counter', 'answers_total', 'Answers by where they came from, or why there was none.', bySource),
    counter('sent_bytes_total', 'Content to clients.', report.sentBytes),
    counter('brought_bytes_total', 'Content from outside.', report.broughtBytes),
    gauge('connections', 'Open connections of clients.', report.connections),
    gauge('tunnels', 'Those of them that are tunnels.', report.tunnels),
    gauge('fetches', 'What is being fetched.', report.fetches),
    gauge('waiting', 'Answers that it is fetched for.', report.waiting),
    gauge('cache_entries', 'Answers that are kept.', store.entries),
    gauge('cache_bytes', 'Octets that they take.', store.bytes),
    gauge('cache_max_bytes', 'That they may take.', store.maxBytes),
    counter('cache_evicted_total', 'Answers that were forgotten to make room.', store.evicted),
    counter('cache_damaged_total', 'Contents that were not what had been written.', store.damaged),
    gauge('cache_trouble', '1 while the disk takes nothing more.', Number(store.trouble !== undefined)),
  ];
}
