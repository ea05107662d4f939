/** Questions by TCP: who is let in, for how long. RFC 7766. */
import net, { type Server, type Socket } from 'node:net';
import { type Endpoint, parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import { bindFault } from '../host/system.ts';
import type { Host } from '../host.ts';
import { Connection, type ConnectionUse } from './connection.ts';
import { Connections } from './connections.ts';
import type { Gate } from './gate.ts';

export interface TcpDoor {
  /** Where it listens, with the real port. Rejects with a `Fault`. */
  open(at: Endpoint): Promise<Endpoint>;
  close(): Promise<void>;
  readonly connections: number;
}

/** One timer for all connections; what is late by so much is late by a tenth. */
const TICK_MS = 1000;
/** Of all places, for one address. */
const CLIENT_SHARE = 0.25;
/** Connections that the kernel holds for us: a hall that asks all at once. */
const BACKLOG = 512;

export function tcpDoor({ clock }: Pick<Host, 'clock'>, gate: Gate, max: number): TcpDoor {
  const connections = new Connections({ max, maxPerClient: Math.ceil(max * CLIENT_SHARE) });
  let servers: Server[] = [];
  let cancelTick: (() => void) | undefined;

  const tick = (): void => {
    connections.closeOverdue(clock.now());
    cancelTick = connections.count > 0 ? clock.after(TICK_MS, tick) : undefined;
  };

  const use: ConnectionUse = {
    now: () => clock.now(),
    admits: (client) => gate.admits(client, 'tcp'),
    onQuestion: gate.onQuestion,
    onMove: (connection, isBusy) => connections.move(connection, isBusy),
  };

  const onConnection = (socket: Socket): void => {
    // A peer that vanishes is no event.
    socket.on('error', () => {});
    const client = parseIpv4(socket.remoteAddress ?? '');
    if (!client || !gate.admitsConnection(client) || !connections.makeRoomFor(client)) {
      gate.counts.refusedConnections += 1;
      socket.resetAndDestroy();
      return;
    }
    const connection = new Connection(socket, client, use);
    connections.add(connection);
    socket.once('close', () => connections.forget(connection));
    cancelTick ??= clock.after(TICK_MS, tick);
  };

  return {
    open: async (at) => {
      const server = await listening(at, onConnection);
      servers.push(server);
      return endpointOf(server);
    },
    close: async () => {
      const closing = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      servers = [];
      connections.closeAll();
      cancelTick?.();
      cancelTick = undefined;
      await Promise.all(closing);
    },
    get connections() {
      return connections.count;
    },
  };
}

/** Half open: who has asked all it wants, and says so, still gets its answers. */
function listening(at: Endpoint, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindFault('TCP', at, error)));
    server.listen({ host: at.address, port: at.port, backlog: BACKLOG, exclusive: true }, () => {
      server.removeAllListeners('error');
      // No descriptor left for a connection: it is dropped, and those that come when others have gone are served.
      server.on('error', () => {});
      resolve(server);
    });
  });
}

function endpointOf(server: Server): Endpoint {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return { address: UNSPECIFIED, port: 0 };
  return { address: parseIpv4(bound.address) ?? UNSPECIFIED, port: bound.port };
}
