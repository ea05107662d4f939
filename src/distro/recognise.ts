/** What an image is and how it can be started over the network, out of the tables. */
import type { Arch, ImageEntry, ImageProblem, ImageView, Verdict } from '../core/image.ts';
import { readBootConfig } from './bootconfig.ts';
import { entriesOf } from './entries.ts';
import { baseOf, holds, type Identity, type Scene, type Start } from './facts.ts';
import { archsOf, identify, readTexts, type Texts } from './identify.ts';
import type { Family } from './row.ts';
import { findStarts } from './starts.ts';
import { FAMILIES } from './table.ts';
import { imageTree, type Tree } from './tree.ts';
import { identifyWindows } from './windows.ts';

export { TABLE_VERSION } from './table.ts';

/** Rejects for read errors only: whatever is on an image, there is a verdict. */
export async function recognise(view: ImageView): Promise<Verdict> {
  const tree = imageTree(view);
  const scene = await sceneOf(view, tree);
  const texts = await readTexts(scene);
  const said = await archsOf(scene, texts);
  const starts = await findStarts(scene, onlyOne(said));
  const { identity, archs } = await identityOf(scene, new Map([...texts, ['kernel', kernelOf(starts)]]), said);
  const own = await entriesOf(scene, identity, starts, archs);
  const further = await furtherEntries({ scene, identity, archs }, own);
  const entries = [...own, ...further];
  const problem = await problemOf(scene, identity, entries);
  return {
    family: scene.family.id,
    name: identity.name,
    version: identity.version,
    ...(identity.codename ? { codename: identity.codename } : {}),
    ...(identity.edition ? { edition: identity.edition } : {}),
    archs: starts.length > 0 ? [...new Set(starts.map((start) => start.arch))] : archs,
    group: identity.group,
    entries,
    ...(problem ? { problem } : {}),
  };
}

/** The first family whose mark is there. A disk image has no inside: nothing is looked up in it. */
async function sceneOf(view: ImageView, tree: Tree): Promise<Scene> {
  for (const family of view.format === 'raw' ? [] : FAMILIES) {
    const base = await baseOf(family.marks, view, tree);
    if (base !== undefined) return { view, tree, family, base, lines: await linesOf(family, view) };
  }
  return { view, tree, family: lastFamily(), base: '', lines: [] };
}

function lastFamily(): Family {
  const last = FAMILIES.at(-1);
  if (!last) throw new Error('the table of families is empty');
  return last;
}

/** Only Linux has menus that say something of kernels. */
async function linesOf(family: Family, view: ImageView): Promise<Scene['lines']> {
  return family.boots.length > 0 ? readBootConfig(view) : [];
}

interface Known {
  readonly identity: Identity;
  readonly archs: readonly Arch[];
}

async function identityOf(scene: Scene, texts: Texts, archs: readonly Arch[]): Promise<Known> {
  return scene.family.id === 'windows' ? identifyWindows(scene.view) : { identity: identify(scene, texts), archs };
}

function kernelOf([start]: readonly Start[]): string {
  return start?.about.version ?? '';
}

function onlyOne(archs: readonly Arch[]): Arch | undefined {
  return archs.length === 1 ? archs[0] : undefined;
}

/** Of the families that may be on the same image: an installer beside the live system. */
async function furtherEntries(
  { scene, identity, archs }: Known & { readonly scene: Scene },
  own: readonly ImageEntry[],
): Promise<readonly ImageEntry[]> {
  const keys = new Set(own.map((entry) => entry.key));
  const entries: ImageEntry[] = [];
  for (const family of FAMILIES.filter((one) => scene.family.besides?.includes(one.id))) {
    const base = await baseOf(family.marks, scene.view, scene.tree);
    if (base === undefined) continue;
    const beside: Scene = { ...scene, family, base };
    const found = await entriesOf(beside, identity, await findStarts(beside, onlyOne(archs)), archs);
    entries.push(...found.filter((entry) => !keys.has(entry.key)));
  }
  return entries;
}

/** Told beside entries too: those of the last resort, and those that wait for a companion. */
async function problemOf(
  scene: Scene,
  identity: Identity,
  entries: readonly ImageEntry[],
): Promise<ImageProblem | undefined> {
  for (const { when, onlyAlone, problem } of scene.family.problems ?? []) {
    if (onlyAlone && entries.length > 0) continue;
    if (await holds(when, { scene, identity })) return problem;
  }
  return entries.length > 0 ? undefined : NO_KERNEL;
}

const NO_KERNEL: ImageProblem = {
  reason: 'cannot-netboot',
  says: 'The kernel and initramfs were not found where this distribution has them.',
  cure: 'Say in a file beside it, NAME.yaml, how it starts.',
};
