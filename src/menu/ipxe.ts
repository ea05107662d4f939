/** The menu as an iPXE script, for builds from Debian's of 2019 to 2.0. [ipxe.org/scripting, ipxe.org/cmd] */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: iPXE's own settings are written like this
import { ansiOf, type MenuColours } from './colours.ts';
import { type Entry, type Machine, runsOn } from './entries.ts';
import { nodeLines, secondSections, startLines } from './ipxestart.ts';
import { entriesOf, type Group, type Menu, machinesOf } from './plan.ts';
import { lineOf } from './titles.ts';

/** iPXE under 32-bit firmware starts 32-bit kernels only, so there is no mixed machine. */
const MACHINES: readonly Machine[] = ['bios-x86_64', 'bios-i386', 'uefi-x86_64', 'uefi-i386', 'uefi-arm64'];

/** Of 80 columns, less the frame. */
const LINE_CHARS = 74;

/** Labels of ours begin with `_`, which no entry's id does. */
export function renderIpxe(menu: Menu): string {
  return `${[
    ...head(menu),
    ...main(menu),
    ...menu.groups.flatMap((group) => submenu(group, '_start', menu)),
    ...menu.top.flatMap((entry) => start(entry, menu)),
    ...menu.groups.flatMap((group) => entriesOf(group).flatMap((entry) => start(entry, menu))),
    ...tail(menu),
  ].join('\n')}\n`;
}

function head(menu: Menu): readonly string[] {
  return [
    '#!ipxe',
    `set base http://${menu.authority}`,
    // A BIOS build is always i386; whether the processor does 64 bits, it says itself. AMD64 APM vol. 3, Fn8000_0001.
    'set machine uefi-${buildarch}',
    'iseq ${platform} pcbios && set machine bios-i386 ||',
    'iseq ${machine} bios-i386 && cpuid --ext 29 && set machine bios-x86_64 ||',
    ...(menu.asksForClient ? ASK_FOR_CLIENT : []),
    `set menu-timeout ${menu.timeoutSec * 1000}`,
    `set menu-default ${menu.defaultId}`,
    ...colours(menu.colors),
  ];
}

/**
 * Colours of numbers that error messages don't use, then pairs: 1 is normal text, 2 the selected line, 3 headings. Builds
 * that lack the commands go on without. [ipxe.org/cmd/colour, ipxe.org/cmd/cpair]
 */
function colours(c: MenuColours): readonly string[] {
  const colour = (index: number, value: string, use: 'text' | 'ground'): string =>
    `colour --basic ${ansiOf(value, use).colour} --rgb 0x${value.slice(1)} ${index} ||`;
  return [
    colour(2, c.selected, 'ground'),
    colour(3, c.accent, 'text'),
    colour(4, c.background, 'ground'),
    colour(5, c.selectedText, 'text'),
    colour(6, c.text, 'text'),
    'cpair --foreground 6 --background 4 1 ||',
    'cpair --foreground 5 --background 2 2 ||',
    'cpair --foreground 3 --background 4 3 ||',
  ];
}

/**
 * The client's own menu replaces this one; if it cannot be had, this one goes on. It asks no further itself, and should
 * something between drop the query, the second time round asks no more: settings outlive the script.
 */
const ASK_FOR_CLIENT = [
  'isset ${has-asked} && goto _generic ||',
  'set has-asked yes',
  'chain --replace ${base}/boot/boot.ipxe?mac=${netX/mac:hexhyp} ||',
  ':_generic',
];

function main(menu: Menu): readonly string[] {
  return [
    '',
    ':_start',
    // What is chosen next begins here again, wherever the last choice has ended.
    ...(menu.seconds.size > 0 ? nodeLines(menu) : []),
    `menu ${menu.title} - ${menu.nodeName}`,
    ...menu.top.flatMap((entry) => entryItem(entry, menu)),
    'item --gap --',
    ...menu.groups.flatMap(groupItem),
    'item --gap --',
    `item _shell ${menu.words.shell}`,
    'choose --timeout ${menu-timeout} --default ${menu-default} selected || goto _start',
    // Whoever comes back to the menu decides alone.
    'set menu-timeout 0',
    'goto ${selected}',
  ];
}

function submenu(group: Group, back: string, menu: Menu): readonly string[] {
  return [
    '',
    `:_${group.id}`,
    `menu ${group.title}`,
    ...group.groups.flatMap(groupItem),
    ...group.entries.flatMap((entry) => entryItem(entry, menu)),
    'item --gap --',
    `item ${back} ${menu.words.back}`,
    `choose selected || goto ${back}`,
    'goto ${selected}',
    ...group.groups.flatMap((inner) => submenu(inner, `_${group.id}`, menu)),
  ];
}

/** Secure Boot is UEFI's: on a BIOS machine the line has the room for something else. */
function entryItem(entry: Entry, menu: Menu): readonly string[] {
  const machines = machinesOf(entry, MACHINES);
  const plain = lineOf(entry, menu.words, { maxChars: LINE_CHARS });
  const noted = lineOf(entry, menu.words, { maxChars: LINE_CHARS, secureBoot: 'ipxe' });
  if (plain === noted) return item(entry.id, plain, machines);
  return machines.flatMap((machine) => item(entry.id, machine.startsWith('bios-') ? plain : noted, [machine]));
}

function groupItem(group: Group): readonly string[] {
  const machines = MACHINES.filter((machine) => entriesOf(group).some((entry) => runsOn(entry, machine)));
  return item(`_${group.id}`, `${group.title} ...`, machines);
}

/** One line where it runs everywhere, else one for each kind of machine, of which one at most is true. */
function item(label: string, title: string, machines: readonly Machine[]): readonly string[] {
  if (machines.length === MACHINES.length) return [`item ${label} ${title}`];
  return machines.map((machine) => `iseq \${machine} ${machine} && item ${label} ${title} ||`);
}

function start(entry: Entry, menu: Menu): readonly string[] {
  if (machinesOf(entry, MACHINES).length === 0) return [];
  return ['', `:${entry.id}`, ...startLines(entry, menu)];
}

function tail(menu: Menu): readonly string[] {
  return [
    '',
    ':_shell',
    'shell',
    'goto _start',
    ...secondSections(menu),
    '',
    // iPXE itself has printed why.
    ':_failed',
    'imgfree ||',
    `echo ${menu.words.failed}`,
    `prompt --timeout 60000 ${menu.words.pressKey} ||`,
    'goto _start',
  ];
}
