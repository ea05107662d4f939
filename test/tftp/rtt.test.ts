import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure, type RoundTrip, resendAfterMs } from '../../src/tftp/rtt.ts';

const after = (...samplesMs: readonly number[]): RoundTrip | undefined =>
  samplesMs.reduce<RoundTrip | undefined>(measure, undefined);
const many = (sampleMs: number): number[] => Array<number>(60).fill(sampleMs);

test('round trip: the first sample R gives R and R/2, RFC 6298 §2.2', () => {
  assert.deepEqual(after(40), { smoothedMs: 40, variationMs: 20 });
  assert.equal(resendAfterMs(after(40), 0), 120);
});
test('round trip: later samples count 1/8 and 1/4, RFC 6298 §2.3', () => {
  assert.deepEqual(after(40, 80), { smoothedMs: 45, variationMs: 25 });
});
test('resend: not sooner than 20 ms, however fast the LAN is', () =>
  assert.equal(resendAfterMs(after(...many(0.1)), 0), 20));
test('resend: close to a steady round trip that is longer', () => {
  const ms = resendAfterMs(after(...many(100)), 0);
  assert.ok(ms >= 100 && ms < 101, `${ms}`);
});
test('resend: 250 ms while nothing is measured', () => assert.equal(resendAfterMs(undefined, 0), 250));
test('resend: doubled for each try, up to 4 s, RFC 6298 §5.5', () => {
  const waits = [0, 1, 2, 7, 8, 1000].map((tries) => resendAfterMs(after(...many(1)), tries));
  assert.deepEqual(waits, [20, 40, 80, 2560, 4000, 4000]);
});
