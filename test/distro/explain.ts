/** The reason of each word on a command line, looked up in the tables; whatever is in none is the image's own. */
import type { ImageEntry, Verdict } from '../../src/core/image.ts';
import { PRODUCTS } from '../../src/distro/products.ts';
import type { Word } from '../../src/distro/row.ts';
import { FAMILIES } from '../../src/distro/table.ts';

/** All rows that may have put words on a line of this image. */
function rowsOf(verdict: Verdict, entry: ImageEntry): readonly Word[] {
  const own = FAMILIES.find((family) => family.id === verdict.family);
  const ids = new Set([verdict.family, ...(own?.besides ?? [])]);
  const families = FAMILIES.filter((family) => ids.has(family.id));
  const ways = families.flatMap((family) => family.ways).filter((way) => way.transport === entry.transport);
  return [
    ...ways.flatMap((way) => way.words ?? []),
    ...families.flatMap((family) => [...family.words, ...family.boots.flatMap((boot) => boot.words ?? [])]),
    ...PRODUCTS.filter((product) => product.name === verdict.name).flatMap((product) => product.words ?? []),
  ];
}

/** The row that `word` comes from. */
export function rowOf(word: string, verdict: Verdict, entry: ImageEntry): Word | undefined {
  return rowsOf(verdict, entry).find((row) => likeOf(row).test(word));
}

function likeOf(row: Word): RegExp {
  const parts = row.word.split(/\$(?:[a-z]+|\d)/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}

/** An entry as golden files show it. */
export function explain(verdict: Verdict, entry: ImageEntry): string {
  const facts = [
    entry.transport,
    entry.isStreaming ? 'streaming' : 'whole',
    `${entry.memoryMib} MiB`,
    `Secure Boot: ${entry.secureBoot}`,
    entry.archs.join(' '),
    entry.firmware.join(' '),
  ];
  const lines = [
    `${entry.key} (${entry.use}${entry.variant ? `: ${entry.variant}` : ''}; ${facts.join('; ')})`,
    ...(entry.companion ? [`  companion ${entry.companion}`] : []),
    ...(entry.companionVersion ? [`  of the kernel ${entry.companionVersion}`] : []),
    ...(entry.unattended ? [`  unattended ${entry.unattended}`] : []),
    ...howLines(verdict, entry),
  ];
  return `${lines.join('\n')}\n`;
}

function howLines(verdict: Verdict, entry: ImageEntry): readonly string[] {
  const { how } = entry;
  if (how.kind === 'wimboot') {
    return [`  wimboot index=${how.index}`, ...how.files.map(({ name, file }) => `  ${name} <- ${file}`)];
  }
  if (how.kind !== 'linux') return [`  ${how.kind}`];
  return [
    `  kernel ${how.kernel}`,
    ...how.initrds.map((initrd) => `  initrd ${initrd}`),
    ...(how.imageAs ? [`  the image as ${how.imageAs}`] : []),
    ...(how.shim ? [`  shim ${how.shim}`] : []),
    ...how.arguments.map((word) => {
      const row = rowOf(word, verdict, entry);
      return `    ${word.padEnd(44)} # ${row ? `${row.why} [${row.from}]` : "the image's own menu"}`;
    }),
  ];
}
