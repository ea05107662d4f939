/** Command lines: the table's words with names filled in, and what is taken over from the image's own menu. */
import type { Arch } from '../core/image.ts';
import type { BootLine } from './bootconfig.ts';
import { type Circumstances, holds } from './facts.ts';
import { ownWords } from './ownwords.ts';
import type { Way, Word } from './row.ts';

/** By name without `$`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** `text` with `$base` and the like filled in; undefined where one has no value. */
export function expand(text: string, variables: Variables): string | undefined {
  let isWhole = true;
  const expanded = text.replace(/\$([a-z]+|\d)/g, (_, name: string) => {
    const value = variables[name];
    if (!value) isWhole = false;
    return value ?? '';
  });
  return isWhole ? expanded : undefined;
}

const DEBIAN: Readonly<Record<Arch, string>> = { x86_64: 'amd64', i386: 'i386', arm64: 'arm64' };
const ALPINE: Readonly<Record<Arch, string>> = { x86_64: 'x86_64', i386: 'x86', arm64: 'aarch64' };

/** What words, companions and variants may name. */
export function variablesOf(c: Circumstances): Variables {
  const { scene, identity, start } = c;
  const number = /^(\d{1,4})/.exec(identity.version)?.[1];
  const { version } = identity;
  return {
    base: scene.base,
    1: start?.kernel.stars[0],
    medium: start?.media[0]?.path,
    folder: start?.media[0]?.path.replace(/\/[^/]*$/, ''),
    version: /^[\w.+-]{1,40}$/.test(version) ? version : undefined,
    major: number ?? identity.product?.codenames?.[identity.codename?.toLowerCase() ?? ''],
    debarch: start && DEBIAN[start.arch],
    alpinearch: start && ALPINE[start.arch],
    isokib: String(Math.ceil(scene.view.sizeBytes / 1024)),
  };
}

/** A word as it is on the line, with the row of the table that it comes from; without one it is the image's own. */
export interface PlacedWord {
  readonly word: string;
  readonly row?: Word;
}

/** Family, way, kernel, distribution, and at last the image's own. */
export async function lineOf(way: Way, c: Circumstances, companion?: string): Promise<readonly PlacedWord[]> {
  const { scene, identity, start } = c;
  const variables = { ...variablesOf(c), companion };
  const rows = [
    ...scene.family.words,
    ...(way.words ?? []),
    ...(start?.boot.words ?? []),
    // A companion is another system: it only brings this one.
    ...(way.companion ? [] : (identity.product?.words ?? [])),
  ];
  const placed: PlacedWord[] = [];
  for (const row of rows) {
    const word = (await holds(row.when, { ...c, transport: way.transport })) ? expand(row.word, variables) : undefined;
    if (word !== undefined) placed.push({ word, row });
  }
  const line = scene.family.takesOwnWords && start ? lineFor(scene.lines, `/${start.kernel.path}`) : undefined;
  const own = ownWords(
    line?.arguments ?? [],
    placed.map(({ word }) => word),
  );
  return [...placed, ...own.map((word) => ({ word }))];
}

/** The first entry that starts this kernel; else one beside it: many images have one kernel under two names. */
function lineFor(lines: readonly BootLine[], path: string): BootLine | undefined {
  const kernelOf = ({ kernel }: BootLine): string => kernel.toLowerCase();
  const folder = path.toLowerCase().slice(0, path.lastIndexOf('/') + 1);
  return (
    lines.find((line) => kernelOf(line) === path.toLowerCase()) ??
    lines.find((line) => kernelOf(line).slice(0, kernelOf(line).lastIndexOf('/') + 1) === folder)
  );
}
