/**
 * The menu in syslinux's language, for (l)pxelinux on BIOS machines. [syslinux: doc/syslinux.txt, doc/menu.txt]
 *
 * It carries no second node: `ONERROR` belongs to a menu, is not told which entry failed, and is run after whatever
 * comes back, a disk without a system too. [syslinux: com32/menu/menumain.c] A machine gets another node when it asks anew.
 */
import { type MenuColours, sgrOf } from './colours.ts';
import { type Entry, isForIpxeOnly, type Machine, type Source, sourcesOf } from './entries.ts';
import { argumentsOf, consolesOf, entriesOf, type Group, type Menu, machinesOf, narrowed } from './plan.ts';
import { pxelinuxWords } from './text.ts';
import { helpOf, lineOf } from './titles.ts';

export type BiosMachine = Extract<Machine, `bios-${string}`>;

/** Who asks, as far as the name tells it that is asked for. */
export interface PxelinuxClient {
  /** Below `pxelinux.cfg/`: `default` or `01-52-54-00-12-34-56`. */
  readonly name: string;
  /** Undefined until a first configuration has looked at the processor. */
  readonly machine: BiosMachine | undefined;
  /** What it loads kernels by: `lpxelinux.0` HTTP, which is much faster; `pxelinux.0` knows TFTP alone. */
  readonly transport: 'http' | 'tftp';
}

const MACHINES: readonly BiosMachine[] = ['bios-x86_64', 'bios-i386'];

/** Each thing on the screen with its text, its ground and whether it is bold. The graphical menu takes alpha, red, green, blue. */
function colours(c: MenuColours): readonly string[] {
  const rows: readonly (readonly [what: string, text: string, ground: string, weight?: 'bold'])[] = [
    ['screen', c.text, c.background],
    ['border', c.frame, c.background],
    ['title', c.accent, c.background, 'bold'],
    ['unsel', c.text, c.background],
    ['hotkey', c.accent, c.background, 'bold'],
    ['sel', c.selectedText, c.selected],
    ['hotsel', c.selectedText, c.selected],
    ['scrollbar', c.frame, c.background],
    ['help', c.hint, c.background],
    ['tabmsg', c.hint, c.background],
    ['timeout_msg', c.hint, c.background],
    ['timeout', c.accent, c.background, 'bold'],
    ['cmdline', c.text, c.background],
    ['cmdmark', c.accent, c.background, 'bold'],
    ['msg07', c.text, c.background],
  ];
  return [
    `MENU BACKGROUND ${argb(c.background)}`,
    ...rows.map(([what, text, ground, weight]) => {
      const sgr = sgrOf(text, ground, weight === 'bold');
      return `MENU COLOR ${what.padEnd(11)} ${sgr.padEnd(7)} ${argb(text)} ${argb(ground)} none`;
    }),
  ];
}

const argb = (colour: string): string => `#ff${colour.slice(1)}`;

/** Rows of vesamenu's 30-row screen: list, help below it, key hints and countdown at the bottom. */
const LAYOUT = [
  'MENU WIDTH 78',
  'MENU MARGIN 3',
  'MENU VSHIFT 2',
  'MENU ROWS 14',
  'MENU HELPMSGROW 20',
  'MENU HELPMSGENDROW 24',
  'MENU TIMEOUTROW 26',
  'MENU TABMSGROW 28',
  'MENU CMDLINEROW 26',
];
/** The width without margins, frame and a blank at each side. */
const LINE_CHARS = 68;

/** "Generally requires that full file pathnames are 127 characters or shorter" [syslinux: doc/pxelinux.txt]. */
export const MAX_NAME_CHARS = 127;
/** Of the kernel's line, into which syslinux writes the initrds' URLs and the MAC, too. [linux: Documentation/arch/x86/boot.rst] */
const MAX_LINE_CHARS = 2047 - 'BOOT_IMAGE= initrd= BOOTIF=01-52-54-00-12-34-56'.length;

/** The menu; or, where processors of 32 bits would see a shorter one, a configuration that chooses between the two. */
export function renderPxelinux(menu: Menu, client: PxelinuxClient): string {
  const lines = client.machine === undefined && isByProcessor(menu) ? choice(client) : whole(menu, client);
  return `${[...serial(menu), ...lines].join('\n')}\n`;
}

function isByProcessor(menu: Menu): boolean {
  const entries = [...menu.top, ...menu.groups.flatMap(entriesOf)];
  const isUneven = (entry: Entry): boolean => !isForIpxeOnly(entry.how) && machinesOf(entry, MACHINES).length === 1;
  return menu.loaders.has('ifcpu64.c32') && entries.some(isUneven);
}

/** Loads one of two further configurations at once and unseen; `CONFIG` starts from nothing. [syslinux: ifcpu64.c] */
function choice({ name }: PxelinuxClient): readonly string[] {
  const configuration = (cpu: string): readonly string[] => [
    '',
    `LABEL ${cpu}`,
    `  CONFIG pxelinux.cfg/${name}.${cpu}`,
  ];
  return [
    'DEFAULT processor',
    'PROMPT 0',
    '',
    'LABEL processor',
    '  COM32 ifcpu64.c32',
    '  APPEND x86_64 -- i386',
    ...configuration('x86_64'),
    ...configuration('i386'),
  ];
}

