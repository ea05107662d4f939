/** A LAN with machines on it as the kernel's table of neighbours shows them, by the states measured for `src/dhcp/near.ts`. */
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import type { Neighbours } from '../../src/host/neighbours.ts';
import type { FakeHost } from '../support/fakes.ts';

interface Entry {
  mac: Mac | undefined;
  confirmedAtMs: number;
  /** When a datagram made the kernel verify what it knew. */
  doubtedAtMs?: number;
}

const REACHABLE_MS = 45_000;
const VERIFIED_MS = 8_100;
/** What the kernel keeps an entry without an answer for. */
const UNRESOLVED_MS = 3_100;

export class Neighbourhood {
  /** Who answers ARP. */
  readonly machines = new Map<Ipv4, Mac>();
  /** Nothing can be read then. */
  fault: Error | undefined;
  /** The kernel refuses new entries: its table is full. */
  isFull = false;
  reads = 0;
  /** The most that were without an answer at one moment. */
  mostUnresolved = 0;
  readonly #host: FakeHost;
  readonly #entries = new Map<Ipv4, Entry>();
  readonly #asked: { readonly address: Ipv4; readonly atMs: number }[] = [];
  #seen = 0;

  constructor(host: FakeHost) {
    this.#host = host;
  }

  /** As if the machine had been talked to just now. */
  knows(address: Ipv4, mac: Mac, agoMs = 0): void {
    this.#entries.set(address, { mac, confirmedAtMs: this.#host.clock.now() - agoMs });
  }

  /** Addresses that were sent a datagram, one for each. */
  get asked(): readonly Ipv4[] {
    this.#hear();
    return this.#asked.map(({ address }) => address);
  }

  readonly read = async (): Promise<Neighbours> => {
    this.reads += 1;
    this.#hear();
    if (this.fault) throw this.fault;
    return new Map([...this.#entries].map(([address, entry]) => [address, this.#show(address, entry)]));
  };

  #hear(): void {
    const nowMs = this.#host.clock.now();
    for (const { to } of this.#host.udp.sent.slice(this.#seen)) if (to.port === 9) this.#ask(to.address, nowMs);
    this.#seen = this.#host.udp.sent.length;
  }

  #ask(address: Ipv4, nowMs: number): void {
    this.#asked.push({ address, atMs: nowMs });
    const entry = this.#entries.get(address);
    const mac = this.machines.get(address);
    if (entry?.mac !== undefined) {
      if (nowMs - entry.confirmedAtMs > REACHABLE_MS) entry.doubtedAtMs ??= nowMs;
    } else if (!this.isFull) this.#entries.set(address, { mac, confirmedAtMs: nowMs });
    const open = this.#asked.filter(
      (a) => nowMs - a.atMs < UNRESOLVED_MS && this.#entries.get(a.address)?.mac === undefined,
    );
    this.mostUnresolved = Math.max(this.mostUnresolved, open.length);
  }

  #show(address: Ipv4, entry: Entry): Mac | undefined {
    const nowMs = this.#host.clock.now();
    if (entry.doubtedAtMs !== undefined && nowMs - entry.doubtedAtMs >= VERIFIED_MS) {
      // The probes go to the old MAC alone.
      if (this.machines.get(address) !== entry.mac) entry.mac = undefined;
      entry.confirmedAtMs = nowMs;
      delete entry.doubtedAtMs;
    }
    return entry.mac;
  }
}
