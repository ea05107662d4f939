/** `flink dns`: what the running flink's resolver does, as figures and a table. */
import type { FlinkConfig } from '../config/types.ts';
import { Fault } from '../core/errors.ts';
import { plainJson } from '../core/plain.ts';
import { showBytes } from '../core/units.ts';
import { askFlink, shown } from './ask.ts';
import type { Terminal } from './command.ts';
import { type Column, tableLines } from './table.ts';

/** As it came: another version may say more, or less. */
type Values = Readonly<Record<string, unknown>>;

const NOT_SERVED =
  'that flink serves no DNS: its log says why (dns: not-served); flink doctor says whether another program has the port';

const text = (key: string) => (row: Values) => shown(row[key]);
const UPSTREAM_COLUMNS: readonly Column<Values>[] = [
  { title: 'UPSTREAM', of: text('address') },
  { title: 'BY', of: text('transport') },
  { title: 'STATE', of: ({ isDown, rttMs }) => (isDown === true ? 'down' : rttMs === undefined ? 'unheard' : 'up') },
  {
    title: 'MS',
    of: ({ rttMs }) => (typeof rttMs === 'number' ? rttMs.toFixed(rttMs < 10 ? 1 : 0) : ''),
    isNumber: true,
  },
  ...['asked', 'answered', 'failed', 'foreign'].map((key) => ({
    ...{ title: key.toUpperCase(), of: text(key), isNumber: true },
  })),
];

/** Throws a `Fault` where no flink answers. 1 where it serves no names: nobody in the hall can resolve any. */
export async function printDns(admin: FlinkConfig['admin'], asJson: boolean, terminal: Terminal): Promise<number> {
  const asked = await askFlink(admin, '/api/v1/dns');
  if (asked.kind !== 'answer') throw new Fault('upstream-failed', asked.why);
  const { isServed } = asked.body;
  const report = valuesOf(asked.body.report);
  if (typeof isServed !== 'boolean' || (isServed && !report))
    throw new Fault('upstream-failed', 'what answers there is no flink of this version: restart it');
  if (asJson) terminal.out(plainJson(asked.body, 2));
  else for (const line of report ? dnsLines(report, terminal.columns) : [NOT_SERVED]) terminal.out(line);
  return isServed ? 0 : 1;
}

function dnsLines(report: Values, maxChars: number | undefined): readonly string[] {
  const cache = valuesOf(report.cache) ?? {};
  const bytes = typeof cache.bytes === 'number' ? showBytes(cache.bytes) : '';
  const rows: readonly unknown[] = Array.isArray(report.upstreams) ? report.upstreams : [];
  const upstreams = rows.map(valuesOf).filter((row) => row !== undefined);
  return [
    `questions  ${figures(report.questions)}`,
    `answers    ${figures(report.answers)}`,
    `dropped    ${figures(report.dropped)}`,
    `asking     ${shown(report.outstanding)} now; ${shown(report.prefetches)} asked again before their end`,
    `cache      ${shown(cache.entries)} answers, ${bytes}; ${shown(cache.evicted)} forgotten to make room`,
    `blocklist  ${shown(report.blocklist)} names`,
    '',
    ...(upstreams.length > 0 ? tableLines(upstreams, UPSTREAM_COLUMNS, maxChars) : [NO_UPSTREAM]),
  ];
}

const NO_UPSTREAM = 'no upstream: only names of the hall are answered; name one: dns: { upstreams: [9.9.9.9] }';

/** `cache 12, local 3`: words of tables in the code, in their order there. */
function figures(values: unknown): string {
  const pairs = Object.entries(valuesOf(values) ?? {});
  return pairs.map(([word, count]) => `${shown(word)} ${shown(count)}`).join(', ');
}

function valuesOf(value: unknown): Values | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
