/** Which loader a file of somebody's folder is, by its name. */
import type { Loader } from './loader.ts';
import { LOADERS } from './table.ts';

export interface Recognised {
  readonly loader: Loader;
  /** As it is written in the folder. */
  readonly file: string;
}

/** The loaders among these file names, one file for each: a distribution's own name says more than ours, so it goes first. */
export function recognise(files: readonly string[]): readonly Recognised[] {
  // FAT, where EFI partitions keep them, does not tell upper from lower case. Exact spelling wins over sorted order.
  const byName = new Map(files.toSorted().map((file) => [file.toLowerCase(), file]));
  for (const file of files) if (file === file.toLowerCase()) byName.set(file, file);
  return LOADERS.flatMap((loader) => {
    const names = [...loader.aliases, loader.name.toLowerCase()];
    const file = names.map((name) => byName.get(name)).find((found) => found !== undefined);
    return file === undefined ? [] : [{ loader, file }];
  });
}
