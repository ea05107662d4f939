/** Stands in for a flink in a network namespace: `standin.ts ADDRESS [door] [broadcast] [dns]`, each a way to be found by. */
import dgram from 'node:dgram';
import http from 'node:http';
import { type Ipv4, subnetOf } from '../../src/core/addr.ts';
import { SWARM_PORT } from '../../src/core/swarm.ts';
import { systemClock, systemUdp } from '../../src/host/system.ts';
import { locateService } from '../../src/swarm/locate.ts';
import { FakeLog } from '../support/fakes.ts';

const [address, ...ways] = process.argv.slice(2) as [Ipv4, ...string[]];
const NAME = 'flink.flisol.lan';

if (ways.includes('door')) {
  http
    // Its last node has died: it is not well, and has to be found all the same.
    .createServer(({ url }, response) => response.writeHead(url === '/healthz' ? 503 : 404).end('{"services":{}}'))
    .listen(SWARM_PORT, address);
}
if (ways.includes('broadcast')) {
  const host = { clock: systemClock, udp: systemUdp, log: new FakeLog(), interfaces: () => [], random: Math.random };
  const options = { self: address, lan: subnetOf(address, 16), name: 'flink', url: `http://${address}:${SWARM_PORT}` };
  await locateService(() => options, host).start();
}
if (ways.includes('dns')) answerNames(dgram.createSocket('udp4'));
setTimeout(() => process.stdout.write('standing\n'), 100);

/** A resolver that knows one name, RFC 1035 §4. */
function answerNames(socket: dgram.Socket): void {
  socket.on('message', (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const isKnown = labels.join('.') === NAME && query.readUInt16BE(at + 1) === 1;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(isKnown ? 0x8580 : 0x8583, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(isKnown ? 1 : 0, 6);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]);
    const parts = [header, query.subarray(12, at + 5), ...(isKnown ? [answer] : [])];
    socket.send(Buffer.concat(parts), from.port, from.address);
  });
  socket.bind(53, address);
}
