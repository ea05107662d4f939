/** Rows of the index as entries, and back. */
import { hash } from 'node:crypto';
import type { SQLOutputValue } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Fields } from './fields.ts';
import type { Entry, Head } from './types.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** 48 bits of a key: what the index has in place of it, a sixth as long. The key itself is compared, too. */
export function hashOf(key: string): number {
  return hash('sha256', key, 'buffer').readUIntBE(0, 6);
}

/** SQLite has no checksums of its own: one over all that says whose content is whose. */
export function markOf(content: number, key: string, varies: string, head: string): number {
  return crc32(`${content}\n${key}\n${varies}\n${head}`);
}

/** Nothing where the row is not what was written. */
export function entryOf(row: Row): Entry | undefined {
  const [id, key, varies, head] = [Number(row.content), String(row.key), String(row.varies), String(row.head)];
  if (markOf(id, key, varies, head) !== row.mark) return undefined;
  return {
    ...{ id, key },
    varies: JSON.parse(varies) as Fields,
    head: JSON.parse(head) as Head,
    sizeBytes: Number(row.size),
    sha256: row.sha256 === null ? undefined : String(row.sha256),
    askedAtMs: Number(row.askedAtMs),
    answeredAtMs: Number(row.answeredAtMs),
  };
}

export function textLengthOf(row: Row): number {
  return String(row.varies).length + String(row.head).length;
}

export function blobOf(value: SQLOutputValue | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}
