/** Which records of an answer section belong to the question: those of its name, and of the names that its aliases lead to. RFC 1034 §3.6.2, RFC 2181 §10.1, RFC 6672. */
import { pairAt } from '../core/bytes.ts';
import { type Message, nameAt, type RecordPlace } from './message.ts';
import { isWithin, tailsOf } from './names.ts';
import type { Name } from './query.ts';
import { CLASS_IN, endOfName, NAME_MAX_OCTETS } from './wire.ts';

export interface Asked {
  readonly name: Name;
  readonly type: number;
}

export interface Chain {
  /** The name asked, then where each alias leads; the last is the one that has the data, or has not. */
  readonly names: readonly Name[];
  /** The first record of the answer section that does not belong. */
  readonly cutAt: number | undefined;
  /** Whether a record of the type asked stands before that. */
  readonly hasData: boolean;
}

/** unbound follows 11, BIND 16; honest answers have five at most. */
export const MAX_ALIASES = 16;
const CNAME = 5;
const DNAME = 39;
const RRSIG = 46;
/** A pointer to octet 12: the question's own name, as most owners are written. */
const QUESTION_POINTER = 0xc00c;

/** Where an alias leads, and which record says so. */
interface Alias {
  readonly target: Name;
  readonly index: number;
}

interface Walk {
  readonly names: readonly Name[];
  /** The last record, by its place, that leads on. */
  readonly lastIndex: number;
}

/**
 * The names from the one asked onwards, and how much of the answer section belongs to them, in whatever order it stands. Nothing where
 * aliases loop, are too many, contradict each other, or stand behind what does not belong: such an answer is of no use.
 */
export function followAliases(message: Message, asked: Asked): Chain | undefined {
  const answers = answersOf(message);
  const owners = answers.map((record) => ownerOf(message, record, asked.name));
  const aliases = new Map<Name, Alias>();
  const trees = new Map<Name, Alias>();
  for (const [index, record] of answers.entries()) {
    if (record.type !== CNAME && record.type !== DNAME) continue;
    const owner = owners[index];
    const target = targetOf(message, record);
    const known = record.type === CNAME ? aliases : trees;
    // A name has one alias: of two, the second is one that does not belong.
    if (owner !== undefined && target !== undefined && !known.has(owner)) known.set(owner, { target, index });
  }
  const walk = aliases.size + trees.size === 0 ? straight(asked) : walkOf(asked, aliases, trees);
  if (!walk) return undefined;
  const belongs = (record: RecordPlace, index: number): boolean => {
    const owner = owners[index];
    if (owner === undefined || record.class !== CLASS_IN) return false;
    if (record.type === CNAME) return walk.names.includes(owner) && aliases.get(owner)?.index === index;
    if (owner === walk.names.at(-1) && record.type === asked.type) return true;
    if (record.type === DNAME) return trees.get(owner)?.index === index && isAbove(owner, walk.names);
    return record.type === RRSIG && (walk.names.includes(owner) || (trees.has(owner) && isAbove(owner, walk.names)));
  };
  const strangerAt = answers.findIndex((record, index) => !belongs(record, index));
  const cutAt = strangerAt < 0 ? undefined : strangerAt;
  if (cutAt !== undefined && cutAt <= walk.lastIndex) return undefined;
  const hasData = answers.slice(0, cutAt).some(({ type }) => type === asked.type);
  return { names: walk.names, cutAt, hasData };
}

/** They stand first. */
function answersOf({ records }: Message): readonly RecordPlace[] {
  const end = records.findIndex(({ section }) => section !== 'answer');
  return end < 0 ? records : records.slice(0, end);
}

function ownerOf(message: Message, { at }: RecordPlace, asked: Name): Name | undefined {
  return pairAt(message.bytes, at) === QUESTION_POINTER && message.questions === 1 ? asked : nameAt(message.bytes, at);
}

/** Nothing where the name does not fill the record's data: readers would not agree on where it leads. */
function targetOf({ bytes }: Message, { class: ofClass, dataAt, end }: RecordPlace): Name | undefined {
  return ofClass === CLASS_IN && endOfName(bytes, dataAt) === end ? nameAt(bytes, dataAt) : undefined;
}

function straight(asked: Asked): Walk {
  return { names: [asked.name], lastIndex: -1 };
}

function walkOf(asked: Asked, aliases: ReadonlyMap<Name, Alias>, trees: ReadonlyMap<Name, Alias>): Walk | undefined {
  const names: Name[] = [];
  let lastIndex = -1;
  let name: Name | undefined = asked.name;
  while (name !== undefined) {
    if (names.includes(name) || names.length > MAX_ALIASES) return undefined;
    names.push(name);
    const alias = aliases.get(name);
    const tree: Tree | undefined = trees.size > 0 ? treeOver(name, trees) : undefined;
    const renamed: Name | undefined = tree && renamedBy(name, tree);
    // What a DNAME makes of a name is written out as a CNAME as well; one that says otherwise is a lie. RFC 6672 §3.1.
    if (alias && renamed !== undefined && alias.target !== renamed) return undefined;
    // Who asks for the alias itself gets it, and nothing behind it. RFC 1034 §3.6.2.
    const isFollowed: boolean = asked.type !== CNAME || renamed !== undefined;
    if (isFollowed) lastIndex = Math.max(lastIndex, alias?.index ?? -1, tree?.alias.index ?? -1);
    name = renamed ?? (isFollowed ? alias?.target : undefined);
  }
  return { names, lastIndex };
}

interface Tree {
  readonly owner: Name;
  readonly alias: Alias;
}

/** The DNAME that renames all below its owner, not the owner itself: the nearest one above `name`. RFC 6672 §2.3. */
function treeOver(name: Name, trees: ReadonlyMap<Name, Alias>): Tree | undefined {
  for (const owner of tailsOf(name)) {
    const alias = owner === name ? undefined : trees.get(owner);
    if (alias) return { owner, alias };
  }
  return undefined;
}

/** Nothing where it would be too long: the answer then is YXDOMAIN. RFC 6672 §2.2. */
function renamedBy(name: Name, { owner, alias }: Tree): Name | undefined {
  const renamed = name.slice(0, name.length - owner.length) + alias.target;
  return renamed.length <= NAME_MAX_OCTETS ? renamed : undefined;
}

function isAbove(domain: Name, names: readonly Name[]): boolean {
  return names.some((name) => name !== domain && isWithin(name, domain));
}
