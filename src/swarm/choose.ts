/** Which fnode a client boots from: its row in the MAC table, else weighted rendezvous hashing over the live nodes. */
import type { Ipv4, Mac } from '../core/addr.ts';

export interface BootNode {
  readonly name: string;
  readonly address: Ipv4;
  readonly httpPort: number;
  /** Share of the clients that no row names, relative to the others'; 0: none of them. */
  readonly weight: number;
}

export type NodeChoice =
  | { readonly kind: 'node'; readonly node: BootNode; readonly rule: 'client-row' | 'only-node' | 'rendezvous' }
  | { readonly kind: 'none'; readonly reason: 'no-node' };

/** The same client gets the same node as long as the set of live nodes is the same; a node that goes moves only its own clients. */
export function chooseNode(mac: Mac, wanted: string | undefined, live: readonly BootNode[]): NodeChoice {
  const named = live.find((node) => node.name === wanted);
  if (named) return { kind: 'node', node: named, rule: 'client-row' };
  const open = live.filter((node) => node.weight > 0);
  let best: BootNode | undefined;
  for (const node of open) {
    if (!best || score(node, mac) > score(best, mac)) best = node;
  }
  if (!best) return { kind: 'none', reason: 'no-node' };
  return { kind: 'node', node: best, rule: open.length === 1 ? 'only-node' : 'rendezvous' };
}

/** Weighted rendezvous (highest random weight): -weight / ln(u), u uniform in (0,1) from node and client. Thaler, Ravishankar 1998; Schindelhauer, Schomaker 2005. */
function score(node: BootNode, mac: Mac): number {
  return -node.weight / Math.log(uniform(`${node.name}|${mac}`));
}

/** FNV-1a over the characters, then murmur3's finaliser: FNV alone leaves the names' last characters visible in the high bits. */
function uniform(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (((h ^ (h >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
