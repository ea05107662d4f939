/** The real world behind `Host`: this machine's clock, sockets and interfaces. */
import dgram from 'node:dgram';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { type Endpoint, parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import type {
  Clock,
  ConnectedSocket,
  Host,
  LocalInterface,
  Log,
  OnConnected,
  OnDatagram,
  UdpHost,
  UdpSocket,
} from '../host.ts';
import { dialUdp } from './dial.ts';
import { handedUdp } from './handed.ts';
import { holdersOf } from './nettables.ts';

export function systemHost(log: Log): Host {
  return { clock: systemClock, udp: systemUdp, log, interfaces: localInterfaces, random: Math.random };
}

/** `performance.now` counts from the start of the process; to the kernel's word, that is so long after the machine's. */
const SINCE_BOOT_MS = uptimeMs() - performance.now();

export const systemClock: Clock = {
  now: () => SINCE_BOOT_MS + performance.now(),
  bootId: findBootId(),
  date: () => Date.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

/** proc(5): to a hundredth of a second, asleep or awake. Where it is not told, `hrtime` counts from the same moment, awake. */
function uptimeMs(): number {
  try {
    const sec = Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]);
    if (sec > 0) return sec * 1000;
  } catch {}
  return Number(process.hrtime.bigint()) / 1e6;
}

/** proc(5), random/boot_id: a new one at each start of the kernel. */
function findBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return undefined;
  }
}

/** A burst of 500 laptops switched on together must fit; the kernel caps it at net.core.rmem_max. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

export const systemUdp: UdpHost = {
  bind: (local, onDatagram, options = {}) =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket({
        type: 'udp4',
        lookup: literalLookup,
        recvBufferSize: RECEIVE_BUFFER_BYTES,
        reuseAddr: options.isShared === true,
      });
      socket.once('error', (error) => {
        socket.close();
        reject(bindFault('UDP', local, error));
      });
      socket.bind({ address: local.address, port: local.port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        if (options.broadcast) socket.setBroadcast(true);
        resolve(openSocket(socket, onDatagram, options.onHeld));
      });
    }),
  handed: async (port, onDatagram) => {
    const socket = await handedUdp(port);
    socket?.setBroadcast(true);
    return socket && openSocket(socket, onDatagram);
  },
  holders: holdersOf,
  connect: (localAddress, remote, on) =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket({ type: 'udp4', lookup: literalLookup });
      const fail = (error: Error): void => {
        socket.close();
        reject(bindFault('UDP', { address: localAddress, port: 0 }, error));
      };
      socket.once('error', fail);
      socket.bind({ address: localAddress, port: 0, exclusive: true }, () => {
        socket.once('connect', () => {
          socket.off('error', fail);
          resolve(connectedSocket(socket, remote, on));
        });
        socket.connect(remote.port, remote.address);
      });
    }),
  dial: dialUdp,
};

function connectedSocket(socket: dgram.Socket, remote: Endpoint, on: OnConnected): ConnectedSocket {
  let isClosed = false;
  socket.on('error', (error) => {
    if (!isClosed && errnoOf(error) === 'ECONNREFUSED') on.onUnreachable();
  });
  socket.on('message', (bytes, from) => {
    // Between bind and connect anybody could have reached the port.
    if (from.port === remote.port && from.address === remote.address) on.onDatagram(bytes);
  });
  const { address, port } = socket.address();
  return {
    local: { address: parseIpv4(address) ?? UNSPECIFIED, port },
    send: (bytes) => {
      if (!isClosed) socket.send(bytes);
    },
    isWaiting: () => !isClosed && socket.getSendQueueCount() > 0,
    close: () =>
      new Promise((resolve) => {
        if (isClosed) return resolve();
        isClosed = true;
        socket.close(() => resolve());
      }),
  };
}

/** Packets that may wait in the runtime for the kernel to take them; more are lost, as they would be on a busy wire. */
const MAX_WAITING = 256;

function openSocket(socket: dgram.Socket, onDatagram: OnDatagram, onHeld?: () => void): UdpSocket {
  let isClosed = false;
  let waiting = 0;
  const { address, port } = socket.address();
  const local = parseIpv4(address);
  // An ICMP error about an earlier packet surfaces here; the next datagram is unaffected.
  socket.on('error', () => {});
  // inet_ntop(3) writes an IPv4 sender in the one spelling that is ours. A socket that was handed over may be of IPv6.
  if (local) socket.on('message', (bytes, from) => onDatagram(bytes, from as dgram.RemoteInfo & Endpoint));
  else {
    socket.on('message', (bytes, from) =>
      onDatagram(bytes, { address: parseIpv4(from.address) ?? UNSPECIFIED, port: from.port }),
    );
  }
  return {
    local: { address: local ?? UNSPECIFIED, port },
    send: (bytes, to) => {
      // A send error (network down, no route) is told to nobody; port 0, which a forged packet can come from, would be thrown.
      if (isClosed || to.port === 0) return;
      if (waiting > 0) waiting = socket.getSendQueueCount();
      if (waiting >= MAX_WAITING) return;
      const isAlone = waiting === 0;
      // Behind others it waits for sure, and the runtime takes no copy.
      socket.send(isAlone ? bytes : Buffer.from(bytes), to.port, to.address);
      waiting = socket.getSendQueueCount();
      if (isAlone && waiting > 0) onHeld?.();
    },
    close: () =>
      new Promise((resolve) => {
        if (isClosed) return resolve();
        isClosed = true;
        socket.close(() => resolve());
      }),
  };
}

/** Literal addresses only: the default goes through the resolver's queue for each packet. */
export function literalLookup(
  host: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(null, host, 4);
}

/** The sentence for a socket that cannot be bound, with the cure. `proto` is `UDP` or `TCP`. */
export function bindFault(proto: string, local: Endpoint, error: unknown): Fault {
  const where = `${proto} port ${local.port} on ${local.address}`;
  switch (errnoOf(error)) {
    case 'EADDRINUSE':
      return new Fault(
        'bind-failed',
        `${where} is in use: stop the other server (ss -lnp shows it) or choose another under ports:`,
        error,
      );
    case 'EACCES':
      return new Fault(
        'no-privilege',
        `${where} needs privilege: run as root, or give node CAP_NET_BIND_SERVICE`,
        error,
      );
    case 'EADDRNOTAVAIL':
      return new Fault(
        'bind-failed',
        `${where}: this machine has no such address: give one that "ip -4 addr" shows`,
        error,
      );
    default:
      return new Fault('bind-failed', `${where} cannot be opened: ${messageOf(error)}`, error);
  }
}

/** The last answer of the system: it needs a descriptor to look, and may have none. */
let lastKnown: readonly LocalInterface[] | undefined;

/** Throws where the system does not say and never has. */
function localInterfaces(): readonly LocalInterface[] {
  try {
    lastKnown = lookAtInterfaces();
  } catch (error) {
    if (!lastKnown) throw error;
  }
  return lastKnown;
}

function lookAtInterfaces(): readonly LocalInterface[] {
  return Object.entries(os.networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap((a) => {
      const address = a.family === 'IPv4' ? parseIpv4(a.address) : undefined;
      const prefixBits = Number(a.cidr?.split('/')[1] ?? 32);
      return address ? [{ name, address, prefixBits, mac: a.mac }] : [];
    }),
  );
}
