/** Rock Ridge: names, permissions, links and deep folders for ISO 9660, by the sections of RRIP 1.12 (IEEE P1282). */
import { ByteReader, latin1 } from '../core/bytes.ts';
import { eastOfGreenwichMs, recordingMs } from './ecma119.ts';
import { textOf } from './octets.ts';
import { type Signature, signature } from './susp.ts';
import type { Node } from './volume.ts';

/** What the entries of one record say, as they come in. */
export interface Attributes {
  /** Parts of the name, which may part a character. */
  readonly nameParts: Uint8Array[];
  isNameWhole: boolean;
  mode: number | undefined;
  uid: number;
  gid: number;
  modifiedMs: number | undefined;
  /** Text of a link so far, one character for each octet. */
  target: string;
  /** `open`: goes on in the next entry; `broken`: part of it is lost. */
  targetState: 'none' | 'open' | 'whole' | 'broken';
  /** The next component goes on where the last one ended. */
  isComponentOpen: boolean;
  /** Where a folder from deeper down really lies. */
  childLba: number | undefined;
  /** Of such a folder's entry for its parent: where the folder lies that it would be in. */
  parentLba: number | undefined;
  /** Lies here only because there was no place deeper down. */
  isRelocated: boolean;
  unreadable: string | undefined;
}

export function noAttributes(): Attributes {
  return {
    nameParts: [],
    isNameWhole: false,
    mode: undefined,
    uid: 0,
    gid: 0,
    modifiedMs: undefined,
    target: '',
    targetState: 'none',
    isComponentOpen: false,
    childLba: undefined,
    parentLba: undefined,
    isRelocated: false,
    unreadable: undefined,
  };
}

/** Longer names no Linux can show; the same for targets. */
const MAX_NAME_BYTES = 255;
const MAX_TARGET_CHARS = 4096;

/** Entries by their letters; one that is shorter than `atLeast` is left out. */
interface Entry {
  readonly atLeast: number;
  readonly apply: (r: ByteReader, to: Attributes) => void;
}
const ENTRIES: ReadonlyMap<Signature, Entry> = new Map([
  [signature('PX'), { atLeast: 32, apply: takePermissions }], // §4.1.1
  [signature('SL'), { atLeast: 1, apply: takeLink }], // §4.1.3
  [signature('NM'), { atLeast: 1, apply: takeName }], // §4.1.4
  [
    signature('CL'),
    {
      atLeast: 4,
      apply: (r, to) => {
        to.childLba = r.u32le('child location');
      },
    },
  ], // §4.1.5.1
  [
    signature('PL'),
    {
      atLeast: 4,
      apply: (r, to) => {
        to.parentLba = r.u32le('parent location');
      },
    },
  ], // §4.1.5.2
  [
    signature('RE'),
    {
      atLeast: 0,
      apply: (_, to) => {
        to.isRelocated = true;
      },
    },
  ], // §4.1.5.3
  [signature('TF'), { atLeast: 1, apply: takeTimes }], // §4.1.6
  [
    signature('SF'),
    {
      atLeast: 0,
      apply: (_, to) => {
        to.unreadable = 'sparse';
      },
    },
  ], // §4.1.7
  // Not of RRIP: zisofs, by which mkzftree's compressed files are expanded by Linux.
  [
    signature('ZF'),
    {
      atLeast: 0,
      apply: (_, to) => {
        to.unreadable = 'zisofs';
      },
    },
  ],
]);

const REFERENCE = signature('ER');
/** §4.3: how the three editions call themselves. */
const EDITIONS = ['RRIP_1991A', 'IEEE_P1282', 'IEEE_1282'];
/** What old makers that name no edition write: the first edition's list of fields, and permissions. */
const MARKS: ReadonlySet<Signature> = new Set([signature('RR'), signature('PX')]);

/** Whether an entry of the root folder's own record tells that there is Rock Ridge. */
export function isRockRidge(kind: Signature, data: Uint8Array): boolean {
  return MARKS.has(kind) || (kind === REFERENCE && EDITIONS.some((edition) => latin1(data).includes(edition)));
}

/** Takes one entry into `to`; what is unknown, like PN, is left out. Never throws. */
export function takeEntry(kind: Signature, data: Uint8Array, to: Attributes): void {
  const entry = ENTRIES.get(kind);
  if (entry && data.length >= entry.atLeast) entry.apply(new ByteReader(data), to);
}

