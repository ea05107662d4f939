/** What an installation asks for, as a value: which repositories, and what is installed from them. */
import type { Wish } from './closure.ts';
import type { Source } from './indexes.ts';

export interface Step extends Wish {
  /** Decided by the release alone, without its updates: what debootstrap takes. */
  readonly isBase: boolean;
}

/** One machine's repositories and all that it may install from them. */
export interface Recipe {
  /** How messages call it. */
  readonly name: string;
  readonly sources: readonly Source[];
  readonly steps: readonly Step[];
}

/** What the command line says about short names. */
export interface Choices {
  readonly tasks: readonly string[];
  readonly mirror: string | undefined;
  readonly architecture: string | undefined;
  readonly languages: readonly string[];
}

/** Of a repository's URL: without a slash at its end. Nothing where the proxy could not keep what is there. */
export function rootOf(url: string): string | undefined {
  if (!/^http:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/i.test(url) || !URL.canParse(url)) return undefined;
  return url.replace(/\/+$/, '');
}

/** `es` for `es_CO.UTF-8`, too: apt asks for the country's words first, then for the language's. */
export function languagesOf(wanted: readonly string[]): readonly string[] {
  const all = wanted.flatMap((language) => {
    const plain = language.replace(/[.@].*$/, '');
    return plain.includes('_') ? [plain, plain.slice(0, plain.indexOf('_'))] : [plain];
  });
  return [...new Set([...all, 'en'])];
}
