/** Records of a journal as lines that people can read: CRC-32 of the JSON in eight hex digits, a blank, the JSON, a newline. */
import { crc32 } from 'node:zlib';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

/**
 * Keys with their values; null takes a key out. All of it happens or nothing: a line is whole or void. Pairs, as objects that
 * each have a name of their own cost twice as much to read.
 */
export type Change = readonly (readonly [key: string, value: Json])[];
/** What stands before it counts no more. */
export const RESET = 'reset';
export type LineRecord = Change | typeof RESET;

const CRC_DIGITS = 8;
const NEWLINE = 0x0a;

export function encodeLine(record: LineRecord): string {
  const text = JSON.stringify(record);
  return `${crc32(text).toString(16).padStart(CRC_DIGITS, '0')} ${text}\n`;
}

export interface ReadLines {
  readonly lines: number;
  /** Lines that are not what was written. */
  readonly damaged: number;
  /** The last line was not written to its end. */
  readonly isTorn: boolean;
}

/** Hands on each record that is whole, in order. */
export function readLines(bytes: Uint8Array, onRecord: (record: LineRecord) => void): ReadLines {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let lines = 0;
  let damaged = 0;
  let at = 0;
  const take = (end: number): boolean => {
    const record = decodeLine(all, at, end);
    if (record === undefined) return false;
    lines += 1;
    onRecord(record);
    return true;
  };
  for (let end = all.indexOf(NEWLINE, at); end >= 0; end = all.indexOf(NEWLINE, at)) {
    if (!take(end)) damaged += 1;
    at = end + 1;
  }
  return { lines, damaged, isTorn: at < all.length && !take(all.length) };
}

function decodeLine(all: Buffer, start: number, end: number): LineRecord | undefined {
  const textAt = start + CRC_DIGITS + 1;
  const crc = all.toString('latin1', start, Math.min(textAt, end));
  // Digit by digit: `0X` or a blank in front would pass for a number.
  if (!/^[0-9a-f]{8} $/.test(crc) || crc32(all.subarray(textAt, end)) !== Number.parseInt(crc, 16)) return undefined;
  try {
    const record: unknown = JSON.parse(all.toString('utf8', textAt, end));
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(record: unknown): record is LineRecord {
  return record === RESET || (Array.isArray(record) && record.every(isPair));
}

function isPair(pair: unknown): boolean {
  return Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string';
}
