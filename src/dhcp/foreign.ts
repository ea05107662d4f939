/** Which other DHCP servers answer on the LAN, and what `dhcp.mode: auto` makes of it. */
import { type Ipv4, type Mac, macFromBytes } from '../core/addr.ts';
import { ByteWriter } from '../core/bytes.ts';
import type { DhcpRole } from './policy.ts';

const WATCH_PREFIX = '02:f1:';

/**
 * By which a running flink asks: locally administered, nobody has it, and its own server leaves it alone. The LAN address is in it, as
 * a second flink on the LAN has to answer it like any other server.
 */
export function watchMac(lan: Ipv4): Mac {
  return macFromBytes(new ByteWriter(6).u8(0x02).u8(0xf1).ipv4(lan).bytes());
}

export function isOwnQuestion(mac: Mac, lan: Ipv4): boolean {
  return mac.startsWith(WATCH_PREFIX) && mac === watchMac(lan);
}

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

  /** One that is still believed in has not answered the round before this one. */
  isMissed(): boolean {
    return [...this.#servers.values()].some(({ round }) => round < this.#round - 1);
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
