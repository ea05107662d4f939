/** What a directory record, with or without Rock Ridge, is to everybody else: kind, length, where its octets lie. */
import { type DirectoryRecord, FLAG_DIRECTORY, FLAG_MULTI_EXTENT } from './ecma119.ts';
import { isFitName } from './octets.ts';
import { type Attributes, kindOf, targetOf } from './rockridge.ts';
import type { Extent, Node } from './volume.ts';

/** One of an image's trees. */
export interface Tree {
  readonly names: 'rock-ridge' | 'joliet' | 'plain';
  readonly blockBytes: number;
  /** Of the file as it is. */
  readonly sizeBytes: number;
  /** Of Rock Ridge: octets in front of each record's entries. */
  readonly skippedBytes: number;
  /** Which folder is in which: less is known in it than in the folders. */
  readonly pathTable: { readonly position: number; readonly lengthBytes: number };
}

/** As ECMA-119 alone tells it; undefined for a name that no path can have. */
export function plainNode(tree: Tree, records: readonly DirectoryRecord[], name: string): Node | undefined {
  const [first] = records;
  if (!first || !isFitName(name)) return undefined;
  const isFolder = (first.flags & FLAG_DIRECTORY) !== 0;
  const sizeBytes = records.reduce((sum, { dataBytes }) => sum + dataBytes, 0);
  const unreadable = faultOf(tree, records);
  return {
    name,
    kind: isFolder ? 'folder' : 'file',
    sizeBytes,
    modifiedMs: first.modifiedMs,
    mode: isFolder ? 0o555 : 0o444,
    uid: 0,
    gid: 0,
    extents: unreadable ? [] : extentsOf(tree, records),
    place: first.place,
    ...(unreadable ? { unreadable } : {}),
  };
}

/** The octet at which its content begins. */
export function positionOf(tree: Tree, record: Pick<DirectoryRecord, 'extentLba' | 'extendedAttributeBlocks'>): number {
  return (record.extentLba + record.extendedAttributeBlocks) * tree.blockBytes;
}

function faultOf(tree: Tree, records: readonly DirectoryRecord[]): string | undefined {
  if (((records.at(-1)?.flags ?? 0) & FLAG_MULTI_EXTENT) !== 0) return 'last-part-missing';
  for (const record of records) {
    if (record.interleave !== 0) return 'interleaved';
    // Makers point empty files at any place.
    if (record.dataBytes > 0 && positionOf(tree, record) + record.dataBytes > tree.sizeBytes)
      return 'outside-the-image';
  }
  return undefined;
}

/** Parts that lie one behind the other, as makers write them, are one. */
function extentsOf(tree: Tree, records: readonly DirectoryRecord[]): readonly Extent[] {
  const extents: { readonly position: number; lengthBytes: number }[] = [];
  for (const record of records) {
    const position = positionOf(tree, record);
    const last = extents.at(-1);
    if (record.dataBytes === 0) continue;
    if (last && last.position + last.lengthBytes === position) last.lengthBytes += record.dataBytes;
    else extents.push({ position, lengthBytes: record.dataBytes });
  }
  return extents;
}

/** What Rock Ridge knows better. The record decides what is a folder, and the mode what else there is. */
export function withAttributes(node: Node | undefined, attributes: Attributes): Node | undefined {
  if (!node) return undefined;
  const { mode = node.kind === 'folder' ? 0o40555 : 0o100444, uid, gid, modifiedMs = node.modifiedMs } = attributes;
  const known = { ...node, mode: mode % 0o10000, uid, gid, modifiedMs };
  if (node.kind === 'folder') return known;
  const kind = attributes.targetState === 'none' ? kindOf(mode) : 'link';
  if (kind === 'link') return linkNode(known, attributes);
  if (kind !== 'file') return { ...known, kind: 'other', sizeBytes: 0, extents: [] };
  return attributes.unreadable ? { ...known, extents: [], unreadable: attributes.unreadable } : known;
}

function linkNode(node: Node, attributes: Attributes): Node {
  const target = targetOf(attributes);
  const link = { ...node, kind: 'link', sizeBytes: Buffer.byteLength(target ?? ''), extents: [] } as const;
  return target === undefined ? { ...link, unreadable: 'bad-link' } : { ...link, target };
}
