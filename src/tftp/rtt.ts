/** How long to wait for an answer, from how long answers took. RFC 6298, in milliseconds of a LAN. */

export interface RoundTrip {
  readonly smoothedMs: number;
  readonly variationMs: number;
}

/** Below this a busy client looks like a lost packet. Measured: a timer of 20 to 50 ms is best on a LAN. */
const MIN_RESEND_MS = 20;
/** Nothing measured yet. A forged request gets few and slow repeats. */
const FIRST_RESEND_MS = 250;
/** Where doubling ends: a laptop that was pulled off its cable for some seconds goes on soon after. */
const MAX_RESEND_MS = 4000;

/** `roundTrip` with one more sample in it; RFC 6298 §2.2 for the first, §2.3 for the others. */
export function measure(roundTrip: RoundTrip | undefined, sampleMs: number): RoundTrip {
  if (!roundTrip) return { smoothedMs: sampleMs, variationMs: sampleMs / 2 };
  const deviationMs = Math.abs(roundTrip.smoothedMs - sampleMs);
  return {
    smoothedMs: roundTrip.smoothedMs * (7 / 8) + sampleMs / 8,
    variationMs: roundTrip.variationMs * (3 / 4) + deviationMs / 4,
  };
}

/** When to send again after `tries` resends without an answer: doubled each time, RFC 6298 §5.5. */
export function resendAfterMs(roundTrip: RoundTrip | undefined, tries: number): number {
  const base = roundTrip ? roundTrip.smoothedMs + 4 * roundTrip.variationMs : FIRST_RESEND_MS;
  return Math.min(MAX_RESEND_MS, Math.max(MIN_RESEND_MS, base) * 2 ** Math.min(tries, 16));
}
