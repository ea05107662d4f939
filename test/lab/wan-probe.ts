/** Run on the WAN side: asks flink for an address in every way that could tempt it to answer there. */
import dgram from 'node:dgram';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [wanAddress = '', flinkWan = '', flinkLan = ''] = process.argv.slice(2);
const LISTEN_MS = 2000;
/** Where they stand in a DHCP message, RFC 2131 §2. */
const CIADDR = 12;
const GIADDR = 24;
const CHADDR = 28;
const OPTIONS = 240;
/** A machine that nobody else in the lab is. */
const MAC = '5254000e0001';
const MESSAGE_TYPE = { discover: 1, request: 3, inform: 8 } as const;

const discover = Buffer.from(
  await readFile(path.join(import.meta.dirname, '../packets/dhcp/udhcpc-discover.hex'), 'latin1').then((text) =>
    text.replace(/\s/g, ''),
  ),
  'hex',
);

/** A real client's DISCOVER as another message, with `wanAddress` in the field that starts at `field`. */
function message(type: keyof typeof MESSAGE_TYPE, field?: number): Buffer {
  const bytes = Buffer.from(discover);
  bytes.write(MAC, CHADDR, 'hex');
  // The client identifier, option 61, is its MAC too.
  bytes.write(MAC, bytes.indexOf(Buffer.from([61, 7, 1]), OPTIONS) + 3, 'hex');
  const option53 = bytes.indexOf(Buffer.from([53, 1]), OPTIONS);
  bytes[option53 + 2] = MESSAGE_TYPE[type];
  if (field !== undefined) Buffer.from(wanAddress.split('.').map(Number)).copy(bytes, field);
  return bytes;
}

const tries = [
  message('discover'),
  message('discover', CIADDR),
  message('discover', GIADDR),
  message('inform', CIADDR),
  message('request', CIADDR),
];
let answers = 0;
for (const port of [68, 67]) {
  const socket = dgram.createSocket('udp4').on('message', () => {
    answers += 1;
  });
  await new Promise<void>((resolve) => socket.bind(port, wanAddress, resolve));
  socket.setBroadcast(true);
  for (const bytes of tries) for (const to of ['255.255.255.255', flinkWan, flinkLan]) socket.send(bytes, 67, to);
  socket.unref();
}
await sleep(LISTEN_MS);
console.log(JSON.stringify({ asked: tries.length * 6, answers }));
