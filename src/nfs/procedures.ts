/** NFS version 3 as a program: what each procedure makes of the item that is asked of. RFC 1813 §3.3. */
import type { Ipv4 } from '../core/addr.ts';
import type { Content, Soon } from '../core/content.ts';
import type { Hall } from './hall.ts';
import { failureBy, type Item } from './items.ts';
import { listed } from './listing.ts';
import {
  ACCESS,
  type Asked,
  accessed,
  decodeAsked,
  type Failure,
  failed,
  gotAttributes,
  linkRead,
  lookedUp,
  NFS_PROGRAM,
  NFS_VERSION,
  pathRulesTold,
  readHead,
  sizesTold,
  spaceTold,
  type TransferSizes,
} from './protocol.ts';
import { type NoOctets, octetsOf } from './reading.ts';
import type { Answer, Call, Caller, Program, Tail } from './rpc.ts';
import type { Shelf } from './shelf.ts';

/**
 * Up to a block of the node's cache in one answer. Clients that are told to prefer less read ahead less: fifteen times as much, up to
 * Linux 5.3, which a laptop of 2 GiB has better use for.
 */
export const SIZES: TransferSizes = {
  maxReadBytes: 1 << 20,
  preferredReadBytes: 256 << 10,
  // Nobody writes, and yet libnfs mounts nothing that takes less than 8 KiB at a time. A call with so much is refused, not cut off.
  maxWriteBytes: 32 << 10,
  preferredFolderBytes: 64 << 10,
};

export interface NfsDeps {
  readonly hall: Hall;
  readonly shelf: Shelf;
  /** Told of what a client reads: the file of the folder of images, and octets. Called often. */
  readonly onRead?: (client: Ipv4, imagePath: string, bytes: number) => void;
  /** Told of what is no client's fault nor an image's. */
  readonly onBug: (error: unknown) => void;
}

type Aimed = Exclude<Asked, { readonly procedure: 'null' }>;

export function nfsProgram(deps: NfsDeps): Program {
  const { hall, shelf, onBug } = deps;

  const failedBy = (asked: Aimed, error: unknown, item?: Item): Answer => {
    const failure = failureBy(error, item);
    if (failure === 'server-fault') onBug(error);
    return done(failed(asked.procedure, failure, item?.attributes));
  };

  const perform = (asked: Aimed, item: Item | Failure, caller: Caller): Soon<Answer> => {
    if (typeof item === 'string') return done(failed(asked.procedure, item));
    try {
      const answer = answerTo(asked, item, caller, deps);
      if (!(answer instanceof Promise)) return answer;
      const whole = item.kind === 'hall' ? answer : shelf.during(item.shelved, answer);
      return whole.catch((error) => failedBy(asked, error, item));
    } catch (error) {
      return failedBy(asked, error, item);
    }
  };

  return {
    number: NFS_PROGRAM,
    versions: { low: NFS_VERSION, high: NFS_VERSION },
    answer: (call: Call, caller: Caller): Soon<Answer> => {
      const asked = decodeAsked(call.procedure, call.args);
      if (!asked) return { kind: 'procedure-unavailable' };
      if (asked.procedure === 'null') return NOTHING;
      if (isWriting(asked)) return done(failed(asked.procedure, 'read-only'));
      const item = hall.of(asked.handle);
      if (!(item instanceof Promise)) return perform(asked, item, caller);
      return item.then(
        (found) => perform(asked, found, caller),
        (error) => failedBy(asked, error),
      );
    },
  };
}

const NOTHING: Answer = { kind: 'done', results: new Uint8Array(0) };

function done(results: Uint8Array): Answer {
  return { kind: 'done', results };
}

const READING: ReadonlySet<Asked['procedure']> = new Set([
  ...(['getattr', 'lookup', 'access', 'readlink', 'read', 'readdir', 'readdirplus'] as const),
  ...(['fsstat', 'fsinfo', 'pathconf'] as const),
]);

function isWriting(asked: Asked): boolean {
  return !READING.has(asked.procedure);
}

function answerTo(asked: Aimed, item: Item, caller: Caller, deps: NfsDeps): Soon<Answer> {
  const { attributes } = item;
  switch (asked.procedure) {
    case 'getattr':
      return done(gotAttributes(attributes));
    case 'lookup':
      return lookUp(asked.name, item, deps.hall);
    case 'access':
      return done(accessed(attributes, asked.wanted & grantedOf(item)));
    case 'readlink':
      return readLink(item);
    case 'read':
      return read(asked, item, caller, deps);
    case 'readdir':
    case 'readdirplus':
      return list(asked, item, deps.hall);
    case 'fsstat':
      return done(spaceTold(attributes, { totalBytes: spaceOf(item), files: 0 }));
    case 'fsinfo':
      return done(sizesTold(attributes, SIZES));
    case 'pathconf':
      return done(pathRulesTold(attributes, item.kind !== 'inside' || item.held.keepsCase));
    default:
      return done(failed(asked.procedure, 'read-only'));
  }
}

