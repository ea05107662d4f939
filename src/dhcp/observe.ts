/** What the operator reads of DHCP: one line a decision, and not more of them because a stranger's machine repeats itself. */
import { macFromBytes, UNSPECIFIED } from '../core/addr.ts';
import type { Host, LogFields } from '../host.ts';
import { cureOf, type Occupancy } from './occupancy.ts';
import type { DhcpPacket } from './packet.ts';
import type { Decision } from './respond.ts';

export type Observe = (request: DhcpPacket, decision: Decision, tookMs: number) => void;

/** A warning of one kind comes once in this time. */
const WARN_EVERY_MS = 60_000;
/** The same decision about the same machine. A firmware repeats its DISCOVER within seconds. */
const REPEAT_MS = 10_000;
const MAX_REMEMBERED = 4096;
/** Lines of a second, whoever caused them: a hall of 500 that starts at once has fewer. */
const MAX_LINES_PER_SEC = 2000;

const CURES: Readonly<Record<string, string>> = {
  'pool-empty': 'every address is taken: widen dhcp.range or shorten dhcp.leaseTime',
  'unknown-relay':
    'a relay asks for a network of no row: give its subnet one in dhcp.relays, or take flink out of its servers',
  'relay-loop': 'relays send one message round in circles: two of them relay to each other',
  'too-many-leases': 'one network card asks under ever new names: find it by its MAC',
  decline: 'somebody else uses that address: look for a fixed address inside dhcp.range, or another DHCP server',
};

/** `occupancyFor` is asked when a pool has nothing left, once a minute at most. */
export function observer(host: Host, occupancyFor?: (request: DhcpPacket) => Occupancy | undefined): Observe {
  const warned = new Map<string, number>();
  const seen = new Map<string, number>();
  let second = 0;
  let lines = 0;

  const isNew = (key: string, nowMs: number): boolean => {
    const isFresh = nowMs - (seen.get(key) ?? Number.NEGATIVE_INFINITY) >= REPEAT_MS;
    if (seen.size >= MAX_REMEMBERED) seen.clear();
    if (isFresh) seen.set(key, nowMs);
    return isFresh;
  };
  const hasRoom = (nowMs: number): boolean => {
    const now = Math.floor(nowMs / 1000);
    lines = now === second ? lines + 1 : 1;
    second = now;
    return lines <= MAX_LINES_PER_SEC;
  };

  return (request, decision, tookMs) => {
    const nowMs = host.clock.now();
    const fields = describe(request, decision, tookMs);
    const kind = decision.kind === 'ignore' ? decision.reason : decision.kind;
    const cure = CURES[kind];
    if (cure !== undefined && nowMs - (warned.get(kind) ?? Number.NEGATIVE_INFINITY) >= WARN_EVERY_MS) {
      warned.set(kind, nowMs);
      const occupancy = kind === 'pool-empty' ? occupancyFor?.(request) : undefined;
      host.log.warn('dhcp', decision.kind, { ...fields, cure, ...(occupancy && describePool(occupancy)) });
      return;
    }
    const isTold =
      decision.kind !== 'ignore' && isNew(`${fields.mac}|${kind}|${fields.ip}|${fields.file}`, nowMs) && hasRoom(nowMs);
    host.log[isTold ? 'info' : 'debug']('dhcp', decision.kind, fields);
  };
}

function describePool(occupancy: Occupancy): LogFields {
  const { range, ...counts } = occupancy;
  return { range: `${range.first}-${range.last}`, ...counts, cure: cureOf(occupancy) };
}

/** The fields of a decision, for the log and whoever else looks on. */
export function describe(request: DhcpPacket, decision: Decision, tookMs: number): LogFields {
  const mac = macFromBytes(request.chaddr);
  const reason = 'reason' in decision ? decision.reason : undefined;
  const relay = request.giaddr === UNSPECIFIED ? undefined : request.giaddr;
  const common = { mac, reason, relay, tookMs: Math.round(tookMs * 1000) / 1000 };
  if (!('placement' in decision)) return { ...common, ip: 'lease' in decision ? decision.lease.address : undefined };
  const { client, placement, boot } = decision;
  return {
    ...common,
    reason: 'rule' in decision ? decision.rule : undefined,
    ip: 'lease' in decision || decision.kind === 'bootp' ? decision.reply.packet.yiaddr : request.ciaddr,
    stage: client.stage,
    arch: client.arch,
    fnode: boot ? placement.node?.name : undefined,
    file: boot?.bootFile,
  };
}
