/** Lists of what is to be fetched: URLs, short names, and what stands in sources.list and behind `apt install`. */
import { recipeFor, SHORT_NAMES } from './distributions.ts';
import type { Source } from './indexes.ts';
import { type Choices, languagesOf, type Recipe, rootOf, type Step } from './recipe.ts';

export interface Listing {
  readonly urls: readonly string[];
  readonly recipes: readonly Recipe[];
  /** The first of them, with the cure. */
  readonly faults: readonly { readonly line: number; readonly problem: string }[];
}

const MAX_LINES = 1_000_000;
const MAX_LINE_CHARS = 16_384;
const MAX_FAULTS = 10;

/**
 * A row is: a URL; a short name with tasks behind it; `deb` or `deb-src` as in sources.list; `install` with names of packages from all
 * these repositories, which also takes `--no-install-recommends`. `#` begins a comment. sources.list(5) in one-line style; of its
 * options arch and lang are heeded. Never throws.
 */
export function readList(text: string, name: string, choices: Choices): Listing {
  const urls: string[] = [];
  const recipes: Recipe[] = [];
  const sources: Source[] = [];
  const steps: Step[] = [];
  const faults: { line: number; problem: string }[] = [];
  const rows = text.split(/\r?\n/, MAX_LINES + 1);
  for (const [i, line] of rows.entries()) {
    const read = i === MAX_LINES ? { kind: 'fault' as const, problem: TOO_MANY } : readRow(line, choices);
    if (read?.kind === 'fault') faults.push({ line: i + 1, problem: read.problem });
    else if (read?.kind === 'url') urls.push(read.url);
    else if (read?.kind === 'recipe') recipes.push(read.recipe);
    else if (read?.kind === 'source') sources.push(read.source);
    else if (read?.kind === 'step') steps.push(read.step);
    if (faults.length >= MAX_FAULTS) break;
  }
  if (steps.length > 0 && sources.length === 0) faults.push({ line: 1, problem: NO_SOURCE });
  if (sources.length > 0) recipes.push({ name, sources: merged(sources), steps });
  return { urls, recipes, faults };
}

const TOO_MANY = `more than ${MAX_LINES} lines: cut the list into several`;
const NO_SOURCE =
  'there is "install" and no repository: put a line like "deb http://deb.debian.org/debian bookworm main" before it';

type Row =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'recipe'; readonly recipe: Recipe }
  | { readonly kind: 'source'; readonly source: Source }
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'fault'; readonly problem: string };

function readRow(line: string, choices: Choices): Row | undefined {
  if (line.length > MAX_LINE_CHARS) return fault(`a line of more than ${MAX_LINE_CHARS} characters`);
  // A # within a URL is a fragment, which nobody is asked for.
  const words = line
    .replace(/(^|\s)#.*$/, '')
    .trim()
    .split(/\s+/)
    .filter(Boolean);
  const [first = '', ...rest] = words;
  if (first === '') return undefined;
  if (first === 'deb' || first === 'deb-src') return readSource(first, rest, choices);
  if (first === 'install') return readInstall(rest);
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(first)) return readUrl(first, rest);
  const recipe = recipeFor(first, { ...choices, tasks: [...choices.tasks, ...rest] });
  return recipe
    ? { kind: 'recipe', recipe }
    : fault(`want a URL, "deb ...", "install ..." or one of ${SHORT_NAMES.join(', ')}, got ${shown(first)}`);
}

function readUrl(text: string, more: readonly string[]): Row {
  if (more.length > 0) return fault(`one URL a line: ${shown(more[0] ?? '')} stands behind it`);
  if (/^https:/i.test(text)) return fault(`${shown(text)}: ${NOT_HTTPS}`);
  const url = /^http:\/\/[^/?#@\s]+([/?#]|$)/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url) return fault(`want a URL like http://deb.debian.org/debian/pool/..., got ${shown(text)}`);
  url.hash = '';
  return { kind: 'url', url: url.href };
}

const NOT_HTTPS =
  'what goes by https passes the proxy unseen and cannot be kept: name it by http://, or by one of the names below http://mirror';

/** `[arch=amd64,i386 lang=es] URL SUITE COMPONENT...` */
function readSource(kind: 'deb' | 'deb-src', words: readonly string[], choices: Choices): Row {
  const [, bracket = '', rest = ''] = /^(\[[^\]]*\])?\s*(.*)$/.exec(words.join(' ')) ?? [];
  const options = new Map(
    bracket
      .slice(1, -1)
      .split(' ')
      .map((option) => option.split('=', 2) as [string, string]),
  );
  const list = (key: string): readonly string[] => (options.get(key) ?? '').split(',').filter(Boolean);
  const [url = '', suite = '', ...components] = rest.split(' ');
  const root = rootOf(url);
  if (root === undefined) return fault(/^https:/i.test(url) ? `${shown(url)}: ${NOT_HTTPS}` : SOURCE_HINT);
  if (!/^[\w./~+-]+$/.test(suite) || suite.split('/').includes('..')) return fault(SOURCE_HINT);
  if (suite.endsWith('/') !== (components.length === 0)) return fault(SOURCE_HINT);
  if (components.some((component) => !/^[\w+-][\w.+-]*(\/[\w+-][\w.+-]*)*$/.test(component))) return fault(SOURCE_HINT);
  const architectures = list('arch').filter((word) => /^[a-z\d-]+$/.test(word));
  return {
    kind: 'source',
    source: {
      ...{ root, suite, components, isBase: false, hasInstaller: false, hasExtras: kind === 'deb' },
      architectures: architectures.length > 0 ? architectures : [choices.architecture ?? 'amd64'],
      languages: languagesOf([...choices.languages, ...list('lang').filter((word) => /^[\w@.-]+$/.test(word))]),
      hasSources: kind === 'deb-src',
    },
  };
}

const SOURCE_HINT = 'want a line as in sources.list: deb http://deb.debian.org/debian bookworm main';

function readInstall(words: readonly string[]): Row {
  const names = words.filter((word) => !word.startsWith('--'));
  const foreign = words.find((word) => word.startsWith('--') && word !== '--no-install-recommends');
  if (foreign !== undefined) return fault(`install takes --no-install-recommends and names, got ${shown(foreign)}`);
  const odd = names.find((name) => !/^\??([a-z\d][a-z\d+.-]*[\^*]?|priority:[a-z]+)$/i.test(name));
  if (odd !== undefined) return fault(`want a package's name, got ${shown(odd)}`);
  if (names.length === 0) return fault('want names of packages behind "install"');
  const withRecommends = !words.includes('--no-install-recommends');
  return { kind: 'step', step: { names, withRecommends, isBase: false } };
}

/** `deb-src` of the same suite as `deb` is one with it: apt reads its Release once. */
function merged(sources: readonly Source[]): readonly Source[] {
  const bySuite = new Map<string, Source>();
  for (const source of sources) {
    const key = [source.root, source.suite, ...source.components].join(' ');
    const known = bySuite.get(key);
    const hasSources = source.hasSources || known?.hasSources === true;
    bySuite.set(key, { ...(known ?? source), hasSources, hasExtras: source.hasExtras || known?.hasExtras === true });
  }
  return [...bySuite.values()];
}

const fault = (problem: string): Row => ({ kind: 'fault', problem });

const shown = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
