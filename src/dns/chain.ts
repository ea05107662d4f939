/** Which records of an answer section belong to the question: those of its name, and of the names that its aliases lead to. RFC 1034 §3.6.2, RFC 2181 §10.1, RFC 6672. */
import { pairAt } from '../core/bytes.ts';
import { type Message, nameAt, type RecordPlace } from './message.ts';
import { tailsOf } from './names.ts';
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

/** Taste: resolvers follow some 8 to 16; honest answers have five at most. */
export const MAX_ALIASES = 16;
/** Twice those that a chain can have, one of each kind a step, and some strangers: others need not be read to be cut off. */
const MAX_ALIAS_RECORDS = 64;
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

/** What leads on from which name in an answer section: CNAMEs and DNAMEs. */
interface Answers {
  readonly records: readonly RecordPlace[];
  readonly aliases: ReadonlyMap<Name, Alias>;
  readonly trees: ReadonlyMap<Name, Alias>;
}

interface Walk {
  readonly names: readonly Name[];
  /** Owners of the DNAMEs that it went through. */
  readonly domains: readonly Name[];
  /** The last record, by its place, that leads on; -1 for none. */
  readonly lastIndex: number;
}

/**
 * The names from the one asked onwards, and how much of the answer section belongs to them, in whatever order it stands. Nothing where
 * aliases loop, are too many, contradict each other, or stand behind what does not belong: such an answer is of no use.
 */
export function followAliases(message: Message, asked: Asked): Chain | undefined {
  const answers = read(message, asked.name);
  const walk = walkOf(asked, answers);
  if (!walk) return undefined;
  let hasData = false;
  for (const [index, record] of answers.records.entries()) {
    const owner = ownerOf(message, record, asked.name);
    if (owner === undefined || !belongs({ record, index, owner }, answers, walk, asked.type)) {
      return index <= walk.lastIndex ? undefined : { names: walk.names, cutAt: index, hasData };
    }
    hasData ||= record.type === asked.type;
  }
  return { names: walk.names, cutAt: undefined, hasData };
}

interface Owned {
  readonly record: RecordPlace;
  readonly index: number;
  readonly owner: Name;
}

/** Data stands at the chain's end, aliases on the way there, signatures at both. */
function belongs({ record, index, owner }: Owned, answers: Answers, { names, domains }: Walk, asked: number): boolean {
  const { type } = record;
  if (record.class !== CLASS_IN) return false;
  if (type === CNAME) return answers.aliases.get(owner)?.index === index && names.includes(owner);
  if (type === asked && owner === names.at(-1)) return true;
  if (type === DNAME) return answers.trees.get(owner)?.index === index && domains.includes(owner);
  return type === RRSIG && (names.includes(owner) || domains.includes(owner));
}

function read(message: Message, asked: Name): Answers {
  const records = answersOf(message);
  if (!records.some(({ type }) => type === CNAME || type === DNAME)) return { records, aliases: NONE, trees: NONE };
  const aliases = new Map<Name, Alias>();
  const trees = new Map<Name, Alias>();
  let left = MAX_ALIAS_RECORDS;
  for (const [index, record] of records.entries()) {
    if ((record.type !== CNAME && record.type !== DNAME) || left-- <= 0) continue;
    const owner = ownerOf(message, record, asked);
    const target = targetOf(message, record);
    const known = record.type === CNAME ? aliases : trees;
    // A name has one alias: of two, the second does not belong. RFC 2181 §10.1.
    if (owner !== undefined && target !== undefined && !known.has(owner)) known.set(owner, { target, index });
  }
  return { records, aliases, trees };
}

/** Most answers have none. */
const NONE: ReadonlyMap<Name, Alias> = new Map();

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

function walkOf(asked: Asked, { aliases, trees }: Answers): Walk | undefined {
  const names: Name[] = [];
  const domains: Name[] = [];
  let lastIndex = -1;
  let name: Name | undefined = asked.name;
  while (name !== undefined) {
    if (names.includes(name) || names.length > MAX_ALIASES) return undefined;
    names.push(name);
    const alias = aliases.get(name);
    const tree: Tree | undefined = trees.size > 0 ? treeOver(name, trees) : undefined;
    const renamed: Name | undefined = tree && renamedBy(name, tree);
    if (tree) domains.push(tree.owner);
    // What a DNAME makes of a name is written out as a CNAME as well; one that says otherwise is a lie. RFC 6672 §3.1.
    if (alias && renamed !== undefined && alias.target !== renamed) return undefined;
    // Who asks for the alias itself gets it, and nothing behind it. RFC 1034 §3.6.2.
    const isFollowed: boolean = asked.type !== CNAME || renamed !== undefined;
    if (isFollowed) lastIndex = Math.max(lastIndex, alias?.index ?? -1, tree?.alias.index ?? -1);
    name = renamed ?? (isFollowed ? alias?.target : undefined);
  }
  return { names, domains, lastIndex };
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
