/** `flink cache`: what the proxy keeps, as the running flink knows it, and how it is told to forget. */
import type { FlinkConfig } from '../config/types.ts';
import { Fault } from '../core/errors.ts';
import { plainJson } from '../core/plain.ts';
import type { Host } from '../host.ts';
import { askFlink } from './ask.ts';
import type { Command, Input, Terminal } from './command.ts';
import { FLINK_OPTIONS, JSON_OPTION } from './options.ts';

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
  'that flink serves no proxy: its log says why (proxy: not-served); flink doctor says whether another program has the port';
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

function cacheLines(_report: Values, _maxChars: number | undefined): readonly string[] {
  return [];
}

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

function valuesOf(value: unknown): Values | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
