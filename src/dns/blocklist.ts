/** Names that are not answered: a domain covers what is below it. Some octets a name, and no objects: half a million fit into some 20 MB. */
import type { Name } from './query.ts';

export interface Blocklist {
  readonly size: number;
  /** Whether the name or a domain above it is on the list. */
  has(name: Name): boolean;
}

export const NOTHING_BLOCKED: Blocklist = { size: 0, has: () => false };
