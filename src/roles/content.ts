/** An fnode's one name space: generated menus over the folder of loaders; images, and what is inside them. */
import type { FolderEntry, OpenContent, Opened, Visit } from '../core/content.ts';
import { Fault } from '../core/errors.ts';
import type { Blocks } from '../host/blocks.ts';
import { FOLDER_LIMITS, type FolderContent, folderContent } from '../host/files.ts';
import { type ImageDoorDeps, imageDoors } from './images.ts';

export interface NameSpace extends ImageDoorDeps {
  readonly boot: Pick<FolderContent, 'open'>;
  /** A generated file, or undefined where the folders decide. */
  menu(path: string, visit: Visit): Promise<Opened | undefined>;
}

/**
 * `/boot/**`, `/isos/**`, `/tree/**` and what the menus generate. `/boot/tftp/**` is `/boot/**` with menus that load by
 * TFTP alone.
 */
export function nameSpace({ boot, menu, ...deps }: NameSpace): OpenContent {
  const doors = imageDoors(deps);
  return async (path, visit) => {
    const generated = await menu(path, visit);
    if (generated) return generated;
    const [, root, rest = ''] =
      /^\/(boot|isos|tree)(?:\/(.*))?$/s.exec(path.replace(/^\/boot\/tftp\//, '/boot/')) ?? [];
    if (root === 'boot') return boot.open(rest);
    if (root === 'isos') return doors.openImage(rest);
    return root === 'tree' ? doors.openTree(rest) : { kind: 'missing', reason: 'not-found' };
  };
}

/** A folder that may not be there yet: it is looked for again at each name until it is. */
export function laterFolder(root: string, blocks?: Blocks): Pick<FolderContent, 'open'> {
  let folder: FolderContent | undefined;
  const find = (): FolderContent | undefined => {
    try {
      return folderContent(root, FOLDER_LIMITS, blocks);
    } catch (error) {
      if (error instanceof Fault) return undefined;
      throw error;
    }
  };
  return {
    open: async (path) => {
      folder ??= find();
      return folder ? folder.open(path) : { kind: 'missing', reason: 'not-found' };
    },
  };
}

/** What a folder holds; nothing when it is none. */
export async function listOf(
  open: (path: string) => Promise<Opened>,
  path: string,
): Promise<readonly FolderEntry[] | undefined> {
  const opened = await open(path);
  if (opened.kind === 'file') await opened.content.close();
  return opened.kind === 'folder' ? opened.entries : undefined;
}

/** The first `maxBytes` octets of a file at most; nothing when it cannot be read. */
export async function headOf(
  open: (path: string) => Promise<Opened>,
  path: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const opened = await open(path);
  if (opened.kind !== 'file') return undefined;
  const { content } = opened;
  try {
    const bytes = new Uint8Array(Math.min(maxBytes, content.sizeBytes));
    return bytes.subarray(0, await content.read(bytes, 0));
  } catch {
    return undefined;
  } finally {
    await content.close();
  }
}
