/** Images for tests: trees of files written to a temporary folder, made into images by the tools that people use. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, type TestContext } from 'node:test';
import type { Node, ReadAt, Volume } from '../../src/iso/volume.ts';
import { walk } from '../../src/iso/walk.ts';

/** What stands in a tree; folders come by themselves, an empty one is a name with a slash at its end. */
export type Item =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly hardLinkOf: string }
  /** Zeros that take no room, with `end` as the last octets. */
  | { readonly sparseBytes: number; readonly end?: string };
export type Tree = Readonly<Record<string, Item>>;

/** All files and folders of a made tree have this time: 2024-02-29T12:34:56Z. */
export const TREE_TIME_MS = Date.UTC(2024, 1, 29, 12, 34, 56);

/** Skips with a notice for want of a program, but never in CI, where it is a fault of the set-up. */
export function hasPrograms(t: TestContext, programs: readonly string[]): boolean {
  const missing = programs.filter((p) => spawnSync('sh', ['-c', `command -v ${p}`]).status !== 0);
  if (missing.length === 0) return true;
  if (process.env.CI) throw new Error(`needs ${missing.join(', ')}`);
  t.skip(`needs ${missing.join(', ')}`);
  return false;
}

/** A temporary folder that is gone when the tests of the file are done. Call it at the top of a file or suite. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'iso-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes `tree` below `folder`, which is made; returns it. */
export function makeTree(folder: string, tree: Tree): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, item] of Object.entries(tree)) {
    const path = join(folder, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) writeItem(folder, path, item);
  }
  const { stdout } = spawnSync('find', [folder, '-depth', '!', '-type', 'l', '-print0'], { encoding: 'utf8' });
  for (const path of stdout.split('\0').filter(Boolean)) utimesSync(path, TREE_TIME_MS / 1000, TREE_TIME_MS / 1000);
  return folder;
}

function writeItem(folder: string, path: string, item: Item): void {
  if (typeof item === 'string' || item instanceof Uint8Array) writeFileSync(path, item);
  else if ('link' in item) symlinkSync(item.link, path);
  else if ('hardLinkOf' in item) linkSync(join(folder, item.hardLinkOf), path);
  else {
    const end = Buffer.from(item.end ?? '');
    writeFileSync(path, '');
    truncateSync(path, item.sparseBytes - end.length);
    writeFileSync(path, end, { flag: 'a' });
  }
}

/** Runs a program to its end, at most a minute; throws what it said if that was not well. */
export function run(program: string, args: readonly string[], cwd?: string): string {
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
    ...(cwd ? { cwd } : {}),
  });
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr ?? ''}${done.error ?? ''}`);
  return done.stdout;
}

/** `mkisofs`' options mean the same to both. The image is written to `to`, which is returned. */
export function makeIso(by: 'xorriso' | 'genisoimage', options: readonly string[], folder: string, to: string): string {
  const program = by === 'xorriso' ? ['xorriso', '-as', 'mkisofs'] : ['genisoimage', '-input-charset', 'utf-8'];
  const [command = '', ...before] = program;
  run(command, [...before, '-quiet', ...options, '-o', to, folder]);
  return to;
}

/** An image that is all in memory. */
export function readerOf(bytes: Uint8Array): ReadAt {
  return async (into, position) => {
    const part = bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  };
}

export interface OpenImage {
  readonly read: ReadAt;
  readonly sizeBytes: number;
  close(): void;
}

export function openImage(path: string): OpenImage {
  const handle = openSync(path, 'r');
  const read: ReadAt = async (into, position) => {
    let done = 0;
    while (done < into.length) {
      const count = readSync(handle, into, done, into.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  };
  return { read, sizeBytes: statSync(path).size, close: () => closeSync(handle) };
}

/** Opens `path` for the length of `use`. */
export async function withImage<T>(path: string, use: (image: OpenImage) => Promise<T>): Promise<T> {
  const image = openImage(path);
  try {
    return await use(image);
  } finally {
    image.close();
  }
}

export function bytesOf(path: string): Uint8Array {
  return readFileSync(path);
}

/**
 * `read`, and what was asked of it so far, turns for others included, by which long work is counted; throws beyond
 * `maxBytes` and `maxTurns`, so that a loop ends as a fault.
 */
export function counted(read: ReadAt, maxBytes = Infinity, maxTurns = Infinity): ReadAt & Counts {
  let calls = 0;
  let octets = 0;
  let turns = 0;
  const turn = async (): Promise<void> => {
    if (++turns > maxTurns) throw new Error(`more than ${maxTurns} turns of work`);
  };
  const counting: ReadAt = async (into, position) => {
    calls++;
    octets += into.length;
    if (octets > maxBytes) throw new Error(`more than ${maxBytes} octets were asked for`);
    return await read(into, position);
  };
  return Object.assign(counting, { turn, calls: () => calls, octets: () => octets, turns: () => turns });
}

interface Counts {
  calls(): number;
  octets(): number;
  turns(): number;
}

/** How many of `usual` mutations there are to be made: `MUTATIONS=1000000` of each kind for a long run. */
export function mutationsOf(usual: number): number {
  return Number(process.env.MUTATIONS ?? usual);
}

/** SHA-256 of a file inside an image, hexadecimal, by its extents. */
export async function hashOf(node: Node, read: ReadAt): Promise<string> {
  const hash = createHash('sha256');
  const block = new Uint8Array(1024 * 1024);
  for (const extent of node.extents) {
    for (let done = 0; done < extent.lengthBytes; ) {
      const part = block.subarray(0, Math.min(block.length, extent.lengthBytes - done));
      if (extent.position === undefined) part.fill(0);
      else if ((await read(part, extent.position + done)) !== part.length) throw new Error(`${node.name} is cut off`);
      hash.update(part);
      done += part.length;
    }
  }
  return hash.digest('hex');
}

/** Everything on a volume by its path, `/boot/vmlinuz`, without the root; read by nothing but `readFolder`. */
export async function nodesOf(volume: Volume, read: ReadAt): Promise<Map<string, Node>> {
  const all = new Map<string, Node>();
  const waiting: [string, Node][] = [['', volume.root]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [path, folder] = next;
    for (const node of await volume.readFolder(folder, read)) {
      all.set(`${path}/${node.name}`, node);
      if (node.kind === 'folder') waiting.push([`${path}/${node.name}`, node]);
    }
  }
  return all;
}

/** Holds `nodeAt` and `parentOf` of everything against what the folders say; how many nodes there are. */
export async function assertPlaces(volume: Volume, read: ReadAt): Promise<number> {
  // An entry of UDF says no name.
  const known = (node: Node): Node => (volume.names === 'udf' ? { ...node, name: '' } : node);
  const folders = new Map([['', volume.root]]);
  assert.equal(await volume.nodeAt(volume.root.place, read), volume.root);
  assert.equal(await volume.parentOf(volume.root, read), volume.root);
  let count = 0;
  for await (const { path, node } of walk(volume, read)) {
    count += 1;
    const found = await volume.nodeAt(node.place, read);
    assert.deepEqual(found, known(node), path);
    if (node.kind !== 'folder') continue;
    folders.set(path, node);
    const parent = folders.get(dirname(path).replace(/^\/$/, ''));
    assert.deepEqual(await volume.parentOf(found, read), parent && known(parent), `the parent of ${path}`);
    assert.deepEqual(await volume.readFolder(found, read), await volume.readFolder(node, read), path);
  }
  return count;
}
