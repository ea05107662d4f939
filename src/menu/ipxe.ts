/** The menu as an iPXE script, for builds from Debian's of 2019 to 2.0. [ipxe.org/scripting, ipxe.org/cmd] */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: iPXE's own settings are written like this
import { ansiOf, type MenuColours } from './colours.ts';
import { type Entry, type How, type Linux, type Machine, runsOn, type Source } from './entries.ts';
import { argumentsOf, consolesOf, entriesOf, type Group, type Menu, machinesOf } from './plan.ts';
import { ipxeWords } from './text.ts';
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
  return ['', `:${entry.id}`, ...commands(entry, menu)];
}

function commands(entry: Entry, menu: Menu): readonly string[] {
  const { how } = entry;
  switch (how.kind) {
    case 'local':
      return LOCAL;
    case 'chain':
      return [`chain ${urlOf(how.file)} || goto _failed`, 'goto _start'];
    case 'memdisk':
      return [
        `kernel \${base}/boot/memdisk ${how.isCd ? 'iso raw' : 'raw'} || goto _failed`,
        `initrd ${urlOf(how.image)} || goto _failed`,
        'boot || goto _failed',
      ];
    case 'sanboot':
      return [`sanboot --no-describe ${urlOf(how.image)} || goto _failed`, 'goto _start'];
    case 'wimboot':
      return wimboot(how);
    case 'linux':
      return linux(entry, how, menu);
  }
}

/** Each name twice: the option is for UEFI, the file's own line for the BIOS. [ipxe.org/appnote/wimboot_architecture] */
function wimboot({ files, index }: Extract<How, { readonly kind: 'wimboot' }>): readonly string[] {
  return [
    `kernel \${base}/boot/wimboot${index === undefined ? '' : ` index=${index}`} || goto _failed`,
    ...files.map(({ name, file }) => `initrd --name ${name} ${urlOf(file)} ${name} || goto _failed`),
    'boot || goto _failed',
  ];
}

/**
 * Each initrd has a name of its own and is named on the line: until 2021 the kernel found it by that name alone, under
 * UEFI; since then all are handed over as one, and the words do no harm.
 */
function linux(entry: Entry, how: Linux, menu: Menu): readonly string[] {
  const names = how.initrds.map((_, i) => `initrd${i}`);
  const words = [
    ...names.map((name) => `initrd=${name}`),
    ...(names.length > 0 ? ['BOOTIF=01-${netX/mac:hexhyp}'] : []),
    ipxeWords([...consolesOf(entry, menu), ...argumentsOf(how.arguments, menu)]),
  ].filter((word) => word !== '');
  return [
    ...kernelLines(how, words),
    ...how.initrds.map((source, i) => `initrd --name ${names[i]} ${urlOf(source)} || goto _failed`),
    // With a name for an argument iPXE puts a header before the file that makes it one of the initramfs. [ipxe.org/cmd/initrd]
    ...(how.addedFile
      ? [`initrd ${urlOf(how.addedFile.file)} ${ipxeWords([how.addedFile.name])} || goto _failed`]
      : []),
    ...(how.shim === undefined ? [] : [`${WITH_SECURE_BOOT} shim ${urlOf(how.shim)} ||`]),
    'boot || goto _failed',
  ];
}

/**
 * Builds that know `shim` know firmware's variables, too, both since June 2023; for others, and for the BIOS, the
 * setting is empty, so that they never meet a command that they would complain about. [ipxe.org/cmd/shim]
 */
const WITH_SECURE_BOOT = 'iseq x${efi/SecureBoot:int8} x1 &&';

function kernelLines(how: Linux, words: readonly string[]): readonly string[] {
  const load = (kernel: string): string => `kernel ${[kernel, ...words].join(' ')} || goto _failed`;
  if (how.uefiKernel === undefined) return [load(urlOf(how.kernel))];
  const choice = `iseq \${platform} efi && set kernel ${urlOf(how.uefiKernel)} ||`;
  return [`set kernel ${urlOf(how.kernel)}`, choice, load('${kernel}')];
}

/** BIOS: the first disk. UEFI: a status that is not success makes the firmware try its next entry. UEFI 2.10 §3.1.1. */
const LOCAL = ['iseq ${platform} efi && exit 1 ||', 'sanboot --no-describe --drive 0x80 || goto _failed'];

function tail(menu: Menu): readonly string[] {
  return [
    '',
    ':_shell',
    'shell',
    'goto _start',
    '',
    // iPXE itself has printed why.
    ':_failed',
    'imgfree ||',
    `echo ${menu.words.failed}`,
    `prompt --timeout 60000 ${menu.words.pressKey} ||`,
    'goto _start',
  ];
}

function urlOf(source: Source): string {
  return source.startsWith('/') ? `\${base}${source}` : source;
}
