/** Calls by TCP: who is let in, and who has to leave. */
import net, { type Server, type Socket } from 'node:net';
import { type Endpoint, type Ipv4, parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import { Crowd, type CrowdBounds } from '../core/crowd.ts';
import type { Traffic } from '../core/swarm.ts';
import { listening } from '../host/listening.ts';
import type { Host } from '../host.ts';
import type { Reached } from './admission.ts';
import { Connection, type ConnectionMeans, RECORD_MS } from './connection.ts';
import type { Room, Source } from './room.ts';

export interface TcpDoorMeans {
  readonly clock: Host['clock'];
  readonly bounds: CrowdBounds;
  readonly room: Room;
  readonly connection: Pick<ConnectionMeans, 'answering' | 'onCut'>;
  readonly reachedAt: (address: Ipv4) => Reached;
  /** Whether that caller may ask. */
  readonly admits: (caller: Ipv4, reached: Reached) => boolean;
  /** Nobody has made room for a connection. */
  readonly onFull: (connections: number) => void;
}

export interface TcpDoor {
  /** Where it listens, with the real port. Rejects with a `Fault`. */
  open(at: Endpoint): Promise<Endpoint>;
  close(): Promise<void>;
  traffic(): Traffic;
}

/** One timer for all connections. */
const TICK_MS = 1000;
/** Without an octet taken: it holds what others wait for, and may come back. */
const WANTED_MS = 3000;
/** The same where nobody waits: of a peer that is gone TCP itself finds out, and one at 1 kB/s takes its time. */
const STILL_MS = 1_800_000;
/** Who has read within that time reads. */
const READING_MS = 10_000;
/** A laptop that was switched off is found out so soon, and a little later: its place is another's. */
const KEEP_ALIVE_MS = 60_000;

export function tcpDoor({ clock, bounds, room, connection, ...means }: TcpDoorMeans): TcpDoor {
  let servers: Server[] = [];
  let cancelTick: (() => void) | undefined;
  const now = (): number => clock.now();
  const sources = new Map<Ipv4, Source & { connections: number }>();
  /** The same for all connections of an address, as long as there are any. */
  const sourceOf = (socket: Socket): Source => {
    const { address } = endsOf(socket);
    const source = sources.get(address) ?? { usedBytes: 0, connections: 0 };
    sources.set(address, source);
    source.connections += 1;
    socket.once('close', () => {
      source.connections -= 1;
      if (source.connections === 0) sources.delete(address);
    });
    return source;
  };
  const common: ConnectionMeans = {
    ...{ ...connection, room, now },
    soon: (then) => process.nextTick(then),
    later: (then) => void setImmediate(then),
  };
  const crowd = new Crowd<Socket, Connection>({
    ...{ bounds, now, first: 'new' },
    keep: (socket, move) => new Connection(socket, { ...endsOf(socket), source: sourceOf(socket) }, common, move),
  });

  const cutLate = (): void => {
    // What the first of them gives back, others like it may take at once: all of them go.
    const { isWanted } = room;
    for (const standing of ['new', 'idle', 'busy'] as const)
      for (const each of crowd.all(standing)) {
        const mayBeStillMs = isWanted && each.holdsRoom ? WANTED_MS : STILL_MS;
        if (each.partMs >= RECORD_MS) each.cut('late-record');
        else if (each.stillMs >= mayBeStillMs) each.cut('stalled');
      }
  };
  const tick = (): void => {
    cutLate();
    cancelTick = crowd.count > 0 ? clock.after(TICK_MS, tick) : undefined;
  };

  const onConnection = (socket: Socket, reached: Reached): void => {
    // A peer that vanishes is no event.
    socket.on('error', () => {});
    const caller = parseIpv4(socket.remoteAddress ?? '');
    if (!caller || !means.admits(caller, { ...reached, address: endsOf(socket).localAddress })) {
      socket.resetAndDestroy();
    } else if (crowd.admit(socket)) cancelTick ??= clock.after(TICK_MS, tick);
    else means.onFull(crowd.count);
  };

  return {
    open: async (at) => {
      const reached = means.reachedAt(at.address);
      const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
      const server = net.createServer(options, (socket) => onConnection(socket, reached));
      servers.push(await listening(at, server));
      return endpointOf(server);
    },
    close: async () => {
      const closing = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      servers = [];
      crowd.closeAll();
      cancelTick?.();
      cancelTick = undefined;
      await Promise.all(closing);
    },
    traffic: () => {
      const since = clock.now() - READING_MS;
      let transfers = 0;
      for (const standing of ['idle', 'busy'] as const)
        for (const each of crowd.all(standing)) if (each.readAtMs > since) transfers += 1;
      return { transfers, sentBytes: crowd.sentBytes };
    },
  };
}

function endsOf({ remoteAddress, localAddress }: Socket): { readonly address: Ipv4; readonly localAddress: Ipv4 } {
  return {
    address: parseIpv4(remoteAddress ?? '') ?? UNSPECIFIED,
    localAddress: parseIpv4(localAddress ?? '') ?? UNSPECIFIED,
  };
}

function endpointOf(server: Server): Endpoint {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return { address: UNSPECIFIED, port: 0 };
  return { address: parseIpv4(bound.address) ?? UNSPECIFIED, port: bound.port };
}
