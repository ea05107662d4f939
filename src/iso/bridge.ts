/** An image that is both ISO 9660 with Rock Ridge and UDF: the names of one, the lengths of the other. */
import { Malformed } from '../core/bytes.ts';
import type { Node, ReadAt, Volume } from './volume.ts';

/** A node that knows who it is on the UDF side. */
interface Bridged extends Node {
  readonly twin?: Node;
}

/**
 * `iso`, in which a file that UDF knows another length of is what UDF says: genisoimage -allow-limited-size, as kiwi
 * uses it for SUSE's and Fedora's images, shows files over 4 GiB shrunk in ISO 9660. What is damaged on the UDF side
 * is as if it were not there.
 */
export function bridge(iso: Volume, udf: Volume): Volume {
  const root: Bridged = { ...iso.root, twin: udf.root };
  return {
    ...iso,
    declaredBytes: Math.max(iso.declaredBytes, udf.declaredBytes),
    root,
    readFolder: async (folder: Bridged, read) => {
      const nodes = await iso.readFolder(folder, read);
      const twins = await twinsOf(udf, folder.twin, read);
      return twins.size === 0 ? nodes : nodes.map((node) => bridged(node, twins.get(node.name)));
    },
  };
}

async function twinsOf(udf: Volume, twin: Node | undefined, read: ReadAt): Promise<ReadonlyMap<string, Node>> {
  if (!twin) return new Map();
  try {
    return new Map((await udf.readFolder(twin, read)).map((node) => [node.name, node]));
  } catch (error) {
    if (error instanceof Malformed) return new Map();
    throw error;
  }
}

function bridged(node: Node, twin: Node | undefined): Bridged {
  if (!twin || twin.kind !== node.kind || node.kind === 'link') return node;
  if (node.kind === 'folder') return { ...node, twin };
  if (twin.sizeBytes === node.sizeBytes || twin.unreadable) return node;
  const { unreadable: _, ...known } = node;
  return { ...known, sizeBytes: twin.sizeBytes, extents: twin.extents };
}
