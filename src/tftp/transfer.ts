/**
 * One transfer as a value: state × event -> next state and what to do. Blocks are counted from 1 and never roll over
 * here; only packets carry 16 bits of the count. RFC 1350 §2 and §6, RFC 7440 §4.
 */
import type { Terms } from './negotiate.ts';
import { BLOCK_NUMBERS, ERROR_CODE, type Packet } from './packet.ts';
import { measure, type RoundTrip, resendAfterMs } from './rtt.ts';

export interface Transfer {
  readonly windowBlocks: number;
  /** Asked by the client, RFC 2349 §2. */
  readonly maxTimeoutMs: number | undefined;
  /** Unknown until its block was read, where the content is converted on the way. */
  readonly lastBlock: number | undefined;
  /** The OACK is out and not answered yet. */
  readonly isOffering: boolean;
  /** The client has answered from its address at least once, so that address is no forgery. */
  readonly isHeard: boolean;
  /** What the client has. */
  readonly acked: number;
  /** What may be on its way. */
  readonly released: number;
  /** What is on its way went out once: only then its ACK tells the round trip (Karn), RFC 6298 §3. */
  readonly isTimed: boolean;
  readonly leftAtMs: number;
  readonly progressAtMs: number;
  readonly roundTrip: RoundTrip | undefined;
  /** Resends since the last timed answer. */
  readonly tries: number;
  /** A repeat of the ACK for this block was answered already. */
  readonly repeatedAt: number;
  /** The end of what went out twice: the client may acknowledge it twice, which asks for nothing. */
  readonly echoAt: number;
}

export type Event =
  | { readonly kind: 'packet'; readonly packet: Packet }
  /** All that was to be sent has left. */
  | { readonly kind: 'left' }
  | { readonly kind: 'timeout' }
  /** The client's host says that nobody listens. */
  | { readonly kind: 'unreachable' }
  /** The source ended with this block. */
  | { readonly kind: 'end-found'; readonly lastBlock: number };

export type EndReason =
  | 'sent'
  | 'declined'
  | 'client-error'
  | 'client-gone'
  | 'no-answer'
  | 'content-changed'
  | 'damaged'
  | 'evicted'
  | 'superseded'
  | 'no-socket'
  | 'stopped';
export type WaitReason = 'duplicate-ack' | 'old-ack' | 'future-ack' | 'not-for-a-sender' | 'in-flight';

export type Action =
  | { readonly kind: 'offer' }
  /** Both ends belong to it. */
  | { readonly kind: 'send'; readonly first: number; readonly last: number }
  | { readonly kind: 'wait'; readonly reason: WaitReason }
  | { readonly kind: 'end'; readonly reason: EndReason };

export interface Step {
  readonly transfer: Transfer;
  readonly action: Action;
}

/** To somebody who never answered six OACKs go at most, which are as short as the request was. */
const RESENDS_UNHEARD = 5;
/** Data is longer: it goes three times, one block each time, since there is no window without options. */
const DATA_RESENDS_UNHEARD = 2;
/** A client that was heard may be silent for so long; firmware gives up earlier. */
const SILENCE_MS = 30_000;

/** The first step: the OACK where options were accepted, else DATA 1, RFC 2347 §3. */
export function begin(terms: Terms, lastBlock: number | undefined, nowMs: number): Step {
  const transfer: Transfer = {
    windowBlocks: terms.windowBlocks,
    maxTimeoutMs: terms.maxTimeoutMs,
    lastBlock,
    isOffering: terms.accepted.length > 0,
    isHeard: false,
    acked: 0,
    released: 0,
    isTimed: true,
    leftAtMs: nowMs,
    progressAtMs: nowMs,
    roundTrip: undefined,
    tries: 0,
    repeatedAt: -1,
    echoAt: -1,
  };
  return transfer.isOffering ? { transfer, action: { kind: 'offer' } } : advance(transfer);
}

/** What `event` leads to. Never throws. */
export function step(transfer: Transfer, event: Event, nowMs: number): Step {
  switch (event.kind) {
    case 'left':
      return wait({ ...transfer, leftAtMs: nowMs }, 'in-flight');
    case 'packet':
      return onPacket(transfer, event.packet, nowMs);
    case 'timeout':
      return onTimeout(transfer, nowMs);
    case 'unreachable':
      return end(transfer, 'client-gone');
    case 'end-found': {
      const { lastBlock } = event;
      return wait({ ...transfer, lastBlock, released: Math.min(transfer.released, lastBlock) }, 'in-flight');
    }
  }
}

