/** Whether a packet answers what was asked: decided before anything else of it is read. RFC 5452 §9.1. */
import { octetAt, pairAt } from '../core/bytes.ts';
import { headerRcode, idOf, isLetter } from './question.ts';
import { AT, FLAG, HEADER_OCTETS } from './wire.ts';

/**
 * answer: the very question, letter by letter. letters: the same, but in other letters. bare: a refusal without any question, as old
 * servers send it. foreign: all else.
 */
export type Verdict = 'answer' | 'letters' | 'bare' | 'foreign';

/** `sent` is our packet, whose question ends at `questionEnd`. Never throws. */
export function judge(packet: Uint8Array, sent: Uint8Array, questionEnd: number): Verdict {
  if (packet.length < HEADER_OCTETS || idOf(packet) !== idOf(sent)) return 'foreign';
  if ((pairAt(packet, AT.flags) & (FLAG.qr + FLAG.opcode)) !== FLAG.qr) return 'foreign';
  const questions = pairAt(packet, AT.questions);
  if (questions === 0) return headerRcode(packet) === 0 ? 'foreign' : 'bare';
  if (questions !== 1 || packet.length < questionEnd) return 'foreign';
  return judgeQuestion(packet, sent, questionEnd);
}

/** Type and class, the last four octets, may look like letters and are none. */
function judgeQuestion(packet: Uint8Array, sent: Uint8Array, questionEnd: number): Verdict {
  let verdict: Verdict = 'answer';
  for (let at = HEADER_OCTETS; at < questionEnd; at++) {
    const octet = octetAt(packet, at);
    const own = octetAt(sent, at);
    if (octet === own) continue;
    if (at >= questionEnd - 4 || !isLetter(own) || (octet ^ own) !== 0x20) return 'foreign';
    verdict = 'letters';
  }
  return verdict;
}
