/** File handles: which image, which place in it, and a keyed check. Nothing of them is kept in memory, so any node with the same image and key honours them. */

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
  seal(place: Place): Uint8Array;
  /** `bad`: not one of ours, of another key, or tampered with. */
  open(handle: Uint8Array): Place | 'bad';
}

/**
 * Sealed by HMAC-SHA-256, cut to 96 bits. `secret`: what all nodes of a hall have; where there is none the key is the same everywhere, and
 * the check finds damage and guesses, but no intent. What a handle can name is inside an image that is served, whoever made it.
 */
export function handlesFor(_secret: Uint8Array | undefined): Handles {
  throw new Error('unwritten');
}

/** 96 bits of SHA-256 of `text`, in latin1. */
export function tagOf(_text: string): string {
  throw new Error('unwritten');
}

/** A number of at most 52 bits out of a tag, for `fileid` and `fsid`. */
export function numberOf(_tag: string): number {
  throw new Error('unwritten');
}
