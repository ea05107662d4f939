/** What the server would tell a client, and why: the same decision, made for a question instead of a packet. */
import { type Mac, UNSPECIFIED } from '../core/addr.ts';
import { OPTION, ofText, ofU8, showValue } from './options.ts';
import { BOOTREQUEST, BROADCAST_FLAG, type DhcpPacket } from './packet.ts';
import { ARCHITECTURES } from './pxe.ts';
import { MESSAGE } from './reply.ts';
import { type Decision, type Facts, type Granted, respond } from './respond.ts';

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
  const decision = respond(discoverFor(question), facts);
  const data = dataOf(question, decision);
  return { lines: linesOf(question, decision), data };
}

/** The DISCOVER that such a client sends. */
export function discoverFor(question: Question): DhcpPacket {
  const options = new Map<number, Uint8Array>([
    [OPTION.messageType, ofU8(MESSAGE.discover)],
    [OPTION.parameterRequestList, Uint8Array.of(1, 3, 6, 15, 28, 66, 67)],
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

function dataOf({ mac }: Question, decision: Decision): Record<string, unknown> {
  if (decision.kind !== 'offer')
    return { mac, answer: decision.kind, reason: 'reason' in decision ? decision.reason : undefined };
  const { client, placement, boot, reply } = decision;
  return {
    mac,
    answer: 'offer',
    stage: client.stage,
    arch: client.arch,
    platform: client.platform,
    address: decision.lease.address,
    addressRule: decision.rule,
    hostname: decision.lease.hostname,
    fnode: placement.node && { name: placement.node.name, address: placement.node.address },
    fnodeRule: placement.rule,
    nextServer: reply.packet.siaddr,
    bootFile: boot?.bootFile,
    bootFileRule: boot?.rule,
    options: Object.fromEntries(
      [...reply.packet.options].map(([code, value]) => [code, Buffer.from(value).toString('hex')]),
    ),
  };
}

const STAGES: Readonly<Record<Granted['client']['stage'], string>> = {
  pxe: 'its firmware boots by PXE',
  http: 'its firmware boots by HTTP',
  ipxe: 'it is iPXE already',
  system: 'it does not ask to boot from the network',
};

const ADDRESS_RULES = {
  reservation: 'its row in the MAC table',
  'current-binding': 'the lease that it has',
  'former-binding': 'the lease that it had',
  requested: 'the address that it asked for',
  pool: 'free in the pool, at the place that its MAC decides',
} as const;

const NODE_RULES = {
  'client-row': 'its row in the MAC table names it',
  'only-node': 'there is no other',
  kept: 'it was sent there before, and the node is alive',
  rendezvous: 'no row names one; hashing of its MAC over the nodes that are alive',
  'no-node-has-it': 'no fnode that is alive has the entry that its row names (boot:), so it is one of all',
  'no-node': 'no fnode is alive: it gets an address, but nothing to boot',
} as const;

const FILE_RULES = {
  'client-row': 'the loader of its row in the MAC table',
  architecture: 'by its architecture',
  'ipxe-script': 'the script: an iPXE never gets a loader again',
} as const;

function linesOf({ mac }: Question, decision: Decision): string[] {
  if (decision.kind !== 'offer')
    return [`client   ${mac}`, `answer   none: ${'reason' in decision ? decision.reason : decision.kind}`];
  const { client, placement, boot, lease, rule, reply } = decision;
  const arch =
    client.arch === undefined ? '' : `, architecture ${client.arch} (${ARCHITECTURES[client.arch] ?? 'unknown'})`;
  const node = placement.node ? `${placement.node.name} ${placement.node.address}` : 'none';
  return [
    `client   ${mac}: ${STAGES[client.stage]}${arch}`,
    `address  ${lease.address}: ${ADDRESS_RULES[rule]}${lease.hostname === undefined ? '' : `; named ${lease.hostname}`}`,
    `fnode    ${node}: ${NODE_RULES[placement.rule]}`,
    `boot     ${boot ? `${boot.bootFile}: ${FILE_RULES[boot.rule]}` : `nothing: ${nothingToBoot(decision)}`}`,
    `options  ${[...reply.packet.options].map(([code, value]) => `${code}=${showValue(code, value)}`).join(' ')}`,
  ];
}

function nothingToBoot({ client, placement }: Granted): string {
  if (!placement.node) return 'no fnode';
  return client.stage === 'system'
    ? 'it did not ask for a boot file'
    : 'no boot file is set for its architecture (boot: in the configuration)';
}
