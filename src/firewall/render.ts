/** The ruleset as nftables' own text: one transaction that puts the table in place of the one before. nft(8) */
import { Fault } from '../core/errors.ts';
import { showMemo } from './memo.ts';
import type { Chain, Match, Meter, Rule, Ruleset } from './rules.ts';

/** In this family it sees IPv4 and IPv6. */
export const TABLE = 'inet flisolator';

/** Takes the table out, whether it is there or not: adding one that is there changes nothing. */
export const REMOVAL = `add table ${TABLE}\ndelete table ${TABLE}\n`;

/** Throws a `Fault` for an interface whose name nftables cannot say. */
export function render(ruleset: Ruleset): string {
  const parts = [...ruleset.meters.map(meter), ...ruleset.chains.map(chain)];
  return `${REMOVAL}table ${TABLE} {\n\tcomment ${quoted(showMemo(ruleset.memo))}\n\n${parts.join('\n')}}\n`;
}

/** Addresses that are limited at one time; each is forgotten after a while. Taste. */
const METER_SIZE = 65_535;

function meter({ name, type }: Meter): string {
  return block(`set ${name}`, [`type ${type}`, `size ${METER_SIZE}`, 'flags dynamic,timeout', 'timeout 2m']);
}

function chain({ name, hook, policy, rules }: Chain): string {
  return block(`chain ${name}`, [`${hook}; policy ${policy};`, ...rules.map(line)]);
}

function block(head: string, lines: readonly string[]): string {
  return `\t${head} {\n${lines.map((text) => `\t\t${text}\n`).join('')}\t}\n`;
}

function line({ when, verdict, why }: Rule): string {
  const what = typeof verdict === 'string' ? verdict : `dnat ip to ${verdict.dnatTo}:${verdict.port}`;
  return [...when.map(match), what, ...(why === undefined ? [] : [`comment ${quoted(why)}`])].join(' ');
}

function match(it: Match): string {
  if (typeof it === 'string') return it;
  if ('ports' in it) return `${it.ports} ${set(it.values.map(String))}`;
  const sign = it.isNot ? '!= ' : '';
  if ('address' in it) return `${it.address} ${sign}${set(it.values)}`;
  return `${it.interface} ${sign}${set(it.names.map(quotedInterface))}`;
}

function set(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `{ ${values.join(', ')} }`;
}

/** There is no way to write a quote within quotes, and a star stands for any name. */
function quotedInterface(name: string): string {
  if (/^[\x21-\x7e]{1,15}$/.test(name) && !/["\\*]/.test(name)) return quoted(name);
  const cure = `give it another: ip link set dev NAME name lan0`;
  throw new Fault('config', `interface ${JSON.stringify(name)} has a name that no rule can say: ${cure}`);
}

function quoted(text: string): string {
  return `"${text}"`;
}
