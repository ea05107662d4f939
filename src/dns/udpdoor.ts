/** Questions by UDP: one socket for each address, so that the answer leaves from the address that was asked. */
import type { Endpoint, Ipv4 } from '../core/addr.ts';
import type { Host, UdpSocket } from '../host.ts';
import type { Asker } from './doors.ts';
import type { Gate } from './gate.ts';

export interface UdpDoor {
  /** Where it was bound, with the real port. Rejects with a `Fault`. */
  open(at: Endpoint): Promise<Endpoint>;
  close(): Promise<void>;
}

/**
 * Services that answer whatever they get: a question that claims to come from one would go to and fro (echo, daytime, qotd,
 * chargen, time, kpasswd). BIND drops them, too. No answer can be sent to port 0. Port 53 may ask: old resolvers do, and
 * answers are told from questions by QR.
 */
const REFLECTORS: ReadonlySet<number> = new Set([0, 7, 13, 17, 19, 37, 464]);
/** Below it ports need privilege. */
const FIRST_USUAL_PORT = 1024;

export function udpDoor({ udp }: Pick<Host, 'udp'>, gate: Gate, onHeld?: () => void): UdpDoor {
  const sockets = new Set<UdpSocket>();

  /** A question that our own answer would reach as a question. */
  const isOurs = (from: Endpoint): boolean => {
    for (const { local } of sockets) if (local.port === from.port && local.address === from.address) return true;
    return false;
  };
  const mayLoop = (from: Endpoint): boolean =>
    (from.port < FIRST_USUAL_PORT && REFLECTORS.has(from.port)) || isOurs(from);

  return {
    open: async (at) => {
      // Nobody is answered before the socket is known.
      let opened: UdpSocket | undefined;
      const onDatagram = (bytes: Uint8Array, from: Endpoint): void => {
        if (!opened || mayLoop(from) || !gate.admits(from.address, 'udp')) return;
        gate.onQuestion(bytes, new UdpAsker(opened, from));
      };
      const socket = await udp.bind(at, onDatagram, onHeld && { onHeld });
      opened = socket;
      sockets.add(socket);
      return socket.local;
    },
    close: async () => {
      const closing = [...sockets];
      sockets.clear();
      await Promise.all(closing.map((socket) => socket.close()));
    },
  };
}

/** The only object that a question costs here. */
class UdpAsker implements Asker {
  #socket: UdpSocket | undefined;
  readonly #from: Endpoint;

  constructor(socket: UdpSocket, from: Endpoint) {
    this.#socket = socket;
    this.#from = from;
  }

  get client(): Ipv4 {
    return this.#from.address;
  }

  get isTcp(): boolean {
    return false;
  }

  answer(bytes: Uint8Array): void {
    this.#socket?.send(bytes, this.#from);
    this.#socket = undefined;
  }

  drop(): void {
    this.#socket = undefined;
  }
}
