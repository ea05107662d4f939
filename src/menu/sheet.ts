/** A YAML text that people wrote: what stands in it, and on which line each part. */
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { ConfigFault } from '../core/errors.ts';

export interface Sheet {
  readonly tree: unknown;
  /** What is wrong at `path`, with the line of its deepest part that is there. */
  readonly fault: (path: readonly PropertyKey[], problem: string) => ConfigFault;
}

/** `text` as a sheet; a fault where it is no YAML. `name` is how the operator knows the file. */
export function openSheet(name: string, text: string): Sheet | ConfigFault {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken) {
    const problem = `is not YAML: ${broken.message.split('\n')[0]}; mind the indentation, and quote text that has ": " or # in it`;
    return { file: name, line: lines.linePos(broken.pos[0]).line, path: '', problem };
  }
  const fault: Sheet['fault'] = (path, problem) => {
    return { file: name, line: lineOf(document, lines, path), path: showPath(path), problem };
  };
  return { tree: jsOf(document), fault };
}

export function isSheet(opened: Sheet | ConfigFault): opened is Sheet {
  return 'tree' in opened;
}

/** Too many aliases are refused by the library: then there is nothing to read. */
function jsOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
