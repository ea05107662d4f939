/** Arguments and results of NFSv3 procedures as real programs write them, `test/packets/nfs/nfs3-*.hex`; without their RPC headers. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Attributes } from '../../src/nfs/attributes.ts';
import type { Fattr3, PostOpAttr } from '../support/nfs3.ts';

const folder = new URL('../packets/nfs/', import.meta.url);
const PREFIX = 'nfs3-';

/** Hex digits; `#` begins a comment. */
export function golden3(name: string): Uint8Array {
  const text = readFileSync(new URL(`${PREFIX}${name}.hex`, folder), 'latin1');
  return Uint8Array.from(Buffer.from(text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, ''), 'hex'));
}

export const golden3Names = readdirSync(folder)
  .filter((file) => file.startsWith(PREFIX))
  .map((file) => file.slice(PREFIX.length).replace('.hex', ''))
  .sort();

/** Of a file with nothing special. */
export const plainFile: Attributes = {
  kind: 'file',
  mode: 0o644,
  uid: 1000,
  gid: 100,
  sizeBytes: 70_000,
  fsid: 0x1234_5678_9abc,
  fileid: 2 ** 40 + 6,
  modifiedMs: 1_721_643_072_500,
};
export const plainFolder: Attributes = { ...plainFile, kind: 'folder', mode: 0o755, sizeBytes: 2048, fileid: 36_864 };

const KINDS: Readonly<Record<number, Attributes['kind']>> = { 1: 'file', 2: 'folder', 5: 'link' };

/** What we would have to know to tell the same. */
export function attributesFrom({ type, mode, uid, gid, size, fsid, fileid, mtime }: Fattr3): Attributes {
  return {
    kind: KINDS[type] ?? 'other',
    ...{ mode, uid, gid, sizeBytes: Number(size) },
    ...{ fsid: Number(fsid % 2n ** 48n), fileid: Number(fileid) },
    modifiedMs: mtime.seconds * 1000 + mtime.nseconds / 1_000_000,
  };
}

/** Without what we tell in another way, or know less exactly: links are one, the three times are one, blocks are larger, `fsid` is shorter. */
export function common(attributes: PostOpAttr): unknown {
  if (!attributes) return undefined;
  const { nlink: _, used: __, atime: ___, ctime: ____, mtime, fsid, ...rest } = attributes;
  return { ...rest, fsid: fsid % 2n ** 48n, seconds: mtime.seconds };
}
