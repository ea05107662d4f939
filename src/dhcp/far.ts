/**
 * Looks for machines behind relays, where ARP does not reach: a datagram to a port where nobody listens comes back as ICMP port
 * unreachable, and some machines that drop it answer an echo. Who drops both cannot be seen.
 */
import type { Ipv4 } from '../core/addr.ts';
import { messageOf } from '../core/errors.ts';
import type { Ping } from '../host/ping.ts';
import type { Clock, ConnectedSocket, UdpHost } from '../host.ts';
import type { Looker, LookerEnds } from './look.ts';

export interface FarAway {
  readonly clock: Clock;
  readonly udp: UdpHost;
  readonly local: Ipv4;
  readonly ping: Ping;
  /** Descriptors: only a connected socket hears that its port is unreachable, so each look has its own. */
  readonly maxSockets: number;
}

/** Across a hall or a town. */
const ANSWER_MS = 500;
/** Programs at once: each costs some milliseconds to start, so in a rush most addresses do without. */
const MAX_PINGS = 4;
/** The middle of traceroute's ports, where nothing is meant to listen. */
const UNUSED_PORT = 33_500;
const NOTHING = new Uint8Array(0);

export function farLooker({ clock, udp, local, ping, maxSockets }: FarAway, ends: LookerEnds): Looker {
  /** What ends the look at an address, without telling. */
  const looks = new Map<Ipv4, () => Promise<void>>();
  let pings = 0;
  let isStopped = false;

  const echo = async (address: Ipv4, onAnswer: () => void): Promise<void> => {
    if (pings >= MAX_PINGS) return;
    pings += 1;
    if (await ping(address, ANSWER_MS)) onAnswer();
    pings -= 1;
  };

  const look = async (address: Ipv4): Promise<void> => {
    let socket: ConnectedSocket | undefined;
    const end = async (): Promise<void> => {
      looks.delete(address);
      cancel();
      await socket?.close();
    };
    const tell = (seen: 'free' | 'taken'): void => {
      if (looks.get(address) !== end) return;
      void end();
      ends.found({ address, seen, mac: undefined, isSure: true });
    };
    const cancel = clock.after(ANSWER_MS, () => tell('free'));
    looks.set(address, end);
    const onAnswer = (): void => tell('taken');
    const on = { onDatagram: onAnswer, onUnreachable: onAnswer };
    try {
      socket = await udp.connect(local, { address, port: UNUSED_PORT }, on);
    } catch (error) {
      if (looks.get(address) !== end) return;
      void end();
      return ends.failed(address, messageOf(error));
    }
    if (looks.get(address) !== end) return socket.close();
    socket.send(NOTHING);
    await echo(address, onAnswer);
  };

  return {
    capacity: maxSockets,
    room: () => maxSockets - looks.size,
    look: (address) => {
      if (looks.has(address)) return true;
      if (isStopped || looks.size >= maxSockets) return false;
      void look(address);
      return true;
    },
    stop: async () => {
      isStopped = true;
      await Promise.all([...looks.values()].map((end) => end()));
    },
  };
}
