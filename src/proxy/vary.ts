/** Which of several kept answers a request selects. RFC 9111 §4.1. */
import { elementsOf, type Fields, fieldOf, valuesOf } from './fields.ts';
import { lessNamed } from './forward.ts';
import type { Asked, Entry, Head } from './types.ts';

/** Who varies by more than this is not worth keeping: hardly two requests would get the same. Taste. */
const MAX_NAMES = 32;
const MAX_CHARACTERS = 4096;

/** Lists in which neither order nor letters' case means anything, as long as the weights say all: RFC 9110 §12.5. */
const UNORDERED: ReadonlySet<string> = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language']);

/**
 * The request's fields that an answer depends on, in a form in which what means the same is the same: names in lower
 * case, sorted; values without white space around commas. Undefined where the answer is for no other request: Vary: *.
 */
export function variesOf(asked: Asked, head: Head): Fields | undefined {
  const vary = valuesOf(head.fields, 'vary');
  if (vary.length === 0) return [];
  const names = [...new Set(elementsOf(vary.join(',').toLowerCase()))].sort();
  if (names.includes('*') || names.length > MAX_NAMES) return undefined;
  // What Connection names goes no further: the origin does not see it.
  const fields = lessNamed(asked.fields);
  const varies: string[] = [];
  let characters = 0;
  for (const name of names) {
    const value = fieldOf(fields, name);
    if (value === undefined) continue;
    characters += value.length;
    varies.push(name, plainForm(name, value));
  }
  return characters > MAX_CHARACTERS ? undefined : varies;
}

/** Of all that is kept under a key the one that the request selects; `entries` and so the choice: the latest first. */
export function selected(asked: Asked, entries: readonly Entry[]): Entry | undefined {
  return (
    entries.find((entry) => isSame(variesOf(asked, entry.head), entry.varies)) ??
    entries.find((entry) => isInFavourite(asked, entry))
  );
}

function isSame(a: Fields | undefined, b: Fields): boolean {
  return a !== undefined && a.length === b.length && a.every((text, i) => text === b[i]);
}

function plainForm(name: string, value: string): string {
  const elements = elementsOf(value);
  if (!UNORDERED.has(name)) return elements.join(',');
  return elements
    .map((element) => element.toLowerCase().replaceAll(/[ \t]/g, ''))
    .sort()
    .join(',');
}

/**
 * Whether an entry that varies by language alone is in the one that the client wants most: then the origin, which has
 * it, would choose the same. RFC 9111 §4.1 leaves ranking to the cache where the field's own rules tell how.
 */
function isInFavourite(asked: Asked, { head, varies }: Entry): boolean {
  const language = fieldOf(head.fields, 'content-language')?.trim().toLowerCase();
  if (!language || !isByLanguage(varies) || !isByLanguage(variesOf(asked, head))) return false;
  const weighed = elementsOf(fieldOf(lessNamed(asked.fields), 'accept-language')).map(weightOf);
  const own = weighed.find(({ range }) => range === language);
  return own !== undefined && weighed.every((other) => other === own || other.weight < own.weight);
}

function isByLanguage(varies: Fields | undefined): boolean {
  return varies?.length === 2 && varies[0] === 'accept-language';
}

/** `de;q=0.5`. RFC 9110 §12.4.2; a weight that is none counts as the least. */
function weightOf(element: string): { readonly range: string; readonly weight: number } {
  const [range = '', ...parameters] = element.toLowerCase().split(';');
  const q = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('q='));
  const weight = q === undefined ? 1 : /^q=[01](\.\d{0,3})?$/.test(q) ? Number(q.slice(2)) : 0;
  return { range: range.trim(), weight };
}
