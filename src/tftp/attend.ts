/** From a name to work that a session can do: the file opened, its options settled, its book at hand. */
import type { Content, OpenContent, Visit } from '../core/content.ts';
import type { Library } from './library.ts';
import { type Limits, negotiate } from './negotiate.ts';
import { netasciiSource } from './netascii.ts';
import { type Decision, type RefuseReason, refuse } from './respond.ts';
import { lastBlockOf } from './runs.ts';
import type { Work } from './session.ts';

export type Found =
  | { readonly kind: 'file'; readonly path: string; readonly content: Content }
  | (Decision & { readonly kind: 'refuse' | 'ignore' });

/** The first of `paths` that is there; whoever calls it closes the content. */
export async function openFirst(open: OpenContent, paths: readonly string[], visit: Visit): Promise<Found> {
  let reason: RefuseReason = 'not-found';
  for (const path of paths) {
    const opened = await open(path, visit);
    if (opened.kind === 'file') return { kind: 'file', path, content: opened.content };
    const missed = opened.kind === 'folder' ? 'not-regular' : opened.reason;
    // An ERROR ends a boot; a client that hears nothing asks again in a moment, and that is what busy wants.
    if (missed === 'busy') return { kind: 'ignore', reason: missed };
    reason = missed;
    if (reason !== 'not-found') break;
  }
  return refuse(reason);
}

/** Whether an OACK comes before any data, as far as that can be told before the file is open. */
export function isAgreedOn({ mode, options }: Decision & { readonly kind: 'serve' }, limits: Limits): boolean {
  return negotiate(options, mode === 'octet' ? 0 : undefined, limits).accepted.length > 0;
}

/** How to send `found`. The content belongs to the book from now on. */
export function settle(
  { path, content }: Found & { readonly kind: 'file' },
  { mode, options }: Decision & { readonly kind: 'serve' },
  limits: Limits,
  library: Library,
): Work {
  const source = mode === 'octet' ? content : netasciiSource(content);
  const terms = negotiate(options, source.sizeBytes, limits);
  // Converted text is read in order, by one reader at a time.
  const key = mode === 'octet' ? `${path} ${content.identity ?? ''} ${content.etag}` : undefined;
  return {
    terms,
    book: library.open(key, source, terms.blockBytes),
    lastBlock: source.sizeBytes === undefined ? undefined : lastBlockOf(source.sizeBytes, terms.blockBytes),
  };
}
