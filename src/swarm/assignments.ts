/** Where machines were sent: one machine, one node, through all stages of its boot, and how many each node has. */
import type { Mac } from '../core/addr.ts';
import type { MachineKey } from '../core/swarm.ts';

/** Of whom nothing was heard for so long counts nowhere: installed, switched off, gone home. Taste: an installation's length. */
export const ACTIVE_MS = 30 * 60_000;
/** As many as a /16 has addresses. */
export const MAX_MACHINES = 65_536;

/** A dongle goes round a hall; a search among more would keep everybody waiting. */
const MAX_OF_MAC = 256;

interface Assignment {
  readonly mac: Mac;
  /** Who has once said its UUID keeps it. */
  uuid: string | undefined;
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
  readonly #active = new Set<Assignment>();
  readonly #idle = new Set<Assignment>();
  /** Whoever came last stands last. */
  readonly #byMac = new Map<Mac, Assignment[]>();
  /** Active machines by node. */
  readonly #counts = new Map<string, number>();
  /** No active one is idle before. */
  #dueAtMs = Number.NEGATIVE_INFINITY;

  constructor(max = MAX_MACHINES) {
    this.#max = max;
  }

  get size(): number {
    return this.#active.size + this.#idle.size;
  }

  /** The node that it was sent to last. */
  nodeOf(machine: MachineKey): string | undefined {
    return this.#find(machine)?.node;
  }

  /** How many machines it has that were seen within the last half hour. */
  machinesOn(node: string, nowMs: number): number {
    this.#retire(nowMs);
    return this.#counts.get(node) ?? 0;
  }

  keep(machine: MachineKey, node: string, nowMs: number): void {
    const { mac, uuid } = machine;
    const now = this.#find(machine) ?? { mac, uuid, node, seenAtMs: nowMs };
    if (this.#active.delete(now)) this.#count(now.node, -1);
    now.uuid ??= uuid;
    now.node = node;
    now.seenAtMs = nowMs;
    this.#idle.delete(now);
    this.#active.add(now);
    this.#count(node, 1);
    this.#comesLast(now);
    this.#retire(nowMs);
    while (this.size > this.#max) this.#forgetOldest();
  }

  /** Of a machine that was sent there before flink's start: it counts nowhere until it is seen. */
  restore(machine: MachineKey, node: string): void {
    const { mac, uuid } = machine;
    const before = this.#find(machine) ?? { mac, uuid, node, seenAtMs: Number.NEGATIVE_INFINITY };
    if (this.#active.has(before)) return;
    before.uuid ??= uuid;
    before.node = node;
    this.#idle.add(before);
    this.#comesLast(before);
    while (this.size > this.#max) this.#forgetOldest();
  }

  #comesLast(assignment: Assignment): void {
    const own = this.#byMac.get(assignment.mac);
    if (!own) this.#byMac.set(assignment.mac, [assignment]);
    else if (own.at(-1) !== assignment) {
      const at = own.indexOf(assignment);
      if (at >= 0) own.splice(at, 1);
      own.push(assignment);
      if (own[0] && own.length > MAX_OF_MAC) this.#remove(own[0]);
    }
  }

  #find({ mac, uuid }: MachineKey): Assignment | undefined {
    const own = this.#byMac.get(mac);
    const exact = uuid === undefined ? undefined : own?.find((other) => other.uuid === uuid);
    const latest = own?.at(-1);
    return exact ?? (uuid === undefined || latest?.uuid === undefined ? latest : undefined);
  }

  /** Only when it is due: the first of a set is behind the places of all that have left it. */
  #retire(nowMs: number): void {
    if (nowMs < this.#dueAtMs) return;
    this.#dueAtMs = nowMs + ACTIVE_MS;
    for (const assignment of this.#active) {
      if (nowMs - assignment.seenAtMs < ACTIVE_MS) {
        this.#dueAtMs = assignment.seenAtMs + ACTIVE_MS;
        return;
      }
      this.#active.delete(assignment);
      this.#idle.add(assignment);
      this.#count(assignment.node, -1);
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#idle.size > 0 ? this.#idle : this.#active;
    if (oldest) this.#remove(oldest);
  }

  #remove(assignment: Assignment): void {
    const { mac, node } = assignment;
    if (this.#active.delete(assignment)) this.#count(node, -1);
    this.#idle.delete(assignment);
    const others = this.#byMac.get(mac)?.filter((other) => other !== assignment) ?? [];
    if (others.length > 0) this.#byMac.set(mac, others);
    else this.#byMac.delete(mac);
  }

  #count(node: string, by: number): void {
    const count = (this.#counts.get(node) ?? 0) + by;
    if (count > 0) this.#counts.set(node, count);
    else this.#counts.delete(node);
  }
}
