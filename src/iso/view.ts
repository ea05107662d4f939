/** What recognition and listings see of a volume: folders as entries, the heads of files. */
import { Malformed } from '../core/bytes.ts';
import type { Content, FolderEntry } from '../core/content.ts';
import type { ImageView } from '../core/image.ts';
import { heldVolume } from './held.ts';
import { dateOf, fileContent } from './slice.ts';
import type { Node, ReadAt, Volume } from './volume.ts';
import { findNode } from './walk.ts';

/** In one call. The largest that recognition reads whole are kernels' heads and lists of packages. */
const MAX_READ_BYTES = 4 << 20;
/** Links that are looked after in one folder; there are dozens where there are any. The rest is left out. */
const MAX_LINKS = 1000;
/** A folder that is kept is listed without reading: a millisecond of it. */
const NODES_EACH_TURN = 4096;

/** An image that is open, and the means to read it. */
export interface OpenImage {
  readonly image: Content;
  readonly read: ReadAt;
  readonly fileName: string;
}

/** The volume on `image`, whose file is called `fileName`. Letter case does not matter in paths. Good until `image` is closed. */
export function imageView(volume: Volume, { image, read, fileName }: OpenImage): ImageView {
  const { format, label, systemId, bootImages } = volume;
  return {
    ...{ fileName, format, label, systemId, bootImages, sizeBytes: image.sizeBytes },
    list: (path) =>
      unlessDamaged(async () => {
        const walk = { volume: heldVolume(volume), read, ignoreCase: true };
        const folder = await findNode(walk.volume, path, read, walk);
        return folder?.kind === 'folder' ? await entriesOf(folder, path, walk) : undefined;
      }),
    read: async (path, maxBytes, position = 0) => {
      const file = await unlessDamaged(() => findNode(heldVolume(volume), path, read, { ignoreCase: true }));
      if (file?.kind !== 'file' || file.unreadable !== undefined) return undefined;
      const length = Math.min(maxBytes, MAX_READ_BYTES, file.sizeBytes - position);
      const bytes = new Uint8Array(Math.max(0, length));
      return bytes.subarray(0, await fileContent(file, image).read(bytes, position));
    },
  };
}

/** A disk or floppy image: its inside is nobody's business but its own. */
export function rawView(image: Content, fileName: string): ImageView {
  return {
    ...{ fileName, format: 'raw', label: '', systemId: '', bootImages: [], sizeBytes: image.sizeBytes },
    list: async () => undefined,
    read: async () => undefined,
  };
}

/** One that holds what was read of it: `heldVolume`. */
export interface Walk {
  readonly volume: Volume;
  readonly read: ReadAt;
  readonly ignoreCase: boolean;
}

/** Files and folders of the folder at `path`, in the volume's order; links as what they point to, those that lead nowhere left out. */
export async function entriesOf(folder: Node, path: string, walk: Walk): Promise<readonly FolderEntry[]> {
  const entries: FolderEntry[] = [];
  let links = 0;
  for (const [i, node] of (await walk.volume.readFolder(folder, walk.read)).entries()) {
    if (i % NODES_EACH_TURN === NODES_EACH_TURN - 1) await walk.read.turn?.();
    if (node.kind === 'link' && links++ >= MAX_LINKS) continue;
    const found = node.kind === 'link' ? await behind(`${path}/${node.name}`, walk) : node;
    const kind = found?.kind;
    if (!found || (kind !== 'file' && kind !== 'folder')) continue;
    const sizeBytes = kind === 'file' ? found.sizeBytes : 0;
    entries.push({ name: node.name, kind, sizeBytes, modifiedMs: dateOf(found) });
  }
  return entries;
}

function behind(path: string, { volume, read, ignoreCase }: Walk): Promise<Node | undefined> {
  return unlessDamaged(() => findNode(volume, path, read, { ignoreCase }));
}

async function unlessDamaged<Value>(look: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
