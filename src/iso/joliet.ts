/** Joliet: a second tree of the same files, with names in UCS-2. Joliet Specification (1995), ECMA-119 §8.5. */
import type { VolumeDescriptor } from './ecma119.ts';
import { utf16Of } from './octets.ts';

/** UCS-2 levels 1 to 3: they differ in which characters may be combined, which is nothing to a reader. */
const ESCAPES = ['%/@', '%/C', '%/E'];

export function isJoliet({ escapes }: VolumeDescriptor): boolean {
  return ESCAPES.some((level) => escapes.startsWith(level));
}

/** Without version. Half surrogate pairs become U+FFFD; whole ones, which Joliet does not know, are what they look like. */
export function jolietName(identifier: Uint8Array): string {
  return utf16Of(identifier).replace(/;\d*$/, '');
}
