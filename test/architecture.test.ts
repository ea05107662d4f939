/** What ARCHITECTURE.md says of the tree and its imports, held against the sources. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((f) => f.endsWith('.ts'))
  .sort();
const textOf = new Map(files.map((file) => [file, readFileSync(join(root, 'src', file), 'utf8')]));

/** The tree in ARCHITECTURE.md: `folder/  pure files | effects`; a line without folder goes on with the one above. */
function tree(): { readonly pure: Set<string>; readonly effects: Set<string> } {
  const block = /```tree\n([\s\S]*?)```/.exec(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))?.[1] ?? '';
  const pure = new Set<string>();
  const effects = new Set<string>();
  for (const line of block.split('\n').filter((l) => l.trim() !== '')) {
    const [, folder = '', rest = ''] = /^\s*([\w-]+\/)?\s*(.*)$/.exec(line) ?? [];
    const [left = '', right = ''] = rest.split('|');
    for (const name of left.trim().split(/\s+/).filter(Boolean)) pure.add(`${folder}${name}.ts`);
    for (const name of right.trim().split(/\s+/).filter(Boolean)) effects.add(`${folder}${name}.ts`);
  }
  return { pure, effects };
}
const { pure, effects } = tree();

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}
const imports: Import[] = files.flatMap((from) =>
  [
    ...(textOf.get(from) ?? '').matchAll(
      /^(?:import|export)\s+(type\s+)?[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm,
    ),
  ].map((m) => {
    const to = m[2] ?? m[3] ?? '';
    const isType = m[1] !== undefined || /^import\s+\{\s*(type\s+[^,}]+,?\s*)+\}\s+from/.test(m[0]);
    return { from, to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to, isType };
  }),
);
const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '');
const PROTOCOLS = new Set([
  'dhcp',
  'tftp',
  'http',
  'nfs',
  'menu',
  'swarm',
  'loaders',
  'config',
  'cli',
  'iso',
  'distro',
  'catalog',
  'admin',
  'dns',
  'firewall',
  'proxy',
  'warm',
]);

test('the tree in ARCHITECTURE.md is the tree of the sources', () => {
  assert.deepEqual([...pure, ...effects].sort(), files);
});

test('core imports nothing but core', () => {
  const strays = imports.filter((i) => folderOf(i.from) === 'core' && folderOf(i.to) !== 'core');
  assert.deepEqual(strays, []);
});

/** HTTP's own rules are the same for a node and for the proxy. */
const isHttp = ({ to }: Import): boolean => folderOf(to) === 'http' && pure.has(to);

test('no protocol imports another: they meet in roles.ts', () => {
  const isAllowed = (i: Import) =>
    (folderOf(i.from) === 'cli' && folderOf(i.to) === 'config') || (folderOf(i.from) === 'proxy' && isHttp(i));
  const strays = imports.filter(
    (i) => PROTOCOLS.has(folderOf(i.from)) && PROTOCOLS.has(folderOf(i.to)) && folderOf(i.from) !== folderOf(i.to),
  );
  assert.deepEqual(
    strays.filter((i) => !isAllowed(i)),
    [],
  );
});

test('pure files import core, pure files of their own folder, and no more than hashing and parsing from outside', () => {
  const mayCome = new Set(['dns-packet', 'http-cache-semantics', 'yaml', 'zod', 'node:crypto', 'node:path']);
  const strays = imports.filter(({ from, to, isType }) => {
    if (!pure.has(from) || isType) return false;
    if (!to.endsWith('.ts')) return !mayCome.has(to);
    if (folderOf(from) === 'proxy' && isHttp({ from, to, isType })) return false;
    return folderOf(to) !== 'core' && (folderOf(to) !== folderOf(from) || effects.has(to));
  });
  assert.deepEqual(strays, []);
});

test('pure files do not touch the world', () => {
  const world =
    /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval|setImmediate|console\.|process\.|new Date\(\))/;
  for (const file of pure) {
    const code = (textOf.get(file) ?? '').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    assert.doesNotMatch(code, world, file);
  }
});

test('libraries stay behind their folder', () => {
  const homes: Readonly<Record<string, RegExp>> = {
    express: /^http\//,
    pino: /^host\/log/,
    zod: /^(config|menu|admin)\//,
    yaml: /^(config|menu)\//,
    'dns-packet': /^dns\/zone/,
    'http-cache-semantics': /^proxy\/freshness/,
  };
  for (const { from, to } of imports) if (homes[to]) assert.match(from, homes[to], `${from} imports ${to}`);
});

test('no import cycles', () => {
  const next = new Map(
    files.map((file) => [
      file,
      imports.filter((i) => i.from === file && !i.isType && i.to.endsWith('.ts')).map((i) => i.to),
    ]),
  );
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), [...path, file].join(' -> '));
    if (done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test('sources use named exports, and types that erase', () => {
  for (const [file, text] of textOf) {
    assert.doesNotMatch(text, /^export default|^\s*(export )?(enum|namespace) \w/m, file);
  }
});

test('nothing names a path of one machine or a registry', () => {
  for (const [file, text] of textOf)
    assert.doesNotMatch(text, /\/(home|root|work)\/\w|registry\.npmjs/, relative(root, file));
});
