/** What is looked up for a question, made ready: once for each configuration, once for each list of nodes. */
import type { Ipv4 } from '../core/addr.ts';
import { firstLabel, tailsOf, wireName } from './names.ts';
import type { Name } from './query.ts';
import { type Span, spanOfSubnet } from './reverse.ts';
import { isPlain } from './special.ts';
import type { HallNames } from './zone.ts';

interface Table {
  readonly domain: Name;
  /** Those of one label as a label alone, too. */
  readonly records: ReadonlyMap<Name, Ipv4>;
  readonly recordAt: ReadonlyMap<Ipv4, string>;
  /** Names that are there, with nothing of their own or a PTR alone: something of ours is below. RFC 8020 §2, RFC 4592 §2.2.2. */
  readonly above: ReadonlySet<Name>;
  readonly networks: readonly Span[];
}

const tables = new WeakMap<HallNames, Table>();

export function tableOf(names: HallNames): Table {
  const known = tables.get(names);
  if (known) return known;
  const { domain, records } = names;
  const full = records.map(({ name, address }) => ({ name: fullName(name, domain), address }));
  const bare = full.flatMap(({ name, address }) => {
    const label = labelIn(wireName(name), wireName(domain));
    return label === undefined ? [] : [{ name: label, address }];
  });
  const own = [domain, ...full.map(({ name }) => name)].map(wireName);
  const reverse = full.map(({ address }) => wireName(reverseName(address)));
  const table: Table = {
    domain: wireName(domain),
    records: firstOf([...full, ...bare], ({ name, address }) => [wireName(name), address]),
    recordAt: firstOf(full, ({ name, address }) => [address, name]),
    above: new Set([
      ...own.flatMap((name) => [...tailsOf(name)].slice(1)),
      ...reverse.flatMap((name) => [...tailsOf(name)]),
    ]),
    networks: names.networks.map(spanOfSubnet),
  };
  tables.set(names, table);
  return table;
}

const reverseName = (address: Ipv4): string => `${address.split('.').reverse().join('.')}.in-addr.arpa`;

const fullName = (name: string, domain: string): string =>
  name.includes('.') || name === domain ? name : `${name}.${domain}`;

interface NodeTable {
  readonly addressOf: ReadonlyMap<string, Ipv4>;
  readonly nameAt: ReadonlyMap<Ipv4, string>;
  /** Where none is live, those that are known: one that is silent may answer all the same. Each once. */
  readonly live: readonly Ipv4[];
}

const nodeTables = new WeakMap<ReturnType<HallNames['nodes']>, NodeTable>();

export function nodeTable(names: HallNames): NodeTable {
  const nodes = names.nodes();
  const known = nodeTables.get(nodes);
  if (known) return known;
  const live = nodes.filter(({ isLive }) => isLive);
  const table: NodeTable = {
    addressOf: firstOf(nodes, ({ name, address }) => [name, address]),
    nameAt: firstOf(nodes, ({ name, address }) => [address, name]),
    live: [...new Set((live.length > 0 ? live : nodes).map(({ address }) => address))],
  };
  nodeTables.set(nodes, table);
  return table;
}

/** A map in which the first to come has its key. */
function firstOf<Row, Key, Value>(
  rows: readonly Row[],
  pairOf: (row: Row) => readonly [Key, Value],
): ReadonlyMap<Key, Value> {
  return new Map(rows.map(pairOf).reverse());
}

/** What stands before the domain, or all alone; nothing where that is more than one label. */
export function labelIn(name: Name, domain: Name): string | undefined {
  const label = name.charCodeAt(0);
  const isDirect = name.length === label + 1 + domain.length && name.endsWith(domain);
  return label > 0 && (isDirect || isPlain(name)) ? firstLabel(name) : undefined;
}
