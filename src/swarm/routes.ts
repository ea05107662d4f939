/** The door that announcements come in by: whether the sender is believed, what it says, what it is told in return. */
import type { Ipv4 } from '../core/addr.ts';
import {
  type AnnounceDoor,
  type Announcement,
  type AnnounceReply,
  type AnnounceRequest,
  type Directions,
  type Fetched,
  MAX_ANNOUNCEMENT_BYTES,
  type Refusal,
} from '../core/swarm.ts';
import type { Clock, Log } from '../host.ts';
import { parseAnnouncement } from './announcement.ts';
import { addressOf, isInTable, type SwarmPolicy } from './policy.ts';
import type { NodeRegistry } from './registry.ts';
import { challengeFor, isFresh, isNonce, isSigned, signAnswer } from './sign.ts';

export interface DoorDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: () => SwarmPolicy;
  readonly registry: NodeRegistry;
  /** Random, at least 16 octets, new with each start: challenges are made from it. */
  readonly key: Uint8Array;
  /** Whether it is an address of flink's own machine. */
  readonly isOwn: (address: Ipv4) => boolean;
  /** Something about the nodes may have changed. */
  readonly onHeard: (node: string) => void;
  readonly onFetched: (node: string, fetched: readonly Fetched[]) => void;
  /** The connection of the node at that address is closed. */
  readonly onClosed: (address: Ipv4) => void;
  /** Where `mirror.<domain>` is served now. */
  readonly mirrorUrl?: () => string | undefined;
}

/** Who is refused is named in the log once in this time. */
const SAY_AGAIN_MS = 3_600_000;
const MAX_REMEMBERED = 256;
/** In one answer, below half a MiB. Taste: more than a MAC table that people write. */
const MAX_BOOTS = 4096;

const CURES: Readonly<Record<string, string>> = {
  'not-in-table': 'put it into fnodes:, or set swarm.secretFile on both',
  'wrong-signature': 'the secret in swarm.secretFile has to be the same on flink and on the node',
  'too-many-nodes': 'one flink takes 256 nodes: stop those that nobody needs',
  'wrong-shape': 'run the same version of flisolator on flink and on the node',
  'not-json': 'run the same version of flisolator on flink and on the node',
  'too-big': 'its folder of images has more entries than an announcement holds: part it among nodes',
};

type Judged =
  | { readonly kind: 'believed'; readonly announcement: Announcement }
  | {
      readonly kind: 'refused';
      readonly status: 400 | 401 | 403;
      readonly reason: string;
      readonly field?: string | undefined;
      /** The signature was right, so the answer deserves one, too. */
      readonly nonce?: string;
    };

export function announceDoor(deps: DoorDeps): AnnounceDoor {
  const { clock, policy, registry, key } = deps;
  const said = new Map<string, number>();

  const refuse = (address: Ipv4, refusal: Extract<Judged, { kind: 'refused' }>): AnnounceReply => {
    const { status, reason, field, nonce } = refusal;
    const cure = CURES[reason];
    if (cure !== undefined && maySay(said, `${address} ${reason}`, clock.now())) {
      deps.log.warn('swarm', 'announcement-refused', { ip: address, reason, field, cure });
    }
    const challenge = status === 401 ? { challenge: challengeFor(key, address, clock.now()) } : {};
    const body: Refusal = { version: 1, reason, ...(cure === undefined ? {} : { cure }), ...challenge };
    return signed(status, JSON.stringify(body), nonce);
  };

  const signed = (status: AnnounceReply['status'], body: string, nonce: string | undefined): AnnounceReply => {
    const { secret } = policy();
    return secret && nonce !== undefined
      ? { status, body, signature: signAnswer(secret, body, nonce) }
      : { status, body };
  };

  const directions = (name: string, address: Ipv4, announcement: Announcement): Directions => {
    const mirrorUrl = deps.mirrorUrl?.();
    return {
      version: 1,
      name,
      domain: policy().domain,
      wantsCatalog: registry.wantsCatalog(name, announcement),
      boots: policy().boots.slice(0, MAX_BOOTS),
      peers: registry.peersOf(name, clock.now()),
      challenge: challengeFor(key, address, clock.now()),
      ...(mirrorUrl === undefined ? {} : { mirrorUrl }),
    };
  };

  return {
    announce: (request) => {
      const address = addressOf(request.from, policy().self, deps.isOwn);
      const judged = judge(request, address, deps);
      if (judged.kind === 'refused') return refuse(address, judged);
      const { announcement } = judged;
      const heard = registry.hear(announcement, address, clock.now());
      if (heard.kind === 'refused') return refuse(address, { ...heard, status: 403 });
      if (heard.kind === 'stale')
        deps.log.debug('swarm', 'announcement-stale', { fnode: heard.name, reason: heard.reason });
      else {
        deps.onHeard(heard.name);
        if (announcement.fetched.length > 0) deps.onFetched(heard.name, announcement.fetched);
      }
      const body = JSON.stringify(directions(heard.name, address, announcement));
      return signed(200, body, announcement.nonce);
    },
    closed: (from) => deps.onClosed(addressOf(from, policy().self, deps.isOwn)),
  };
}

/** Nothing is parsed that comes from somebody who is not believed. */
function judge({ body, signature }: AnnounceRequest, address: Ipv4, { policy, key, clock }: DoorDeps): Judged {
  const { secret } = policy();
  if (body.length > MAX_ANNOUNCEMENT_BYTES) return { kind: 'refused', status: 400, reason: 'too-big' };
  if (!secret && !isInTable(address, policy())) return { kind: 'refused', status: 403, reason: 'not-in-table' };
  if (secret && !isSigned(secret, body, signature)) {
    return { kind: 'refused', status: 401, reason: 'wrong-signature' };
  }
  const parsed = parseAnnouncement(body);
  if (!parsed.ok) return { kind: 'refused', status: 400, reason: parsed.reason, field: parsed.field };
  const { announcement } = parsed;
  if (!secret) return { kind: 'believed', announcement };
  const { nonce = '', challenge } = announcement;
  if (!isNonce(nonce)) return { kind: 'refused', status: 400, reason: 'wrong-shape', field: 'nonce' };
  if (!isFresh(key, challenge, { from: address, nowMs: clock.now() })) {
    return { kind: 'refused', status: 401, reason: 'old-challenge', nonce };
  }
  return { kind: 'believed', announcement };
}

/** Once in an hour; of many, those are forgotten that were said first. */
function maySay(said: Map<string, number>, what: string, nowMs: number): boolean {
  const before = said.get(what);
  if (before !== undefined && nowMs - before < SAY_AGAIN_MS) return false;
  said.delete(what);
  said.set(what, nowMs);
  const [oldest] = said.keys();
  if (said.size > MAX_REMEMBERED && oldest !== undefined) said.delete(oldest);
  return true;
}
