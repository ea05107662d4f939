/** Cache-Control, taken apart. RFC 9111 §5.2. */
import { elementsOf, type Fields, fieldOf } from './fields.ts';

/** Arguments by directive, names in lower case; '' where it has none. */
export type Directives = ReadonlyMap<string, string>;

const NONE: Directives = new Map();
/** What RFC 9111 §1.2.2 counts as for ever: 68 years. */
const MAX_SEC = 2 ** 31;
/** Nobody means more; the rest is not read. */
const MAX_DIRECTIVES = 64;

/** Of a directive that is there twice the first counts: RFC 9111 §4.2.1. Never throws. */
export function directivesOf(fields: Fields): Directives {
  const value = fieldOf(fields, 'cache-control');
  if (value === undefined) return NONE;
  const directives = new Map<string, string>();
  for (const element of elementsOf(value)) {
    const equals = element.indexOf('=');
    // `max-age =1` is a directive that nobody knows: there is no white space in RFC 9111's grammar.
    const name = (equals < 0 ? element : element.slice(0, equals)).toLowerCase();
    if (!directives.has(name)) directives.set(name, equals < 0 ? '' : unquoted(element.slice(equals + 1)));
    if (directives.size === MAX_DIRECTIVES) break;
  }
  return directives;
}

/**
 * An argument in seconds, undefined where the directive is not there. One that is no number counts as 0, so that it
 * makes nothing fresh: RFC 9111 §4.2.1.
 */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const argument = directives.get(name);
  if (argument === undefined) return undefined;
  return /^\d+$/.test(argument) ? Math.min(Number(argument), MAX_SEC) : 0;
}

/** Whether a directive that may name fields is about the whole answer: RFC 9111 §5.2.2.4, §5.2.2.7. */
export function isUnqualified(directives: Directives, name: 'no-cache' | 'private'): boolean {
  return directives.get(name) === '';
}

/** Fields that `no-cache="..."` and `private="..."` name, in lower case: not for everybody, though the answer is. */
export function reservedNames(directives: Directives): ReadonlySet<string> {
  const names = [...elementsOf(directives.get('no-cache')), ...elementsOf(directives.get('private'))];
  return new Set(names.map((name) => name.toLowerCase()));
}

/** Both forms of an argument are to be understood: RFC 9111 §5.2. */
function unquoted(argument: string): string {
  if (argument.length < 2 || !argument.startsWith('"') || !argument.endsWith('"')) return argument;
  return argument.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}
