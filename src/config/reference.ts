/** The published JSON Schemas and the reference page, made from the shape. */
import * as z from 'zod';
import { flinkShape, fnodeShape } from './shape.ts';

/** The part of a JSON Schema that is read here. */
interface Node {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly required?: readonly string[];
}

/** Draft 2020-12, of what is written in the file, for editors. */
export function schemas(): { readonly flink: object; readonly fnode: object } {
  const options = { io: 'input' } as const;
  return {
    flink: { title: "flink's configuration", ...z.toJSONSchema(flinkShape, options) },
    fnode: { title: "An fnode's configuration", ...z.toJSONSchema(fnodeShape, options) },
  };
}

/** Markdown: one table per section of each file. */
export function referencePage(): string {
  const { flink, fnode } = schemas();
  return `# Configuration

<!-- Made by \`npm run docs\` from src/config/shape.ts: change it there. -->

YAML; every key is optional. Flags win over the file, the file over the defaults. A relative path counts from the folder of the
file that names it. Durations are written \`24h\`, \`30m\` or \`1h30m\`, sizes \`40GB\` or \`512MiB\`, rates \`90Mbps\`. \`check\` prints every
fault with its line; SIGHUP reads the file again, and one with faults changes nothing. For editors there are
[flink.schema.json](../schema/flink.schema.json) and [fnode.schema.json](../schema/fnode.schema.json): begin the file with
\`# yaml-language-server: $schema=PATH\`.

## flink
${tables(flink, '')}
## fnode
${tables(fnode, '')}`.replace(/\n+$/, '\n');
}

/** The keys of `node`, then those of each section below it. */
function tables(node: Node, path: string): string {
  const entries = Object.entries(node.properties ?? {});
  const rows = entries.map(([key, value]) => {
    const isRequired = node.required?.includes(key) ?? false;
    return `| \`${key}\` | ${cell(value.title ?? 'keys, see below')} | ${isRequired ? '**required**' : shownDefault(value)} | ${cell(value.description ?? '')} |`;
  });
  const head = path === '' ? '' : `\n### ${path}\n`;
  const below = entries.map(([key, value]) => {
    const inner = value.properties ? value : value.items;
    const name = `${path === '' ? '' : `${path}.`}${key}${value.properties ? '' : '[]'}`;
    return inner?.properties ? tables(inner, name) : '';
  });
  return `${head}\n| key | value | default | what it is |\n|---|---|---|---|\n${rows.join('\n')}\n${below.join('')}`;
}

function shownDefault(node: Node): string {
  const { default: value } = node;
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0))
    return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** A bar would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Text by path in the project: what is committed and must stay true. */
export function publishedFiles(): Readonly<Record<string, string>> {
  const { flink, fnode } = schemas();
  return {
    'docs/configuration.md': referencePage(),
    'schema/flink.schema.json': `${JSON.stringify(flink, null, 2)}\n`,
    'schema/fnode.schema.json': `${JSON.stringify(fnode, null, 2)}\n`,
  };
}