/**
 * How long to wait for the answer to what has just left. The client's own time-out is the longest: curl always asks for
 * 6 seconds, and to wait for so long after each lost packet helps nobody.
 */
export function timeoutMs({ roundTrip, tries, maxTimeoutMs }: Transfer): number {
  return Math.min(resendAfterMs(roundTrip, tries), maxTimeoutMs ?? Number.POSITIVE_INFINITY);
}

function onPacket(transfer: Transfer, packet: Packet, nowMs: number): Step {
  if (packet.kind === 'ack') return onAck(transfer, packet.block, nowMs);
  if (packet.kind !== 'error') return wait(transfer, 'not-for-a-sender');
  // Firmware asks for tsize and hangs up to ask again with a buffer of that size: with 8, or with 0 «User aborted».
  const isProbe = transfer.isOffering || packet.code === ERROR_CODE.optionRefused;
  return end(transfer, isProbe ? 'declined' : 'client-error');
}

function onAck(transfer: Transfer, block: number, nowMs: number): Step {
  const fresh = (block - (transfer.acked % BLOCK_NUMBERS) + BLOCK_NUMBERS) % BLOCK_NUMBERS;
  if (fresh > transfer.released - transfer.acked) {
    return wait(transfer, fresh < BLOCK_NUMBERS / 2 ? 'future-ack' : 'old-ack');
  }
  if (transfer.isOffering) return advance(timed({ ...transfer, isOffering: false }, nowMs));
  if (fresh === 0) return onRepeatedAck(transfer);
  const acked = transfer.acked + fresh;
  if (acked === transfer.lastBlock) return end({ ...transfer, acked }, 'sent');
  if (acked === transfer.released) return advance(timed({ ...transfer, acked }, nowMs));
  // A gap behind `acked`: go on from there, RFC 7440 §4. The blocks after the gap that were under way may make the
  // client repeat this ACK.
  return goBack({ ...transfer, acked, isHeard: true, progressAtMs: nowMs, repeatedAt: acked });
}

/**
 * In lock-step a repeated ACK never causes a resend (Sorcerer's Apprentice, RFC 1123 §4.2.3.1). In a window it may say
 * that the first block was lost; it is heeded once, and not where a resend has caused it.
 */
function onRepeatedAck(transfer: Transfer): Step {
  const { acked, windowBlocks, repeatedAt, echoAt } = transfer;
  if (windowBlocks === 1 || acked === repeatedAt || acked === echoAt) return wait(transfer, 'duplicate-ack');
  return goBack({ ...transfer, repeatedAt: acked });
}

function onTimeout(transfer: Transfer, nowMs: number): Step {
  const maxTries = transfer.isOffering ? RESENDS_UNHEARD : DATA_RESENDS_UNHEARD;
  const isHopeless = transfer.isHeard ? nowMs - transfer.progressAtMs >= SILENCE_MS : transfer.tries >= maxTries;
  if (isHopeless) return end(transfer, 'no-answer');
  const again: Transfer = { ...transfer, tries: transfer.tries + 1 };
  if (!again.isOffering) return goBack({ ...again, repeatedAt: again.acked });
  return { transfer: { ...again, isTimed: false, echoAt: 0 }, action: { kind: 'offer' } };
}

/** The answer to all that was on its way has come. */
function timed(transfer: Transfer, nowMs: number): Transfer {
  const heard = { ...transfer, isHeard: true, progressAtMs: nowMs };
  if (!transfer.isTimed) return heard;
  return { ...heard, tries: 0, roundTrip: measure(transfer.roundTrip, nowMs - transfer.leftAtMs) };
}

/** A window that never went out before. */
function advance(transfer: Transfer): Step {
  const released = windowEnd(transfer);
  return {
    transfer: { ...transfer, released, isTimed: true },
    action: { kind: 'send', first: transfer.acked + 1, last: released },
  };
}

/** All that the client does not have, once more. */
function goBack(transfer: Transfer): Step {
  const released = windowEnd(transfer);
  return {
    transfer: { ...transfer, released, isTimed: false, echoAt: released },
    action: { kind: 'send', first: transfer.acked + 1, last: released },
  };
}

function windowEnd({ acked, windowBlocks, lastBlock }: Transfer): number {
  return Math.min(acked + windowBlocks, lastBlock ?? Number.MAX_SAFE_INTEGER);
}

function wait(transfer: Transfer, reason: WaitReason): Step {
  return { transfer, action: { kind: 'wait', reason } };
}

function end(transfer: Transfer, reason: EndReason): Step {
  return { transfer, action: { kind: 'end', reason } };
}
