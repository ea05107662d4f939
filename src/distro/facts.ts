/** What is known of an image while it is being recognised. */
import type { Arch, ImageView } from '../core/image.ts';
import type { Kernel } from '../core/kernel.ts';
import type { BootLine } from './bootconfig.ts';
import type { Boot, Family, Mark, Product, When } from './row.ts';
import type { Found, Tree } from './tree.ts';

/** The image, and the family that it is of. */
export interface Scene {
  readonly view: ImageView;
  readonly tree: Tree;
  readonly family: Family;
  /** The first folder of what decided: `casper`, `arch`; empty where nothing on the image did. */
  readonly base: string;
  /** The image's own boot menu. */
  readonly lines: readonly BootLine[];
}

/** A kernel that is there, with what is loaded with it. */
export interface Start {
  readonly boot: Boot;
  readonly kernel: Found;
  readonly initrds: readonly Found[];
  readonly media: readonly Found[];
  readonly about: Kernel;
  readonly arch: Arch;
}

/** Which distribution it is. */
export interface Identity {
  readonly product: Product | undefined;
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly codename: string | undefined;
  readonly edition: string | undefined;
  /** The release of what it is based on, as in `When.since`; undefined where it can't be told. */
  readonly release: number | undefined;
}

/** `$base` of the mark that is there; undefined where none is. */
export async function baseOf(marks: readonly Mark[], view: ImageView, tree: Tree): Promise<string | undefined> {
  for (const mark of marks) {
    const base = await tryMark(mark, view, tree);
    if (base !== undefined) return base;
  }
  return undefined;
}

async function tryMark(mark: Mark, view: ImageView, tree: Tree): Promise<string | undefined> {
  if (mark.label && !mark.label.test(view.label)) return undefined;
  if (mark.notLabel?.test(view.label)) return undefined;
  if (mark.systemId && !mark.systemId.test(view.systemId)) return undefined;
  let base = '';
  for (const [i, pattern] of mark.has.entries()) {
    const [found] = await tree.find(pattern);
    if (!found) return undefined;
    if (i === 0) base = found.path.split('/')[0] ?? '';
  }
  return (await isAnyThere(mark.lacks ?? [], tree)) ? undefined : base;
}

export async function isAnyThere(patterns: string | readonly string[], tree: Tree): Promise<boolean> {
  for (const pattern of [patterns].flat()) {
    if ((await tree.find(pattern)).length > 0) return true;
  }
  return false;
}

/** What conditions are held against. */
export interface Circumstances {
  readonly scene: Scene;
  readonly identity: Identity;
  readonly start?: Start | undefined;
  readonly transport?: string | undefined;
}

/** Whether all that `when` says is so. */
export async function holds(when: When | undefined, c: Circumstances): Promise<boolean> {
  if (when === undefined) return true;
  const { scene, identity } = c;
  const { release } = identity;
  const id = identity.product?.id ?? '';
  if (when.since !== undefined && release !== undefined && release < when.since) return false;
  if (when.before !== undefined && (release === undefined || release >= when.before)) return false;
  if (when.product && !when.product.includes(id)) return false;
  if (when.notProduct?.includes(id)) return false;
  if (when.isNamed !== undefined && when.isNamed !== (identity.product !== undefined)) return false;
  if (when.transport !== undefined && c.transport !== when.transport) return false;
  if (when.media !== undefined && !hasMedia(when.media, c.start)) return false;
  if (when.boots !== undefined && !bootsBy(scene.view, when.boots)) return false;
  if (when.maxBytes !== undefined && scene.view.sizeBytes > when.maxBytes) return false;
  if (when.has !== undefined && !(await isAnyThere(when.has, scene.tree))) return false;
  return when.lacks === undefined || !(await isAnyThere(when.lacks, scene.tree));
}

function hasMedia(wanted: 'one' | 'several', start: Start | undefined): boolean {
  const count = start?.media.length ?? 0;
  return wanted === 'one' ? count === 1 : count > 1;
}

/** A disk image has no boot catalogue: it may start by either. */
function bootsBy(view: ImageView, firmware: 'bios' | 'uefi'): boolean {
  return view.format === 'raw' || view.bootImages.some((image) => image.platform === firmware);
}
