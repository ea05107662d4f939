/** Words that many families share. */
import type { Word } from './row.ts';

/** Said on every line: most initramfs bring no interface up without it, and the others don't mind. */
export const dhcp = (why: string, from: string): Word => ({ word: 'ip=dhcp', why, from });

export const UNLIMITED_ROOT: Word = {
  word: 'root=/dev/ram0',
  why: 'without root= the initial root is a tmpfs of half the memory, and downloads stop there',
  from: 'linux: init/do_mounts.c',
};
