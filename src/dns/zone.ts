/** Names of the hall: flink, nodes, machines by their DHCP names, records of the operator, and the reverse of all. */
import type { Ipv4, Subnet } from '../core/addr.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';

/** What the hall's names are; asked anew for each question. */
export interface HallNames {
  /** `flisol.lan`. */
  readonly domain: string;
  readonly self: Ipv4;
  /** The LAN and the subnets behind relays: whose reverse names are ours. */
  readonly networks: readonly Subnet[];
  /** `name` with or without the domain, lower case. */
  readonly records: readonly { readonly name: string; readonly address: Ipv4 }[];
  /** Nodes with a name and an address, live or not; at most some hundreds. */
  nodes(): readonly { readonly name: string; readonly address: Ipv4; readonly isLive: boolean }[];
  /** Name of the node that the client with that address boots from. */
  nodeOf(client: Ipv4): string | undefined;
  /** Of a machine that has a lease and that name now: one label, lower case. */
  addressOf(hostname: string): Ipv4 | undefined;
  hostnameOf(address: Ipv4): string | undefined;
}

/** Where the client is, and how often `fnode` was asked for: what turns the list. */
export interface ZoneAsker {
  readonly client: Ipv4;
  readonly turn: number;
}

/** The answer, if the name is the hall's own or nobody's beyond it (RFC 6761, RFC 6303); nothing where an upstream is to be asked. */
export function answerLocally(_query: Query, _names: HallNames, _asker: ZoneAsker): Reply | undefined {
  throw new Error('unwritten');
}
