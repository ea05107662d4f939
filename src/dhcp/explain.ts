/** What the server would tell a client, and why: the same decision, made for a question instead of a packet. */
import { type Mac, UNSPECIFIED } from '../core/addr.ts';
import type { Decision, Facts } from './decision.ts';
import type { StepReason } from './ladder.ts';
import type { Machine } from './machines.ts';
import { OPTION, ofText, ofU8, showValue } from './options.ts';
import { BOOTREQUEST, BROADCAST_FLAG, type DhcpPacket } from './packet.ts';
import { type BootClient, identify } from './pxe.ts';
import { MESSAGE } from './reply.ts';
import { respond } from './respond.ts';
import { rungsFor } from './rungs.ts';
import {
  ADDRESS_RULES,
  clientLine,
  FILE_RULES,
  NODE_RULES,
  nothingToBoot,
  STEPS,
  silences,
  WIRES,
} from './sentences.ts';

export interface Question {
  readonly mac: Mac;
  /** Option 93; a client without one is no PXE client, unless it is iPXE. */
  readonly arch: number | undefined;
  /** Option 77: `iPXE`. */
  readonly userClass: string | undefined;
  /** Option 60 begins with HTTPClient: UEFI HTTP Boot. */
  readonly isHttpClient: boolean;
}

export interface Explanation {
  /** For people. */
  readonly lines: readonly string[];
  /** For `--json`. */
  readonly data: Readonly<Record<string, unknown>>;
}

export function explain(question: Question, facts: Facts): Explanation {
  const request = discoverFor(question);
  const decision = respond(request, facts);
  const { mac } = question;
  if (decision.kind !== 'offer' && decision.kind !== 'proxy-offer') {
    return silence(mac, decision, identify(request.options, mac));
  }
  const ladder = ladderOf(decision, facts, facts.machines.of({ mac, uuid: undefined }));
  return { lines: linesOf(mac, decision, ladder), data: dataOf(mac, decision, ladder) };
}

/** The DISCOVER that such a client sends. */
export function discoverFor(question: Question): DhcpPacket {
  const options = new Map<number, Uint8Array>([
    [OPTION.messageType, ofU8(MESSAGE.discover)],
    [OPTION.parameterRequestList, Uint8Array.of(1, 3, 6, 15, 28, 43, 60, 66, 67, 97)],
  ]);
  const { arch, userClass, isHttpClient } = question;
  if (arch !== undefined || isHttpClient) {
    const type = arch ?? 16;
    options.set(OPTION.clientArchitecture, Uint8Array.of(Math.floor(type / 256), type % 256));
    options.set(
      OPTION.vendorClass,
      ofText(`${isHttpClient ? 'HTTP' : 'PXE'}Client:Arch:${String(type).padStart(5, '0')}:UNDI:003000`),
    );
  }
  if (userClass !== undefined) options.set(OPTION.userClass, ofText(userClass));
  const chaddr = new Uint8Array(16);
  chaddr.set(Buffer.from(question.mac.replaceAll(':', ''), 'hex'));
  const none = new Uint8Array(0);
  const addresses = { ciaddr: UNSPECIFIED, yiaddr: UNSPECIFIED, siaddr: UNSPECIFIED, giaddr: UNSPECIFIED };
  const header = { op: BOOTREQUEST, htype: 1, hlen: 6, hops: 0, xid: 0, secs: 0, flags: BROADCAST_FLAG };
  return { ...header, ...addresses, chaddr, sname: none, file: none, options };
}

type Offered =
  | Extract<Decision, { readonly kind: 'offer' | 'ack' }>
  | Extract<Decision, { readonly kind: 'proxy-offer' | 'proxy-ack' }>;

/** Where a machine stands among the variants of its answer. */
interface Ladder {
  readonly rung: string;
  readonly reason: StepReason;
  /** All of them, in their order. */
  readonly rungs: readonly string[];
  /** By platform: the one that last led a machine of this MAC on. */
  readonly worked: Readonly<Record<string, string>>;
  readonly isClimbing: boolean;
}

function ladderOf({ client, placement, boot }: Offered, { policy }: Facts, machine: Machine | undefined) {
  if (!boot) return undefined;
  const rungs = rungsFor(client, placement, policy).map(({ name }) => name);
  const isClimbing = policy.hasLadder && placement.isWatched === true && rungs.length > 1;
  const { rung, reason } = boot;
  return { rung, reason, rungs, worked: machine?.worked ?? {}, isClimbing } satisfies Ladder;
}

function dataOf(mac: Mac, decision: Offered, ladder: Ladder | undefined): Record<string, unknown> {
  const { client, placement, boot, reply } = decision;
  const given = 'lease' in decision ? decision : undefined;
  return {
    mac,
    answer: decision.kind,
    stage: client.stage,
    arch: client.arch,
    platform: client.platform,
    address: given?.lease.address,
    addressRule: given?.rule,
    hostname: given?.lease.hostname,
    fnode: placement.node && { name: placement.node.name, address: placement.node.address },
    fnodeRule: placement.rule,
    nextServer: reply.packet.siaddr,
    bootFile: boot?.bootFile,
    bootFileRule: boot?.rule,
    noBootFile: boot ? undefined : nothingToBoot(client, placement.node !== undefined),
    ladder,
    options: Object.fromEntries(
      [...reply.packet.options].map(([code, value]) => [code, Buffer.from(value).toString('hex')]),
    ),
  };
}

function linesOf(mac: Mac, decision: Offered, ladder: Ladder | undefined): string[] {
  const { client, placement, boot, reply } = decision;
  const node = placement.node ? `${placement.node.name} ${placement.node.address}` : 'none';
  return [
    clientLine(mac, client),
    `address  ${addressWords(decision)}`,
    `fnode    ${node}: ${NODE_RULES[placement.rule]}`,
    `boot     ${boot ? `${boot.bootFile}: ${FILE_RULES[boot.rule]}` : `nothing: ${nothingToBoot(client, node !== 'none')}`}`,
    ...(ladder ? ladderLines(ladder) : []),
    `options  ${[...reply.packet.options].map(([code, value]) => `${code}=${showValue(code, value)}`).join(' ')}`,
  ];
}

function addressWords(decision: Offered): string {
  if (!('lease' in decision)) return 'none: another DHCP server gives addresses here';
  const { address, hostname } = decision.lease;
  return `${address}: ${ADDRESS_RULES[decision.rule]}${hostname === undefined ? '' : `; named ${hostname}`}`;
}

/** Nothing where there is no choice. */
function ladderLines({ rung, reason, rungs, worked, isClimbing }: Ladder): string[] {
  const before = Object.entries(worked).map(([platform, name]) => `${name} for ${platform}`);
  if (!isClimbing && reason === 'first' && before.length === 0) return [];
  const place = `${rungs.indexOf(rung) + 1} of ${rungs.length}`;
  const led = before.length === 0 ? '' : `; what worked before: ${before.join(', ')}`;
  return [`ladder   ${rung} (${place}${WIRES[rung] ?? ''}): ${STEPS[reason]}${led}`];
}

/** What a client that gets no answer is told here. */
function silence(mac: Mac, decision: Decision, client: BootClient): Explanation {
  const reason = 'reason' in decision ? decision.reason : undefined;
  const cure = reason === undefined ? undefined : silences(reason, client);
  const word = reason ?? decision.kind;
  return {
    lines: [clientLine(mac, client), `answer   none: ${word}${cure === undefined ? '' : `: ${cure}`}`],
    data: { mac, answer: decision.kind, reason, stage: client.stage, arch: client.arch, platform: client.platform },
  };
}
