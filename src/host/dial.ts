/** UDP sockets to hosts beyond the LAN, from ports that nobody can foretell. RFC 5452 §9.2, RFC 6056 §3.3.1. */
import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import net from 'node:net';
import { parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf } from '../core/errors.ts';
import type { ConnectedSocket, OnConnected } from '../host.ts';

/** All that need no privilege. */
const FIRST_PORT = 1024;
const END_OF_PORTS = 65_536;
/** One in a thousand ports may be taken; so many in a row are not. */
const MAX_TRIES = 10;

interface Remote {
  readonly address: string;
  readonly port: number;
}

/** Rejects with the system's error: no descriptor, no route, no free port. */
export async function dialUdp(remote: Remote, on: OnConnected): Promise<ConnectedSocket> {
  for (let tries = 1; ; tries++) {
    const port = randomInt(FIRST_PORT, END_OF_PORTS);
    try {
      return await dialFrom(port, remote, on);
    } catch (error) {
      if (errnoOf(error) !== 'EADDRINUSE' || tries >= MAX_TRIES) throw error;
    }
  }
}

function dialFrom(port: number, remote: Remote, on: OnConnected): Promise<ConnectedSocket> {
  return new Promise((resolve, reject) => {
    const isIpv6 = net.isIPv6(remote.address);
    const socket = dgram.createSocket({ type: isIpv6 ? 'udp6' : 'udp4', ipv6Only: isIpv6, lookup: asIs });
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind({ address: isIpv6 ? '::' : UNSPECIFIED, port, exclusive: true }, () => {
      socket.once('connect', () => {
        socket.off('error', fail);
        resolve(dialled(socket, on));
      });
      socket.connect(remote.port, remote.address);
    });
  });
}

function dialled(socket: dgram.Socket, on: OnConnected): ConnectedSocket {
  let isClosed = false;
  const remote = socket.remoteAddress();
  const local = socket.address();
  const onError = (error: Error | null): void => {
    if (error && !isClosed) on.onUnreachable();
  };
  socket.on('error', onError);
  socket.on('message', (bytes, from) => {
    // Between bind and connect anybody could have reached the port.
    if (!isClosed && from.port === remote.port && withoutZone(from.address) === withoutZone(remote.address)) {
      on.onDatagram(bytes);
    }
  });
  return {
    local: { address: parseIpv4(local.address) ?? UNSPECIFIED, port: local.port },
    send: (bytes) => {
      if (!isClosed) socket.send(bytes, onError);
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

/** Addresses are literals: nobody is asked for them. */
function asIs(
  host: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(null, host, net.isIPv6(host) ? 6 : 4);
}

/** `fe80::1%enp2s0` is told with its interface in one place and without it in the other. RFC 4007 §11. */
function withoutZone(address: string): string {
  const at = address.indexOf('%');
  return at < 0 ? address : address.slice(0, at);
}
