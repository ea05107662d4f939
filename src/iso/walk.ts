/** Ways through a volume, whichever it is: to the node at a path, and over all there is. */
import { Malformed } from '../core/bytes.ts';
import type { Node, ReadAt, Volume } from './volume.ts';

const MAX_DEPTH = 64;
/** As many as a system follows on one path; Linux says ELOOP after 40. */
const MAX_LINKS = 16;
/** Of folders looked into for one path: links may wind. */
const MAX_STEPS = 256;

export interface FindOptions {
  /** Names in Joliet and plain ISO 9660 are always found so: they were never exact. The exact one comes first. */
  readonly ignoreCase: boolean;
}

/**
 * The node at `path`, `/live/vmlinuz`, or what a link there leads to, as a system mounted at the image's root would
 * follow it: never out of the image. Undefined where there is none, or links without end. Throws `Malformed` for a
 * damaged folder on the way.
 */
export async function findNode(
  volume: Volume,
  path: string,
  read: ReadAt,
  { ignoreCase }: FindOptions,
): Promise<Node | undefined> {
  const isLoose = ignoreCase || volume.names === 'plain' || volume.names === 'joliet';
  const steps = stepsOf(path);
  let way = [volume.root];
  let links = 0;
  for (let n = 0; steps.length > 0; n++) {
    const step = steps.pop() ?? '';
    const folder = way.at(-1) ?? volume.root;
    if (folder.kind !== 'folder' || n === MAX_STEPS) return undefined;
    if (step === '..') {
      way = way.slice(0, Math.max(1, way.length - 1));
      continue;
    }
    const node = named(volume, await volume.readFolder(folder, read), step, isLoose);
    if (!node || way.length > MAX_DEPTH) return undefined;
    if (node.kind !== 'link') way.push(node);
    else {
      if (node.target === undefined || ++links > MAX_LINKS) return undefined;
      if (node.target.startsWith('/')) way = [volume.root];
      steps.push(...stepsOf(node.target));
    }
  }
  return way.at(-1);
}

/** Whether the image was made to keep letter case: in others a name is found in whatever case. */
export function keepsCase({ names }: Volume): boolean {
  return names === 'rock-ridge';
}

/** What is called `name` in `folder`, by the image's own rule of letter case; no link is followed. Throws `Malformed`. */
export async function childOf(volume: Volume, folder: Node, name: string, read: ReadAt): Promise<Node | undefined> {
  if (folder.kind !== 'folder') return undefined;
  return named(volume, await volume.readFolder(folder, read), name, !keepsCase(volume));
}

/** The exact one comes first. */
function named(volume: Volume, nodes: readonly Node[], name: string, isLoose: boolean): Node | undefined {
  const exact = volume.isSorted ? bisect(nodes, name) : nodes.find((node) => node.name === name);
  return exact ?? (isLoose ? ignoringCase(nodes, name) : undefined);
}

/** Backwards: the next step is the last one. */
function stepsOf(path: string): string[] {
  return path
    .split('/')
    .filter((step) => step !== '' && step !== '.')
    .reverse();
}

/** By lists of nodes that are kept: each is gone with its list. */
const FOLDED = new WeakMap<readonly Node[], ReadonlyMap<string, Node>>();

function ignoringCase(nodes: readonly Node[], name: string): Node | undefined {
  const known = FOLDED.get(nodes) ?? foldedNames(nodes);
  FOLDED.set(nodes, known);
  return known.get(name.toLowerCase());
}

/** The first of the names that differ in case alone. */
function foldedNames(nodes: readonly Node[]): ReadonlyMap<string, Node> {
  const first = new Map<string, Node>();
  for (const node of nodes) {
    const folded = node.name.toLowerCase();
    if (!first.has(folded)) first.set(folded, node);
  }
  return first;
}

/** By halves, so that a folder of 50,000 costs no more than a small one. */
function bisect(nodes: readonly Node[], name: string): Node | undefined {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((nodes[middle]?.name ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return nodes[low]?.name === name ? nodes[low] : undefined;
}

export interface Found {
  /** `/live/vmlinuz` */
  readonly path: string;
  readonly node: Node;
}

export interface WalkLimits {
  readonly maxDepth: number;
  readonly maxEntries: number;
  readonly maxFolders: number;
}

/** Far more than any installer has, and what fits into memory. */
const WALK_LIMITS: WalkLimits = { maxDepth: MAX_DEPTH, maxEntries: 1_000_000, maxFolders: 100_000 };

/**
 * Everything below the root, a folder before what it holds. Links are not followed, and what lies in one place is
 * looked into once, however many folders claim it. Throws `Malformed` for a damaged folder and beyond the limits.
 */
export async function* walk(volume: Volume, read: ReadAt, limits: WalkLimits = WALK_LIMITS): AsyncGenerator<Found> {
  const seen = new Set([placeOf(volume.root)]);
  const waiting = [{ path: '', node: volume.root, depth: 0 }];
  let entries = 0;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const node of await volume.readFolder(next.node, read)) {
      const path = `${next.path}/${node.name}`;
      const depth = next.depth + 1;
      if (++entries > limits.maxEntries) throw beyond(`${limits.maxEntries} entries`, node);
      yield { path, node };
      if (node.kind !== 'folder' || node.unreadable || seen.has(placeOf(node))) continue;
      if (depth > limits.maxDepth) throw beyond(`${limits.maxDepth} folders deep`, node);
      if (seen.add(placeOf(node)).size > limits.maxFolders) throw beyond(`${limits.maxFolders} folders`, node);
      waiting.push({ path, node, depth });
    }
  }
}

function beyond(what: string, { place }: Node): Malformed {
  return new Malformed(`damaged: more than ${what}`, place);
}

/** Where its octets begin; one without any is a place of its own. */
function placeOf(folder: Node): number {
  return folder.extents[0]?.position ?? -1 - folder.place;
}
