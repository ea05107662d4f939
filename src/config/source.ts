/** YAML as a plain tree that remembers the line of each key. The only file that knows the YAML library. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, type YAMLError } from 'yaml';
import type { ConfigFault } from '../core/errors.ts';
import { childPath } from './path.ts';

export type Tree = string | number | boolean | null | readonly Tree[] | TreeMap;
export interface TreeMap {
  readonly [key: string]: Tree;
}

export interface Source {
  readonly tree: TreeMap;
  /** Line by path, `clients[0].mac`; lines count from 1. */
  readonly lines: ReadonlyMap<string, number>;
  readonly faults: readonly ConfigFault[];
}

/** Taste: no hall has a file this big, and every step here is linear in it. */
export const MAX_FILE_BYTES = 1 << 20;
/** Aliases can double a file with every line: what they unfold to is bounded. */
const MAX_NODES = 200_000;
const MAX_DEPTH = 20;

/** The tree in `bytes`. Never throws: whatever is wrong with them is in `faults`, and then the tree may be empty. */
export function readSource(bytes: Uint8Array, file: string): Source {
  const broken = (problem: string): Source => ({ tree: {}, lines: new Map(), faults: [{ file, path: '', problem }] });
  if (bytes.length > MAX_FILE_BYTES) return broken('is larger than 1 MiB: this cannot be a configuration');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return broken('is not UTF-8 text: save it as UTF-8');
  }
  try {
    return readText(text, file);
  } catch (error) {
    // The parser recurses: brackets nested by the thousand end its stack.
    if (error instanceof RangeError) return broken(TOO_DEEP);
    throw error;
  }
}

const TOO_DEEP = `is nested deeper than ${MAX_DEPTH} levels: no key needs that`;

function readText(text: string, file: string): Source {
  const counter = new LineCounter();
  // Keys as text, so that 42 and "42" are the same; duplicates are found below, in linear time.
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    // One mistake makes several errors: the first of each line says enough.
    const byLine = new Map<number, string>();
    for (const error of problems) {
      const { line } = counter.linePos(error.pos[0]);
      if (!byLine.has(line)) byLine.set(line, syntax(error));
    }
    const faults = [...byLine].map(([line, problem]) => ({ file, line, path: '', problem }));
    return { tree: {}, lines: new Map(), faults };
  }
  const walk = new TreeWalk(file, counter, (node) => (isAlias(node) ? node.resolve(document) : undefined));
  const tree = document.contents === null ? {} : walk.value(document.contents, '', 0);
  if (tree !== null && (typeof tree !== 'object' || Array.isArray(tree))) walk.fault('', 'want key: value lines');
  const isUsable = isTreeMap(tree) && !walk.isExhausted;
  return { tree: isUsable ? tree : {}, lines: walk.lines, faults: walk.faults };
}

export function isTreeMap(tree: Tree | undefined): tree is TreeMap {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

/** Turns nodes into values; counts what it makes. */
class TreeWalk {
  readonly lines = new Map<string, number>();
  readonly faults: ConfigFault[] = [];
  isExhausted = false;
  readonly #file: string;
  readonly #counter: LineCounter;
  readonly #resolve: (node: unknown) => unknown;
  #nodes = 0;

  constructor(file: string, counter: LineCounter, resolve: (node: unknown) => unknown) {
    this.#file = file;
    this.#counter = counter;
    this.#resolve = resolve;
  }

  fault(path: string, problem: string): void {
    const line = this.lines.get(path);
    this.faults.push({ file: this.#file, ...(line === undefined ? {} : { line }), path, problem });
  }

  value(node: unknown, path: string, depth: number): Tree {
    if (this.#isTooMuch(path, depth)) return null;
    if (isScalar(node)) return scalarValue(node.value, node.source);
    if (isSeq<ParsedNode>(node)) return node.items.map((item, i) => this.#item(item, childPath(path, i), depth));
    if (isMap<{ readonly value: unknown }, ParsedNode>(node)) return this.#map(node.items, path, depth);
    if (isAlias(node)) return this.value(this.#resolve(node), path, depth + 1);
    return null;
  }

  #item(item: ParsedNode, path: string, depth: number): Tree {
    this.#mark(path, item);
    return this.value(item, path, depth + 1);
  }

  #map(pairs: readonly { readonly key: unknown; readonly value: unknown }[], path: string, depth: number): TreeMap {
    // No prototype: a key may be called __proto__.
    const map: Record<string, Tree> = Object.create(null);
    const firstLine = new Map<string, number>();
    for (const pair of pairs) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      const below = childPath(path, key);
      const line = this.#mark(below, pair.key);
      const first = firstLine.get(key);
      if (first !== undefined) this.fault(below, `is given twice, first in line ${first}: keep one`);
      else firstLine.set(key, line ?? 0);
      const value = this.value(pair.value, below, depth + 1);
      // A key whose value was deleted or commented out counts as absent.
      if (value !== null) map[key] = value;
    }
    return map;
  }

  #mark(path: string, node: unknown): number | undefined {
    const start = (node as Partial<ParsedNode> | null)?.range?.[0];
    const line = start === undefined ? undefined : this.#counter.linePos(start).line;
    if (line !== undefined) this.lines.set(path, line);
    return line;
  }

  #isTooMuch(path: string, depth: number): boolean {
    this.#nodes += 1;
    if (this.isExhausted) return true;
    if (depth > MAX_DEPTH) this.fault(path.slice(0, 60), TOO_DEEP);
    else if (this.#nodes > MAX_NODES) this.fault('', `unfolds to more than ${MAX_NODES} values: use fewer aliases`);
    else return false;
    this.isExhausted = true;
    return true;
  }
}

/** `007`, `1.50` and `0x1f` stay what was written: who wants a number gets one only where both look the same. */
function scalarValue(value: unknown, source: string | undefined): Tree {
  if (typeof value === 'number') return source === undefined || String(value) === source ? value : source;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : String(value);
}

const CURES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab cannot indent: use spaces',
  BAD_INDENT: 'wrong indentation, or a bracket left open: lines of one level start in the same column',
  BAD_ALIAS: 'a value cannot start with * or &: put it in quotes',
  MULTIPLE_DOCS: 'a second document starts here: remove the --- line',
  BAD_SCALAR_START: 'a value cannot start with this character: put it in quotes',
  NON_STRING_KEY: 'a key must be plain text',
};

function syntax(error: YAMLError): string {
  const message = error.message.split('\n')[0] ?? '';
  if (/stack/i.test(message)) return TOO_DEEP;
  return CURES[error.code] ?? (/alias/i.test(message) ? CURES.BAD_ALIAS : undefined) ?? `not YAML: ${message}`;
}
