/** `rrq.ts ADDRESS FILE`: asks for a file by TFTP until something comes, and prints from where its first block came. RFC 1350 */
import dgram from 'node:dgram';

const [address = '', file = ''] = process.argv.slice(2);
const socket = dgram.createSocket('udp4');
const ask = (): void => socket.send(Buffer.from(`\0\x01${file}\0octet\0`, 'latin1'), 69, address);
socket.on('message', (packet, from) => {
  process.stdout.write(`${from.address} ${packet.toString('latin1', 4)}`);
  process.exit();
});
// As firmware does, about once in a second.
setInterval(ask, 1000);
ask();
setTimeout(() => process.exit(1), 10_000);
