/** The kernels of an image that its family knows, each with its initrds and the file system that it wants. */
import type { Arch } from '../core/image.ts';
import { readKernel } from '../core/kernel.ts';
import type { Scene, Start } from './facts.ts';
import { archsIn } from './identify.ts';
import { expand } from './lines.ts';
import type { Boot } from './row.ts';
import type { Found } from './tree.ts';

/** More kernels than that are on no image. Taste. */
const MAX_STARTS = 6;

/** In the family's order; of copies of one kernel under several names, the first. `said`: for what processor the image is. */
export async function findStarts(scene: Scene, said: Arch | undefined): Promise<readonly Start[]> {
  const known = await knownStarts(scene, said);
  const all = known.length > 0 || scene.family.ways.length === 0 ? known : await startsOfMenu(scene, said);
  const seen = new Set<string>();
  const starts = all.filter((start) => {
    const key = JSON.stringify([
      start.arch,
      start.kernel.sizeBytes,
      start.initrds.map((i) => i.sizeBytes),
      start.boot.firmware,
    ]);
    return !seen.has(key) && seen.add(key);
  });
  return starts.slice(0, MAX_STARTS);
}

async function knownStarts(scene: Scene, said: Arch | undefined): Promise<readonly Start[]> {
  const { boots } = scene.family;
  const first = await Promise.all(boots.filter((boot) => !boot.isElse).map((boot) => startsOf(boot, scene, said)));
  if (first.some((starts) => starts.length > 0)) return first.flat();
  return (await Promise.all(boots.filter((boot) => boot.isElse).map((boot) => startsOf(boot, scene, said)))).flat();
}

async function startsOf(boot: Boot, scene: Scene, said: Arch | undefined): Promise<readonly Start[]> {
  const pattern = expand(boot.kernel, { base: scene.base });
  const kernels = pattern === undefined ? [] : (await scene.tree.find(pattern)).filter((one) => one.kind === 'file');
  const starts = await Promise.all(
    kernels.slice(0, MAX_STARTS).map((kernel) => startOf(boot, kernel, { scene, said })),
  );
  return starts.filter((start) => start !== undefined);
}

interface Place {
  readonly scene: Scene;
  readonly said: Arch | undefined;
}

async function startOf(boot: Boot, kernel: Found, { scene, said }: Place): Promise<Start | undefined> {
  const variables = { base: scene.base, 1: kernel.stars[0] };
  const initrds: Found[] = [];
  for (const choices of boot.initrds) {
    const found = await firstOf(choices, variables, scene);
    if (found) initrds.push(found);
    else if (!choices.includes('')) return undefined;
  }
  const medium = expand(boot.medium ?? scene.family.medium ?? '', variables);
  const media = medium ? (await scene.tree.find(medium)).filter((one) => one.kind === 'file') : [];
  const own = media.filter((one) => kernel.stars[0] === undefined || isBeside(one, kernel.stars[0]));
  const about = await readKernel((maxBytes, position) => scene.view.read(`/${kernel.path}`, maxBytes, position));
  const arch = about.arch ?? boot.arch ?? archOf(about.version, kernel.path) ?? said ?? 'x86_64';
  return { boot, kernel, initrds, media: own.length > 0 ? own : media, about, arch };
}

/** Whether the file system lies in the folder that is called as the kernel's. */
function isBeside(medium: Found, name: string): boolean {
  return medium.path.split('/').includes(name);
}

async function firstOf(choices: readonly string[], variables: Variables, scene: Scene): Promise<Found | undefined> {
  for (const choice of choices) {
    const path = choice === '' ? undefined : expand(choice, variables);
    const [found] = path === undefined ? [] : await scene.tree.find(path);
    if (found?.kind === 'file') return found;
  }
  return undefined;
}

type Variables = Parameters<typeof expand>[1];

function archOf(version: string | undefined, path: string): Arch | undefined {
  return archsIn(version ?? '')[0] ?? archsIn(path)[0];
}

/** A layout that the family does not know: the first kernel that the image's own menu starts, if it is there. */
async function startsOfMenu(scene: Scene, said: Arch | undefined): Promise<readonly Start[]> {
  for (const line of scene.lines.slice(0, 16)) {
    const names = [line.kernel, ...line.initrds].map((name) => name.replace(/^\/+/, ''));
    const [kernel, ...initrds] = names.some((name) => /[*$]/.test(name)) ? [] : names;
    if (!kernel || scene.family.boots.length === 0) continue;
    const starts = await startsOf({ kernel, initrds: initrds.map((name) => [name]) }, scene, said);
    if (starts.length > 0) return starts;
  }
  return [];
}
