/** What a client is given: the lease, where it boots from, the answer's packet. */
import { type Ipv4, UNSPECIFIED } from '../core/addr.ts';
import { type AddressRule, leftBehind } from './address.ts';
import { bootingOf } from './booting.ts';
import type { Case, Decision, Granted, NakReason } from './decision.ts';
import { isHeld, type Lease } from './leases.ts';
import { hostnameFor } from './names.ts';
import { proxyReply } from './proxy.ts';
import { type Grant, grantReply, leaseSecFor, limitsFor, MESSAGE, nakReply } from './reply.ts';

/** An offer is kept for a client this long; a boot ROM asks for it within 32 s or not at all. */
const OFFER_MS = 30_000;

/** RFC 2131 §4.3.2: the client begins anew. */
export function nak(facts: Case, reason: NakReason): Decision {
  return {
    kind: 'nak',
    reason,
    reply: { packet: nakReply(facts.request, reason, facts.policy), limits: limitsFor(facts.request, undefined) },
  };
}

/** `address` is the client's, by `rule`; an ACK frees what it had besides. */
export function grant(facts: Case, kind: 'offer' | 'ack', address: Ipv4, rule: AddressRule): Decision {
  const before = facts.leases.at(address);
  const isRunning = before?.state === 'bound' && isHeld(before, facts.nowMs);
  const hostname = hostnameFor(facts, facts.request.options);
  // An offer changes nothing about a lease that runs, whoever asked: only its ACK may.
  const lease = kind === 'offer' && isRunning ? before : leaseFor(facts, kind, address, hostname);
  const freed = kind === 'ack' ? leftBehind(address, facts) : [];
  const type = kind === 'ack' ? MESSAGE.ack : MESSAGE.offer;
  return { kind, lease, freed, rule, ...granted(facts, type, address, hostname) };
}

function leaseFor(facts: Case, kind: 'offer' | 'ack', address: Ipv4, hostname: string | undefined): Lease {
  const { mac, key, leases, policy, nowMs, request } = facts;
  const before = leases.at(address);
  return {
    address,
    mac,
    clientId: key.clientId,
    isBoot: key.isBoot || (before !== undefined && before.mac === mac && before.isBoot && before.state !== 'declined'),
    hostname,
    state: kind === 'ack' ? 'bound' : 'offered',
    expiresAtMs: nowMs + (kind === 'ack' ? leaseSecFor(request, policy) * 1000 : OFFER_MS),
  };
}

/** All that an answer says. `address`: none for who has one already, or has it from somebody else. */
export function granted(
  facts: Case,
  type: Grant['type'],
  address: Ipv4 | undefined,
  hostname = hostnameFor(facts, facts.request.options),
): Granted {
  const { request, policy, mac, client, network } = facts;
  const placement = policy.place({ mac, uuid: client.machineId });
  const used = address ?? (request.ciaddr === UNSPECIFIED ? undefined : request.ciaddr);
  const { boot, machine } = bootingOf(facts, placement, used, type === MESSAGE.ack);
  const grant = { type, network, address, hostname, placement, boot };
  const replyOf = policy.role === 'proxy' || facts.door === 'pxe' ? proxyReply : grantReply;
  const reply = { packet: replyOf(request, grant, policy), limits: limitsFor(request, boot) };
  return { reply, client, placement, boot, ...(machine && { machine }) };
}
