/** What an unsafe request makes of what is kept. RFC 9111 §4.4. */
import { fieldOf } from './fields.ts';
import type { Asked, Head } from './types.ts';
import { textOf } from './url.ts';

/** Safe by the registry of methods, RFC 9110 §16.1.1; of others nobody knows. */
const SAFE: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PRI',
  'PROPFIND',
  'QUERY',
  'REPORT',
  'SEARCH',
  'TRACE',
]);

/**
 * URLs whose entries an answer outdates: the request's own, and those of the same origin in Location and
 * Content-Location. None where the method is safe or the request failed. Never throws.
 */
export function outdated(asked: Asked, head: Head): readonly string[] {
  if (SAFE.has(asked.method) || head.status < 200 || head.status >= 400) return [];
  const own = textOf(asked.url);
  const others = ['location', 'content-location'].map((name) => sameOrigin(asked, fieldOf(head.fields, name)));
  return [...new Set([own, ...others.filter((url) => url !== undefined)])];
}

function sameOrigin({ url }: Asked, reference: string | undefined): string | undefined {
  const base = textOf(url);
  const target = reference === undefined ? null : URL.parse(reference, base);
  if (!target || target.origin !== URL.parse(base)?.origin) return undefined;
  return textOf({ ...url, path: `${target.pathname}${target.search}` });
}
