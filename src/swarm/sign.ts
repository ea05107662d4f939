/** Who knows the shared secret: HMAC-SHA256 (RFC 2104) over what is said, and challenges that nobody has to remember. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const PREFIX = 'sha256=';
const NONCE = /^[A-Za-z0-9]{16,64}$/;
/** A challenge is good for one to two of these: many times the two seconds between announcements, too short to keep one for later. */
const WINDOW_MS = 60_000;

/** `sha256=<hex>` of an announcement, over its exact octets. */
export function sign(secret: Uint8Array, body: Uint8Array): string {
  return `${PREFIX}${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Compares in constant time; an absent signature is a wrong one. */
export function isSigned(secret: Uint8Array, body: Uint8Array, signature: string | undefined): boolean {
  const want = Buffer.from(sign(secret, body), 'latin1');
  const got = Buffer.from(signature ?? '', 'latin1');
  return got.length === want.length && timingSafeEqual(got, want);
}

/** Of flink's answer: over its body, and behind it the nonce that it answers to, so that it answers nothing else. */
export function signAnswer(secret: Uint8Array, body: string, nonce: string): string {
  return sign(secret, Buffer.from(body + nonce));
}

export function isAnswerSigned(
  secret: Uint8Array,
  answer: { readonly body: string; readonly signature: string | undefined },
  nonce: string,
): boolean {
  return isSigned(secret, Buffer.from(answer.body + nonce), answer.signature);
}

/** Letters and digits alone: behind an answer's closing brace no other text gives the same octets. */
export function isNonce(text: string): boolean {
  return NONCE.test(text);
}

/** What a node at `from` has to sign. `key` is flink's own, new with each start: whatever was signed before is void. */
export function challengeFor(key: Uint8Array, from: string, nowMs: number): string {
  return challengeOf(key, from, Math.floor(nowMs / WINDOW_MS));
}

/** Whether it is the current challenge for `from`, or the one before. */
export function isFresh(key: Uint8Array, challenge: string | undefined, at: { from: string; nowMs: number }): boolean {
  const window = Math.floor(at.nowMs / WINDOW_MS);
  return challenge === challengeOf(key, at.from, window) || challenge === challengeOf(key, at.from, window - 1);
}

function challengeOf(key: Uint8Array, from: string, window: number): string {
  return createHmac('sha256', key).update(`${from} ${window}`).digest('hex').slice(0, 32);
}
