/** One hall with its memory of machines: requests go in one after the other, as the service hands them over. */
import assert from 'node:assert/strict';
import type { Mac } from '../../src/core/addr.ts';
import type { BootAnswer } from '../../src/dhcp/boot.ts';
import type { Decision } from '../../src/dhcp/decision.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import { MachineTable } from '../../src/dhcp/machines.ts';
import { OPTION, ofText } from '../../src/dhcp/options.ts';
import type { DhcpPacket } from '../../src/dhcp/packet.ts';
import type { DhcpPolicy, Placement } from '../../src/dhcp/policy.ts';
import { decide, FLINK, FNODE00, hall, LAPTOP, type Made, message, pxe } from './dhcp.ts';

export const BIOS_NODE: ReadonlySet<string> = new Set(['lpxelinux.0', 'undionly.kpxe', 'ipxe.pxe', 'pxelinux.0']);
export const X64_NODE: ReadonlySet<string> = new Set(['shimx64.efi', 'snponly.efi', 'ipxe.efi', 'grubx64.efi']);

/** Of a hall whose one node tells what its clients fetch. */
export function watched(over: Partial<Placement> = {}, policy: Partial<DhcpPolicy> = {}): DhcpPolicy {
  const node = { name: 'fnode00', address: FNODE00, httpPort: 80 };
  const place = { node, rule: 'only-node', loader: undefined, isWatched: true, loaders: X64_NODE, ...over } as const;
  return hall({ place: () => place, ...policy });
}

export interface From {
  readonly mac?: Mac;
  readonly uuid?: number;
  readonly arch?: number;
  readonly xid?: number;
  readonly options?: Made['options'];
}

export function asks(type: 'discover' | 'request' | 'inform', who: From = {}, made: Made = {}): DhcpPacket {
  const { mac = LAPTOP, uuid, arch, xid = 1, options = [] } = who;
  const all = [...(arch === undefined ? [] : pxe(arch)), ...options, ...(made.options ?? [])];
  if (uuid !== undefined) all.push([OPTION.clientMachineIdentifier, Uint8Array.of(0, ...Array(16).fill(uuid))]);
  return { ...message(type, { ...made, mac, options: all }), xid };
}

export const IPXE: readonly [number, Uint8Array] = [OPTION.userClass, ofText('iPXE')];
/** TFTP and PXE, neither HTTP nor menus. */
export const POOR: readonly [number, Uint8Array] = [OPTION.ipxe, Uint8Array.of(0x15, 1, 1, 0x21, 1, 1)];

export class Booth {
  readonly machines = new MachineTable();
  readonly leases = new LeaseTable();
  readonly policy: DhcpPolicy;

  constructor(policy: DhcpPolicy) {
    this.policy = policy;
  }

  send(request: DhcpPacket, nowMs: number, door: 'dhcp' | 'pxe' = 'dhcp'): Decision {
    const decision = decide(request, this.policy, this.leases, { machines: this.machines, nowMs, door });
    if ('lease' in decision) this.leases.put(decision.lease);
    if ('machine' in decision && decision.machine) this.machines.put(decision.machine);
    return decision;
  }

  /** DISCOVER and REQUEST, answered at once: what both tell to boot, and why the offer does. */
  boot(who: From, atMs: number): BootAnswer | undefined {
    const offer = this.send(asks('discover', who), atMs);
    if (offer.kind !== 'offer') throw new Error(offer.kind);
    const ack = this.send(asks('request', who, { server: FLINK, requested: offer.lease.address }), atMs);
    if (ack.kind !== 'ack') throw new Error(ack.kind);
    assert.deepEqual([ack.boot?.rung, ack.boot?.bootFile], [offer.boot?.rung, offer.boot?.bootFile]);
    return offer.boot;
  }
}
