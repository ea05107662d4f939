/** What the segments of a journal say, read in order. */
import type { Log } from '../host.ts';
import type { JournalFiles } from './journalfiles.ts';
import { type Change, type Json, RESET, readLines } from './journalline.ts';

export interface Found {
  readonly values: Map<string, Json>;
  /** Numbers, ascending. */
  readonly segments: readonly number[];
  readonly lines: number;
}

/** All there is. What is damaged is passed over and said. */
export async function readSegments(name: string, files: JournalFiles, log: Log): Promise<Found> {
  const names = await files.list();
  if (names.includes(mergedName(name))) await files.remove(mergedName(name)).catch(() => {});
  const segments = names.flatMap((file) => numberOf(name, file) ?? []).sort((a, b) => a - b);
  const values = new Map<string, Json>();
  let lines = 0;
  for (const number of segments) {
    const file = segmentName(name, number);
    const read = readLines(await files.read(file), (record) => {
      if (record === RESET) values.clear();
      else apply(values, record);
    });
    lines += read.lines;
    if (read.isTorn) log.debug(name, 'torn', { file });
    if (read.damaged > 0)
      log.warn(name, 'damaged', { file, records: read.damaged, cure: 'check the disk: smartctl -a' });
  }
  return { values, segments, lines };
}

export function apply(values: Map<string, Json>, change: Change): void {
  for (const [key, value] of change) {
    if (value === null) values.delete(key);
    else values.set(key, value);
  }
}

export const segmentName = (name: string, number: number): string => `${name}-${String(number).padStart(6, '0')}.log`;
/** The one that is to replace all before it, until it is whole. */
export const mergedName = (name: string): string => `${name}.merging`;

/** Nothing for a file that is no segment. */
export function numberOf(name: string, file: string): number | undefined {
  const digits = /^-(\d{6,15})\.log$/.exec(file.slice(name.length))?.[1];
  return digits !== undefined && file.startsWith(name) ? Number(digits) : undefined;
}
