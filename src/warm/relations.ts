/** What a package says it needs: `a (>= 1) | b, c:any`. Debian Policy §7.1. */
import type { Relation } from './version.ts';

export interface Need {
  readonly name: string;
  readonly relation: Relation | undefined;
  readonly version: string;
}

/** Any one of them will do. */
export type Alternatives = readonly Need[];

/** Nobody needs more; the longest field of a distribution has some hundreds. */
const MAX_NEEDS = 4096;
const NEED =
  /^([a-z\d][a-z\d+.-]*)(?::[a-z\d-]+)?(?:\s*\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s()]+)\s*\))?(?:\s*\[[^\]]*\])?(?:\s*<[^>]*>)*$/i;
const OLD_WORDS: Readonly<Record<string, Relation>> = { '<': '<=', '>': '>=' };

/** In order. What cannot be read is left out: nothing could be fetched for it. */
export function needsOf(field: string): readonly Alternatives[] {
  if (field === '') return [];
  const groups: Alternatives[] = [];
  for (const part of field.split(',', MAX_NEEDS)) {
    const needs = part
      .split('|', MAX_NEEDS)
      .map((text) => needOf(text.trim()))
      .filter((need) => need !== undefined);
    if (needs.length > 0) groups.push(needs);
  }
  return groups;
}

function needOf(text: string): Need | undefined {
  if (text.length > 1024) return undefined;
  const [, name, relation, version = ''] = NEED.exec(text) ?? [];
  if (name === undefined) return undefined;
  return { name, relation: relation && (OLD_WORDS[relation] ?? (relation as Relation)), version } as Need;
}
