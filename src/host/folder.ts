/** What is in an open folder. */
import { lstat, opendir } from 'node:fs/promises';
import type { FolderEntry } from '../core/content.ts';

/** Files and folders by name, `maxEntries` looked at; links, devices and names that no path can spell are left out. */
export async function listFolder(fd: number, isTop: boolean, maxEntries: number): Promise<readonly FolderEntry[]> {
  const folder = `/proc/self/fd/${fd}`;
  const names: string[] = [];
  let looked = 0;
  for await (const entry of await opendir(folder)) {
    if (looked++ >= maxEntries) break;
    const isServed = !(isTop && entry.name.startsWith('.')) && !/[\x00-\x1f\x7f\\\ufffd]/.test(entry.name);
    if (isServed && (entry.isFile() || entry.isDirectory())) names.push(entry.name);
  }
  const entries: FolderEntry[] = [];
  for (const name of names.sort()) {
    const stat = await lstat(`${folder}/${name}`).catch(() => undefined);
    if (!stat || !(stat.isFile() || stat.isDirectory())) continue;
    const { mtimeMs: modifiedMs, ctimeMs: changedMs, ino: inode, size: sizeBytes } = stat;
    if (stat.isFile()) entries.push({ name, kind: 'file', sizeBytes, modifiedMs, changedMs, inode });
    else entries.push({ name, kind: 'folder', sizeBytes: 0, modifiedMs });
  }
  return entries;
}
