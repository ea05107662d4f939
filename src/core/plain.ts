/** JSON that is safe to print on a terminal: what clients call themselves stays text. */

/** C1 controls, DEL, what turns the direction of text, what is invisible, line ends of Unicode. JSON itself escapes below 0x20. */
const UNSEEN = /[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Equal to `value` again once parsed; on one line, or on many with `indent` spaces a level. */
export function plainJson(value: unknown, indent = 0): string {
  const spelt = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, null, indent).replace(UNSEEN, spelt);
}
