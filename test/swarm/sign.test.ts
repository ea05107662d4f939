import assert from 'node:assert/strict';
import { test } from 'node:test';
import { challengeFor, isAnswerSigned, isFresh, isNonce, isSigned, sign, signAnswer } from '../../src/swarm/sign.ts';

const secret = Buffer.from('Jefe');
const body = Buffer.from('what do ya want for nothing?');
const NONCE = 'a1b2c3d4e5f6a7b8';

test('sign: HMAC-SHA256 as in RFC 4231 §4.3', () => {
  assert.equal(sign(secret, body), 'sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
});

const right = sign(secret, body);
const cases = [
  { name: 'its own', signature: right, want: true },
  { name: 'none', signature: undefined, want: false },
  { name: 'an empty one', signature: '', want: false },
  { name: 'a shorter one', signature: right.slice(0, -1), want: false },
  { name: 'without its prefix', signature: right.slice(7), want: false },
  { name: 'one digit differs', signature: `${right.slice(0, -1)}4`, want: false },
  { name: 'letters of another script in the same number', signature: 'é'.repeat(right.length), want: false },
];
for (const { name, signature, want } of cases) {
  test(`isSigned: ${name}: ${want}`, () => assert.equal(isSigned(secret, body, signature), want));
}

test('isSigned: one octet more, or another secret, and it is wrong', () => {
  assert.equal(isSigned(secret, Buffer.concat([body, Buffer.from(' ')]), right), false);
  assert.equal(isSigned(Buffer.from('jefe'), body, right), false);
});

test('isAnswerSigned: an answer holds for the nonce that it answers to, and no announcement is made of it', () => {
  const answer = { body: '{"version":1}', signature: signAnswer(secret, '{"version":1}', NONCE) };
  assert.equal(isAnswerSigned(secret, answer, NONCE), true);
  assert.equal(isAnswerSigned(secret, answer, NONCE.replace('a', 'b')), false);
  assert.equal(isAnswerSigned(secret, { ...answer, signature: undefined }, NONCE), false);
  assert.equal(isSigned(secret, Buffer.from(answer.body), answer.signature), false);
});

test('isNonce: sixteen to sixty-four letters and digits', () => {
  const texts = ['a'.repeat(15), 'a'.repeat(16), 'Z9'.repeat(32), 'a'.repeat(65), `${'a'.repeat(16)}}`, ''];
  assert.deepEqual(texts.map(isNonce), [false, true, true, false, false, false]);
});

const key = Buffer.alloc(32, 1);
const challenge = challengeFor(key, '172.16.0.10', 59_999);
const fresh = [
  { name: 'in its minute', from: '172.16.0.10', nowMs: 0, want: true },
  { name: 'in the minute after', from: '172.16.0.10', nowMs: 119_999, want: true },
  { name: 'two minutes later', from: '172.16.0.10', nowMs: 120_000, want: false },
  { name: 'from another address, who has listened', from: '172.16.0.66', nowMs: 0, want: false },
];
for (const { name, from, nowMs, want } of fresh) {
  test(`isFresh: ${name}: ${want}`, () => assert.equal(isFresh(key, challenge, { from, nowMs }), want));
}

test('isFresh: void with flink’s next start, and absent is not fresh', () => {
  assert.equal(isFresh(Buffer.alloc(32, 2), challenge, { from: '172.16.0.10', nowMs: 0 }), false);
  assert.equal(isFresh(key, undefined, { from: '172.16.0.10', nowMs: 0 }), false);
});
