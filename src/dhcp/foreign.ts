/** Which other DHCP servers answer on the LAN, and what `dhcp.mode: auto` makes of it. */
import type { Ipv4, Mac } from '../core/addr.ts';
import type { DhcpRole } from './policy.ts';

/** By which a running flink asks: locally administered, nobody has it, and its own server leaves it alone. */
export const WATCH_MAC: Mac = '02:f1:15:01:a7:03' as Mac;

/** Servers that are remembered: whoever can answer under many names must not fill the memory. */
const MAX_SERVERS = 32;
/** Rounds of asking that a server may leave unanswered: its answers can be lost, and it may be restarting. */
const PATIENT_ROUNDS = 3;
/** Rounds before the first decision: two clients could be sent to two servers otherwise. */
const FIRST_ROUNDS = 2;

interface Foreign {
  /** The last round that it answered. */
  round: number;
}

/** Only answers to questions of our own count: what is overheard may come from another interface, or be forged for us. */
export class ForeignServers {
  readonly #servers = new Map<Ipv4, Foreign>();
  #round = 0;

  /** A round of asking begins. */
  ask(): void {
    this.#round += 1;
    for (const [server, { round }] of this.#servers) {
      if (this.#round - round > PATIENT_ROUNDS) this.#servers.delete(server);
    }
  }

  /** `server` has answered this round; true if it was not known before. */
  answered(server: Ipv4): boolean {
    const known = this.#servers.get(server);
    if (!known && this.#servers.size >= MAX_SERVERS) return false;
    this.#servers.set(server, { round: this.#round });
    return known === undefined;
  }

  present(): readonly Ipv4[] {
    return [...this.#servers.keys()];
  }

  /** For `auto`: proxy while another server is there, nothing until that is known, else server. */
  role(): DhcpRole {
    if (this.#servers.size > 0) return 'proxy';
    return this.#round > FIRST_ROUNDS ? 'server' : 'off';
  }
}
