/** What the menus write on an entry's line and below the list. */
import { showBytes, showMemory } from '../core/units.ts';
import type { Entry } from './entries.ts';
import { plainText } from './text.ts';
import type { Words } from './words.ts';

export interface Line {
  readonly maxChars: number;
  /** Which loader's word on Secure Boot stands there, if any does: no BIOS has it. */
  readonly secureBoot?: 'grub' | 'ipxe';
}

/**
 * `22 Cinnamon (64-bit): live - from 2 GB RAM - Secure Boot off - 2.9 GB`. What it needs always stands there; for want of
 * room goes first the size, then the architecture, which the machine has seen to, and last words of the name, from its end.
 */
export function lineOf(entry: Entry, words: Words, line: Line): string {
  const needs = [
    entry.memoryMib === undefined ? '' : words.memory.replace('%s', showMemory(entry.memoryMib)),
    line.secureBoot === undefined ? '' : secureBootOf(entry, words, line.secureBoot),
  ]
    .filter((part) => part !== '')
    .map((part) => ` - ${part}`)
    .join('');
  const room = line.maxChars - needs.length;
  const title = plainText(entry.title, entry.id, 120);
  const short = `${title.length <= room ? title : shortened(plainText(withoutArch(entry, words), entry.id, 120), room)}${needs}`;
  const size = entry.sizeBytes === undefined ? '' : ` - ${showBytes(entry.sizeBytes)}`;
  return short.length + size.length <= line.maxChars ? `${short}${size}` : short;
}

/** `openSUSE Tumbleweed 20241115 DVD: install` becomes `openSUSE Tumbleweed: install`: what starts stays. */
function shortened(title: string, room: number): string {
  const [, name = title, use = ''] = /^(.*[^:])(: [^:]*)$/.exec(title) ?? [];
  let left = name;
  while (left.length + use.length > room && left.includes(' ')) left = left.slice(0, left.lastIndexOf(' '));
  return plainText(`${left}${use}`, title, room);
}

function withoutArch({ title, archs }: Entry, words: Words): string {
  return title.replace(` (${archs.map((arch) => words.archs[arch]).join(', ')})`, '');
}

/**
 * Debian's shim and GRUB start what Debian has signed. For another distribution's kernel its own shim has to be in the
 * chain, which iPXE alone can do; it says nothing then, since an iPXE that firmware starts with Secure Boot on does.
 */
function secureBootOf({ secureBoot, how }: Entry, words: Words, loader: 'grub' | 'ipxe'): string {
  if (secureBoot === 'no') return words.secureBootOff;
  if (secureBoot !== 'own-shim') return '';
  if (how.kind !== 'linux' || how.shim === undefined) return words.secureBootOff;
  return loader === 'ipxe' ? '' : words.secureBootByIpxe;
}

/** The operator's own sentence, whether the cable has to stay, and the image's size, for where a loader has room for them. */
export function helpOf(entry: Entry, words: Words): readonly string[] {
  const note = plainText(entry.note ?? '', '', 200);
  const streams = entry.isStreaming ? words.streams : '';
  const size = entry.sizeBytes === undefined ? '' : words.imageSize.replace('%s', showBytes(entry.sizeBytes));
  return [note, streams, size].filter((part) => part !== '');
}
