/** Whether a request is answered at all: by which door it came, for whom it takes the server, who sent it. Pure: the time comes in. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Ipv4, parseIpv4 } from '../core/addr.ts';
import { ANNOUNCE_PATH } from '../core/swarm.ts';
import type { Attempts } from './attempts.ts';

/** `admin` answers operators, and nodes too; `swarm` nodes alone. */
export type Door = 'admin' | 'swarm';

/** What of a request decides. */
export interface Asked {
  readonly method: string;
  /** Of the target, up to the query, undecoded. */
  readonly path: string;
  readonly from: string;
  /** How many name and value lines its header has. */
  readonly fields: number;
  readonly hasContent: boolean;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`: what a browser says of who made it ask. */
  readonly fetchSite: string | undefined;
  readonly authorization: string | undefined;
  /** Whether it says of itself that somebody passed it on: then `from` is not who sent it. */
  readonly isRelayed: boolean;
}

export interface Rules {
  readonly door: Door;
  /** What may be asked for at a path; nothing where there is none. */
  readonly methodsAt: (path: string) => readonly string[] | undefined;
  /** Of this machine, besides loopback. */
  readonly isOwnAddress: (address: Ipv4) => boolean;
  /** Lower case: flink, flink.flisol.lan; besides localhost. */
  readonly isOwnName: (name: string) => boolean;
  readonly password: string | undefined;
  readonly attempts: Attempts;
  readonly nowMs: number;
}

export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const HEALTH_PATH = '/healthz';
/** Far above what tools (5) and browsers (20) send in one request. */
const MAX_FIELDS = 200;

/** Nothing: it is to be answered. */
export function refusalOf(asked: Asked, rules: Rules): Refusal | undefined {
  const { path, method } = asked;
  if (asked.fields > MAX_FIELDS) return refuse(431, 'too many header fields');
  // A page of another site has no business here, whatever it asks. Nodes and tools never say where they come from.
  if (isForeign(asked)) return refuse(403, 'asked by a page of another site: open this address itself');
  if (path === ANNOUNCE_PATH) {
    return method === 'POST' ? undefined : refuse(405, 'announcements are posted', { Allow: 'POST' });
  }
  const methods = rules.door === 'swarm' && path !== HEALTH_PATH ? undefined : rules.methodsAt(path);
  if (!methods)
    return refuse(404, rules.door === 'swarm' ? NARROW : 'nothing is here: /api/v1/openapi.json says what there is');
  if (!methods.includes(method)) {
    const want = methods.filter((each) => each !== 'HEAD').join(' or ');
    return refuse(405, `this is asked for by ${want}`, { Allow: methods.join(', ') });
  }
  if (asked.hasContent) return refuse(413, 'nothing here takes content');
  // Nodes look for flink by it, under whatever name they were told; it says nothing that is worth stealing.
  if (path === HEALTH_PATH) return undefined;
  if (!isMeant(asked.host, rules)) return refuse(403, HOST_PROBLEM);
  if (rules.password !== undefined) return withoutPassword(asked, rules);
  return changes(method) && !isHere(asked, rules) ? refuse(403, ELSEWHERE) : undefined;
}

const changes = (method: string): boolean => method !== 'GET' && method !== 'HEAD';

/** Who is on this machine could change the cache's folder anyway; for all others it takes a password. */
function isHere({ from, isRelayed }: Asked, { isOwnAddress }: Rules): boolean {
  const address = parseIpv4(from);
  return !isRelayed && address !== undefined && (address.startsWith('127.') || isOwnAddress(address));
}

const NARROW = 'this door is for nodes: the API is at admin.listen, which is 127.0.0.1:8067 unless it is set';
const ELSEWHERE = 'without a password only this machine itself may change anything: set admin.passwordFile';
const HOST_PROBLEM = 'the name in this URL is none of this machine: use its address, its name, localhost or flink';

function refuse(status: number, error: string, headers?: Refusal['headers']): Refusal {
  return headers ? { status, error, headers } : { status, error };
}

/** By the Origin that browsers add to what scripts ask (RFC 6454 §7), or by Fetch Metadata, which images and frames have, too. */
function isForeign({ host, origin, fetchSite, path }: Asked): boolean {
  if (fetchSite === 'cross-site' || fetchSite === 'same-site') return true;
  if (origin === undefined) return false;
  // No page is to announce a node, not even one that a rebound name makes ours.
  return path === ANNOUNCE_PATH || host === undefined || origin.toLowerCase() !== `http://${host.toLowerCase()}`;
}

/** Against names of somebody else's that resolve to this machine (DNS rebinding): only our own are answered. */
function isMeant(host: string | undefined, { isOwnAddress, isOwnName }: Rules): boolean {
  const name = /^([^:]+)(?::\d{1,5})?$/.exec(host?.toLowerCase() ?? '')?.[1]?.replace(/\.$/, '') ?? '';
  const address = parseIpv4(name);
  if (address !== undefined) return address.startsWith('127.') || isOwnAddress(address);
  return name === 'localhost' || isOwnName(name);
}

/** Basic authentication, RFC 7617; the user's name does not matter. */
function withoutPassword(
  { from, authorization }: Asked,
  { password = '', attempts, nowMs }: Rules,
): Refusal | undefined {
  const waitMs = attempts.waitMs(from, nowMs);
  if (waitMs > 0) {
    return refuse(429, 'too many wrong passwords: wait a minute', { 'Retry-After': String(Math.ceil(waitMs / 1000)) });
  }
  const given = passwordIn(authorization);
  if (given !== undefined && isEqual(given, password)) {
    attempts.succeeded(from);
    return undefined;
  }
  // A browser's first request has none: that is no guess.
  if (authorization !== undefined) attempts.failed(from, nowMs);
  return refuse(401, 'this wants the password of admin.passwordFile', {
    'WWW-Authenticate': 'Basic realm="flisolator", charset="UTF-8"',
  });
}

function passwordIn(authorization = ''): string | undefined {
  const encoded = /^basic +([a-z\d+/=]+)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colonAt = pair.indexOf(':');
  return colonAt < 0 ? undefined : pair.slice(colonAt + 1);
}

/** Takes as long for a near miss as for any other: digests are compared, which are equally long. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
