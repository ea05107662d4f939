/** DHCP on the LAN: datagram in, decision, lease kept, answer out of the LAN's own address. */
import { type Endpoint, type Ipv4, LIMITED_BROADCAST, type Mac } from '../core/addr.ts';
import { Malformed } from '../core/bytes.ts';
import type { Host, UdpSocket } from '../host.ts';
import type { Service } from '../service.ts';
import type { Decision, Facts } from './decision.ts';
import { type Kept, keeper } from './keep.ts';
import { LeaseTable } from './leases.ts';
import { type Machine, type MachineView, NO_MACHINES } from './machines.ts';
import { describe, type Observe, observer } from './observe.ts';
import { occupancyOf } from './occupancy.ts';
import { type DhcpPacket, decode, encode } from './packet.ts';
import type { DhcpPolicy } from './policy.ts';
import { NOBODY_LOOKS, type PresenceView } from './presence.ts';
import { deliver, MESSAGE } from './reply.ts';
import { networkOf, respond } from './respond.ts';
import type { LeaseStore } from './store.ts';

export interface DhcpListen {
  /** The LAN's own address: answers leave from here, so that Linux sends broadcasts through the LAN's interface. */
  readonly address: Ipv4;
  readonly port: number;
  /** Where PXE firmware asks once more, 4011. */
  readonly pxePort: number;
}

/** Looks who is on an address. */
export interface Prober {
  readonly view: PresenceView;
  /** Resolves when `view` knows, a second later at the latest; `mac` is who wants it. Rejects never. */
  look(address: Ipv4, mac: Mac): Promise<void>;
  /** A client has found somebody there: what was seen before counts no more. */
  forget(address: Ipv4): void;
}

export interface DhcpDeps {
  readonly host: Host;
  readonly store: LeaseStore;
  readonly prober?: Prober;
  readonly machines?: MachineBook;
  /** Told of everything that was decided, after it was sent. */
  readonly onDecision?: Observe;
}

/** What is remembered of machines, as the server keeps it. */
export interface MachineBook extends MachineView {
  put(machine: Machine): void;
}

/** Answers that wait for the disk or for a look at an address; beyond it new requests are dropped, and clients ask again after four seconds. */
const MAX_PENDING = 4096;
/** A request is held for looks so long: who is behind a taken address answers at once, so a second holds many of them. */
const HELD_MS = 900;
/** Addresses that one request is held for, one after the other: each was found to be taken. */
const MAX_LOOKS = 32;

export interface DhcpService extends Service {
  readonly leases: LeaseTable;
}

/** A request on its way. */
interface Heard {
  readonly socket: UdpSocket;
  readonly request: DhcpPacket;
  readonly from: Endpoint;
  readonly door: Facts['door'];
  readonly startMs: number;
}

