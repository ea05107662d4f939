/** An fnode's one name space: generated menus over the folder of loaders; images, and what is inside them. */
import type { Content, FolderEntry, MissReason, OpenContent, Opened, Visit } from '../core/content.ts';
import { errnoOf, Fault } from '../core/errors.ts';
import type { Blocks } from '../host/blocks.ts';
import { FOLDER_LIMITS, type FolderContent, folderContent } from '../host/files.ts';
import type { Looked } from '../menu/probe.ts';
import type { ImageDoorDeps, ImageDoors } from './images.ts';

export interface NameSpace {
  readonly isos: ImageDoorDeps['isos'];
  readonly doors: ImageDoors;
  readonly boot: Pick<FolderContent, 'open'>;
  /** A generated file, or undefined where the folders decide. */
  menu(path: string, visit: Visit): Promise<Opened | undefined>;
}

/**
 * `/boot/**`, `/isos/**`, `/tree/**` and what the menus generate. `/boot/tftp/**` is `/boot/**` with menus that load by
 * TFTP alone.
 */
export function nameSpace({ boot, menu, isos, doors }: NameSpace): OpenContent {
  const openAny = async (path: string, visit: Visit): Promise<Opened> => {
    const generated = await menu(path, visit);
    if (generated) return generated;
    const [, root, rest = ''] =
      /^\/(boot|isos|tree)(?:\/(.*))?$/s.exec(path.replace(/^\/boot\/tftp\//, '/boot/')) ?? [];
    if (root === 'boot') return boot.open(rest);
    if (root === 'isos') return doors.openImage(rest);
    return root === 'tree' ? doors.openTree(rest) : { kind: 'missing', reason: 'not-found' };
  };
  return (path, visit) => {
    // No menu is among the images, nor in them.
    const [, root, rest = ''] = /^\/(isos|tree)\/(.+)$/s.exec(path) ?? [];
    if (root === 'isos') return isos.openNow?.(rest) ?? doors.openImage(rest);
    return root === 'tree' ? doors.openTree(rest) : openAny(path, visit);
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

/** The content of what is a file. */
export function contentIn(opened: Opened): Content | (Opened & { readonly kind: 'missing' }) {
  if (opened.kind === 'file') return opened.content;
  return opened.kind === 'missing' ? opened : { kind: 'missing', reason: 'not-found' };
}

/** What there is in what is a folder. */
export async function entriesIn(opened: Opened): Promise<readonly FolderEntry[] | undefined> {
  if (opened.kind === 'file') await opened.content.close();
  return opened.kind === 'folder' ? opened.entries : undefined;
}

/** What a folder holds; `gone` where it is none. */
export async function listOf(
  open: (path: string) => Promise<Opened>,
  path: string,
): Promise<Looked<readonly FolderEntry[]>> {
  const opened = await open(path);
  if (opened.kind === 'file') await opened.content.close();
  if (opened.kind === 'missing') return missed(opened.reason);
  return opened.kind === 'folder' ? { kind: 'there', seen: opened.entries } : { kind: 'gone' };
}

/** The first `maxBytes` octets of a file at most; `gone` where it is none. */
export async function headOf(
  open: (path: string) => Promise<Opened>,
  path: string,
  maxBytes: number,
): Promise<Looked<Uint8Array>> {
  const opened = await open(path);
  if (opened.kind === 'missing') return missed(opened.reason);
  if (opened.kind === 'folder') return { kind: 'gone' };
  const { content } = opened;
  try {
    const bytes = new Uint8Array(Math.min(maxBytes, content.sizeBytes));
    return { kind: 'there', seen: bytes.subarray(0, await content.read(bytes, 0)) };
  } catch (error) {
    return { kind: 'unknown', reason: errnoOf(error) ?? 'error' };
  } finally {
    await content.close();
  }
}

/** Whether there is such a file; undefined where nobody can tell now. */
export async function isFile(open: (path: string) => Promise<Opened>, path: string): Promise<boolean | undefined> {
  const { kind } = await headOf(open, path, 0);
  return kind === 'unknown' ? undefined : kind === 'there';
}

const UNKNOWN: ReadonlySet<MissReason> = new Set(['busy', 'no-permission', 'damaged']);

function missed(reason: MissReason): Looked<never> {
  return UNKNOWN.has(reason) ? { kind: 'unknown', reason } : { kind: 'gone' };
}
