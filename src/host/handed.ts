/** Sockets that a service manager made and handed over, for what Node cannot ask of the kernel: `BindToDevice=`. sd_listen_fds(3). */
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { Fault } from '../core/errors.ts';

/** What stands before them: standard input, output and error. */
const FIRST_FD = 3;
const MAX_FDS = 16;

/**
 * The UDP socket for `port` among those that LISTEN_FDS counts, or nothing. LISTEN_PID may be gone by now. Throws a `Fault` for one
 * that is not bound to a device: an answer sent from it would follow the default route, which is not the LAN's.
 */
export async function handedUdp(port: number, env: NodeJS.ProcessEnv = process.env): Promise<dgram.Socket | undefined> {
  const count = Math.min(MAX_FDS, Number(env.LISTEN_FDS) || 0);
  for (let fd = FIRST_FD; fd < FIRST_FD + count; fd++) {
    const socket = await adopt(fd);
    if (socket?.address().port !== port) {
      // Left open: closing it would take it from who it is for.
      socket?.unref();
      continue;
    }
    if (isOnDevice(port)) return socket;
    const cure = 'add BindToDevice= to its socket unit';
    throw new Fault('bind-failed', `the socket handed over for UDP port ${port} hears every interface: ${cure}`);
  }
  return undefined;
}

/** Nothing where the descriptor is no UDP socket. */
function adopt(fd: number): Promise<dgram.Socket | undefined> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', () => resolve(undefined));
    try {
      socket.bind({ fd, exclusive: true }, () => {
        socket.removeAllListeners('error');
        resolve(socket);
      });
    } catch {
      // ERR_INVALID_FD_TYPE is thrown at once: a pipe, a file, a TCP socket.
      resolve(undefined);
    }
  });
}

/** Node cannot ask a socket for its device; iproute2, which is on every Linux, shows it: `0.0.0.0%enp3s0:67`. */
function isOnDevice(port: number): boolean {
  const shown = spawnSync('ss', ['-Hlun', `sport = :${port}`], { encoding: 'utf8', timeout: 2000 });
  return /%\S+:\d+\s/.test(shown.stdout ?? '');
}
