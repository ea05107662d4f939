/** An image that is both ISO 9660 with Rock Ridge and UDF: the names of one, the lengths of the other. */
import { Malformed } from '../core/bytes.ts';
import type { Iso9660 } from './iso9660.ts';
import type { Udf } from './udf.ts';
import { type Node, OutOfTurns, type ReadAt, type Volume } from './volume.ts';

/** Of the way from the root to a node; deeper no way leads. */
const MAX_DEPTH = 64;

/** A node that knows who it is on the UDF side. */
interface Bridged extends Node {
  readonly twin?: Node;
}

/**
 * `iso`, in which a file that UDF knows another length of is what UDF says: genisoimage -allow-limited-size, as kiwi
 * uses it for SUSE's and Fedora's images, shows files over 4 GiB shrunk in ISO 9660. What is damaged on the UDF side
 * is as if it were not there.
 */
export function bridge(iso: Iso9660, udf: Udf): Volume {
  const root: Bridged = { ...iso.root, twin: udf.root };
  const found = async (node: Node | undefined, read: ReadAt): Promise<Node | undefined> => {
    if (!node || node.place === root.place) return node && root;
    const names = await wayTo(iso, node, read);
    return names && bridged(node, await twinAt(udf, names, read));
  };
  const { holderOf: _, ...volume } = iso;
  return {
    ...volume,
    declaredBytes: Math.max(iso.declaredBytes, udf.declaredBytes),
    root,
    readFolder: async (folder: Bridged, read) => {
      const nodes = await iso.readFolder(folder, read);
      const twins = await twinsOf(udf, folder.twin, read);
      return twins.size === 0 ? nodes : nodes.map((node) => bridged(node, twins.get(node.name)));
    },
    nodeAt: async (place, read) => found(await iso.nodeAt(place, read), read),
    parentOf: async (folder, read) => found(await iso.parentOf(folder, read), read),
  };
}

/** The names from the root to `node`, its own one last; undefined where its folders don't lead up to the root. */
async function wayTo(iso: Iso9660, node: Node, read: ReadAt): Promise<readonly string[] | undefined> {
  const names = [node.name];
  let folder = await iso.holderOf(node.place, read);
  while (folder && folder.place !== iso.root.place) {
    if (names.push(folder.name) > MAX_DEPTH) return undefined;
    folder = await iso.parentOf(folder, read);
  }
  return folder && names.reverse();
}

/** Who is there on the UDF side; undefined where nobody is. */
async function twinAt(udf: Udf, names: readonly string[], read: ReadAt): Promise<Node | undefined> {
  let twin: Node | undefined = udf.root;
  for (const name of names) {
    if (twin?.kind !== 'folder') return undefined;
    twin = await udf.childOf(twin, name, read).catch(ignoreDamage);
  }
  return twin;
}

async function twinsOf(udf: Volume, twin: Node | undefined, read: ReadAt): Promise<ReadonlyMap<string, Node>> {
  const twins = twin && (await udf.readFolder(twin, read).catch(ignoreDamage));
  return new Map(twins?.map((node) => [node.name, node]));
}

/** Not what another question may have turns left for: the lengths would be wrong. */
function ignoreDamage(error: unknown): undefined {
  if (!(error instanceof Malformed) || error instanceof OutOfTurns) throw error;
}

function bridged(node: Node, twin: Node | undefined): Bridged {
  if (!twin || twin.kind !== node.kind || node.kind === 'link') return node;
  if (node.kind === 'folder') return { ...node, twin };
  if (twin.sizeBytes === node.sizeBytes || twin.unreadable) return node;
  const { unreadable: _, ...known } = node;
  return { ...known, sizeBytes: twin.sizeBytes, extents: twin.extents };
}
