/** Room for answers on their way out: made once, used in turn, so that an answer costs no memory of its own. */
import { part } from '../core/bytes.ts';
import { EDNS_UDP_BYTES } from './wire.ts';

/** So many answers are valid at a time: as many as sockets take in one go, several times over. */
const SLOTS = 512;
/** The longest answer by UDP and some octets, in whole lines of the processor's cache; in all some 640 KiB. */
export const SLOT_OCTETS = EDNS_UDP_BYTES + 48;

let room = Buffer.alloc(SLOTS * SLOT_OCTETS);
let turn = 0;

/** `count` octets of any value, SLOT_OCTETS at most: the caller's until 511 more were taken. */
export function takeSlot(count: number): Uint8Array {
  turn = turn + 1 < SLOTS ? turn + 1 : 0;
  return part(room, turn * SLOT_OCTETS, count);
}

/** What was taken last is read later, by a kernel that had no room for it: it is left to whoever reads it, and others are taken. */
export function leaveSlots(): void {
  room = Buffer.alloc(SLOTS * SLOT_OCTETS);
}
