/** The colours of a menu, and how the loaders write them: as they are, or the nearest of what a text screen has. */

/** Each as `#rrggbb`; the configuration has seen to that. */
export interface MenuColours {
  readonly background: string;
  readonly text: string;
  readonly accent: string;
  readonly selected: string;
  readonly selectedText: string;
  readonly frame: string;
  readonly hint: string;
}

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

export function rgbOf(colour: string): Rgb {
  const part = (at: number): number => Number.parseInt(colour.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}

/** One of ANSI's eight, 0 to 7: bit 0 red, bit 1 green, bit 2 blue; and whether it is a bright one. ECMA-48 §8.3.117. */
export interface Ansi {
  readonly colour: number;
  readonly isBright: boolean;
}

/** Darker than this is black for text. Taste: dark blue on a yellow bar. */
const BLACK_TEXT = 0x60;
const BLACK_GROUND = 0x20;
const BRIGHT = 0xc0;

/** The hue counts, not the distance: dark blue is nearer to black than to blue, but nobody would call it that. */
export function ansiOf(colour: string, use: 'text' | 'ground'): Ansi {
  const parts = rgbOf(colour);
  const most = Math.max(...parts);
  if (most < (use === 'text' ? BLACK_TEXT : BLACK_GROUND)) return { colour: 0, isBright: false };
  const [red, green, blue] = parts.map((part) => (part >= most * 0.6 ? 1 : 0));
  return { colour: (red ?? 0) + 2 * (green ?? 0) + 4 * (blue ?? 0), isBright: use === 'text' && most >= BRIGHT };
}

/** GRUB's names in ANSI's order; brown and light-gray are what bright turns to yellow and white. grub.info, section 6.3 */
const GRUB_NAMES = ['black', 'red', 'green', 'brown', 'blue', 'magenta', 'cyan', 'light-gray'];
const GRUB_BRIGHT = [
  'dark-gray',
  'light-red',
  'light-green',
  'yellow',
  'light-blue',
  'light-magenta',
  'light-cyan',
  'white',
];

/** `white/blue`, for GRUB's text menu. */
export function grubPair(text: string, ground: string): string {
  const { colour, isBright } = ansiOf(text, 'text');
  return `${(isBright ? GRUB_BRIGHT : GRUB_NAMES)[colour]}/${GRUB_NAMES[ansiOf(ground, 'ground').colour]}`;
}

/** `1;33;44`: bold, text and ground as in a terminal's escape sequence, for syslinux' text menu. */
export function sgrOf(text: string, ground: string, isBold: boolean): string {
  return `${isBold ? '1;' : ''}3${ansiOf(text, 'text').colour};4${ansiOf(ground, 'ground').colour}`;
}
