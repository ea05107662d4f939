/** The menu in syslinux's language, for (l)pxelinux on BIOS machines. [syslinux: doc/syslinux.txt, doc/menu.txt] */
import type { Entry, Machine, Source } from './entries.ts';
import { argumentsOf, consolesOf, type Group, type Menu, machinesOf, memoryTitleOf, noteOf, urlOf } from './plan.ts';
import { pxelinuxWords } from './text.ts';

const MACHINES: readonly Machine[] = ['bios-x86_64', 'bios-i386'];

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

export function renderPxelinux(menu: Menu): string {
  const shown = (entry: Entry): boolean => machinesOf(entry, MACHINES).length > 0;
  const groups = menu.groups
    .map((group) => ({ ...group, entries: group.entries.filter(shown) }))
    .filter((group) => group.entries.length > 0);
  return `${[
    ...head(menu),
    ...menu.top.filter(shown).flatMap((entry) => label(entry, menu)),
    ...groups.flatMap((group) => submenu(group, menu)),
  ].join('\n')}\n`;
}

function head(menu: Menu): readonly string[] {
  return [
    // SERIAL has to be the first directive. The graphical menu shows nothing on a serial line, the text menu does.
    ...(menu.serial ? [`SERIAL ${menu.serial.port} ${menu.serial.baud}`] : []),
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

function submenu(group: Group, menu: Menu): readonly string[] {
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

function label(entry: Entry, menu: Menu): readonly string[] {
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

function start(entry: Entry, menu: Menu): readonly string[] {
  const url = (source: Source): string => urlOf(source, menu.authority);
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
