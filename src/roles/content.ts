/** An fnode's one name space: generated menus over the folder of loaders, the folder of images beside it. */
import type { FolderEntry, OpenContent, Opened, Visit } from '../core/content.ts';
import { Fault } from '../core/errors.ts';
import { type FolderContent, folderContent } from '../host/files.ts';

export interface NameSpace {
  readonly boot: Pick<FolderContent, 'open'>;
  readonly isos: Pick<FolderContent, 'open'>;
  /** A generated file, or undefined where the folders decide. */
  menu(path: string, visit: Visit): Promise<Opened | undefined>;
}

/** `/boot/**`, `/isos/**` and what the menus generate. `/boot/tftp/**` is `/boot/**` with menus that load by TFTP alone. */
export function nameSpace({ boot, isos, menu }: NameSpace): OpenContent {
  return async (path, visit) => {
    const generated = await menu(path, visit);
    if (generated) return generated;
    const [, root, rest] = /^\/(boot|isos)(?:\/(.*))?$/s.exec(path.replace(/^\/boot\/tftp\//, '/boot/')) ?? [];
    if (root === undefined) return { kind: 'missing', reason: 'not-found' };
    return (root === 'boot' ? boot : isos).open(rest ?? '');
  };
}

/** A folder that may not be there yet: it is looked for again at each name until it is. */
export function laterFolder(root: string): Pick<FolderContent, 'open'> {
  let folder: FolderContent | undefined;
  const find = (): FolderContent | undefined => {
    try {
      return folderContent(root);
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
