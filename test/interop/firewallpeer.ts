/** A machine beside the firewall: listens, or sends one datagram and says what comes back. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';

const [mode = '', ...args] = process.argv.slice(2);

/** `tcp:80` tells who asks; `udp:7007` answers everything with `here`. */
async function listen(doors: readonly string[]): Promise<void> {
  for (const door of doors) {
    const [kind, port] = door.split(':');
    await new Promise<void>((resolve) => {
      if (kind === 'tcp') {
        const server = createServer((request, response) => {
          response.end(request.socket.remoteAddress?.replace('::ffff:', ''));
        });
        server.listen(Number(port), '::', resolve);
        return;
      }
      const socket = createSocket('udp4');
      socket.on('message', (_bytes, from) => socket.send('here', from.port, from.address));
      socket.bind(Number(port), '0.0.0.0', resolve);
    });
  }
  console.log('listening');
}

const PATIENCE_MS = 700;

function send([source, address, port]: readonly string[]): void {
  const socket = createSocket('udp4');
  const end = (said: string): void => {
    console.log(said);
    process.exit();
  };
  socket.on('message', (bytes) => end(`heard ${bytes.toString('latin1')}`));
  socket.bind(0, source, () => {
    socket.setBroadcast(true);
    socket.send('hello', Number(port), address);
    setTimeout(() => end('heard nothing'), PATIENCE_MS);
  });
}

if (mode === 'listen') await listen(args);
else send(args);
