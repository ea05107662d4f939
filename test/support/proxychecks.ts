/** What tests of the proxy say again and again: content octet by octet, and clients that wait for each other. */
import type { AskTerms } from './httpask.ts';
import type { Behave } from './origin.ts';
import { type ObjectTerms, type Seeded, serve } from './origincontent.ts';

/** Throws at the first octet that is not the content's. `from`: where an answer's first octet belongs. Keeps nothing. */
export function comparing(expected: Buffer, from = 0): Pick<AskTerms, 'onContent' | 'keepBytes'> {
  return {
    keepBytes: 0,
    onContent: (chunk, position) => {
      const at = from + position;
      if (expected.compare(chunk, 0, chunk.length, at, Math.min(expected.length, at + chunk.length)) !== 0)
        throw new Error(`not the content's octets from ${at} to ${at + chunk.length}`);
    },
  };
}

/** A moment that many wait for. */
export class Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.open = resolve;
  }
}

/** An object that may be kept for an hour. */
export function keeps(content: Seeded, terms: ObjectTerms = {}): Behave {
  const fields = { 'Cache-Control': 'public, max-age=3600', ...terms.fields };
  return (request, reply) => serve(request, reply, content, { ...terms, fields });
}

/** Looks every few milliseconds, some hundred times; what is waited for says itself nowhere that a test could hear. */
export async function eventually(what: string, is: () => boolean | Promise<boolean>, tries = 500): Promise<void> {
  for (let n = 0; n < tries; n++) {
    if (await is()) return;
    await new Promise((resume) => setTimeout(resume, 10));
  }
  throw new Error(`not in ${tries} tries: ${what}`);
}
