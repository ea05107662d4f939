/** Packets of real programs, `test/packets/dns`. */
import { readdirSync, readFileSync } from 'node:fs';
import { type Query, readQuery } from '../../src/dns/query.ts';

const folder = new URL('../packets/dns/', import.meta.url);

/** Hex digits; `#` begins a comment. */
export function golden(name: string): Uint8Array {
  const text = readFileSync(new URL(`${name}.hex`, folder), 'latin1');
  return Buffer.from(text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, ''), 'hex');
}

export const goldenNames = readdirSync(folder)
  .filter((file) => file.endsWith('.hex'))
  .map((file) => file.replace('.hex', ''));

/** The question in a packet that must be one. */
export function queryIn(bytes: Uint8Array): Query {
  const read = readQuery(bytes);
  if (read.kind !== 'query') throw new Error(`${read.kind}: ${read.reason}`);
  return read.query;
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
