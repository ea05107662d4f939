/**
 * What may enter a script. Titles, notes and names come from people, file names and volume labels; the three loaders'
 * languages differ in what they expand. So text keeps only characters that none of them gives a meaning to, and what
 * must keep its own characters (kernel arguments) is quoted for each language.
 */

/** Letters without accents (no loader's console agrees on them), digits, plain punctuation; `fallback` if none is left. */
export function plainText(text: string, fallback: string, maxChars = 72): string {
  const kept = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[\u2010-\u2015]/g, '-')
    .replace(/[^A-Za-z0-9 .,:;()/_+!?'@=*-]+/g, ' ')
    .replace(/ +/g, ' ')
    // A leading dash would be an option of iPXE's `item`.
    .replace(/^[ -]+|[ -]+$/g, '')
    .slice(0, maxChars)
    .trimEnd();
  return kept === '' ? fallback : kept;
}

/** Printable ASCII of `word`, no spaces. */
function visible(word: string): string {
  return word.replace(/[^\x21-\x7e]/g, '');
}

/** Words of a syslinux line, which ends at the newline and expands nothing. */
export function pxelinuxWords(words: readonly string[]): string {
  return words
    .map(visible)
    .filter((word) => word !== '')
    .join(' ');
}

/** One word in GRUB's language: within single quotes nothing is special but the quote. grub.info, section 6.1.1. */
export function grubWord(word: string): string {
  return `'${word.replace(/[^\x20-\x7e]/g, '').replaceAll("'", "'\\''")}'`;
}

/**
 * Words of an iPXE line. It knows no quoting: `${` expands, `#` at the start of a word begins a comment, `||` and `&&`
 * standing alone end the command. None of the three occurs in a real kernel argument. [ipxe: core/exec.c, settings.c]
 */
export function ipxeWords(words: readonly string[]): string {
  return words
    .map((word) =>
      visible(word)
        .replace(/\$+(?=\{)/g, '')
        .replace(/^#+/, ''),
    )
    .filter((word) => word !== '' && word !== '||' && word !== '&&')
    .join(' ');
}
