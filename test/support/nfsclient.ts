/** Builds the C client over libnfs, and lists trees so that two of them can be compared. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('nfsclient.c', import.meta.url));

/** Programs that building and running it takes. */
export const CLIENT_NEEDS = ['ip', 'gcc', 'nfs-ls'] as const;

/** Built into `folder`; the way to it. */
export function buildClient(folder: string): string {
  const to = join(folder, 'nfsclient');
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', to, source, '-lnfs']);
  return to;
}

/** By path: `folder MODE OWNER TIME`, `file MODE OWNER TIME SIZE SHA256`, `link TARGET`. */
export type Listing = Readonly<Record<string, string>>;

/** All below `root`. `content`: without modes, owners and times, for images that have none. */
export function listingOf(root: string, detail: 'all' | 'content' = 'all', below = ''): Listing {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, below))) {
    const path = `${below}/${name}`;
    const stat = lstatSync(join(root, path));
    const rights = `${(stat.mode % 0o10000).toString(8)} ${stat.uid}:${stat.gid} ${Math.floor(stat.mtimeMs / 1000)}`;
    const dress = detail === 'all' ? ` ${rights}` : '';
    if (stat.isSymbolicLink()) found[path] = `link ${readlinkSync(join(root, path))}`;
    else if (stat.isDirectory()) Object.assign(found, { [path]: `folder${dress}` }, listingOf(root, detail, path));
    else found[path] = `file${dress} ${stat.size} ${hashOf(join(root, path))}`;
  }
  return found;
}

export function hashOf(file: string): string {
  const hash = createHash('sha256');
  const part = new Uint8Array(1 << 20);
  const handle = openSync(file, 'r');
  for (let count = readSync(handle, part); count > 0; count = readSync(handle, part))
    hash.update(part.subarray(0, count));
  closeSync(handle);
  return hash.digest('hex');
}

/** One line for each path that is not the same in both: trees have hundreds of them. */
export function differences(got: Listing, want: Listing): readonly string[] {
  const paths = [...new Set([...Object.keys(got), ...Object.keys(want)])].sort();
  return paths
    .filter((path) => got[path] !== want[path])
    .map((path) => `${path}: ${got[path] ?? 'nothing'}, wanted ${want[path] ?? 'nothing'}`);
}
