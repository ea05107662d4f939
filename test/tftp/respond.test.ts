import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet } from '../../src/tftp/packet.ts';
import { type Decision, respond } from '../../src/tftp/respond.ts';

const ask = (filename: string, mode: string): Packet => ({ kind: 'rrq', filename, mode, options: [] });
const show = (decision: Decision): string => {
  if (decision.kind === 'serve') return `serve ${decision.mode} ${decision.paths.join(' ')}`;
  if (decision.kind === 'refuse') return `refuse ${decision.reason} ERROR ${decision.error.code}`;
  return `ignore ${decision.reason}`;
};

const cases: readonly { readonly name: string; readonly packet: Packet; readonly want: string }[] = [
  { name: 'octet is served', packet: ask('a', 'octet'), want: 'serve octet /boot/a' },
  { name: 'mode in any case, RFC 1350 §5', packet: ask('a', 'OcTeT'), want: 'serve octet /boot/a' },
  { name: 'netascii is served', packet: ask('a', 'netascii'), want: 'serve netascii /boot/a' },
  { name: 'mail is refused', packet: ask('a', 'mail'), want: 'refuse mail ERROR 4' },
  { name: 'an unknown mode is refused', packet: ask('a', 'binary'), want: 'refuse unknown-mode ERROR 4' },
  { name: 'a bad name is refused', packet: ask('../a', 'octet'), want: 'refuse bad-name ERROR 2' },
  {
    name: 'writing is refused',
    packet: { kind: 'wrq', filename: 'a', mode: 'octet', options: [] },
    want: 'refuse read-only ERROR 2',
  },
  {
    name: 'a stray DATA is ignored',
    packet: { kind: 'data', block: 1, data: new Uint8Array() },
    want: 'ignore not-a-request',
  },
  { name: 'a stray ACK is ignored', packet: { kind: 'ack', block: 1 }, want: 'ignore not-a-request' },
  {
    name: 'an ERROR is never answered, RFC 1350 §2',
    packet: { kind: 'error', code: 0, message: '' },
    want: 'ignore not-a-request',
  },
  { name: 'an OACK is ignored', packet: { kind: 'oack', options: [] }, want: 'ignore not-a-request' },
];
for (const { name, packet, want } of cases) test(`respond: ${name}`, () => assert.equal(show(respond(packet)), want));
