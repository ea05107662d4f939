/** Reading parts of an image whole, and text out of them. */
import { latin1, Malformed } from '../core/bytes.ts';
import type { ReadAt } from './volume.ts';

/** Exactly `lengthBytes` from `position` on, in memory of their own; throws `Malformed` where the image ends before. */
export async function readWhole(
  read: ReadAt,
  position: number,
  lengthBytes: number,
  what: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes);
  const count = await read(bytes, position);
  if (count < lengthBytes) throw new Malformed(`cut off: the file ends inside ${what}`, position + count);
  return bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whether anything can begin at octet `place`: it may come from anybody. */
export function isPlaceIn(sizeBytes: number, place: number): boolean {
  return Number.isSafeInteger(place) && place >= 0 && place < sizeBytes;
}

/** Text of no declared character set: UTF-8, as all tools write today, else one character for each octet. */
export function textOf(bytes: Uint8Array): string {
  const text = latin1(bytes);
  if (!/[\x80-\xff]/.test(text)) return text;
  try {
    return utf8.decode(bytes);
  } catch {
    return text;
  }
}

/** Big-endian UTF-16, without a last odd octet; half of a surrogate pair becomes U+FFFD. */
export function utf16Of(bytes: Uint8Array): string {
  const swapped = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2))).swap16();
  return swapped.toString('utf16le').toWellFormed();
}

/** A label or identifier without its padding, on one line. */
export function tidied(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f]/g, ' ').trim();
}

/** A name that can be one step of a path: hostile images hold others, which are left out. */
export function isFitName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\x00-\x1f\x7f]/.test(name);
}
