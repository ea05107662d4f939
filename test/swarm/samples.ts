/** Announcements and halls for the tests of flink's side. */
import type { Ipv4 } from '../../src/core/addr.ts';
import type { Announcement, NodeCatalog } from '../../src/core/swarm.ts';
import type { SwarmPolicy } from '../../src/swarm/policy.ts';

export const SELF = '172.16.0.1' as Ipv4;
export const AT00 = '172.16.0.10' as Ipv4;
export const AT01 = '172.16.0.11' as Ipv4;
export const STRANGER = '172.16.0.66' as Ipv4;

export const catalog: NodeCatalog = {
  loaders: ['shimx64.efi', 'lpxelinux.0'],
  images: [
    { alias: 'mint-22', name: 'Mint 22.iso', sizeBytes: 2_900_000_000, etag: '"m22"', entries: ['mint-22-live'] },
  ],
  entries: ['local', 'mint-22-live', 'memtest'],
};

export function announcement(more: Partial<Announcement> = {}): Announcement {
  return {
    version: 1,
    name: 'fnode00',
    session: 'first',
    sequence: 1,
    httpPort: 80,
    tftpPort: 69,
    load: { transfers: 0, sentBitsPerSec: 0, cpuShare: 0 },
    freeBytes: 40e9,
    catalogTag: 'tag-1',
    catalog,
    fetched: [],
    isLeaving: false,
    ...more,
  };
}

export const rows = [
  { name: 'fnode00', address: AT00, weight: 1 },
  { name: 'fnode01', address: AT01, weight: 2 },
];

export function hall(more: Partial<SwarmPolicy> = {}): SwarmPolicy {
  return { rows, self: SELF, domain: 'flisol.lan', boots: [], secret: undefined, ...more };
}

export const bytesOf = (json: unknown): Uint8Array => Buffer.from(JSON.stringify(json));