function takePermissions(r: ByteReader, to: Attributes): void {
  to.mode = r.u32le('file mode');
  to.uid = r.skip(12, 'big-endian mode, links').u32le('user ID');
  to.gid = r.skip(4, 'user ID, big-endian').u32le('group ID');
}

const NAME_CONTINUES = 0x01;
const NAME_CURRENT = 0x02;
const NAME_PARENT = 0x04;

function takeName(r: ByteReader, to: Attributes): void {
  if (to.isNameWhole) return;
  const flags = r.u8('flags');
  if ((flags & (NAME_CURRENT | NAME_PARENT)) !== 0) to.nameParts.push(Buffer.from('.'));
  else if (r.left > 0 && to.nameParts.length <= MAX_NAME_BYTES) to.nameParts.push(r.rest());
  to.isNameWhole = (flags & NAME_CONTINUES) === 0;
}

/** Undefined where there is none. One longer than 255 octets becomes the empty name, which nothing can have. */
export function nameOf({ nameParts }: Attributes): string | undefined {
  const [first, ...more] = nameParts;
  if (!first) return undefined;
  const bytes = more.length === 0 ? first : Buffer.concat(nameParts);
  return bytes.length > MAX_NAME_BYTES ? '' : textOf(bytes);
}

/** §4.1.6: which times there are, in the order of the bits. */
const TIME_CREATION = 0x01;
const TIME_MODIFY = 0x02;
const TIMES_LONG = 0x80;

function takeTimes(r: ByteReader, to: Attributes): void {
  const flags = r.u8('flags');
  if ((flags & TIME_MODIFY) === 0) return;
  const [bytes, decode] = (flags & TIMES_LONG) === 0 ? [7, recordingMs] : [17, longFormMs];
  const before = (flags & TIME_CREATION) === 0 ? 0 : bytes;
  if (r.left >= before + bytes) to.modifiedMs = decode(r.skip(before, 'creation'));
}

/** Sixteen digits to a hundredth of a second, then quarters of an hour east of Greenwich. ECMA-119 §8.4.26.1 */
export function longFormMs(r: ByteReader): number {
  const digits = latin1(r.take(16, 'digits'));
  const zone = r.u8('offset from GMT');
  const [, year, month, day, hour, minute, second, hundredths] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits)?.map(Number) ?? [];
  if (!year || !month || !day) return 0;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, (hundredths ?? 0) * 10);
  return ms - eastOfGreenwichMs(zone);
}

const COMPONENT_CONTINUES = 0x01;
/** §4.1.3.1: what a component stands for when it is no text. */
const COMPONENTS: Readonly<Record<number, string>> = { 2: '.', 4: '..', 8: '/' };

function takeLink(r: ByteReader, to: Attributes): void {
  if (to.targetState === 'whole' || to.targetState === 'broken') return;
  to.targetState = r.u8('flags') % 2 === 0 ? 'whole' : 'open';
  while (r.left >= 2) {
    const flags = r.u8('component flags');
    const bytes = r.u8('component length');
    const text = latin1(r.take(Math.min(bytes, r.left), 'component'));
    const isNext = to.target !== '' && !to.target.endsWith('/') && !to.isComponentOpen;
    to.target += (isNext ? '/' : '') + (COMPONENTS[flags & 0x0e] ?? text);
    to.isComponentOpen = (flags & COMPONENT_CONTINUES) !== 0;
    // Quirk(genisoimage-long-links): its entries beyond 200 characters are two octets short, and the rest is lost.
    if (text.length < bytes || to.target.length > MAX_TARGET_CHARS) to.targetState = 'broken';
  }
}

/** POSIX's file types, the part of `mode` that is no permission. §4.1.1 */
const KINDS: ReadonlyMap<number, Node['kind']> = new Map([
  [0o04, 'folder'],
  [0o10, 'file'],
  [0o12, 'link'],
]);

export function kindOf(mode: number): Node['kind'] {
  return KINDS.get(Math.floor(mode / 0o10000) % 0o20) ?? 'other';
}

/** Undefined for one that no system could follow. */
export function targetOf({ target, targetState }: Attributes): string | undefined {
  const text = textOf(Buffer.from(target, 'latin1'));
  return targetState !== 'whole' || target === '' || /[\x00-\x1f\x7f]/.test(text) ? undefined : text;
}
