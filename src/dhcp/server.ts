/** DHCP on the LAN: datagram in, decision, lease kept, answer out of the LAN's own address. */
import { type Endpoint, type Ipv4, LIMITED_BROADCAST } from '../core/addr.ts';
import { Malformed } from '../core/bytes.ts';
import { messageOf } from '../core/errors.ts';
import type { Clock, Host, UdpSocket } from '../host.ts';
import type { Service } from '../service.ts';
import { type Lease, LeaseTable } from './leases.ts';
import { observer } from './observe.ts';
import { type DhcpPacket, decode, encode } from './packet.ts';
import type { DhcpPolicy } from './policy.ts';
import { deliver, MESSAGE } from './reply.ts';
import { type Decision, respond } from './respond.ts';
import type { LeaseStore, StoredLease } from './store.ts';

export interface DhcpListen {
  /** The LAN's own address: answers leave from here, so that Linux sends broadcasts through the LAN's interface. */
  readonly address: Ipv4;
  readonly port: number;
}

export interface DhcpDeps {
  readonly host: Host;
  readonly store: LeaseStore;
}

/** Answers that wait for the disk; beyond it new requests are dropped, and clients ask again after four seconds. */
const MAX_PENDING = 4096;

export interface DhcpService extends Service {
  readonly leases: LeaseTable;
}

export function dhcpService(listen: DhcpListen, policy: () => DhcpPolicy, deps: DhcpDeps): DhcpService {
  const { host, store } = deps;
  const { clock } = host;
  const leases = new LeaseTable();
  const sockets: UdpSocket[] = [];
  const observe = observer(host);
  let pending = 0;

  const send = (socket: UdpSocket, request: DhcpPacket, decision: Decision): void => {
    if (!('reply' in decision)) return;
    const bytes = encode(decision.reply.packet, decision.reply.limits);
    socket.send(bytes, deliver(request, REPLY_TYPE[decision.kind]));
  };

  /** The answer waits until the store has the change; one that it cannot keep did not happen. */
  const keepThenSend = async (socket: UdpSocket, request: DhcpPacket, decision: Kept): Promise<void> => {
    const changes = [decision.lease, ...decision.freed];
    const before = changes.map(({ address }) => leases.at(address));
    // At once, so that the next request sees it.
    for (const lease of changes) leases.put(lease);
    pending += 1;
    try {
      await store.commit(changes.map((lease) => toStored(lease, clock)));
    } catch (error) {
      // What has changed once more since then is the later change's own.
      changes.forEach((change, i) => {
        if (leases.at(change.address) === change) restore(leases, change.address, before[i]);
      });
      host.log.error('dhcp', 'store-failed', { error: messageOf(error), ip: decision.lease.address });
      return;
    } finally {
      pending -= 1;
    }
    send(socket, request, decision);
  };

  const onBug = (error: unknown): void =>
    host.log.error('dhcp', 'bug', { error: (error instanceof Error && error.stack) || String(error) });

  /** The flow: decode, decide, keep, encode, send, observe. */
  const answer = (socket: UdpSocket, bytes: Uint8Array, from: Endpoint): void => {
    const startMs = clock.now();
    const request = decodeOrNothing(bytes);
    if (!request) {
      host.log.debug('dhcp', 'malformed', { ip: from.address, bytes: bytes.length });
      return;
    }
    const decision = respond(request, policy(), leases, startMs);
    if (isKept(decision)) keepThenSend(socket, request, decision).catch(onBug);
    else {
      // An offer is a promise for half a minute: a restart may forget it.
      if (decision.kind === 'offer') leases.put(decision.lease);
      send(socket, request, decision);
    }
    observe(request, decision, clock.now() - startMs);
  };

  /** A bug in one request stays in that request. */
  const onDatagram = (bytes: Uint8Array, from: Endpoint): void => {
    const socket = sockets[0];
    if (!socket || pending >= MAX_PENDING) return;
    try {
      answer(socket, bytes, from);
    } catch (error) {
      onBug(error);
    }
  };

  const openSockets = async (): Promise<void> => {
    // One that hears its own interface alone is better than ours, which hear every one.
    const handed = await host.udp.handed(listen.port, onDatagram);
    if (handed) {
      sockets.push(handed);
      return;
    }
    // Linux hands limited broadcasts, which is how clients without an address ask, only to sockets bound to that address.
    for (const address of [listen.address, LIMITED_BROADCAST]) {
      sockets.push(await host.udp.bind({ address, port: listen.port }, onDatagram, { broadcast: true }));
    }
  };

  const closeSockets = async (): Promise<void> => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()));
  };

  return {
    name: 'dhcp',
    leases,
    start: async () => {
      for (const lease of await store.load()) leases.put(fromStored(lease, clock));
      await openSockets().catch(async (fault: unknown) => {
        await closeSockets();
        throw fault;
      });
    },
    stop: async () => {
      await closeSockets();
      await store.close();
    },
    health: () => (sockets.length > 0 ? { ok: true } : { ok: false, reason: 'not-bound' }),
  };
}

/** What a restart must remember. */
type Kept = Extract<Decision, { readonly kind: 'ack' | 'release' | 'decline' }>;

function isKept(decision: Decision): decision is Kept {
  return decision.kind === 'ack' || decision.kind === 'release' || decision.kind === 'decline';
}

const REPLY_TYPE = { offer: MESSAGE.offer, ack: MESSAGE.ack, inform: MESSAGE.ack, nak: MESSAGE.nak } as const;

function decodeOrNothing(bytes: Uint8Array): DhcpPacket | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function toStored({ expiresAtMs, ...lease }: Lease, clock: Clock): StoredLease {
  return { ...lease, expiresOnMs: clock.date() + expiresAtMs - clock.now() };
}

function fromStored({ expiresOnMs, ...lease }: StoredLease, clock: Clock): Lease {
  return { ...lease, expiresAtMs: clock.now() + expiresOnMs - clock.date() };
}

function restore(leases: LeaseTable, address: Ipv4, before: Lease | undefined): void {
  if (before) leases.put(before);
  else leases.remove(address);
}