/** All may read all: what is served here, everybody in the hall may fetch by HTTP, too. */
function grantedOf(item: Item): number {
  if (item.attributes.kind === 'folder') return ACCESS.read + ACCESS.lookup;
  // An image that has no permissions says nothing against a program.
  const hasNoModes = item.kind === 'inside' && !item.held.keepsCase;
  const isProgram = hasNoModes || (item.attributes.mode & 0o111) !== 0;
  return isProgram ? ACCESS.read + ACCESS.execute : ACCESS.read;
}

function spaceOf(item: Item): number {
  return item.kind === 'hall' ? 0 : item.shelved.content.sizeBytes;
}

function lookUp(name: string, folder: Item, hall: Hall): Soon<Answer> {
  const told = (found: Item | Failure): Answer =>
    typeof found === 'string'
      ? done(failed('lookup', found, folder.attributes))
      : done(lookedUp({ handle: found.handle, attributes: found.attributes, folder: folder.attributes }));
  const found = hall.child(folder, name);
  return found instanceof Promise ? found.then(told) : told(found);
}

function readLink(item: Item): Answer {
  if (item.kind !== 'inside' || item.attributes.kind !== 'link') return refused('readlink', 'invalid', item);
  const { target } = item.node;
  return target === undefined ? refused('readlink', 'io', item) : done(linkRead(item.attributes, target));
}

async function list(
  asked: Asked & { readonly procedure: 'readdir' | 'readdirplus' },
  folder: Item,
  hall: Hall,
): Promise<Answer> {
  const { procedure, cookie, maxBytes } = asked;
  const entries = await hall.entries(folder, cookie, procedure === 'readdirplus');
  if (typeof entries === 'string') return refused(procedure, entries, folder);
  // A handle is of an image whose octets never change, and cookies are made of places in it, or of names: all stay what they are.
  const page = { folder: folder.attributes, verifier: VERIFIER, maxBytes };
  const results = listed(entries, asked.procedure === 'readdir' ? page : { ...page, dirBytes: asked.dirBytes });
  return typeof results === 'string' ? refused(procedure, results, folder) : done(results);
}

const VERIFIER = new Uint8Array(8);

function refused(procedure: Asked['procedure'], failure: Failure, { attributes }: Item): Answer {
  return done(failed(procedure, failure, attributes));
}

function read(
  { offset, count }: Asked & { readonly procedure: 'read' },
  item: Item,
  caller: Caller,
  { shelf, onRead }: NfsDeps,
): Soon<Answer> {
  const { attributes } = item;
  if (attributes.kind === 'folder') return refused('read', 'is-a-folder', item);
  if (attributes.kind !== 'file' || item.kind === 'hall') return refused('read', 'invalid', item);
  const content = contentOf(item);
  if (!content) return refused('read', 'io', item);
  const wanted = Math.max(0, Math.min(count, SIZES.maxReadBytes, attributes.sizeBytes - offset));
  onRead?.(caller.address, item.shelved.path, wanted);
  if (wanted === 0) return done(readHead(attributes, 0, offset >= attributes.sizeBytes));
  const told = (octets: Tail | NoOctets): Answer => {
    if (octets === 'changed') shelf.drop(item.shelved);
    if (typeof octets === 'string') return refused('read', octets === 'io' ? 'io' : 'later', item);
    const isEnd = offset + octets.bytes >= attributes.sizeBytes;
    return { kind: 'done', results: readHead(attributes, octets.bytes, isEnd), tail: octets };
  };
  const isInOrder = offset === item.readUpTo;
  item.readUpTo = offset + wanted;
  const octets = octetsOf(content, { offset, bytes: wanted, isInOrder }, caller);
  return octets instanceof Promise ? octets.then(told) : told(octets);
}

/** Nothing for what the image says is there, and cannot be had. */
function contentOf(item: Item & { readonly kind: 'file' | 'inside' }): Content | undefined {
  if (item.kind === 'file') return item.content;
  if (item.node.unreadable !== undefined) return undefined;
  item.content ??= item.held.content(item.node);
  return item.content;
}
