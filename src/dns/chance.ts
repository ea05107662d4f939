/** Numbers that nobody can foretell: ids, ports and letters of questions. RFC 5452 §9.2, RFC 4086. */
import { randomFillSync } from 'node:crypto';

/** Uniform, from a generator fit for secrets. Tests have a seeded one. */
export interface Chance {
  /** 0 to 2^16 - 1. */
  u16(): number;
}

/** The generator is asked for so many octets at a time: one call for each question would cost as much as the rest of it. */
const POOL_BYTES = 8192;

export function secretChance(): Chance {
  const pool = new Uint16Array(POOL_BYTES / 2);
  let next = pool.length;
  return {
    u16: () => {
      if (next === pool.length) {
        randomFillSync(pool);
        next = 0;
      }
      return pool.at(next++) ?? 0;
    },
  };
}
