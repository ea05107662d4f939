/** The menu in GRUB's language, for UEFI machines: Debian's signed net images 2.06 and 2.12, and GRUBs made by hand. */
import { grubPair } from './colours.ts';
import { type Entry, isForIpxeOnly, type Machine, runsOn } from './entries.ts';
import { indent, nodeFunctions, startLines } from './grubstart.ts';
import { entriesOf, type Group, type Menu, machinesOf, narrowed } from './plan.ts';
import { grubWord } from './text.ts';
import { THEME_FILE } from './theme.ts';
import { lineOf } from './titles.ts';

const MACHINES: readonly Machine[] = ['uefi-x86_64', 'uefi-mixed', 'uefi-i386', 'uefi-arm64'];

/** Name of the menu of one client, below `/grub/`; GRUB fills in the MAC, with colons. */
export const CLIENT_MENU_PREFIX = 'grub.cfg-01-';

/** Of the 100 that the theme has room for at 1024 pixels. Names of files need no limit: a request by TFTP takes 500 octets. */
const LINE_CHARS = 88;

export function renderGrub(whole: Menu): string {
  const menu = narrowed(whole, (entry) => machinesOf(entry, MACHINES).length > 0 && !isForIpxeOnly(entry.how));
  return `${[
    ...head(menu),
    ...(menu.serial ? serial(menu.serial) : []),
    ...screen(menu),
    ...(menu.asksForClient ? ASK_FOR_CLIENT : []),
    '',
    ...menuentries(menu.top, menu),
    ...menu.groups.flatMap((group) => submenu(group, menu)),
    `menuentry ${grubWord(menu.words.firmwareSetup)} --id 'firmware-setup' {`,
    '  fwsetup',
    '}',
  ].join('\n')}\n`;
}

/**
 * GRUB 2.12 has http built in, 2.06 has not, and there `insmod http` prints an error and stops the menu for ten seconds.
 * `[ -s FILE ]` opens the file and says nothing when that fails, so it tells in silence whether HTTP works from here.
 */
function head(menu: Menu): readonly string[] {
  return [
    `set timeout=${menu.timeoutSec === 0 ? -1 : menu.timeoutSec}`,
    'set timeout_style=menu',
    `set default=${grubWord(menu.defaultId)}`,
    'set machine="uefi-$grub_cpu"',
    'if [ "$machine" = "uefi-i386" ]; then',
    '  if cpuid -l; then set machine="uefi-mixed"; fi',
    'fi',
    `set base="(tftp,${menu.address})"`,
    `if [ -s "(http,${menu.authority})/grub/grub.cfg" ]; then set base="(http,${menu.authority})"; fi`,
    'set bootif=""',
    'if [ -n "$net_default_mac" ]; then set bootif="BOOTIF=01-$net_default_mac"; fi',
    // A submenu starts with a fresh set of variables: only exported ones are seen there.
    'export machine base bootif',
    ...nodeFunctions(menu),
  ];
}

/** Missing on ARM, whose firmware shows its console on the serial line by itself. */
function serial(line: { readonly port: number; readonly baud: number }): readonly string[] {
  return [
    'if [ "$grub_cpu" != "arm64" ]; then',
    `  serial --unit=${line.port} --speed=${line.baud}`,
    '  terminal_input console serial',
    '  terminal_output console serial',
    'fi',
  ];
}

/**
 * Nothing is loaded with `insmod`: under Secure Boot GRUB refuses, and what the menu needs is built in. Colours are for
 * the text menu, which is what a machine gets that cannot draw the other.
 */
function screen(menu: Menu): readonly string[] {
  return [
    `set menu_color_normal=${grubPair(menu.colors.text, menu.colors.background)}`,
    `set menu_color_highlight=${grubPair(menu.colors.selectedText, menu.colors.selected)}`,
    `set color_normal=${grubPair(menu.colors.text, menu.colors.background)}`,
    'set gfxmode=1024x768,800x600,auto',
    'set gfxpayload=keep',
    'if loadfont unicode; then',
    `  terminal_output gfxterm${menu.serial ? ' serial' : ''}`,
    `  set theme="$base/grub/${THEME_FILE}"`,
    '  export theme',
    'fi',
  ];
}

/** The client's own menu is there for every MAC; what stands below serves if it cannot be had. */
const ASK_FOR_CLIENT = [
  'if [ -n "$net_default_mac" ]; then',
  `  if [ -s "$base/grub/${CLIENT_MENU_PREFIX}$net_default_mac" ]; then`,
  `    configfile "$base/grub/${CLIENT_MENU_PREFIX}$net_default_mac"`,
  '  fi',
  'fi',
];

function submenu(group: Group, menu: Menu): readonly string[] {
  const inside = [...group.groups.flatMap((inner) => submenu(inner, menu)), ...menuentries(group.entries, menu)];
  const machines = MACHINES.filter((machine) => entriesOf(group).some((entry) => runsOn(entry, machine)));
  const lines = [`submenu ${grubWord(`${group.title} ...`)} --id ${grubWord(group.id)} {`, ...indent(inside), '}'];
  return onlyOn(machines, lines);
}

/** Neighbours that run on the same machines share one condition. */
function menuentries(entries: readonly Entry[], menu: Menu): readonly string[] {
  const runs: { readonly machines: readonly Machine[]; readonly lines: string[] }[] = [];
  for (const entry of entries) {
    const machines = machinesOf(entry, MACHINES);
    const last = runs.at(-1);
    if (last && last.machines.join() === machines.join()) last.lines.push(...menuentry(entry, menu));
    else runs.push({ machines, lines: [...menuentry(entry, menu)] });
  }
  return runs.flatMap((run) => onlyOn(run.machines, run.lines));
}

function menuentry(entry: Entry, menu: Menu): readonly string[] {
  return [
    `menuentry ${grubWord(lineOf(entry, menu.words, { maxChars: LINE_CHARS, secureBoot: 'grub' }))} --id ${grubWord(entry.id)} {`,
    ...indent(startLines(entry, menu)),
    '}',
  ];
}

function onlyOn(machines: readonly Machine[], lines: readonly string[]): readonly string[] {
  if (machines.length === 0) return [];
  if (machines.length === MACHINES.length) return lines;
  const test = machines.map((machine) => `"$machine" = "${machine}"`).join(' -o ');
  return [`if [ ${test} ]; then`, ...indent(lines), 'fi'];
}
