/** Where machines were sent: one machine, one node, through all stages of its boot, and how many each node has. */
import type { MachineKey } from '../core/swarm.ts';

/** Of whom nothing was heard for so long counts nowhere: installed, switched off, gone home. Taste: an installation's length. */
export const ACTIVE_MS = 30 * 60_000;
/** As many as a /16 has addresses. */
export const MAX_MACHINES = 65_536;

interface Assignment {
  readonly machine: MachineKey;
  node: string;
  seenAtMs: number;
}

/**
 * Of all machines with one MAC the one that came last answers for requests without a UUID: firmware and iPXE send one,
 * the DHCP of an initramfs and of a system does not, and one USB dongle serves many laptops one after the other.
 */
export class Assignments {
  readonly #max: number;
  /** Whoever was seen last stands last, in both. */
  readonly #active = new Map<string, Assignment>();
  readonly #idle = new Map<string, Assignment>();
  /** By MAC, the key of the machine that came last. */
  readonly #latest = new Map<string, string>();
  /** Active machines by node. */
  readonly #counts = new Map<string, number>();

  constructor(max = MAX_MACHINES) {
    this.#max = max;
  }

  get size(): number {
    return this.#active.size + this.#idle.size;
  }

  /** The node that it was sent to last. */
  nodeOf(machine: MachineKey): string | undefined {
    return this.#find(machine)?.assignment.node;
  }

  /** How many machines it has that were seen within the last half hour. */
  machinesOn(node: string, nowMs: number): number {
    this.#retire(nowMs);
    return this.#counts.get(node) ?? 0;
  }

  keep(machine: MachineKey, node: string, nowMs: number): void {
    const known = this.#find(machine);
    if (known) this.#remove(known.key);
    // Who has once said its UUID keeps it.
    const machineNow = known?.assignment.machine.uuid === undefined ? machine : known.assignment.machine;
    const key = keyOf(machineNow);
    this.#active.set(key, { machine: machineNow, node, seenAtMs: nowMs });
    this.#latest.set(machine.mac, key);
    this.#count(node, 1);
    this.#retire(nowMs);
    while (this.size > this.#max) this.#forgetOldest();
  }

  #find(machine: MachineKey): { readonly key: string; readonly assignment: Assignment } | undefined {
    const own = keyOf(machine);
    const exact = machine.uuid === undefined ? undefined : this.#get(own);
    if (exact) return { key: own, assignment: exact };
    const key = this.#latest.get(machine.mac);
    const latest = key === undefined ? undefined : this.#get(key);
    if (key === undefined || !latest) return undefined;
    const mayBeIt = machine.uuid === undefined || latest.machine.uuid === undefined;
    return mayBeIt ? { key, assignment: latest } : undefined;
  }

  #get(key: string): Assignment | undefined {
    return this.#active.get(key) ?? this.#idle.get(key);
  }

  #retire(nowMs: number): void {
    for (const [key, assignment] of this.#active) {
      if (nowMs - assignment.seenAtMs < ACTIVE_MS) return;
      this.#active.delete(key);
      this.#idle.set(key, assignment);
      this.#count(assignment.node, -1);
    }
  }

  #forgetOldest(): void {
    const [key] = (this.#idle.size > 0 ? this.#idle : this.#active).keys();
    if (key !== undefined) this.#remove(key);
  }

  #remove(key: string): void {
    const assignment = this.#get(key);
    if (!assignment) return;
    if (this.#active.delete(key)) this.#count(assignment.node, -1);
    this.#idle.delete(key);
    const { mac } = assignment.machine;
    if (this.#latest.get(mac) === key) this.#latest.delete(mac);
  }

  #count(node: string, by: number): void {
    const count = (this.#counts.get(node) ?? 0) + by;
    if (count > 0) this.#counts.set(node, count);
    else this.#counts.delete(node);
  }
}

const keyOf = ({ mac, uuid }: MachineKey): string => `${mac} ${uuid ?? ''}`;
