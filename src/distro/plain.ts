/** What comes out of an image is anybody's: text becomes one plain line, words and names are safe for loaders or dropped. */

const MAX_TEXT = 80;
const MAX_WORD = 200;

/** One line without control, format and private characters, at most `max` long. */
export function plainLine(text: string, max = MAX_TEXT): string {
  const line = text
    .slice(0, 4096)
    .replace(/\s/gu, ' ')
    .replace(/[\p{C}\ufffd]/gu, '')
    .replace(/ {2,}/g, ' ')
    .trim();
  return [...line].slice(0, max).join('').trim();
}

/**
 * Whether all loaders carry it to the kernel as it is: no space, quote, comma of pxelinux's initrd list in paths, `$`,
 * `;`, braces. GRUB, iPXE and pxelinux each quote in another way.
 */
export function isSafePath(path: string): boolean {
  return path.length <= 240 && /^[\w.+~@=/-]+$/.test(path) && !path.split('/').includes('..');
}

/** A word of the image's own menu as it may be taken over: quotes off where they hold no space; undefined when unsafe. */
export function safeWord(word: string): string | undefined {
  const bare = word.replace(/^([^"']*)"([^"']*)"$/, '$1$2').replace(/^([^"']*)'([^"']*)'$/, '$1$2');
  return bare.length > 0 && bare.length <= MAX_WORD && /^[\w.,:/=@+%-]+$/.test(bare) ? bare : undefined;
}

/** `ip` of `ip=dhcp`. */
export function keyOf(word: string): string {
  return (word.split('=', 1)[0] ?? word).toLowerCase();
}
