/** NFS version 3: what a client asks, and what it is told. RFC 1813 §3. Names on the left of tables are the RFC's. */
import type { Attributes } from './attributes.ts';
import type { XdrReader } from './xdr.ts';

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

/** Undefined for a procedure that there is not. Throws `Malformed` for arguments that break the format. */
export function decodeAsked(_procedure: number, _args: XdrReader): Asked | undefined {
  throw new Error('unwritten');
}

/** The results of `procedure` that say why not. `attributes`: of the file that was asked of, where the results have room for them. */
export function failed(_procedure: Procedure, _failure: Failure, _attributes?: Attributes): Uint8Array {
  throw new Error('unwritten');
}

/** Limits that FSINFO tells. RFC 1813 §3.3.19 */
export interface TransferSizes {
  readonly maxReadBytes: number;
  readonly preferredReadBytes: number;
  readonly maxWriteBytes: number;
  readonly preferredFolderBytes: number;
}

export function gotAttributes(_attributes: Attributes): Uint8Array {
  throw new Error('unwritten');
}
export function lookedUp(_found: {
  readonly handle: Uint8Array;
  readonly attributes: Attributes;
  readonly folder: Attributes;
}): Uint8Array {
  throw new Error('unwritten');
}
export function accessed(_attributes: Attributes, _granted: number): Uint8Array {
  throw new Error('unwritten');
}
export function linkRead(_attributes: Attributes, _target: string): Uint8Array {
  throw new Error('unwritten');
}
/** Up to the length of the data, which follow as the tail: one allocation, nothing else. */
export function readHead(_attributes: Attributes, _count: number, _isEnd: boolean): Uint8Array {
  throw new Error('unwritten');
}
export function spaceTold(
  _attributes: Attributes,
  _space: { readonly totalBytes: number; readonly files: number },
): Uint8Array {
  throw new Error('unwritten');
}
export function sizesTold(_attributes: Attributes, _sizes: TransferSizes): Uint8Array {
  throw new Error('unwritten');
}
/** `keepsCase`: names that differ in letter case alone are two. */
export function pathRulesTold(_attributes: Attributes, _keepsCase: boolean): Uint8Array {
  throw new Error('unwritten');
}
