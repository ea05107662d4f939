/** NFS version 3: what a client asks, and what it is told. RFC 1813 §3. Names on the left of tables are the RFC's. */
import { type Attributes, POST_ATTRIBUTES_BYTES, writeAttributes, writePostAttributes } from './attributes.ts';
import { type XdrReader, XdrWriter } from './xdr.ts';

export const NFS_PROGRAM = 100_003;
export const NFS_VERSION = 3;

/** `nfsstat3`, as far as a server that only reads needs it. RFC 1813 §2.6 */
export const STATUS = {
  'not-found': 2,
  io: 5,
  'not-a-folder': 20,
  'is-a-folder': 21,
  invalid: 22,
  'read-only': 30,
  'name-too-long': 63,
  stale: 70,
  'bad-handle': 10_001,
  'bad-cookie': 10_003,
  'too-small': 10_005,
  'not-supported': 10_004,
  'server-fault': 10_006,
  /** JUKEBOX: the client asks again a little later, and nobody is told of an error. */
  later: 10_008,
} as const;
export type Failure = keyof typeof STATUS;

/** Procedures that would write; each is told `read-only`, in the shape of its own results. */
export type WritingProcedure =
  | 'setattr'
  | 'write'
  | 'create'
  | 'mkdir'
  | 'symlink'
  | 'mknod'
  | 'remove'
  | 'rmdir'
  | 'rename'
  | 'link'
  | 'commit';

export type Asked =
  | { readonly procedure: 'null' }
  | { readonly procedure: 'getattr' | 'readlink' | 'fsstat' | 'fsinfo' | 'pathconf'; readonly handle: Uint8Array }
  | { readonly procedure: 'lookup'; readonly handle: Uint8Array; readonly name: string }
  | { readonly procedure: 'access'; readonly handle: Uint8Array; readonly wanted: number }
  | { readonly procedure: 'read'; readonly handle: Uint8Array; readonly offset: number; readonly count: number }
  | {
      readonly procedure: 'readdir';
      readonly handle: Uint8Array;
      readonly cookie: number;
      readonly verifier: Uint8Array;
      readonly maxBytes: number;
    }
  /** `dirBytes`: of names and cookies alone; `maxBytes`: of all. */
  | {
      readonly procedure: 'readdirplus';
      readonly handle: Uint8Array;
      readonly cookie: number;
      readonly verifier: Uint8Array;
      readonly dirBytes: number;
      readonly maxBytes: number;
    }
  | { readonly procedure: WritingProcedure; readonly handle: Uint8Array };
export type Procedure = Asked['procedure'];

/** Bits of ACCESS. RFC 1813 §3.3.4 */
export const ACCESS = { read: 0x01, lookup: 0x02, modify: 0x04, extend: 0x08, delete: 0x10, execute: 0x20 } as const;

/** `NFS3_FHSIZE`, RFC 1813 §2.4. */
const MAX_HANDLE_BYTES = 64;
const VERIFIER_BYTES = 8;
/** Names over the 255 octets that a name can have are read, so that they can be told to be too long; these are a path's. */
const MAX_NAME_BYTES = 4096;

const handleOf = (r: XdrReader): Uint8Array => r.opaque(MAX_HANDLE_BYTES, 'handle');
/** What else a writing procedure has is never looked at: it changes nothing of the answer. */
const writing =
  (procedure: WritingProcedure) =>
  (r: XdrReader): Asked => ({ procedure, handle: handleOf(r) });
const ofHandle =
  (procedure: 'getattr' | 'readlink' | 'fsstat' | 'fsinfo' | 'pathconf') =>
  (r: XdrReader): Asked => ({ procedure, handle: handleOf(r) });

/** In the order of their numbers, NULL to COMMIT. RFC 1813 §3.3 */
const PROCEDURES: readonly ((r: XdrReader) => Asked)[] = [
  () => ({ procedure: 'null' }),
  ofHandle('getattr'),
  writing('setattr'),
  (r) => ({ procedure: 'lookup', handle: handleOf(r), name: r.text(MAX_NAME_BYTES, 'name') }),
  (r) => ({ procedure: 'access', handle: handleOf(r), wanted: r.u32('access') }),
  ofHandle('readlink'),
  (r) => ({ procedure: 'read', handle: handleOf(r), offset: r.u64('offset'), count: r.u32('count') }),
  writing('write'),
  writing('create'),
  writing('mkdir'),
  writing('symlink'),
  writing('mknod'),
  writing('remove'),
  writing('rmdir'),
  writing('rename'),
  writing('link'),
  (r) => ({ procedure: 'readdir', ...cursorOf(r), maxBytes: r.u32('count') }),
  (r) => ({
    procedure: 'readdirplus',
    ...cursorOf(r),
    dirBytes: r.u32('dircount'),
    maxBytes: r.u32('maxcount'),
  }),
  ofHandle('fsstat'),
  ofHandle('fsinfo'),
  ofHandle('pathconf'),
  writing('commit'),
];

/** Where in a folder the client is. */
function cursorOf(r: XdrReader): {
  readonly handle: Uint8Array;
  readonly cookie: number;
  readonly verifier: Uint8Array;
} {
  return { handle: handleOf(r), cookie: r.u64('cookie'), verifier: r.fixed(VERIFIER_BYTES, 'cookieverf') };
}

/**
 * Undefined for a procedure that there is not. Throws `Malformed` for arguments that break the format. What comes behind them is not
 * minded. Octets share memory with the record.
 */
export function decodeAsked(procedure: number, args: XdrReader): Asked | undefined {
  return PROCEDURES[procedure]?.(args);
}

