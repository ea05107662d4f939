/** What the folders hold that no image holds: one look for all who ask within a moment, and since when it is so. */
import type { Clock } from '../host.ts';
import { numberOf, tagOf } from './handle.ts';
import type { HallPlace, Item } from './items.ts';
import type { DirEntry } from './listing.ts';
import type { Failure } from './protocol.ts';

/** A name in such a folder. */
export interface Row extends DirEntry {
  readonly open: () => Promise<Item | Failure>;
}

export interface Look {
  /** By cookie. */
  readonly rows: readonly Row[];
  /** By the wall clock: clients keep a listing for as long as its folder's time stays. */
  readonly sinceMs: number;
}

export interface LooksDeps {
  /** `stale`: of a folder that is not there any more. `later`: of what cannot be read now. */
  readonly rowsOf: (place: HallPlace) => Promise<readonly Row[] | Failure>;
  readonly clock: Pick<Clock, 'now' | 'date'>;
}

/** So long one look serves all who ask. */
export const FRESH_MS = 1000;
const MAX_LOOKS = 256;
/** `.` and `..` come first. */
export const FIRST_COOKIE = 3;
/** Cookies are made of names, so that a name that comes or goes between two pages moves no other. */
const COOKIE_SPAN = 2 ** 40;

export class Looks {
  readonly #deps: LooksDeps;
  readonly #looks = new Map<string, { readonly look: Promise<Look | Failure>; readonly atMs: number }>();
  /** What was seen of each folder last: as many as there have been in the folder of images. */
  readonly #seen = new Map<string, { readonly mark: string; readonly sinceMs: number }>();

  constructor(deps: LooksDeps) {
    this.#deps = deps;
  }

  at(place: HallPlace): Promise<Look | Failure> {
    const key = keyOf(place);
    const nowMs = this.#deps.clock.now();
    const known = this.#looks.get(key);
    if (known && nowMs - known.atMs < FRESH_MS) return known.look;
    const look = this.#look(place);
    if (this.#looks.size >= MAX_LOOKS) this.#looks.clear();
    this.#looks.set(key, { look, atMs: nowMs });
    return look;
  }

  async #look(place: HallPlace): Promise<Look | Failure> {
    const found = await this.#deps.rowsOf(place);
    if (typeof found === 'string') return found;
    const rows = found.toSorted((a, b) => a.cookie - b.cookie);
    const mark = tagOf(rows.map(({ name }) => name).join('/'));
    const key = keyOf(place);
    const known = this.#seen.get(key);
    const seen = known?.mark === mark ? known : { mark, sinceMs: this.#deps.clock.date() };
    this.#seen.set(key, seen);
    return { rows, sinceMs: seen.sinceMs };
  }
}

/** `etag`: of a file, whose number is made of it, as GETATTR tells; where nobody knows it yet, of the name. */
export function rowOf(name: string, open: Row['open'], etag?: string): Row {
  const ofName = numberOf(tagOf(name));
  const fileid = etag === undefined ? ofName : numberOf(tagOf(etag));
  return { name, fileid, cookie: FIRST_COOKIE + (ofName % COOKIE_SPAN), open };
}

export function hallFileid(place: HallPlace): number {
  return numberOf(tagOf(`hall ${keyOf(place)}`));
}

function keyOf(place: HallPlace): string {
  return place.kind === 'folder' ? place.tag : place.kind;
}
