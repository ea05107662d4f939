/** `flink cache`: what the proxy keeps, as the running flink knows it, and how it is told to forget. */
import type { FlinkConfig } from '../config/types.ts';
import { Fault } from '../core/errors.ts';
import { plainJson } from '../core/plain.ts';
import { showBytes } from '../core/units.ts';
import type { Host } from '../host.ts';
import { askFlink, shown } from './ask.ts';
import type { Command, Input, Terminal } from './command.ts';
import { FLINK_OPTIONS, JSON_OPTION } from './options.ts';
import { type Column, tableLines } from './table.ts';

/** Reads the configuration. Throws a `Fault`. */
type Load = (input: Input, terminal: Terminal) => { readonly config: FlinkConfig; readonly host: Host };

export function cacheCommands(load: Load): readonly Command[] {
  return [
    {
      name: 'cache stats',
      summary: 'Prints what the cache saved and holds, and the busiest domains, as the running flink knows it.',
      options: { ...FLINK_OPTIONS, ...JSON_OPTION },
      run: async (input, terminal) => {
        const { config } = load(input, terminal);
        return printCache(config.admin, input.has('json'), terminal);
      },
    },
    {
      name: 'cache purge',
      operand: 'URL',
      summary: 'Makes the running flink forget what it keeps of that URL. Exit code 1: it kept nothing.',
      options: { ...FLINK_OPTIONS, ...JSON_OPTION },
      run: async (input, terminal) => {
        const { config } = load(input, terminal);
        return purge(config.admin, input.operand, input.has('json'), terminal);
      },
    },
  ];
}

/** As it came: another version may say more, or less. */
type Values = Readonly<Record<string, unknown>>;

const NOT_SERVED =
  'that flink serves no proxy: its log says why (proxy: not-served); most often another program has its port: ports.proxy, ports.intercept';
const OTHER_VERSION = 'what answers there is no flink of this version: restart it';

/** Throws a `Fault` where no flink answers. 1 where it serves no proxy. */
export async function printCache(admin: FlinkConfig['admin'], asJson: boolean, terminal: Terminal): Promise<number> {
  const asked = await askFlink(admin, '/api/v1/cache');
  if (asked.kind !== 'answer') throw new Fault('upstream-failed', asked.why);
  const { isServed } = asked.body;
  const report = valuesOf(asked.body.report);
  if (typeof isServed !== 'boolean' || (isServed && !report)) throw new Fault('upstream-failed', OTHER_VERSION);
  if (asJson) terminal.out(plainJson(asked.body, 2));
  else for (const line of report ? cacheLines(report, terminal.columns) : [NOT_SERVED]) terminal.out(line);
  return isServed ? 0 : 1;
}

/** All variants of `url`. 1 where there was nothing. Throws a `Fault` where no flink answers, or that is no URL. */
export async function purge(
  admin: FlinkConfig['admin'],
  url: string,
  asJson: boolean,
  terminal: Terminal,
): Promise<number> {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new Fault(
      'usage',
      `cache purge wants a URL like http://deb.debian.org/debian/dists/stable/InRelease, got ${JSON.stringify(url)}`,
    );
  }
  const asked = await askFlink(admin, `/api/v1/cache?url=${encodeURIComponent(url)}`, 'DELETE');
  if (asked.kind !== 'answer') throw new Fault('upstream-failed', asked.why);
  const { removed } = asked.body;
  if (typeof removed !== 'number') throw new Fault('upstream-failed', OTHER_VERSION);
  if (asJson) terminal.out(plainJson({ removed }, 2));
  else terminal.out(removed === 0 ? `nothing was kept of ${url}` : `forgotten: ${counted(removed, 'answer')}`);
  return removed === 0 ? 1 : 0;
}

/** Busier ones first; all fifty are in `--json`. */
const MAX_DOMAINS = 12;

const DOMAIN_COLUMNS: readonly Column<Values>[] = [
  { title: 'DOMAIN', of: ({ name }) => shown(name) },
  { title: 'ANSWERS', of: ({ answers }) => shown(answers), isNumber: true },
  { title: 'SENT', of: ({ sentBytes }) => bytesOf(sentBytes), isNumber: true },
  { title: 'BROUGHT', of: ({ broughtBytes }) => bytesOf(broughtBytes), isNumber: true },
  { title: 'SAVED', of: ({ sentBytes, broughtBytes }) => savedShare(sentBytes, broughtBytes), isNumber: true },
];

function cacheLines(report: Values, maxChars: number | undefined): readonly string[] {
  const { sentBytes, broughtBytes, connections, tunnels, fetches, waiting } = report;
  const rows: readonly unknown[] = Array.isArray(report.domains) ? report.domains : [];
  const domains = rows.map(valuesOf).filter((row) => row !== undefined);
  const saved = bytesOf(Math.max(0, numberOf(sentBytes) - numberOf(broughtBytes)));
  const store = valuesOf(report.store) ?? {};
  const more = domains.length > MAX_DOMAINS ? [`${domains.length - MAX_DOMAINS} more: --json`] : [];
  return [
    ...(store.trouble === undefined ? [] : [`trouble  ${shown(store.trouble)}`]),
    `saved    ${saved}: ${savedShare(sentBytes, broughtBytes)} of ${bytesOf(sentBytes)} sent; ${bytesOf(broughtBytes)} came from outside`,
    `hits     ${hits(valuesOf(report.answers) ?? {})}`,
    `answers  ${figures(report.answers)}`,
    `kept     ${kept(store)}`,
    `now      ${shown(connections)} connections, ${shown(tunnels)} of them tunnels; ${shown(fetches)} fetches for ${shown(waiting)} answers`,
    ...(domains.length === 0
      ? []
      : ['', ...tableLines(domains.slice(0, MAX_DOMAINS), DOMAIN_COLUMNS, maxChars), ...more]),
  ];
}

function kept({ entries, bytes, maxBytes, evicted, damaged }: Values): string {
  const lost = numberOf(damaged) === 0 ? '' : `, ${shown(damaged)} damaged and gone`;
  const full = percent(numberOf(bytes), numberOf(maxBytes));
  return `${shown(entries)} answers, ${bytesOf(bytes)} of ${bytesOf(maxBytes)} (${full}); ${shown(evicted)} forgotten to make room${lost}`;
}

/** Answers whose content did not have to be fetched for them. */
const WITHOUT_FETCHING = ['hit', 'stale', 'revalidated', 'shared'];
const FETCHED = ['miss', 'pass'];

function hits(answers: Values): string {
  const sum = (words: readonly string[]): number => words.reduce((total, word) => total + numberOf(answers[word]), 0);
  const good = sum(WITHOUT_FETCHING);
  const all = good + sum(FETCHED);
  return `${percent(good, all)} of ${counted(all, 'answer')}`;
}

/** Those that are not 0: `hit 900, miss 30`. */
function figures(answers: unknown): string {
  const pairs = Object.entries(valuesOf(answers) ?? {}).filter(([, count]) => count !== 0);
  return pairs.map(([word, count]) => `${shown(word)} ${shown(count)}`).join(', ') || 'none yet';
}

const savedShare = (sent: unknown, brought: unknown): string =>
  percent(Math.max(0, numberOf(sent) - numberOf(brought)), numberOf(sent));

/** Never 100 % of what is not all. */
const percent = (part: number, whole: number): string => `${whole > 0 ? Math.floor((100 * part) / whole) : 0} %`;

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
const bytesOf = (value: unknown): string => showBytes(numberOf(value));

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

function valuesOf(value: unknown): Values | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
