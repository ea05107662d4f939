/**
 * A hall of machines that are switched on within a few seconds, on a LAN that loses, repeats and reorders.
 * Runs in a host of its own: node clients.ts '{"address":"172.16.250.1","count":200,"withinMs":5000,"lossShare":0.05,"seed":1}'; prints JSON.
 */
import dgram from 'node:dgram';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import { decode } from '../../src/dhcp/packet.ts';
import { seeded } from '../support/fakes.ts';
import { Firmware } from './firmware.ts';

interface Storm {
  /** Of this host. */
  readonly address: string;
  readonly count: number;
  readonly withinMs: number;
  /** Of the datagrams, each way; as many come twice. */
  readonly lossShare: number;
  readonly seed: number;
  /** Machine numbers begin here. */
  readonly from?: number;
}

const storm = JSON.parse(process.argv[2] ?? '{}') as Storm;
const random = seeded(storm.seed);
/** Whoever overtakes whom. */
const REORDER_MS = 40;
const DEADLINE_MS = 90_000;

/** Delivers none, one or two, each a little later. */
function unreliably(deliver: () => void): void {
  if (random() < storm.lossShare) return;
  const copies = random() < storm.lossShare ? 2 : 1;
  for (let i = 0; i < copies; i++) setTimeout(deliver, random() * REORDER_MS);
}

const agent = new http.Agent({ keepAlive: false, maxSockets: 64 });
function fetchMenu(node: Ipv4, mac: Mac): Promise<boolean> {
  return new Promise((resolve) => {
    const path = `/boot/boot.ipxe?mac=${mac.replaceAll(':', '-')}`;
    const request = http.get({ host: node, port: 80, path, agent, timeout: 2000 }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
      response.once('error', () => resolve(false));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}

/** Linux sends limited broadcasts out of the interface that the sender's address is on, and hands them to who listens there. */
async function bound(address: string): Promise<dgram.Socket> {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  await new Promise<void>((resolve) => socket.bind({ address, port: 68 }, resolve));
  socket.setBroadcast(true);
  return socket;
}
const mouth = await bound(storm.address);
const ears = await bound('255.255.255.255');

const machines = Array.from({ length: storm.count }, (_, i) => {
  const world = {
    now: () => performance.now(),
    after: (ms: number, then: () => void) => void setTimeout(then, ms),
    send: (bytes: Uint8Array) => unreliably(() => mouth.send(bytes, 67, '255.255.255.255')),
    fetchMenu,
  };
  return new Firmware((storm.from ?? 0) + i, world);
});
const byMac = new Map(machines.map((machine) => [machine.mac.replaceAll(':', ''), machine]));
ears.on('message', (bytes) => {
  const machine = byMac.get(bytes.subarray(28, 34).toString('hex'));
  if (!machine) return;
  const packet = decode(bytes);
  unreliably(() => machine.hear(packet));
});

console.log('storm begins');
const booting = Promise.all(
  machines.map(async (machine) => {
    await sleep(random() * storm.withinMs);
    await machine.boot();
  }),
);
await Promise.race([booting, sleep(DEADLINE_MS, undefined, { ref: false })]);
mouth.close();
ears.close();
process.stdout.write(`${JSON.stringify(machines.map(({ result }) => result))}\n`, () => process.exit(0));
