/** Calls by UDP: one datagram, one call, one answer. */
import type { Endpoint, Ipv4 } from '../core/addr.ts';
import type { Host, UdpSocket } from '../host.ts';
import { addressTowards, type Reached } from './admission.ts';
import { type Answering, answerTo, SYSTEM_ERROR } from './answering.ts';
import { Excess } from './excess.ts';
import { type Room, Share } from './room.ts';
import { type Answer, type Call, type Caller, hear, replyHead } from './rpc.ts';

export interface UdpDoorMeans {
  readonly host: Pick<Host, 'udp' | 'clock'>;
  readonly answering: Answering;
  readonly room: Room;
  readonly reachedAt: (address: Ipv4) => Reached;
  /** Whether that caller may ask. */
  readonly admits: (caller: Ipv4, reached: Reached) => boolean;
  readonly onDropped: (caller: Ipv4, reason: string) => void;
}

export interface UdpDoor {
  /** Where it was bound, with the real port. Rejects with a `Fault`. */
  open(at: Endpoint): Promise<Endpoint>;
  close(): Promise<void>;
  readonly sentBytes: number;
}

/** How long it was, and who waits for the answer. */
interface Question {
  readonly bytes: number;
  readonly from: Endpoint;
}

/** What an IPv4 datagram can hold at most. */
const MAX_DATAGRAM_BYTES = 65_507;
/** Calls without an answer; who asks beyond that asks again, as UDP's callers do. */
const MAX_UNDER_WAY = 64;
const MAX_WAITING_BYTES = 1 << 20;

export function udpDoor({ host, answering, room, reachedAt, admits, onDropped }: UdpDoorMeans): UdpDoor {
  let sockets: UdpSocket[] = [];
  const share = new Share(room, MAX_WAITING_BYTES);
  const excess = new Excess(host.clock.now());
  let underWay = 0;
  let sentBytes = 0;

  const callerAt = (address: Ipv4, reached: Reached): Caller => ({
    ...{ address, transport: 'udp' },
    // Few ask, and the system has to be asked for it.
    get localAddress() {
      return addressTowards(address, reached);
    },
    take: (bytes) => share.take(bytes),
    give: (bytes) => share.give(bytes),
  });

  const open = async (at: Endpoint): Promise<Endpoint> => {
    const reached = reachedAt(at.address);

    const send = (bytes: Uint8Array, question: Question): void => {
      const { from, bytes: asked } = question;
      if (excess.allows(bytes.length - asked, host.clock.now())) {
        sentBytes += bytes.length;
        socket.send(bytes, from);
      } else onDropped(from.address, 'excess');
    };

    const reply = (xid: number, found: Answer, question: Question): void => {
      if (found.kind === 'silence') return;
      const tail = found.kind === 'done' ? found.tail : undefined;
      tail?.release();
      const bytes = replyHead(xid, found);
      const isTooLong = tail !== undefined || bytes.length > MAX_DATAGRAM_BYTES;
      send(isTooLong ? replyHead(xid, SYSTEM_ERROR) : bytes, question);
    };

    const answer = (call: Call, question: Question): void => {
      const found = answerTo(call, callerAt(question.from.address, reached), answering);
      if (found instanceof Promise) {
        underWay += 1;
        answering.work.begin();
        void found.then((settled) => {
          underWay -= 1;
          reply(call.xid, settled, question);
          answering.work.end();
        });
      } else reply(call.xid, found, question);
    };

    const onDatagram = (bytes: Uint8Array, { address, port }: Endpoint): void => {
      // Port 0 cannot be answered.
      if (port === 0 || !admits(address, reached)) return;
      const heard = hear(bytes);
      const question = { bytes: bytes.length, from: { address, port } };
      if (heard.kind === 'dropped') onDropped(address, heard.reason);
      else if (heard.kind === 'refused') send(heard.reply, question);
      else if (underWay >= MAX_UNDER_WAY) onDropped(address, 'all-busy');
      else answer(heard.call, question);
    };

    const socket: UdpSocket = await host.udp.bind(at, onDatagram);
    sockets.push(socket);
    return socket.local;
  };

  return {
    open,
    close: async () => {
      share.close();
      const closing = sockets;
      sockets = [];
      await Promise.all(closing.map((socket) => socket.close()));
    },
    get sentBytes() {
      return sentBytes;
    },
  };
}
