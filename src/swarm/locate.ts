/** Answers nodes that look for flink by broadcast, where neither a name nor the gateway led to it. */
import type { Endpoint, Ipv4, Subnet } from '../core/addr.ts';
import { LIMITED_BROADCAST, subnetHas } from '../core/addr.ts';
import { SWARM_PORT } from '../core/swarm.ts';
import type { Host, UdpSocket } from '../host.ts';
import type { Service } from '../service.ts';

export interface LocateOptions {
  /** flink's own address on the LAN. */
  readonly self: Ipv4;
  readonly lan: Subnet;
  /** What flink calls itself. */
  readonly name: string;
  /** Where it hears announcements: `http://172.16.0.1:8067`. */
  readonly url: string;
}

/** A node asks every few seconds until it is answered; a hall has a handful. More are not nodes. */
const ANSWERS_PER_SEC = 50;
/** One frame. */
const MAX_QUERY_BYTES = 1472;

/** The socket for broadcasts hears every interface; who is not on the LAN gets nothing. */
export function locateService(options: () => LocateOptions, host: Host, port: number = SWARM_PORT): Service {
  let sockets: readonly UdpSocket[] = [];
  let second = 0;
  let answered = 0;

  const mayAnswer = (): boolean => {
    const now = Math.floor(host.clock.now() / 1000);
    if (now !== second) answered = 0;
    second = now;
    answered += 1;
    return answered <= ANSWERS_PER_SEC;
  };

  const onDatagram = (bytes: Uint8Array, from: Endpoint): void => {
    const { self, lan } = options();
    const sender = sockets.find((socket) => socket.local.address === self);
    if (!sender || !subnetHas(lan, from.address) || !isQuery(bytes)) return;
    const answer = answerOf(options());
    // Whoever gives somebody else's address as his own must not make flink send more than he does.
    if (bytes.length < answer.length || !mayAnswer()) return;
    sender.send(answer, from);
    host.log.debug('swarm', 'located', { ip: from.address });
  };

  return {
    name: 'locate',
    start: async () => {
      const own = await host.udp.bind({ address: options().self, port }, onDatagram);
      sockets = [own];
      const heard = await host.udp.bind({ address: LIMITED_BROADCAST, port }, onDatagram).catch(async (fault) => {
        sockets = [];
        await own.close();
        throw fault;
      });
      sockets = [own, heard];
    },
    stop: async () => {
      const open = sockets;
      sockets = [];
      await Promise.all(open.map((socket) => socket.close()));
    },
    health: () => (sockets.length === 2 ? { ok: true } : { ok: false, reason: 'not-bound' }),
  };
}

/** `{"flisolator":"where-is-flink","version":1}`, with spaces or NULs behind it that make it as long as the answer. */
function isQuery(bytes: Uint8Array): boolean {
  if (bytes.length > MAX_QUERY_BYTES) return false;
  try {
    const query: unknown = JSON.parse(Buffer.from(bytes).toString('utf8').replace(/\0+$/, ''));
    if (typeof query !== 'object' || query === null) return false;
    return 'flisolator' in query && query.flisolator === 'where-is-flink' && 'version' in query && query.version === 1;
  } catch {
    return false;
  }
}

function answerOf({ url, name }: LocateOptions): Uint8Array {
  return Buffer.from(JSON.stringify({ flisolator: 'flink', version: 1, url, name }));
}
