/** Why an origin could not be asked, or did not answer, as what its client is told. RFC 9110 §15.6. */
import { errnoOf, messageOf } from '../core/errors.ts';
import type { Refusal, RefusalReason } from './types.ts';

export class UpstreamFault extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal, cause?: unknown) {
    super(refusal.says, { cause });
    this.name = 'UpstreamFault';
    this.refusal = refusal;
  }
}

/** Too late: no answer in time is the gateway's 504, a wrong one or none at all its 502. RFC 9110 §15.6.3, §15.6.5. */
const STATUS: Readonly<Partial<Record<RefusalReason, number>>> = { forbidden: 403, 'timed-out': 504, busy: 503 };

function fault(reason: RefusalReason, says: string, cause?: unknown): UpstreamFault {
  return new UpstreamFault({ status: STATUS[reason] ?? 502, reason, says }, cause);
}

export function unknownName(host: string): UpstreamFault {
  return fault('unknown-name', `There is no address for ${host}: see whether the name is right.`);
}

/** The resolver's silence is as late an answer as the origin's would be. */
export function nobodyKnows(host: string, cause: unknown): UpstreamFault {
  return fault('timed-out', `Nobody could tell the address of ${host}: see whether the uplink is there.`, cause);
}

export function forbidden(host: string): UpstreamFault {
  return fault('forbidden', `${host} is an address that is not asked from here.`);
}

export function late(host: string, what: string): UpstreamFault {
  return fault('timed-out', `${host} did not ${what} in time: try again later.`);
}

export function busy(host: string): UpstreamFault {
  return fault('busy', `Too many wait for ${host}: try again later.`);
}

export function garbled(host: string, what: string, cause?: unknown): UpstreamFault {
  return fault('garbled', `${host} did not answer as HTTP wants it: ${what}.`, cause);
}

export function broken(host: string, what: string, cause?: unknown): UpstreamFault {
  return fault('broken', `${host} ${what}.`, cause);
}

/** Nothing of it has left yet: it is the request that cannot be sent. */
export function unsendable(cause: unknown): UpstreamFault {
  const says = `The request cannot be sent on: ${messageOf(cause)}.`;
  return new UpstreamFault({ status: 400, reason: 'garbled', says }, cause);
}

/** What it carries broke off before its end. */
export function halfSent(cause: unknown): UpstreamFault {
  return new UpstreamFault({ status: 400, reason: 'broken', says: 'The request broke off.' }, cause);
}

const NO_ROOM: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

/** What came of connecting to an address. */
export function connectFault(host: string, error: unknown): UpstreamFault {
  if (error instanceof UpstreamFault) return error;
  const code = errnoOf(error);
  if (code === 'ETIMEDOUT') return late(host, 'accept a connection');
  if (code !== undefined && NO_ROOM.has(code)) return fault('busy', 'Too many connections are open: try again later.');
  return fault('unreachable', `${host} cannot be reached (${code ?? messageOf(error)}): try again later.`, error);
}

/** What came of speaking TLS over a connection. */
export function tlsFault(host: string, error: unknown): UpstreamFault {
  return broken(host, `cannot be trusted: ${tlsReason(errnoOf(error), messageOf(error))}`, error);
}

function tlsReason(code: string | undefined, message: string): string {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return `its certificate is not valid today (${message}): see whether flink's clock is right`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'its certificate is for another name';
  if (code !== undefined && DISTRUST.test(code)) return `nobody known has signed its certificate (${message})`;
  return `it does not speak TLS as it should (${code ?? message})`;
}

/** X509_STORE_CTX_get_error(3). */
const DISTRUST = /SELF_SIGNED|UNABLE_TO_|CERT_|_CA$/;

/** What came of a request that was on its way, by what the runtime says. */
export function exchangeFault(host: string, error: unknown): UpstreamFault {
  if (error instanceof UpstreamFault) return error;
  const code = errnoOf(error);
  if (code === 'HPE_HEADER_OVERFLOW') return garbled(host, 'its header is too long', error);
  if (code?.startsWith('HPE_')) return garbled(host, reasonOf(error), error);
  if (code === 'ETIMEDOUT') return late(host, 'answer');
  return broken(host, 'broke off', error);
}

/** The parser's own words, without what it stood at. */
function reasonOf(error: unknown): string {
  return messageOf(error).replace(/^Parse Error: /, '');
}
