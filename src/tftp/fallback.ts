/**
 * A socket for all addresses that have none of their own: those that came when root's rights, which port 69 needs, were
 * gone already. Requests come in by it; transfers leave from the address that was asked, as always.
 */
import { type Ipv4, UNSPECIFIED } from '../core/addr.ts';
import type { Host, LocalInterface, OnDatagram, UdpSocket } from '../host.ts';
import { reachedAddress } from './reached.ts';

export interface Fallback {
  readonly local: UdpSocket['local'];
  close(): Promise<void>;
}

/** Requests at it may come in thousands; interfaces change now and then. */
const LOOK_MS = 250;
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
  let seen: { readonly atMs: number; readonly interfaces: readonly LocalInterface[] } | undefined;

  const interfaces = (): readonly LocalInterface[] => {
    const atMs = host.clock.now();
    if (!seen || atMs - seen.atMs >= LOOK_MS) seen = { atMs, interfaces: host.interfaces() };
    return seen.interfaces;
  };

  const hear = async (...[bytes, from]: Parameters<OnDatagram>): Promise<void> => {
    const reached = reachedAddress(from.address, interfaces(), isServed);
    if (reached.kind === 'broadcast' || from.port === 0) return;
    // The buffer is the socket's again once this has returned.
    const kept = reached.kind === 'one-of' ? Uint8Array.from(bytes) : bytes;
    const address = reached.kind === 'address' ? reached.address : await sourceTo(from.address);
    if (address === undefined || (reached.kind === 'one-of' && !reached.addresses.includes(address))) return;
    onDatagram({ ...socket, local: { address, port } }, kept, from);
  };

  /** From which address the system would answer. Nothing is sent. */
  const sourceTo = async (address: Ipv4): Promise<Ipv4 | undefined> => {
    const probe = await host.udp.connect(UNSPECIFIED, { address, port: DISCARD_PORT }, NOBODY);
    await probe.close();
    return probe.local.address;
  };

  const alone = await host.udp.bind(everywhere, () => {}).catch(() => undefined);
  if (!alone) return undefined;
  await alone.close();
  const onHeard: OnDatagram = (bytes, from) => void hear(bytes, from).catch(() => {});
  const socket = await host.udp.bind(everywhere, onHeard, { isShared: true });
  return { local: socket.local, close: () => socket.close() };
}

/** A socket is connected to some port; RFC 863's is never meant. */
const DISCARD_PORT = 9;
