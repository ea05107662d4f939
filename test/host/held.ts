/** Sends numbered packets, 300 in one go, out of the same four octets; prints what came and how often those had to be left alone. */
import { LOOPBACK } from '../../src/core/addr.ts';
import { systemUdp } from '../../src/host/system.ts';

const heard: number[] = [];
let room = Buffer.alloc(4);
let held = 0;
const onHeld = (): void => {
  held += 1;
  room = Buffer.alloc(4);
};
const receiver = await systemUdp.bind({ address: LOOPBACK, port: 0 }, (bytes) =>
  heard.push(Buffer.from(bytes).readUInt32BE(0)),
);
const sender = await systemUdp.bind({ address: LOOPBACK, port: 0 }, () => {}, { onHeld });

for (const first of [0, 1000]) {
  for (let number = first; number < first + 300; number++) {
    room.writeUInt32BE(number);
    sender.send(room, receiver.local);
  }
  // The last that comes: nothing overtakes on loopback.
  const last = first + Number(process.argv[2]) - 1;
  while (!heard.includes(last)) await new Promise((resolve) => setImmediate(resolve));
}
await Promise.all([sender.close(), receiver.close()]);
process.stdout.write(JSON.stringify({ held, heard }));
