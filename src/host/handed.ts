/** Sockets that a service manager made and handed over, for what Node cannot ask of the kernel: `BindToDevice=`. sd_listen_fds(3). */
import dgram from 'node:dgram';

/** What stands before them: standard input, output and error. */
const FIRST_FD = 3;
const MAX_FDS = 16;

/** The UDP socket bound to `port` among those that LISTEN_FDS counts, or nothing. The environment's LISTEN_PID may be gone. */
export async function handedUdp(port: number, env: NodeJS.ProcessEnv = process.env): Promise<dgram.Socket | undefined> {
  const count = Math.min(MAX_FDS, Number(env.LISTEN_FDS) || 0);
  for (let fd = FIRST_FD; fd < FIRST_FD + count; fd++) {
    const socket = await adopt(fd);
    if (socket?.address().port === port) return socket;
    // Left open: closing it would take it from who it is for.
    socket?.unref();
  }
  return undefined;
}

/** Nothing where the descriptor is no UDP socket. */
function adopt(fd: number): Promise<dgram.Socket | undefined> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', () => resolve(undefined));
    socket.bind({ fd, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
