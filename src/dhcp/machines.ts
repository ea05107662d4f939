/** What is remembered about machines, by UUID and MAC: which variant of the answer each got, and whether it came further. */
import { type Ipv4, type Mac, parseMac } from '../core/addr.ts';
import type { FetchStage, MachineKey } from '../core/swarm.ts';
import { isGrub, isIpxeBinary } from './loaders.ts';
import type { BootClient } from './pxe.ts';

/** How far a machine came with an answer: no further than its boot loader, or beyond. */
export type Reached = 'nothing' | 'loader' | 'further';

/** A machine asks one stage of a boot: from its first DISCOVER until it asks anew. */
export interface Attempt {
  /** The variant that it gets. */
  readonly rung: string;
  /** What that told it to load. */
  readonly file: string;
  readonly xid: number;
  /** Our last answer, by `Clock.now`. */
  readonly answeredAtMs: number;
  /** It has taken an offer. */
  readonly isTaken: boolean;
  readonly reached: Reached;
  /** Of an iPXE: how often it was given a loader since `loadsSinceMs`. */
  readonly loads: number;
  readonly loadsSinceMs: number;
}

/** By platform, as a machine may boot as BIOS today and as UEFI tomorrow; an iPXE by that word, whatever started it. */
export type Slot = string;
export const IPXE_SLOT: Slot = 'ipxe';

/** Plain JSON. */
export interface Machine {
  readonly key: MachineKey;
  /** The last that it was seen to use or was offered. */
  readonly address: Ipv4 | undefined;
  readonly attempts: Readonly<Record<Slot, Attempt>>;
  /** The rung that last led further. */
  readonly worked: Readonly<Record<Slot, string>>;
}

/** What decisions may know of it. */
export interface MachineView {
  /** Without a UUID the latest of that MAC: most of what asks after the firmware says none. */
  of(key: MachineKey): Machine | undefined;
}

/** For `explain` without a running flink. */
export const NO_MACHINES: MachineView = { of: () => undefined };

export const newMachine = (key: MachineKey): Machine => ({ key, address: undefined, attempts: {}, worked: {} });

/** What it asks with now. */
export function latestSlot({ attempts }: Machine): Slot | undefined {
  let latest: Slot | undefined;
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const slot of Object.keys(attempts)) {
    const answeredAtMs = attempts[slot]?.answeredAtMs ?? latestMs;
    if (answeredAtMs < latestMs) continue;
    latest = slot;
    latestMs = answeredAtMs;
  }
  return latest;
}

/** How long an address says who fetches: the usual lease. */
const ADDRESS_MS = 86_400_000;

/** The machine after a node told what it fetched; itself where that is nothing new. */
export function afterFetch(machine: Machine, stage: FetchStage, nowMs: number): Machine {
  const slot = latestSlot(machine);
  const attempt = slot === undefined ? undefined : machine.attempts[slot];
  if (slot === undefined || !attempt || nowMs - attempt.answeredAtMs > ADDRESS_MS) return machine;
  return reach(machine, slot, stage === 'loader' ? 'loader' : 'further');
}

/** An attempt that is older tells nothing of what a machine does now. */
export const ATTEMPT_MS = 600_000;

/**
 * The machine after the DHCP of a next stage: an iPXE after our iPXE, anything after GRUB. Whether GRUB ran at all, its fetching
 * says: a firmware that got no loader goes on to the disk, and the system there asks, too.
 */
export function afterNextStage(machine: Machine, client: BootClient, isWindows: boolean, nowMs: number): Machine {
  const slot = latestSlot(machine);
  const attempt = slot === undefined ? undefined : machine.attempts[slot];
  if (slot === undefined || !attempt || slot === IPXE_SLOT || nowMs - attempt.answeredAtMs > ATTEMPT_MS) return machine;
  const { file, reached } = attempt;
  // Quirk(secure-boot-falls-to-disk): firmware that refuses a loader starts Windows from the disk, which is no progress.
  const isNext =
    client.stage === 'ipxe'
      ? isIpxeBinary(file)
      : client.stage === 'system' && isGrub(file) && reached === 'loader' && !isWindows;
  return isNext ? reach(machine, slot, 'further') : machine;
}

const ORDER: Readonly<Record<Reached, number>> = { nothing: 0, loader: 1, further: 2 };

function reach(machine: Machine, slot: Slot, reached: Reached): Machine {
  const attempt = machine.attempts[slot];
  if (!attempt || ORDER[attempt.reached] >= ORDER[reached]) return machine;
  const attempts = { ...machine.attempts, [slot]: { ...attempt, reached } };
  const isWon = reached === 'further' && slot !== IPXE_SLOT && machine.worked[slot] !== attempt.rung;
  return { ...machine, attempts, worked: isWon ? { ...machine.worked, [slot]: attempt.rung } : machine.worked };
}

/** What is worth to be known after a restart. Plain JSON, no times. */
export interface StoredMachine {
  readonly mac: Mac;
  readonly uuid?: string;
  /** Rungs other than the usual one; empty: forget what was stored. */
  readonly worked: Readonly<Record<Slot, string>>;
}

