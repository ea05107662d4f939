/** How GRUB starts an entry: from this node, else from a second one. grub.info, section 6.1 */
import type { Entry, How, Source } from './entries.ts';
import { consolesOf, filledIn, type Menu } from './plan.ts';
import { EITHER_ALIAS, howOnEither, type NodePlace, type Second, secondNodes } from './second.ts';
import { grubWord } from './text.ts';

/** How an entry's files are called, and its words written. */
interface Way {
  readonly file: (source: Source) => string;
  readonly word: (word: string) => string;
}

/** What stands between the braces of an entry. */
export function startLines(entry: Entry, menu: Menu): readonly string[] {
  const { how } = entry;
  if (how.kind === 'local') return local(menu);
  const loading = how.kind === 'linux' ? [`echo ${grubWord(`${menu.words.loading} ...`)}`] : [];
  const second = menu.seconds.get(entry.id);
  if (second !== undefined) return [...loading, ...fromEither(entry, second, menu)];
  const word = (text: string): string => grubWord(filledIn(text, menu));
  return [...loading, ...loads(entry, how, { file: (source) => fileOf('$base', source), word }, menu)];
}

/** What loads it, each only after the one before. */
function loads(entry: Entry, how: How, { file, word }: Way, menu: Menu): readonly string[] {
  if (how.kind === 'chain') return [`chainloader ${file(how.file)}`];
  if (how.kind !== 'linux') return [];
  const words = [...consolesOf(entry, menu), ...how.arguments].map(word);
  const hasInitrd = how.initrds.length > 0;
  return [
    // Unquoted: where the MAC is unknown, the word is not there at all.
    ['linux', file(how.uefiKernel ?? how.kernel), ...(hasInitrd ? ['$bootif'] : []), ...words].join(' '),
    ...(hasInitrd ? [['initrd', ...how.initrds.map(file)].join(' ')] : []),
  ];
}

/** `"$base/isos/x"`, or the place that a URL names. Sources hold no character that double quotes would not keep. */
function fileOf(base: string, source: Source): string {
  const url = /^http:\/\/([^/]+)(\/.*)$/.exec(source);
  return url ? `"(http,${url[1]})${url[2]}"` : `"${base}${source.replaceAll(EITHER_ALIAS, '$alias')}"`;
}

/**
 * All from this node, or if one file cannot be had, all from the second: a system that got its kernel there must not look
 * for the rest here. `boot` at once, since after a message GRUB waits ten seconds before it starts by itself what is loaded.
 */
function fromEither(entry: Entry, second: Second, menu: Menu): readonly string[] {
  const way: Way = { file: (source) => fileOf('$from', source), word: wordOnEither };
  const nodes = [menu, second].map(functionOf);
  return [
    `for node in ${nodes.join(' ')}; do`,
    '  $node',
    ...(second.alias === undefined ? [] : aliasLines(entry, second, second.alias)),
    ...indent(bootAfter(loads(entry, howOnEither(entry, second), way, menu))),
    'done',
  ];
}

function aliasLines({ image }: Entry, second: Second, alias: string): readonly string[] {
  return [`  set alias='${image?.alias}'`, `  if [ "$node" = "${functionOf(second)}" ]; then set alias='${alias}'; fi`];
}

function bootAfter([load, ...more]: readonly string[]): readonly string[] {
  return load === undefined ? ['boot'] : [`if ${load}; then`, ...indent(bootAfter(more)), 'fi'];
}

/** One word, in which variables stand for the node. */
function wordOnEither(text: string): string {
  return text
    .split(/(\{http\}|\{node\}|\{alias\})/)
    .filter((part) => part !== '')
    .map((part) => VARIABLES[part] ?? grubWord(part))
    .join('');
}
const VARIABLES: Readonly<Record<string, string>> = {
  '{http}': '$http',
  '{node}': '$address',
  [EITHER_ALIAS]: '$alias',
};

/**
 * A function for each node that entries are had from, which says where that is. The second one is reached as this one is:
 * Debian's 2.06 has no HTTP. No module is needed for it, since none may be loaded.
 */
export function nodeFunctions(menu: Menu): readonly string[] {
  if (menu.seconds.size === 0) return [];
  return [
    ...nodeFunction(menu, ['  set from="$base"']),
    ...secondNodes(menu.seconds).flatMap((second) =>
      nodeFunction(second, [
        `  echo ${grubWord(menu.words.otherNode)}`,
        `  set from="(tftp,${second.address})"`,
        `  if [ "$base" = "(http,${menu.authority})" ]; then set from="(http,${second.authority})"; fi`,
      ]),
    ),
  ];
}

function nodeFunction(node: NodePlace, from: readonly string[]): readonly string[] {
  return [
    `function ${functionOf(node)} {`,
    ...from,
    `  set address="${node.address}"`,
    `  set http="http://${node.authority}"`,
    '}',
  ];
}

/** Functions are known to all menus that a machine goes through: a name for each node. */
function functionOf({ authority }: NodePlace): string {
  return `from_${authority.replaceAll(/[.:]/g, '_')}`;
}

/**
 * Systems' own loaders on the local disk, Linux before Windows (they offer Windows, too), removable-media names last.
 * `exit` alone goes on with the firmware's order, which on many machines leads to the network again; and an exit that
 * reports success makes firmware stop at its own menu. UEFI 2.10 §3.1.1.
 */
const LOCAL_LOADERS: Readonly<Record<string, readonly string[]>> = {
  x86_64: [
    '*/shimx64.efi',
    '*/grubx64.efi',
    '*/systemd-bootx64.efi',
    'Microsoft/Boot/bootmgfw.efi',
    'BOOT/BOOTX64.EFI',
  ],
  i386: ['*/shimia32.efi', '*/grubia32.efi', 'Microsoft/Boot/bootmgfw.efi', 'BOOT/BOOTIA32.EFI'],
  arm64: [
    '*/shimaa64.efi',
    '*/grubaa64.efi',
    '*/systemd-bootaa64.efi',
    'Microsoft/Boot/bootmgfw.efi',
    'BOOT/BOOTAA64.EFI',
  ],
};

function local(menu: Menu): readonly string[] {
  return [
    ...Object.entries(LOCAL_LOADERS).flatMap(([cpu, files]) => [
      `if [ "$grub_cpu" = "${cpu}" ]; then`,
      // A pattern that matches nothing stays as it is, and no file has that name. Fixed disks are hd, sticks too.
      `  for file in ${files.map((file) => `(hd*,*)/EFI/${file}`).join(' ')}; do`,
      '    if [ -f "$file" ]; then',
      // The loader is told that it came from $root: else it looks for its second half on the network.
      '      regexp --set=1:root \'^.([^)]*)\' "$file"',
      '      chainloader "$file"',
      '      boot',
      '    fi',
      '  done',
      'fi',
    ]),
    `echo ${grubWord(menu.words.noLocalDisk)}`,
    'sleep 2',
    // 1: not started, try the next. GRUBs that take no status ignore it.
    'exit 1',
  ];
}

export function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
