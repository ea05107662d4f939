/** One socket for each address that is served, so that a reply leaves from the address that the client used. */
import type { Ipv4 } from '../core/addr.ts';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import type { Host, OnDatagram, UdpSocket } from '../host.ts';
import { type Fallback, openFallback } from './fallback.ts';
import { tellsOfRivals } from './rivals.ts';

export interface Listening {
  readonly addresses: readonly Ipv4[] | 'every-address';
  readonly port: number;
}

export interface Listeners {
  /** Those that are bound to an address. */
  sockets(): readonly UdpSocket[];
  /** Rejects with a `Fault`, and nothing is open then. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** How soon an address that DHCP brought later is served, and one that is gone is not. */
const RESCAN_MS = 3000;
/** Those below are root's, who may be nobody by the time that an address comes. ip(7), ip_unprivileged_port_start */
const FIRST_FREE_PORT = 1024;

/** `onDatagram` gets the socket that heard it. */
export function createListeners(
  listening: () => Listening,
  host: Host,
  onDatagram: (socket: UdpSocket, ...heard: Parameters<OnDatagram>) => void,
): Listeners {
  const sockets = new Map<Ipv4, UdpSocket>();
  /** For all other addresses, where it could be had. */
  let fallback: Fallback | undefined;
  /** Addresses that could not be had at the last look, so that each is told of once. */
  const refused = new Set<Ipv4>();
  let isOpen = false;
  let hasFailed = false;
  let scanning = Promise.resolve();
  let cancelScan = (): void => {};
  const tellOfRivals = tellsOfRivals(host, () => ({
    port: listening().port,
    own: [...sockets.keys(), ...(fallback ? [fallback.local.address] : [])],
  }));

  const bind = async (address: Ipv4): Promise<void> => {
    const local = { address, port: listening().port };
    const onHeard: OnDatagram = (bytes, from) => onDatagram(socket, bytes, from);
    const socket: UdpSocket = await host.udp.bind(local, onHeard, { isShared: fallback !== undefined });
    sockets.set(address, socket);
    refused.delete(address);
  };

  const wanted = (): readonly Ipv4[] => {
    const { addresses } = listening();
    return addresses === 'every-address' ? [...new Set(host.interfaces().map((i) => i.address))] : addresses;
  };

  const rescan = async (): Promise<void> => {
    const addresses = wanted();
    for (const [address, socket] of sockets) {
      if (addresses.includes(address)) continue;
      sockets.delete(address);
      await socket.close();
      host.log.info('tftp', 'address-gone', { local: address });
    }
    for (const address of refused) if (!addresses.includes(address)) refused.delete(address);
    for (const address of addresses) {
      if (!isOpen || sockets.has(address)) continue;
      await bind(address).then(
        () => host.log.info('tftp', 'address-served', { local: address }),
        (error: unknown) => tellOfRefused(address, error),
      );
    }
    if (fallback && isOpen) await tellOfRivals();
  };

  /** Without root's rights no socket can be had for a low port, and the one for all others serves the address. */
  const tellOfRefused = (address: Ipv4, error: unknown): void => {
    if (refused.has(address)) return;
    refused.add(address);
    const isServed = fallback !== undefined && error instanceof Fault && error.code === 'no-privilege';
    if (isServed) host.log.info('tftp', 'address-served', { local: address, by: 'shared-socket' });
    else host.log.warn('tftp', 'address-not-served', { local: address, error: messageOf(error) });
  };

  /** The system may be unable to say which interfaces there are, for want of a descriptor; those served stay served. */
  const tellOnce = (error: unknown): void => {
    if (!hasFailed) host.log.warn('tftp', 'interfaces-unknown', { error: messageOf(error) });
    hasFailed = true;
  };

  const scanLater = (): void => {
    cancelScan = host.clock.after(RESCAN_MS, () => {
      scanning = rescan()
        .then(() => {
          hasFailed = false;
        }, tellOnce)
        .then(() => {
          if (isOpen) scanLater();
        });
    });
  };

  const openAll = async (): Promise<void> => {
    const { addresses, port } = listening();
    if (addresses === 'every-address' && port > 0 && port < FIRST_FREE_PORT) {
      fallback = await openFallback(port, { host, isServed: (address) => sockets.has(address), onDatagram });
    }
    for (const address of wanted()) await bind(address).catch(mayBeGone);
    if (sockets.size === 0) throw new Fault('no-interface', 'TFTP has no address to listen on: bring an interface up');
  };

  const close = async (): Promise<void> => {
    isOpen = false;
    cancelScan();
    await scanning;
    await Promise.all([...sockets.values(), ...(fallback ? [fallback] : [])].map((socket) => socket.close()));
    fallback = undefined;
    sockets.clear();
    refused.clear();
  };

  return {
    sockets: () => [...sockets.values()],
    open: async () => {
      isOpen = true;
      try {
        await openAll();
      } catch (fault) {
        await close();
        throw fault;
      }
      if (listening().addresses === 'every-address') scanLater();
    },
    close,
  };

  /** An address may go between the look at the interfaces and the bind; the next look tells. */
  function mayBeGone(fault: unknown): void {
    const isGone = fault instanceof Fault && errnoOf(fault.cause) === 'EADDRNOTAVAIL';
    if (!isGone || listening().addresses !== 'every-address') throw fault;
  }
}