export function dhcpService(listen: DhcpListen, policy: () => DhcpPolicy, deps: DhcpDeps): DhcpService {
  const { host, store, prober } = deps;
  const { clock } = host;
  const leases = new LeaseTable();
  const keep = keeper(store, leases, host);
  const sockets: UdpSocket[] = [];
  const observe = observer(host, (request) => {
    const facts = { policy: policy(), presence: prober?.view ?? NOBODY_LOOKS, nowMs: clock.now() };
    const network = networkOf(request, facts.policy);
    return network && occupancyOf(network, facts, leases.all());
  });
  const machines: MachineView = deps.machines ?? NO_MACHINES;
  /** Whose DISCOVER waits for a look: asked again, it goes on waiting. */
  const held = new Set<string>();
  let pending = 0;
  /** Whoever asks before the leases are known is not heard; clients ask again. */
  let isSettled = false;

  const send = ({ socket, request, from, door }: Heard, decision: Decision): void => {
    if (!('reply' in decision)) return;
    const bytes = encode(decision.reply.packet, decision.reply.limits);
    socket.send(bytes, door === 'pxe' ? from : deliver(request, REPLY_TYPE[decision.kind]));
  };

  const done = (heard: Heard, decision: Decision): void => {
    if ('machine' in decision && decision.machine) deps.machines?.put(decision.machine);
    if (decision.kind === 'decline') prober?.forget(decision.lease.address);
    const told = describe(heard.request, decision, clock.now() - heard.startMs);
    observe(heard.request, decision, told);
    deps.onDecision?.(heard.request, decision, told);
  };

  /** The answer waits until the store has the change; one that it cannot keep did not happen. */
  const keepThenSend = async (heard: Heard, decided: Kept): Promise<void> => {
    pending += 1;
    let decision: Kept | undefined;
    try {
      decision = await keep.keep(decided);
    } finally {
      pending -= 1;
    }
    if (!decision) return;
    send(heard, decision);
    done(heard, decision);
  };

  /** Until somebody has looked who is on that address; then it is decided anew. */
  const lookThenAnswer = async (heard: Heard, { address, mac }: Probe, looks: number): Promise<void> => {
    if (!prober || held.has(mac)) return;
    if (looks >= MAX_LOOKS || clock.now() - heard.startMs >= HELD_MS)
      return done(heard, { kind: 'ignore', reason: 'not-looked' });
    held.add(mac);
    pending += 1;
    try {
      await prober.look(address, mac);
    } finally {
      held.delete(mac);
      pending -= 1;
    }
    if (isSettled) answer(heard, looks + 1);
  };

  const onBug = (error: unknown): void =>
    host.log.error('dhcp', 'bug', { error: (error instanceof Error && error.stack) || String(error) });

  /** The flow: decide, look or keep, encode, send, observe. */
  const answer = (heard: Heard, looks: number): void => {
    const facts: Facts = {
      policy: policy(),
      leases,
      presence: prober?.view ?? NOBODY_LOOKS,
      machines,
      door: heard.door,
      nowMs: clock.now(),
    };
    const decision = respond(heard.request, facts);
    if (decision.kind === 'probe') lookThenAnswer(heard, decision, looks).catch(onBug);
    else if (isKept(decision)) keepThenSend(heard, decision).catch(onBug);
    else {
      // An offer is a promise for half a minute: a restart may forget it.
      if (decision.kind === 'offer') leases.put(decision.lease);
      send(heard, decision);
      done(heard, decision);
    }
  };

  /** A bug in one request stays in that request. */
  const onDatagram = (door: Facts['door'], bytes: Uint8Array, from: Endpoint): void => {
    const socket = sockets.find(({ local }) => (local.port === listen.pxePort) === (door === 'pxe'));
    if (!socket || !isSettled || pending >= MAX_PENDING) return;
    try {
      const request = decodeOrNothing(bytes);
      if (request) answer({ socket, request, from, door, startMs: clock.now() }, 0);
      else host.log.debug('dhcp', 'malformed', { ip: from.address, bytes: bytes.length });
    } catch (error) {
      onBug(error);
    }
  };
  const onDhcp = (bytes: Uint8Array, from: Endpoint): void => onDatagram('dhcp', bytes, from);
  const onPxe = (bytes: Uint8Array, from: Endpoint): void => onDatagram('pxe', bytes, from);

  const openSockets = async (): Promise<void> => {
    // One that hears its own interface alone is better than ours, which hear every one.
    const handed = await host.udp.handed(listen.port, onDhcp);
    if (handed) sockets.push(handed);
    // Linux hands limited broadcasts, which is how clients without an address ask, only to sockets bound to that address.
    for (const address of handed ? [] : [listen.address, LIMITED_BROADCAST]) {
      sockets.push(await host.udp.bind({ address, port: listen.port }, onDhcp, { broadcast: true }));
    }
    sockets.push(await host.udp.bind({ address: listen.address, port: listen.pxePort }, onPxe));
  };

  const closeSockets = async (): Promise<void> => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()));
  };

  return {
    name: 'dhcp',
    leases,
    start: async () => {
      await openSockets().catch(async (fault: unknown) => {
        await closeSockets();
        throw fault;
      });
    },
    settle: async () => {
      for (const lease of await store.load()) leases.put(lease);
      isSettled = true;
    },
    stop: async () => {
      isSettled = false;
      await closeSockets();
      await store.close();
    },
    health: () => (sockets.length > 0 ? keep.health() : { ok: false, reason: 'not-bound' }),
  };
}

type Probe = Extract<Decision, { readonly kind: 'probe' }>;

function isKept(decision: Decision): decision is Kept {
  return decision.kind === 'ack' || decision.kind === 'release' || decision.kind === 'decline';
}

const REPLY_TYPE = {
  offer: MESSAGE.offer,
  ack: MESSAGE.ack,
  inform: MESSAGE.ack,
  bootp: MESSAGE.offer,
  nak: MESSAGE.nak,
  'proxy-offer': MESSAGE.offer,
  'proxy-ack': MESSAGE.ack,
} as const;

function decodeOrNothing(bytes: Uint8Array): DhcpPacket | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
