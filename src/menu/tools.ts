/** Entries for what `fnode loaders install` brought besides loaders. */
import type { Arch, Entry } from './entries.ts';
import type { Words } from './words.ts';

/** Files in boot/ that the menus make use of when they are there. */
export const OPTIONAL_LOADERS = [
  'chain.c32',
  'ifcpu64.c32',
  'memdisk',
  'memtest86+x64.bin',
  'memtest86+x64.efi',
  'memtest86+ia32.bin',
  'memtest86+ia32.efi',
  'wimboot',
] as const;

/** memtest86+ starts like a kernel, under BIOS and UEFI; nobody has signed it. */
export function toolEntries(loaders: ReadonlySet<string>, words: Words): readonly Entry[] {
  return (['x64', 'ia32'] as const).flatMap((cpu) => {
    const bios = loaders.has(`memtest86+${cpu}.bin`) ? `/boot/memtest86+${cpu}.bin` : undefined;
    const uefi = loaders.has(`memtest86+${cpu}.efi`) ? `/boot/memtest86+${cpu}.efi` : undefined;
    const kernel = bios ?? uefi;
    if (kernel === undefined) return [];
    const arch: Arch = cpu === 'x64' ? 'x86_64' : 'i386';
    const title = `${words.memoryTest} (memtest86+, ${words.archs[arch]})`;
    const entry: Entry = {
      id: `memtest-${cpu}`,
      title,
      fullTitle: title,
      group: words.tools,
      archs: [arch],
      firmware: [...(bios ? (['bios'] as const) : []), ...(uefi ? (['uefi'] as const) : [])],
      how: { kind: 'linux', kernel, ...(uefi ? { uefiKernel: uefi } : {}), initrds: [], arguments: [] },
      secureBoot: 'no',
    };
    return [entry];
  });
}
