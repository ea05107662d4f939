/** What one client's menu holds and in which order; how a loader writes it down is the renderers' part. */
import { type Mac, macMatches, parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import type { Visit } from '../core/content.ts';
import type { Transport } from '../core/image.ts';
import type { Peer } from '../core/swarm.ts';
import type { MenuColours } from './colours.ts';
import {
  type Entry,
  isEntryId,
  isSourceSafe,
  LOCAL_ID,
  loaderOf,
  type Machine,
  runsOn,
  slug,
  sourcesOf,
} from './entries.ts';
import { bootRowOf, bootRows, type ClientTable } from './rows.ts';
import { authorityOf, type NodePlace, type Second, secondsOf } from './second.ts';
import { plainText } from './text.ts';
import { type Language, WORDS, type Words } from './words.ts';

export interface MenuSettings extends ClientTable {
  readonly title: string;
  /** 0: waits for ever. */
  readonly timeoutSec: number;
  /** `local` or an entry's id. */
  readonly default: string;
  readonly serial: false | { readonly port: number; readonly baud: number };
  readonly language: Language;
  readonly nodeName: string;
  readonly colors: MenuColours;
  /** What the node serves images by at this moment: NFS may come late. HTTP and TFTP where it doesn't say. */
  readonly transports?: ReadonlySet<Transport>;
  /** Other nodes that are alive, the most suitable first. */
  readonly peers?: readonly Peer[];
}

/** A submenu; by edition it is parted once more where it has many entries. */
export interface Group {
  readonly id: string;
  readonly title: string;
  readonly groups: readonly Group[];
  /** Below `groups`. */
  readonly entries: readonly Entry[];
}

/** All that a renderer needs; every text in it is plain, every id unique, every source safe. */
export interface Menu {
  readonly title: string;
  readonly nodeName: string;
  readonly words: Words;
  readonly serial: MenuSettings['serial'];
  readonly colors: MenuColours;
  /** Among `top`. */
  readonly defaultId: string;
  /** 0: waits for ever. */
  readonly timeoutSec: number;
  readonly top: readonly Entry[];
  readonly groups: readonly Group[];
  /** The generic menu of a node that has menus for single clients: it asks for the client's own first. */
  readonly asksForClient: boolean;
  /** The node as the client reached it: `172.16.0.10`. */
  readonly address: string;
  /** `172.16.0.10:8080`, without the port where it is 80. */
  readonly authority: string;
  /** Where entries are had if not here, by their ids. */
  readonly seconds: ReadonlyMap<string, Second>;
  /** Boot loaders that are there: `memdisk`, `chain.c32`. */
  readonly loaders: ReadonlySet<string>;
}

/** What a menu is made for. */
export interface Place {
  readonly visit: Visit;
  readonly loaders: ReadonlySet<string>;
  /** Images are still read or copied: an entry that nobody knows may come with one of them. */
  readonly isIncomplete?: boolean;
}

/** A row has decided already: whoever stands there only needs time to change their mind. Taste. */
const CLIENT_TIMEOUT_SEC = 5;
/** syslinux stops at 35996 tenths. [syslinux: doc/menu.txt] */
const MAX_TIMEOUT_SEC = 3599;

/** The menu of `mac`, or of everybody. Entries that no loader could take are left out: a fault says so elsewhere. */
export function planMenu(entries: readonly Entry[], settings: MenuSettings, place: Place, mac?: Mac): Menu {
  const words = WORDS[settings.language];
  const local: Entry = {
    id: LOCAL_ID,
    title: words.local,
    archs: [],
    firmware: ['bios', 'uefi'],
    how: { kind: 'local' },
    secureBoot: 'unknown',
  };
  const visible = [local, ...entries.filter((entry) => isUsable(entry, place.loaders) && isVisible(entry, mac))];
  const boot = mac === undefined ? undefined : bootRowOf(settings, mac)?.boot;
  const row = visible.find((entry) => entry.id === boot);
  const first = row ?? visible.find((entry) => entry.id === settings.default) ?? local;
  const isKnown = (id: string): boolean => id === LOCAL_ID || entries.some((entry) => entry.id === id);
  // The local disk must not start in the place of what is about to be there.
  const waits = (place.isIncomplete ?? false) && !isKnown(boot ?? settings.default);
  const rest = visible.filter((entry) => entry !== first);
  const address = parseIpv4(place.visit.localAddress.replace(/^::ffff:/, '')) ?? UNSPECIFIED;
  const own = { address, authority: authorityOf(address, place.visit.httpPort) };
  return {
    title: plainText(settings.title, 'FLISoL', 60),
    nodeName: plainText(settings.nodeName, 'fnode', 40),
    words,
    serial: settings.serial,
    colors: settings.colors,
    defaultId: first.id,
    timeoutSec: waits ? 0 : row ? CLIENT_TIMEOUT_SEC : timeoutOf(settings),
    ...arrange(outOfGroup(first), rest),
    asksForClient: mac === undefined && hasClientMenus(entries, settings),
    ...own,
    seconds: secondsOf(visible, settings.peers ?? [], own, mac ?? place.visit.clientAddress),
    loaders: place.loaders,
  };
}

function timeoutOf({ timeoutSec }: MenuSettings): number {
  return Math.min(Math.max(0, Math.round(timeoutSec)), MAX_TIMEOUT_SEC);
}

/** Whether any client's menu differs from everybody's. */
export function hasClientMenus(entries: readonly Entry[], settings: MenuSettings): boolean {
  return bootRows(settings).length > 0 || entries.some((entry) => entry.macs !== undefined);
}

/** Whether this client's does. */
export function hasOwnMenu(entries: readonly Entry[], settings: MenuSettings, mac: Mac): boolean {
  return (
    bootRowOf(settings, mac) !== undefined ||
    entries.some((entry) => entry.macs?.some((pattern) => macMatches(pattern, mac)) ?? false)
  );
}

function isUsable(entry: Entry, loaders: ReadonlySet<string>): boolean {
  const loader = loaderOf(entry.how);
  if (loader !== undefined && !loaders.has(loader)) return false;
  return isEntryId(entry.id) && entry.id !== LOCAL_ID && sourcesOf(entry.how).every(isSourceSafe);
}

function isVisible(entry: Entry, mac: Mac | undefined): boolean {
  if (entry.macs === undefined) return true;
  return mac !== undefined && entry.macs.some((pattern) => macMatches(pattern, mac));
}

/** The entry with a title that says what it is without its group's. */
function outOfGroup(entry: Entry): Entry {
  const { group, ...alone } = entry;
  const named = group === undefined ? '' : plainText(group, '');
  return named === '' ? entry : { ...alone, title: entry.fullTitle ?? `${named}: ${entry.title}` };
}

/** The default first, the local disk, what has no group; then the groups, each a submenu, in order of appearance. */
function arrange(first: Entry, rest: readonly Entry[]): Pick<Menu, 'top' | 'groups'> {
  const titles = rest.map((entry) => (entry.group === undefined ? '' : plainText(entry.group, '')));
  const top = rest.filter((_, i) => titles[i] === '');
  const byTitle = Map.groupBy(
    rest.filter((_, i) => titles[i] !== ''),
    (entry) => plainText(entry.group ?? '', ''),
  );
  const groups = [...byTitle].map(([title, entries], i) => groupOf(`group-${i + 1}-${slug(title)}`, title, entries));
  return { top: [first, ...top], groups };
}

/** What a screen shows without scrolling, about. */
const MANY_ENTRIES = 12;

function groupOf(id: string, title: string, entries: readonly Entry[]): Group {
  const editionOf = (entry: Entry): string => plainText(entry.edition ?? '', '', 60);
  const editions = [...Map.groupBy(entries, editionOf)].filter(([edition]) => edition !== '');
  if (entries.length <= MANY_ENTRIES || editions.length < 2) return { id, title, groups: [], entries };
  const groups = editions.map(([edition, inside], i) => ({
    id: `${id}-${i + 1}`,
    title: edition,
    groups: [],
    entries: inside,
  }));
  return { id, title, groups, entries: entries.filter((entry) => editionOf(entry) === '') };
}

/** All entries below it. */
export function entriesOf(group: Group): readonly Entry[] {
  return [...group.groups.flatMap(entriesOf), ...group.entries];
}

/** What is left of a menu for a loader that takes only some entries: no empty submenu, and a default that is there. */
export function narrowed(menu: Menu, isTaken: (entry: Entry) => boolean): Menu {
  const within = (groups: readonly Group[]): readonly Group[] =>
    groups
      .map((group) => ({ ...group, groups: within(group.groups), entries: group.entries.filter(isTaken) }))
      .filter((group) => group.groups.length + group.entries.length > 0);
  const top = menu.top.filter(isTaken);
  const defaultId = top.some((entry) => entry.id === menu.defaultId) ? menu.defaultId : LOCAL_ID;
  return { ...menu, top, groups: within(menu.groups), defaultId };
}

/** Those of `machines` where it can start. */
export function machinesOf<M extends Machine>(entry: Entry, machines: readonly M[]): readonly M[] {
  return machines.filter((machine) => runsOn(entry, machine));
}

/** `{http}` and `{node}` filled in: only the menu knows on which address the client reached the node. */
export function argumentsOf(words: readonly string[], menu: Menu): readonly string[] {
  return words.map((word) => filledIn(word, menu));
}

export function filledIn(word: string, { authority, address }: NodePlace): string {
  return word.replaceAll('{http}', `http://${authority}`).replaceAll('{node}', address);
}

/** The system's own console is the last one named: the screen, where the people are. Only PCs call the port ttyS. */
export function consolesOf(entry: Entry, menu: Menu): readonly string[] {
  if (!menu.serial || !entry.archs.some((arch) => arch !== 'arm64')) return [];
  return [`console=ttyS${menu.serial.port},${menu.serial.baud}n8`, 'console=tty0'];
}
