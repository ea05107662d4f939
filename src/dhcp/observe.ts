/** What the operator reads of DHCP: one line a decision, and not more of them because a stranger's machine repeats itself. */
import { type Ipv4, type Mac, macFromBytes, UNSPECIFIED } from '../core/addr.ts';
import type { Host, LogFields } from '../host.ts';
import type { Decision } from './decision.ts';
import { cureOf, type Occupancy } from './occupancy.ts';
import type { DhcpPacket } from './packet.ts';
import type { Stage } from './pxe.ts';

/** A decision in the words of the log. */
export type Told = {
  readonly mac: Mac;
  readonly reason: string | undefined;
  readonly relay: Ipv4 | undefined;
  readonly tookMs: number;
  readonly ip: Ipv4 | undefined;
  readonly stage: Stage | undefined;
  readonly arch: number | undefined;
  readonly fnode: string | undefined;
  readonly file: string | undefined;
};

export type Observe = (request: DhcpPacket, decision: Decision, told: Told) => void;

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
  'not-looked':
    'more new machines ask at once than flink can look for: they ask again; dhcp.probe: off gives addresses without a look',
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
    if (now !== second) lines = 0;
    second = now;
    return lines < MAX_LINES_PER_SEC;
  };
  const isTold = (decision: Decision, { mac, ip, file }: Told, nowMs: number): boolean => {
    if (decision.kind === 'ignore' || !hasRoom(nowMs)) return false;
    if (!isNew(`${mac}|${decision.kind}|${ip}|${file}`, nowMs)) return false;
    lines += 1;
    return true;
  };

  return (request, decision, told) => {
    const nowMs = host.clock.now();
    const kind = decision.kind === 'ignore' ? decision.reason : decision.kind;
    const cure = CURES[kind];
    if (cure !== undefined && nowMs - (warned.get(kind) ?? Number.NEGATIVE_INFINITY) >= WARN_EVERY_MS) {
      warned.set(kind, nowMs);
      const occupancy = kind === 'pool-empty' ? occupancyFor?.(request) : undefined;
      host.log.warn('dhcp', decision.kind, { ...told, cure, ...(occupancy && describePool(occupancy)) });
      return;
    }
    host.log[isTold(decision, told, nowMs) ? 'info' : 'debug']('dhcp', decision.kind, told);
  };
}

function describePool(occupancy: Occupancy): LogFields {
  const { range, ...counts } = occupancy;
  return { range: `${range.first}-${range.last}`, ...counts, cure: cureOf(occupancy) };
}

/** What is told of a decision, to the log and to whoever else looks on. */
export function describe(request: DhcpPacket, decision: Decision, tookMs: number): Told {
  const placed = 'placement' in decision ? decision : undefined;
  const boot = placed?.boot;
  return {
    mac: macFromBytes(request.chaddr),
    reason: 'rule' in decision ? decision.rule : 'reason' in decision ? decision.reason : undefined,
    relay: request.giaddr === UNSPECIFIED ? undefined : request.giaddr,
    tookMs: Math.round(tookMs * 1000) / 1000,
    ip: addressOf(request, decision),
    stage: placed?.client.stage,
    arch: placed?.client.arch,
    fnode: boot ? placed.placement.node?.name : undefined,
    file: boot?.bootFile,
  };
}

function addressOf(request: DhcpPacket, decision: Decision): Ipv4 | undefined {
  if (!('placement' in decision)) return 'lease' in decision ? decision.lease.address : undefined;
  return 'lease' in decision || decision.kind === 'bootp' ? decision.reply.packet.yiaddr : request.ciaddr;
}
