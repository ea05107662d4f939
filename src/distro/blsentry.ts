/** Entries of systemd-boot: a file for each. UAPI.1, Boot Loader Specification, type 1. */
import { type BootLine, bootLine, pathIn, wordsOf } from './bootline.ts';

/** What the file `from` starts; undefined for one that starts no Linux, but a program of UEFI. */
export function decodeBlsEntry(text: string, from: string): BootLine | undefined {
  const keys = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value = ''] = /^\s*([a-z][a-z-]*)\s+(.*?)\s*$/.exec(line) ?? [];
    if (key) keys.set(key, [...(keys.get(key) ?? []), value]);
  }
  const [kernel] = keys.get('linux') ?? [];
  return bootLine({
    title: keys.get('title')?.[0] ?? '',
    kernel: kernel === undefined ? undefined : pathIn('/', kernel),
    initrds: (keys.get('initrd') ?? []).map((name) => pathIn('/', name)),
    arguments: (keys.get('options') ?? []).flatMap(wordsOf),
    from,
  });
}