function whole(menu: Menu, { machine, transport }: PxelinuxClient): readonly string[] {
  const machines = machine === undefined ? MACHINES : [machine];
  const base = transport === 'http' ? `http://${menu.authority}` : `tftp://${menu.address}`;
  const mayLoad = (source: Source): boolean =>
    isUrl(source) ? transport === 'http' && source.length <= MAX_NAME_CHARS : source.length <= MAX_NAME_CHARS;
  const page: Page = { ...menu, base };
  const isTaken = (entry: Entry): boolean =>
    machinesOf(entry, machines).length > 0 &&
    !isForIpxeOnly(entry.how) &&
    sourcesOf(entry.how).every(mayLoad) &&
    start(entry, page).join(' ').length <= MAX_LINE_CHARS;
  const { top, groups, defaultId } = narrowed(menu, isTaken);
  const shown: Page = { ...page, defaultId };
  return [
    ...head(menu),
    ...top.flatMap((entry) => label(entry, shown)),
    ...groups.flatMap((group) => submenu(group, shown)),
  ];
}

const isUrl = (source: Source): boolean => !source.startsWith('/');

interface Page extends Menu {
  /** URL of the node's name space. */
  readonly base: string;
}

/** It has to be the first directive. */
function serial(menu: Menu): readonly string[] {
  return menu.serial ? [`SERIAL ${menu.serial.port} ${menu.serial.baud}`] : [];
}

function head(menu: Menu): readonly string[] {
  return [
    // The graphical menu shows nothing on a serial line, the text menu does.
    `UI ${menu.serial ? 'menu.c32' : 'vesamenu.c32'}`,
    'PROMPT 0',
    `TIMEOUT ${menu.timeoutSec * 10}`,
    `MENU TITLE ${menu.title}`,
    `MENU TABMSG ${menu.nodeName}: ${menu.words.keys}`,
    `MENU AUTOBOOT ${menu.words.startsIn.replace('%d', '#')}`,
    ...colours(menu.colors),
    ...LAYOUT,
  ];
}

function submenu(group: Group, menu: Page): readonly string[] {
  return [
    '',
    `MENU BEGIN ${group.id}`,
    `  MENU LABEL ${group.title} ...`,
    `  MENU TITLE ${group.title}`,
    ...[
      ...group.groups.flatMap((inner) => submenu(inner, menu)),
      ...group.entries.flatMap((entry) => label(entry, menu)),
    ].map((line) => (line === '' ? '' : `  ${line}`)),
    '',
    `  LABEL ${group.id}-back`,
    `    MENU LABEL ${menu.words.back}`,
    '    MENU EXIT',
    'MENU END',
  ];
}

function label(entry: Entry, menu: Page): readonly string[] {
  return [
    '',
    `LABEL ${entry.id}`,
    `  MENU LABEL ${lineOf(entry, menu.words, { maxChars: LINE_CHARS })}`,
    ...(entry.id === menu.defaultId ? ['  MENU DEFAULT'] : []),
    ...start(entry, menu).map((line) => `  ${line}`),
    ...help(entry, menu),
  ];
}

function help(entry: Entry, menu: Page): readonly string[] {
  // A line that began with ENDTEXT would end the help.
  const lines = helpOf(entry, menu.words).map((line) => line.replace(/^(?=endtext)/i, '- '));
  return lines.length === 0 ? [] : ['  TEXT HELP', ...lines.map((line) => `  ${line}`), '  ENDTEXT'];
}

function start(entry: Entry, menu: Page): readonly string[] {
  const url = (source: Source): string => (isUrl(source) ? source : `${menu.base}${source}`);
  const { how } = entry;
  switch (how.kind) {
    case 'local':
      return local(menu);
    case 'chain':
      return [`${keywordFor(how.file)} ${url(how.file)}`];
    case 'memdisk':
      return ['LINUX memdisk', `INITRD ${url(how.image)}`, `APPEND ${how.isCd ? 'iso raw' : 'raw'}`];
    case 'linux': {
      const words = [...consolesOf(entry, menu), ...argumentsOf(how.arguments, menu)];
      return [
        // LINUX, not KERNEL: with KERNEL the file's suffix would decide what it is.
        `LINUX ${url(how.kernel)}`,
        ...(how.initrds.length > 0 ? [`INITRD ${how.initrds.map(url).join(',')}`, 'SYSAPPEND 2'] : []),
        ...(words.length > 0 ? [`APPEND ${pxelinuxWords(words)}`] : []),
      ];
    }
    case 'wimboot':
    case 'sanboot':
      return [];
  }
}

/**
 * chain.c32 starts the first disk's boot record itself, so it works the same on every BIOS, also when the network card
 * was started by hand; LOCALBOOT leaves it to the card's ROM and the BIOS, many of which hang or boot the network again.
 * If there is nothing to boot, chain.c32 says so and the menu comes back.
 */
function local(menu: Menu): readonly string[] {
  return menu.loaders.has('chain.c32') ? ['COM32 chain.c32', 'APPEND hd0'] : ['LOCALBOOT 0'];
}

function keywordFor(file: Source): string {
  if (file.endsWith('.c32')) return 'COM32';
  if (file.endsWith('.lkrn')) return 'LINUX';
  return /\.(0|pxe|kpxe|kkpxe)$/.test(file) ? 'PXE' : 'BOOT';
}