export const USUAL = 'usual';

export function toStored({ key, worked }: Machine): StoredMachine {
  const told = Object.fromEntries(Object.entries(worked).filter(([, rung]) => rung !== USUAL));
  return { mac: key.mac, ...(key.uuid !== undefined && { uuid: key.uuid }), worked: told };
}

const MAX_STORED_SLOTS = 16;

/** The machine, or nothing where that is none: it comes from a disk. */
export function fromStored(value: unknown): Machine | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { mac: text, uuid, worked } = value as Readonly<Record<string, unknown>>;
  const mac = typeof text === 'string' ? parseMac(text) : undefined;
  const isUuid = uuid === undefined || (typeof uuid === 'string' && /^[\da-f]{32}$/.test(uuid));
  if (!mac || !isUuid || typeof worked !== 'object' || worked === null) return undefined;
  const known = Object.entries(worked)
    .filter((entry): entry is [Slot, string] => typeof entry[1] === 'string' && /^[\w./-]{1,127}$/.test(entry[1]))
    .slice(0, MAX_STORED_SLOTS);
  return { ...newMachine({ mac, uuid: uuid as string | undefined }), worked: Object.fromEntries(known) };
}

/** Four times a large hall, each with a dongle of another. */
export const MAX_MACHINES = 16_384;
/** A dongle goes round a hall; a search among more would keep everybody waiting. */
const MAX_OF_MAC = 256;

/** At most `MAX_MACHINES`: whoever has not been heard of for the longest is forgotten. */
export class MachineTable implements MachineView {
  /** Oldest first. */
  readonly #all = new Set<Machine>();
  /** Oldest first. */
  readonly #byMac = new Map<Mac, readonly Machine[]>();
  readonly #byAddress = new Map<Ipv4, Machine>();
  readonly #onChange: (key: MachineKey, machine: Machine) => void;

  /** `onChange` is told when `toStored` of a machine has become another. */
  constructor(onChange: (key: MachineKey, machine: Machine) => void = () => {}) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#all.size;
  }

  /** The one that was heard of longest ago first. */
  all(): IterableIterator<Machine> {
    return this.#all.values();
  }

  of({ mac, uuid }: MachineKey): Machine | undefined {
    const own = this.#byMac.get(mac);
    return uuid === undefined ? own?.at(-1) : own?.find(({ key }) => key.uuid === uuid);
  }

  put(machine: Machine): void {
    const before = this.#set(machine);
    if (before?.worked === machine.worked) return;
    if (storedWords(before) !== storedWords(machine)) this.#onChange(machine.key, machine);
  }

  /** What was stored comes back: nobody is told. */
  restore(machine: Machine): void {
    this.#set(machine);
  }

  /** A node has told how far whoever has that address, or that MAC, has come. The machine, if it is known. */
  progressed(who: Mac | Ipv4, stage: FetchStage, nowMs: number): Machine | undefined {
    const machine = this.#byMac.get(who as Mac)?.at(-1) ?? this.#byAddress.get(who as Ipv4);
    const after = machine && afterFetch(machine, stage, nowMs);
    if (after && after !== machine) this.put(after);
    return after;
  }

  /** The latest machine of a MAC uses an address, whoever gave it that. */
  seenAt(mac: Mac, address: Ipv4): void {
    const machine = this.of({ mac, uuid: undefined });
    if (machine && machine.address !== address) this.put({ ...machine, address });
  }

  #set(machine: Machine): Machine | undefined {
    const { key, address } = machine;
    const own = this.#byMac.get(key.mac) ?? NONE;
    const before = own.find((other) => other.key.uuid === key.uuid);
    if (before) this.#all.delete(before);
    this.#all.add(machine);
    this.#byMac.set(key.mac, own.length === 0 ? [machine] : [...own.filter((other) => other !== before), machine]);
    if (before?.address !== undefined && before.address !== address) this.#leave(before);
    if (address !== undefined) this.#byAddress.set(address, machine);
    if (!before && own[0] && own.length >= MAX_OF_MAC) this.#forget(own[0]);
    if (this.#all.size > MAX_MACHINES) this.#forgetOldest();
    return before;
  }

  #forgetOldest(): void {
    const [oldest] = this.#all;
    if (oldest) this.#forget(oldest);
  }

  #forget(machine: Machine): void {
    const { mac } = machine.key;
    const others = (this.#byMac.get(mac) ?? NONE).filter((other) => other !== machine);
    this.#all.delete(machine);
    if (others.length > 0) this.#byMac.set(mac, others);
    else this.#byMac.delete(mac);
    this.#leave(machine);
  }

  #leave(machine: Machine): void {
    const { address } = machine;
    if (address !== undefined && this.#byAddress.get(address) === machine) this.#byAddress.delete(address);
  }
}

const NONE: readonly Machine[] = [];

const storedWords = (machine: Machine | undefined): string =>
  machine ? JSON.stringify(Object.entries(toStored(machine).worked).sort()) : '[]';
