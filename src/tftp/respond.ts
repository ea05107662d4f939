/** What the first datagram of a client deserves. */
import type { MissReason } from '../core/content.ts';
import { pathsOf } from './name.ts';
import { ERROR_CODE, type ErrorPacket, type Option, type Packet } from './packet.ts';

export type Mode = 'octet' | 'netascii';

export type RefuseReason = 'read-only' | 'mail' | 'unknown-mode' | Exclude<MissReason, 'busy'>;

export type Decision =
  | {
      readonly kind: 'serve';
      readonly paths: readonly string[];
      readonly mode: Mode;
      readonly options: readonly Option[];
    }
  | { readonly kind: 'refuse'; readonly reason: RefuseReason; readonly error: ErrorPacket }
  | { readonly kind: 'ignore'; readonly reason: 'not-a-request' | 'busy' };

/** Never throws. RFC 1350 §2 to §5. */
export function respond(packet: Packet): Decision {
  // Answering a stray ACK or DATA with an ERROR would let a forged sender make two servers talk for ever.
  if (packet.kind !== 'rrq' && packet.kind !== 'wrq') return { kind: 'ignore', reason: 'not-a-request' };
  if (packet.kind === 'wrq') return refuse('read-only');
  const mode = packet.mode.toLowerCase();
  if (mode === 'mail') return refuse('mail');
  if (mode !== 'octet' && mode !== 'netascii') return refuse('unknown-mode');
  const paths = pathsOf(packet.filename);
  if (paths.length === 0) return refuse('bad-name');
  return { kind: 'serve', paths, mode, options: packet.options };
}

export function refuse(reason: RefuseReason): Decision & { readonly kind: 'refuse' } {
  const [code, message] = REFUSALS[reason];
  return { kind: 'refuse', reason, error: { kind: 'error', code, message } };
}

const REFUSALS: Readonly<Record<RefuseReason, readonly [code: number, message: string]>> = {
  'read-only': [ERROR_CODE.accessViolation, 'read only'],
  mail: [ERROR_CODE.illegalOperation, 'no mail here'],
  'unknown-mode': [ERROR_CODE.illegalOperation, 'mode is octet or netascii'],
  'bad-name': [ERROR_CODE.accessViolation, 'bad name'],
  'not-found': [ERROR_CODE.notFound, 'file not found'],
  'outside-root': [ERROR_CODE.accessViolation, 'outside of what is served'],
  'not-regular': [ERROR_CODE.accessViolation, 'not a regular file'],
  'no-permission': [ERROR_CODE.accessViolation, 'not readable'],
  damaged: [ERROR_CODE.undefined, 'damaged'],
};