/** What stands behind the status of results that say why not: `post_op_attr`, or `wcc_data` around it. */
type Told = 'attributes' | 'change';

const FAILED: Readonly<Record<Procedure, readonly Told[]>> = {
  null: [],
  getattr: [],
  setattr: ['change'],
  lookup: ['attributes'],
  access: ['attributes'],
  readlink: ['attributes'],
  read: ['attributes'],
  write: ['change'],
  create: ['change'],
  mkdir: ['change'],
  symlink: ['change'],
  mknod: ['change'],
  remove: ['change'],
  rmdir: ['change'],
  rename: ['change', 'change'], // of the folder it leaves, and the one it comes to
  link: ['attributes', 'change'], // of the file, and the folder it comes to
  readdir: ['attributes'],
  readdirplus: ['attributes'],
  fsstat: ['attributes'],
  fsinfo: ['attributes'],
  pathconf: ['attributes'],
  commit: ['change'],
};

/**
 * The results of `procedure` that say why not. `attributes`: of the file that was asked of, where the results have room for them. NULL
 * has no results, and nothing that could fail.
 */
export function failed(procedure: Procedure, failure: Failure, attributes?: Attributes): Uint8Array {
  if (procedure === 'null') return new Uint8Array(0);
  const w = new XdrWriter().u32(STATUS[failure]);
  FAILED[procedure].forEach((told, i) => {
    if (told === 'change') w.bool(false); // pre_op_attr: of before
    writePostAttributes(w, i === 0 ? attributes : undefined);
  });
  return w.bytes();
}

/** Limits that FSINFO tells. RFC 1813 §3.3.19 */
export interface TransferSizes {
  readonly maxReadBytes: number;
  readonly preferredReadBytes: number;
  readonly maxWriteBytes: number;
  readonly preferredFolderBytes: number;
}

const STATUS_BYTES = 4;

/** Good results that begin with the attributes of what was asked of; `moreBytes` come behind. */
function begun(attributes: Attributes, moreBytes: number): XdrWriter {
  const w = new XdrWriter(STATUS_BYTES + POST_ATTRIBUTES_BYTES + moreBytes).u32(0);
  writePostAttributes(w, attributes);
  return w;
}

export function gotAttributes(attributes: Attributes): Uint8Array {
  const w = new XdrWriter(STATUS_BYTES + POST_ATTRIBUTES_BYTES).u32(0);
  writeAttributes(w, attributes);
  return w.bytes();
}

export function lookedUp(found: {
  readonly handle: Uint8Array;
  readonly attributes: Attributes;
  readonly folder: Attributes;
}): Uint8Array {
  const w = new XdrWriter(STATUS_BYTES + 4 + MAX_HANDLE_BYTES + 2 * POST_ATTRIBUTES_BYTES).u32(0).opaque(found.handle);
  writePostAttributes(w, found.attributes);
  writePostAttributes(w, found.folder);
  return w.bytes();
}

export function accessed(attributes: Attributes, granted: number): Uint8Array {
  return begun(attributes, 4).u32(granted).bytes();
}

export function linkRead(attributes: Attributes, target: string): Uint8Array {
  return begun(attributes, 4 + target.length)
    .text(target)
    .bytes();
}

/** Up to the length of the data, which follow as the tail: one allocation, nothing else. */
export function readHead(attributes: Attributes, count: number, isEnd: boolean): Uint8Array {
  return begun(attributes, 12).u32(count).bool(isEnd).u32(count).bytes();
}

export function spaceTold(
  attributes: Attributes,
  { totalBytes, files }: { readonly totalBytes: number; readonly files: number },
): Uint8Array {
  const w = begun(attributes, 52).u64(totalBytes).u64(0).u64(0).u64(files).u64(0).u64(0);
  // invarsec: nobody can say when a folder of images changes.
  return w.u32(0).bytes();
}

/** `FSF3_SYMLINK` and `FSF3_HOMOGENEOUS`: PATHCONF says the same of all in one image. No hard links can be made, no times set. */
const PROPERTIES = 0x02 + 0x08;
/** A hint to read whole pages; other counts are served, too. */
const MULTIPLE_BYTES = 4096;
/** `time_delta`: as exact as our times are. */
const TIME_STEP_NS = 1_000_000;

export function sizesTold(attributes: Attributes, sizes: TransferSizes): Uint8Array {
  return (
    begun(attributes, 48)
      .u32(sizes.maxReadBytes)
      .u32(sizes.preferredReadBytes)
      .u32(MULTIPLE_BYTES)
      .u32(sizes.maxWriteBytes)
      .u32(sizes.maxWriteBytes)
      .u32(MULTIPLE_BYTES)
      .u32(sizes.preferredFolderBytes)
      // maxfilesize: no offset beyond can be asked for.
      .u64(Number.MAX_SAFE_INTEGER)
      .u32(0)
      .u32(TIME_STEP_NS)
      .u32(PROPERTIES)
      .bytes()
  );
}

/** Nothing here has a second name. */
const MAX_LINKS = 1;
const LONGEST_NAME_BYTES = 255;

/** `keepsCase`: names that differ in letter case alone are two. */
export function pathRulesTold(attributes: Attributes, keepsCase: boolean): Uint8Array {
  return begun(attributes, 24)
    .u32(MAX_LINKS)
    .u32(LONGEST_NAME_BYTES)
    .bool(true) // no_trunc: a longer name is refused
    .bool(true) // chown_restricted
    .bool(!keepsCase) // case_insensitive
    .bool(keepsCase) // case_preserving
    .bytes();
}
