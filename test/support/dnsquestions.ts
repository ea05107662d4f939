/** Questions as laptops, servers and tools ask them: every type at every name of the zones, in each form by chance of a seed. */
import { FLAG, packet } from '../dns/packets.ts';
import { NAMES, ZONES } from './dnszone.ts';
import { seeded } from './fakes.ts';

export interface Asking {
  readonly name: string;
  readonly type: number;
  readonly isTcp: boolean;
  readonly isDnssec: boolean;
  readonly isUnchecked: boolean;
  /** What it takes by UDP; without it, it knows no EDNS. */
  readonly ednsBytes: number | undefined;
}

/** All that have a record in the zones, and some that have none. No meta types: those are no records. */
export const TYPES: readonly number[] = [
  ...[1, 2, 5, 6, 10, 12, 13, 15, 16, 17, 18, 28, 29, 33, 35, 37, 39, 43, 44, 46, 47, 48, 50, 51, 52, 53, 59, 60],
  ...[61, 62, 64, 65, 99, 108, 256, 257, 1234, 32769, 40000, 65280],
];

/** What went out of use before most of today's servers were written, they answer each in their own way: MB, MD, NXT, SIG, KEY, A6. */
export function* askings(seed: number): Generator<Asking> {
  const random = seeded(seed);
  const oneOf = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  for (const zone of ZONES) {
    for (const relative of NAMES) {
      const full = relative === '@' ? zone : `${relative}.${zone}`;
      for (const type of TYPES) {
        const isDnssec = random() < 0.4;
        yield {
          name: random() < 0.3 ? shaken(full, random) : full,
          ...{ type, isDnssec, isTcp: random() < 0.2, isUnchecked: random() < 0.15 },
          ednsBytes: isDnssec || random() < 0.6 ? oneOf([512, 1232, 1232, 4096, 600, 65_535, 0]) : undefined,
        };
      }
    }
  }
}

export function questionOf({ name, type, isDnssec, isUnchecked, ednsBytes }: Asking): Uint8Array {
  const flags = FLAG.RD + (isUnchecked ? FLAG.CD : 0);
  const opt = ednsBytes === undefined ? {} : { opt: { bytes: ednsBytes, isDnssec } };
  return packet({ id: 1, flags, question: [name, type], ...opt });
}

/** What fits into an answer by UDP. RFC 6891 §6.2.3, and flink's own limit. */
export const roomOf = ({ ednsBytes }: Asking): number => Math.min(1232, Math.max(512, ednsBytes ?? 0));

/** With letters large and small by chance; what stands behind a backslash as it is. */
function shaken(name: string, random: () => number): string {
  return name.replace(/\\\d{3}|\\.|[a-z]/gis, (c) => (c.length > 1 || random() < 0.5 ? c : c.toUpperCase()));
}
