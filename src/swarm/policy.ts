/** What the swarm may know of the hall, made once from the configuration, and who is believed by it. */
import type { Ipv4 } from '../core/addr.ts';
import type { Directions } from '../core/swarm.ts';

/** A node of the MAC table. */
export interface NodeRow {
  readonly name: string;
  readonly address: Ipv4;
  readonly weight: number;
}

export interface SwarmPolicy {
  readonly rows: readonly NodeRow[];
  /** flink's own address on the LAN. */
  readonly self: Ipv4;
  readonly domain: string;
  /** Rows of the MAC table that name a menu entry. */
  readonly boots: Directions['boots'];
  /** What nodes sign with; without it only the MAC table's are believed. */
  readonly secret: Uint8Array | undefined;
}

/** Where machines reach a node that announces itself from `from`: whoever is on flink's own machine, on flink's LAN address. */
export function addressOf(from: Ipv4, self: Ipv4, isOwn: (address: Ipv4) => boolean): Ipv4 {
  return from === self || from.startsWith('127.') || isOwn(from) ? self : from;
}

/** Without a secret: the MAC table's nodes, and those on flink's own machine. */
export function isInTable(address: Ipv4, { rows, self }: SwarmPolicy): boolean {
  return address === self || rows.some((row) => row.address === address);
}
