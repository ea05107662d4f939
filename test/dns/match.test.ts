import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setOctet, setPair } from '../../src/core/bytes.ts';
import { judge } from '../../src/dns/match.ts';
import { mutate, seeded } from '../support/fakes.ts';
import { packet, question } from './packets.ts';
import { answerTo } from './upstreams.ts';

const sent = question('wWw.ExAmple', 'HTTPS', { id: 0x1234 });
const end = sent.length;
const change = (then: (bytes: Uint8Array) => void): Uint8Array => answerTo(sent, 0, then);

const cases: readonly (readonly [name: string, packet: Uint8Array, want: ReturnType<typeof judge>])[] = [
  ['the question, with QR', answerTo(sent), 'answer'],
  ['an answer with records behind the question', Uint8Array.from([...answerTo(sent), 1, 2, 3]), 'answer'],
  ['NXDOMAIN is an answer as well', answerTo(sent, 3), 'answer'],
  ['another id', change((b) => setPair(b, 0, 0x1235)), 'foreign'],
  ['our own question come back: QR is 0', Uint8Array.from(sent), 'foreign'],
  ['another opcode', change((b) => setPair(b, 2, 0xa180)), 'foreign'],
  ['one letter in the other case', change((b) => setOctet(b, 13, 0x57)), 'letters'],
  ['another name', change((b) => setOctet(b, 13, 0x78)), 'foreign'],
  ['a length of a label that differs by 0x20 is no letter', change((b) => setOctet(b, 12, 0x23)), 'foreign'],
  ['another type that differs in 0x20, as letters do: HTTPS is 65', change((b) => setOctet(b, end - 3, 97)), 'foreign'],
  ['another class', change((b) => setOctet(b, end - 1, 3)), 'foreign'],
  ['no question and no error', packet({ id: 0x1234, flags: 0x8180 }), 'foreign'],
  ['no question and FORMERR', packet({ id: 0x1234, flags: 0x8181 }), 'bare'],
  ['no question and FORMERR, another id', packet({ id: 0x1235, flags: 0x8181 }), 'foreign'],
  ['two questions', change((b) => setPair(b, 4, 2)), 'foreign'],
  ['cut in the question', answerTo(sent).subarray(0, end - 1), 'foreign'],
  ['eleven octets', answerTo(sent).subarray(0, 11), 'foreign'],
  ['nothing', new Uint8Array(0), 'foreign'],
];
for (const [name, bytes, want] of cases) {
  test(`match: ${name}: ${want} (RFC 5452 §9.1)`, () => assert.equal(judge(bytes, sent, end), want));
}

test('match: what was mutated anywhere in id, QR or question is no answer', () => {
  const random = seeded(7);
  const right = answerTo(sent);
  for (let n = 0; n < 20_000; n++) {
    const bytes = mutate(right, random);
    const isSame = [0, 1, 4, 5, ...Array.from({ length: end - 12 }, (_, i) => 12 + i)].every(
      (i) => bytes[i] === right[i],
    );
    const isAnswer = judge(bytes, sent, end) === 'answer';
    if (isAnswer) assert.ok(isSame, Buffer.from(bytes).toString('hex'));
  }
});
