/** `leases` and `fnodes`: what the running flink holds, as tables. */
import type { FlinkConfig } from '../config/types.ts';
import { ipv4ToNumber, parseIpv4 } from '../core/addr.ts';
import { Fault } from '../core/errors.ts';
import { plainJson } from '../core/plain.ts';
import { askFlink, shown } from './ask.ts';
import type { Terminal } from './command.ts';
import { type Column, tableLines } from './table.ts';

/** As it came: another version may say more, or less. */
type Row = Readonly<Record<string, unknown>>;

export interface Report {
  /** Below which the answer has its rows: `leases`. */
  readonly name: string;
  readonly path: string;
  readonly columns: readonly Column<Row>[];
  /** What is printed instead of a table without rows. */
  readonly none: string;
}

/** As the admin API calls them. */
export const LEASE_STATES = ['offered', 'bound', 'declined', 'released', 'expired'] as const;

const text = (key: string) => (row: Row) => shown(row[key]);

export function leasesReport(state: string | undefined): Report {
  return {
    name: 'leases',
    path: `/api/v1/leases${state === undefined ? '' : `?state=${encodeURIComponent(state)}`}`,
    none: 'no leases',
    columns: [
      { title: 'ADDRESS', of: text('address') },
      { title: 'MAC', of: text('mac') },
      { title: 'NAME', of: text('hostname') },
      { title: 'STATE', of: text('state') },
      { title: 'ENDS', of: ({ endsAt }) => localTime(endsAt) },
    ],
  };
}

export const FNODES_REPORT: Report = {
  name: 'fnodes',
  path: '/api/v1/fnodes',
  none: 'no fnodes: none has announced itself, and none is in the MAC table',
  columns: [
    { title: 'NAME', of: text('name') },
    { title: 'ADDRESS', of: text('address') },
    { title: 'STATE', of: text('state') },
    { title: 'HEARD', of: ({ heardMsAgo }) => ago(heardMsAgo) },
    { title: 'WEIGHT', of: text('weight'), isNumber: true },
    { title: 'MACHINES', of: text('machines'), isNumber: true },
    { title: 'IMAGES', of: ({ images }) => (Array.isArray(images) ? String(images.length) : ''), isNumber: true },
    { title: 'TRANSFERS', of: ({ load }) => shown(partOf(load, 'transfers')), isNumber: true },
    { title: 'SENDS', of: ({ load }) => scaled(partOf(load, 'sentBitsPerSec'), 'bit/s'), isNumber: true },
    { title: 'FREE', of: ({ freeBytes }) => scaled(freeBytes, 'B'), isNumber: true },
  ],
};

/** Throws a `Fault` where no flink answers. */
export async function printReport(
  report: Report,
  admin: FlinkConfig['admin'],
  asJson: boolean,
  terminal: Terminal,
): Promise<number> {
  const asked = await askFlink(admin, report.path);
  if (asked.kind !== 'answer') throw new Fault('upstream-failed', asked.why);
  const list = asked.body[report.name];
  if (!Array.isArray(list))
    throw new Fault('upstream-failed', 'what answers there is no flink of this version: restart it');
  const rows = list.filter((row: unknown): row is Row => typeof row === 'object' && row !== null).toSorted(byAddress);
  if (asJson) terminal.out(plainJson({ [report.name]: rows }, 2));
  else if (rows.length === 0) terminal.out(report.none);
  else for (const line of tableLines(rows, report.columns, terminal.columns)) terminal.out(line);
  return 0;
}

function byAddress(a: Row, b: Row): number {
  const rank = ({ address }: Row): number => {
    const parsed = parseIpv4(shown(address));
    return parsed === undefined ? 0 : ipv4ToNumber(parsed);
  };
  return rank(a) - rank(b);
}

/** `2026-01-01 14:05`, by the clock on the wall here. */
function localTime(moment: unknown): string {
  const date = new Date(shown(moment));
  if (Number.isNaN(date.getTime())) return '';
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function ago(ms: unknown): string {
  if (typeof ms !== 'number') return 'never';
  if (ms < 120_000) return `${Math.round(ms / 1000)} s ago`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min ago` : `${Math.round(ms / 3_600_000)} h ago`;
}

const partOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Row)[key] : undefined;

/** `1.2 GB`: powers of a thousand, as disks and links are sold. */
function scaled(value: unknown, unit: string): string {
  if (typeof value !== 'number') return '';
  const steps = ['', 'k', 'M', 'G', 'T'];
  const step = value < 1000 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log10(value) / 3));
  const figure = value / 1000 ** step;
  return `${figure >= 100 || step === 0 ? Math.round(figure) : figure.toFixed(1)} ${steps[step]}${unit}`;
}
