/** File handles: which image, which place in it, and a keyed check. Nothing of them is kept in memory, so any node with the same image and key honours them. */
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { ByteReader, ByteWriter, fromLatin1, latin1 } from '../core/bytes.ts';

/** What a handle says. `tag`: of an image, made of its ETag, which is equal on every node for equal bytes. */
export type Place =
  /** `/`, `/isos`, `/tree`: folders that no image holds. */
  | { readonly kind: 'top' | 'isos' | 'tree' }
  /** A folder in the folder of images; `tag` is of its name. */
  | { readonly kind: 'folder'; readonly tag: string }
  /** An image, as a file. */
  | { readonly kind: 'image'; readonly tag: string }
  /** Something inside an image: `place` is the octet of its record in it. */
  | { readonly kind: 'node'; readonly tag: string; readonly place: number };

/** Of every handle of ours. RFC 1813 allows 64. */
export const HANDLE_BYTES = 32;

/** Makes handles and looks at them. */
export interface Handles {
  /** Throws a `RangeError` for a place that has no room in a handle: 2^48 and more, in images of 256 TiB. */
  seal(place: Place): Uint8Array;
  /** `bad`: not one of ours, of another key, or tampered with. */
  open(handle: Uint8Array): Place | 'bad';
}

/*
 *  0        1      2            14              20            32
 *  | VERSION | kind | tag (12)  | place (6)     | check (12)  |
 *
 * What a kind has not is zeros. Handles outlive the process that made them: what changes here changes VERSION.
 */
const VERSION = 1;
const TAG_BYTES = 12;
const CHECK_BYTES = 12;
const MAX_PLACE = 2 ** 48 - 1;
const NO_TAG = '\0'.repeat(TAG_BYTES);

/** In the order of their numbers on the wire, from 1 on. */
const KINDS: readonly Place['kind'][] = ['top', 'isos', 'tree', 'folder', 'image', 'node'];

/**
 * Sealed by HMAC-SHA-256, cut to 96 bits. `secret`: what all nodes of a hall have; where there is none the key is the same everywhere, and
 * the check finds damage and guesses, but no intent. What a handle can name is inside an image that is served, whoever made it.
 */
export function handlesFor(secret: Uint8Array | undefined): Handles {
  const key = keyOf(secret ?? new Uint8Array(0));
  const seal = (place: Place): Uint8Array => sealed(place, key);
  return {
    seal,
    open: (handle) => {
      if (handle.length !== HANDLE_BYTES) return 'bad';
      const place = placeIn(handle);
      // All of it is compared, not the check alone: what is not written as we write it is not ours, whoever has the key.
      return place && timingSafeEqual(seal(place), handle) ? place : 'bad';
    },
  };
}

/** Not the secret itself, which signs other things, too. As a `KeyObject` a seal takes 2 µs; with the key's octets given each time, 13. */
function keyOf(secret: Uint8Array): KeyObject {
  return createSecretKey(createHmac('sha256', secret).update('flisolator: NFS file handles').digest());
}

function sealed(place: Place, key: KeyObject): Uint8Array {
  const at = 'place' in place ? place.place : 0;
  if (!Number.isInteger(at) || at < 0 || at > MAX_PLACE) throw new RangeError(`no handle has room for place ${at}`);
  const said = new ByteWriter(HANDLE_BYTES)
    .u8(VERSION)
    .u8(KINDS.indexOf(place.kind) + 1)
    .put(fromLatin1('tag' in place ? place.tag : NO_TAG))
    .u16(Math.floor(at / 0x1_0000_0000))
    .u32(at % 0x1_0000_0000);
  const check = createHmac('sha256', key).update(said.bytes()).digest();
  return said.put(check.subarray(0, CHECK_BYTES)).bytes();
}

/** What it says, true or not; undefined for what we never write. The version is told by the check. */
function placeIn(handle: Uint8Array): Place | undefined {
  const r = new ByteReader(handle).skip(1, 'version');
  const kind = KINDS[r.u8('kind') - 1];
  const tag = latin1(r.take(TAG_BYTES, 'tag'));
  const place = r.u16('place') * 0x1_0000_0000 + r.u32('place');
  if (kind === 'node') return { kind, tag, place };
  return kind === 'folder' || kind === 'image' ? { kind, tag } : kind && { kind };
}

/** 96 bits of SHA-256 of `text`, in latin1. */
export function tagOf(text: string): string {
  return latin1(createHash('sha256').update(text).digest().subarray(0, TAG_BYTES));
}

/** A number of at most 52 bits out of a tag, for `fileid` and `fsid`. */
export function numberOf(tag: string): number {
  const r = new ByteReader(fromLatin1(tag));
  // 48 bits; 0 is no file's number, and one that programs skip in listings.
  return r.u16('tag') * 0x1_0000_0000 + r.u32('tag') || 1;
}
