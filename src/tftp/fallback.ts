/**
 * A socket for all addresses that have none of their own: those that came when root's rights, which port 69 needs, were
 * gone already. Requests come in by it; transfers leave from the address that was asked, as always.
 */
import { type Endpoint, type Ipv4, UNSPECIFIED } from '../core/addr.ts';
import type { Host, LocalInterface, OnDatagram, UdpSocket } from '../host.ts';
import { reachedAddress } from './reached.ts';

export interface Fallback {
  readonly local: UdpSocket['local'];
  close(): Promise<void>;
}

/** Requests may come in thousands, and a look at the interfaces costs 50 µs; nobody asks an address sooner after it came. */
const LOOK_MS = 20;
/** Sockets that are open for that at a time; whoever isn't heard asks again. */
const MAX_ASKING = 32;
/** A socket is connected to some port: RFC 863's, where nothing is sent in vain. */
const DISCARD_PORT = 9;
const NOBODY = { onDatagram: () => {}, onUnreachable: () => {} };

export interface FallbackDeps {
  readonly host: Pick<Host, 'clock' | 'udp' | 'interfaces'>;
  /** Whether that address has a socket of its own. */
  readonly isServed: (address: Ipv4) => boolean;
  /** `socket` says by which address the client came. */
  readonly onDatagram: (socket: UdpSocket, ...heard: Parameters<OnDatagram>) => void;
}

/**
 * Nothing where it cannot be had: somebody else has the port, on whatever address. It is asked for alone first, as a
 * socket that shares its port would not notice.
 */
export async function openFallback(port: number, deps: FallbackDeps): Promise<Fallback | undefined> {
  const { host, isServed, onDatagram } = deps;
  const everywhere = { address: UNSPECIFIED, port };
  let asking = 0;
  let seen: { readonly atMs: number; readonly interfaces: readonly LocalInterface[] } | undefined;

  const interfaces = (): readonly LocalInterface[] => {
    const atMs = host.clock.now();
    if (!seen || atMs - seen.atMs >= LOOK_MS) seen = { atMs, interfaces: host.interfaces() };
    return seen.interfaces;
  };

  const at = (address: Ipv4): UdpSocket => ({ ...socket, local: { address, port } });

  const hear: OnDatagram = (bytes, from) => {
    const reached = reachedAddress(from.address, interfaces(), isServed);
    if (from.port === 0 || reached.kind === 'broadcast') return;
    if (reached.kind === 'address') onDatagram(at(reached.address), bytes, from);
    // The buffer is the socket's again once this has returned.
    else void hearLater(Uint8Array.from(bytes), from, reached.addresses);
  };

  /** The client gets its answer from where the system would send it. */
  const hearLater = async (bytes: Uint8Array, from: Endpoint, meant: readonly Ipv4[]): Promise<void> => {
    if (asking >= MAX_ASKING) return;
    asking += 1;
    const source = await sourceTo(from.address).catch(() => undefined);
    asking -= 1;
    const address = meant.find((each) => each === source);
    if (address) onDatagram(at(address), bytes, from);
  };

  /** Nothing is sent. */
  const sourceTo = async (address: Ipv4): Promise<Ipv4> => {
    const probe = await host.udp.connect(UNSPECIFIED, { address, port: DISCARD_PORT }, NOBODY);
    await probe.close();
    return probe.local.address;
  };

  const alone = await host.udp.bind(everywhere, () => {}).catch(() => undefined);
  if (!alone) return undefined;
  await alone.close();
  const socket = await host.udp.bind(everywhere, hear, { isShared: true });
  return { local: socket.local, close: () => socket.close() };
}
