/** The menu in syslinux's language, for (l)pxelinux on BIOS machines. [syslinux: doc/syslinux.txt, doc/menu.txt] */
import { type Entry, LOCAL_ID, type Machine, type Source, sourcesOf } from './entries.ts';
import { argumentsOf, consolesOf, type Group, type Menu, machinesOf, memoryTitleOf, noteOf } from './plan.ts';
import { pxelinuxWords } from './text.ts';

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

/** Alpha, red, green, blue. Dark blue and near white: read from the last row of a hall, on a beamer by daylight. */
const COLOURS = [
  'MENU BACKGROUND #ff10243e',
  'MENU COLOR screen      37;44   #ffffffff #ff10243e none',
  'MENU COLOR border      36;44   #ff3d6ea5 #ff10243e none',
  'MENU COLOR title       1;37;44 #ffffd866 #ff10243e none',
  'MENU COLOR unsel       37;44   #fff2f6fa #ff10243e none',
  'MENU COLOR hotkey      1;37;44 #ffffd866 #ff10243e none',
  'MENU COLOR sel         30;46   #ff10243e #ffffd866 none',
  'MENU COLOR hotsel      30;46   #ff10243e #ffffd866 none',
  'MENU COLOR scrollbar   36;44   #ff3d6ea5 #ff10243e none',
  'MENU COLOR help        37;44   #ffc7d6e6 #ff10243e none',
  'MENU COLOR tabmsg      36;44   #ffc7d6e6 #ff10243e none',
  'MENU COLOR timeout_msg 36;44   #ffc7d6e6 #ff10243e none',
  'MENU COLOR timeout     1;36;44 #ffffd866 #ff10243e none',
  'MENU COLOR cmdline     37;44   #fff2f6fa #ff10243e none',
  'MENU COLOR cmdmark     1;36;44 #ffffd866 #ff10243e none',
  'MENU COLOR msg07       37;44   #fff2f6fa #ff10243e none',
];

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

/** The menu; or, where processors of 32 bits would see a shorter one, a configuration that chooses between the two. */
export function renderPxelinux(menu: Menu, client: PxelinuxClient): string {
  const lines = client.machine === undefined && isByProcessor(menu) ? choice(client) : whole(menu, client);
  return `${[...serial(menu), ...lines].join('\n')}\n`;
}

function isByProcessor(menu: Menu): boolean {
  const entries = [...menu.top, ...menu.groups.flatMap((group) => group.entries)];
  const isUneven = (entry: Entry): boolean => machinesOf(entry, MACHINES).length === 1;
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
  const shown = (entry: Entry): boolean =>
    machinesOf(entry, machines).length > 0 && (transport === 'http' || !sourcesOf(entry.how).some(isUrl));
  const top = menu.top.filter(shown);
  const groups = menu.groups
    .map((group) => ({ ...group, entries: group.entries.filter(shown) }))
    .filter((group) => group.entries.length > 0);
  const defaultId = top.some((entry) => entry.id === menu.defaultId) ? menu.defaultId : LOCAL_ID;
  const page: Page = {
    ...menu,
    defaultId,
    base: transport === 'http' ? `http://${menu.authority}` : `tftp://${menu.address}`,
  };
  return [
    ...head(menu),
    ...top.flatMap((entry) => label(entry, page)),
    ...groups.flatMap((group) => submenu(group, page)),
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
    ...COLOURS,
    ...LAYOUT,
  ];
}

function submenu(group: Group, menu: Page): readonly string[] {
  return [
    '',
    `MENU BEGIN ${group.id}`,
    `  MENU LABEL ${group.title} ...`,
    `  MENU TITLE ${group.title}`,
    ...group.entries.flatMap((entry) => label(entry, menu)).map((line) => (line === '' ? '' : `  ${line}`)),
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
    `  MENU LABEL ${memoryTitleOf(entry)}`,
    ...(entry.id === menu.defaultId ? ['  MENU DEFAULT'] : []),
    ...start(entry, menu).map((line) => `  ${line}`),
    ...help(entry),
  ];
}

/** Nothing about Secure Boot: no BIOS has it. */
function help(entry: Entry): readonly string[] {
  const note = noteOf(entry);
  return note === '' ? [] : ['  TEXT HELP', `  ${note}`, '  ENDTEXT'];
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
