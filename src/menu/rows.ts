/** Rows of the MAC table that say which entry starts by itself: the node's own, and those that flink sends to all nodes. */
import { type Mac, type MacPattern, mostSpecific, parseMacPattern } from '../core/addr.ts';
import type { Directions } from '../core/swarm.ts';

export interface ClientRow {
  readonly mac: MacPattern;
  /** Id of the entry that starts by itself there. */
  readonly boot?: string | undefined;
}

export interface ClientTable {
  readonly clients: readonly ClientRow[];
  /** Flink's; the same list for as long as it has not changed. */
  readonly boots?: Directions['boots'];
}

export type BootRow = ClientRow & { readonly boot: string };

/** All rows that name an entry. */
export function bootRows({ clients, boots }: ClientTable): readonly BootRow[] {
  return [...clients.filter(isBootRow), ...(boots === undefined ? [] : parsed(boots))];
}

/** The one that holds for `mac`: the most specific; of two equally specific ones the node's own, which stands first. */
export function bootRowOf(table: ClientTable, mac: Mac): BootRow | undefined {
  return mostSpecific(bootRows(table), mac);
}

function isBootRow(row: ClientRow): row is BootRow {
  return row.boot !== undefined;
}

/** Each list is read once: a hall asks for its menus within seconds. */
const known = new WeakMap<Directions['boots'], readonly BootRow[]>();

/** Patterns that are none are left out: flink has told its operator. */
function parsed(boots: Directions['boots']): readonly BootRow[] {
  const rows =
    known.get(boots) ??
    boots.flatMap(({ mac, boot }) => {
      const pattern = parseMacPattern(mac);
      return pattern === undefined ? [] : [{ mac: pattern, boot }];
    });
  known.set(boots, rows);
  return rows;
}
