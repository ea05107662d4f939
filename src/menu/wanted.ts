/** Entries that the configuration names: for one that is in no menu, why, or what may have been meant. */
import type { ConfigFault } from '../core/errors.ts';
import type { CatalogImage, Offer } from '../core/image.ts';
import { type Entry, LOCAL_ID } from './entries.ts';
import { nearestIds } from './nearest.ts';
import type { MenuSettings } from './plan.ts';

/** So many are looked up; more are one mistake made many times, and looking takes its time. */
const MAX_LOOKED_UP = 20;

export interface Known {
  readonly entries: readonly Entry[];
  readonly offers: readonly Offer[];
  readonly images: readonly CatalogImage[];
}

export function unknownIds(known: Known, settings: MenuSettings): readonly ConfigFault[] {
  const ids = new Set([LOCAL_ID, ...known.entries.map((entry) => entry.id)]);
  const wanted = [
    { path: 'menu.default', id: settings.default },
    ...settings.clients.flatMap((row) =>
      row.boot === undefined ? [] : [{ path: `clients ${row.mac.text}`, id: row.boot }],
    ),
  ].filter(({ id }) => !ids.has(id));
  const looked = [...new Set(wanted.map(({ id }) => id))].slice(0, MAX_LOOKED_UP);
  const says = new Map(looked.map((id) => [id, whyNot(id, known, [...ids])]));
  return wanted.map(({ path, id }) => ({ path, problem: says.get(id) ?? noEntry(id) }));
}

function whyNot(id: string, { offers, images }: Known, ids: readonly string[]): string {
  const heldBack = offers.flatMap((offer) => offer.heldBack.map((entry) => ({ ...entry, path: offer.path })));
  const held = heldBack.find((entry) => entry.id === id);
  if (held) return `${JSON.stringify(id)} of ${held.path} exists, but is in no menu: ${held.says}`;
  const near = nearestIds(id, [...ids, ...heldBack.map((entry) => entry.id)]);
  const meant = near.length === 0 ? '' : `; the nearest ${near.length === 1 ? 'is' : 'are'} ${near.join(', ')}`;
  const copied = images.find(({ state }) => state === 'copying');
  const coming = copied === undefined ? '' : `; unless it is in ${copied.path}, which is still being copied`;
  return `${noEntry(id)}${meant}${coming}`;
}

const noEntry = (id: string): string =>
  `no entry is called ${JSON.stringify(id)}: node dist/fnode.js isos shows what they are called`;
