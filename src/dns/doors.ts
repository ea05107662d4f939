/** The sockets that questions come in by: UDP and TCP on the addresses given. RFC 7766. */
import type { Endpoint, Ipv4 } from '../core/addr.ts';
import { descriptorShare } from '../host/descriptors.ts';
import type { Host } from '../host.ts';
import { Gate } from './gate.ts';
import type { Admission } from './limits.ts';
import { tcpDoor } from './tcpdoor.ts';
import { udpDoor } from './udpdoor.ts';

/** Who asked, and how to answer: at most once; afterwards nothing happens. `bytes` may be reused once it returns, see `DoorTerms.onHeld`. */
export interface Asker {
  readonly client: Ipv4;
  readonly isTcp: boolean;
  answer(bytes: Uint8Array): void;
  /** No answer will come. */
  drop(): void;
}

/** `bytes` may be kept. Never throws. */
export type OnQuestion = (bytes: Uint8Array, asker: Asker) => void;

export interface DoorCounts {
  /** Questions handed on. */
  readonly udp: number;
  readonly tcp: number;
  /** Questions, and connections, of strangers, and of those who ask too much. */
  readonly foreign: number;
  readonly limited: number;
  /** Open ones. */
  readonly connections: number;
  /** Closed at once: strangers', of those who ask too much, and where nobody made room. */
  readonly refusedConnections: number;
}

export interface Doors {
  /** All or none. Rejects with a `Fault` that has the cure where a port cannot be had. */
  open(at: readonly Endpoint[]): Promise<void>;
  /** Questions that are not answered yet get no answer. */
  close(): Promise<void>;
  /** Where it is open, with the real port where 0 was asked for: the same for UDP and TCP. */
  readonly at: readonly Endpoint[];
  readonly counts: DoorCounts;
}

export interface DoorTerms {
  /** Whether that address is answered now; to be asked once for each question and each connection. */
  readonly admit: (client: Ipv4) => Admission;
  /** Of TCP; never more than the process may have descriptors for. */
  readonly maxConnections: number;
  /** Called within `answer`: these very octets are read later, when the kernel has room. Rare; whoever writes them in turn goes on elsewhere. */
  readonly onHeld?: () => void;
}

export function openDoors(host: Host, terms: DoorTerms, onQuestion: OnQuestion): Doors {
  const gate = new Gate(host, terms, onQuestion);
  const udp = udpDoor(host, gate, terms.onHeld);
  const tcp = tcpDoor(host, gate, Math.min(terms.maxConnections, descriptorShare('dns')));
  let opened: readonly Endpoint[] = [];

  const close = async (): Promise<void> => {
    opened = [];
    await Promise.all([udp.close(), tcp.close()]);
  };

  const openAll = async (at: readonly Endpoint[]): Promise<void> => {
    for (const endpoint of at) {
      const local = await tcp.open(endpoint);
      await udp.open(local);
      opened = [...opened, local];
    }
  };

  return {
    open: (at) =>
      openAll(at).catch(async (fault) => {
        await close();
        throw fault;
      }),
    close,
    get at() {
      return opened;
    },
    get counts() {
      return { ...gate.counts, connections: tcp.connections };
    },
  };
}
