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

/** Where it came in, how long it was, and who waits for the answer. */
interface Question {
  readonly socket: UdpSocket;
  readonly reached: Reached;
  readonly from: Endpoint;
  readonly bytes: number;
}

/** What an IPv4 datagram can hold at most. */
const MAX_DATAGRAM_BYTES = 65_507;
/** Calls without an answer; who asks beyond that asks again, as UDP's callers do. */
const MAX_UNDER_WAY = 64;
const MAX_WAITING_BYTES = 1 << 20;

export function udpDoor(means: UdpDoorMeans): UdpDoor {
  const { host, room, reachedAt, admits, onDropped } = means;
  let sockets: UdpSocket[] = [];
  const share = new Share(room, MAX_WAITING_BYTES, { usedBytes: 0 });
  const excess = new Excess(host.clock.now());
  let sentBytes = 0;

  const send = (bytes: Uint8Array, { socket, from, bytes: asked }: Question): void => {
    if (excess.allows(bytes.length - asked, host.clock.now())) {
      sentBytes += bytes.length;
      socket.send(bytes, from);
    } else onDropped(from.address, 'excess');
  };
  const answer = answering(means.answering, share, send);

  const hearAt = (bytes: Uint8Array, question: Question): void => {
    const heard = hear(bytes);
    if (heard.kind === 'refused') send(heard.reply, question);
    else {
      const reason = heard.kind === 'dropped' ? heard.reason : answer(heard.call, question);
      if (reason) onDropped(question.from.address, reason);
    }
  };

  return {
    open: async (at) => {
      const reached = reachedAt(at.address);
      const socket: UdpSocket = await host.udp.bind(at, (bytes, { address, port }) => {
        // Port 0 cannot be answered.
        if (port === 0 || !admits(address, reached)) return;
        hearAt(bytes, { socket, reached, from: { address, port }, bytes: bytes.length });
      });
      sockets.push(socket);
      return socket.local;
    },
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

/** Answers calls; the result says why one is dropped. */
function answering(
  means: Answering,
  share: Share,
  send: (bytes: Uint8Array, question: Question) => void,
): (call: Call, question: Question) => 'all-busy' | undefined {
  let underWay = 0;
  const reply = (xid: number, found: Answer, question: Question): void => {
    if (found.kind === 'silence') return;
    const tail = found.kind === 'done' ? found.tail : undefined;
    tail?.release();
    const bytes = replyHead(xid, found);
    const isTooLong = tail !== undefined || bytes.length > MAX_DATAGRAM_BYTES;
    send(isTooLong ? replyHead(xid, SYSTEM_ERROR) : bytes, question);
  };
  return (call, question) => {
    if (underWay >= MAX_UNDER_WAY) return 'all-busy';
    const found = answerTo(call, callerOf(question, share), means);
    if (found instanceof Promise) {
      underWay += 1;
      means.work.begin();
      void found.then((settled) => {
        underWay -= 1;
        reply(call.xid, settled, question);
        means.work.end();
      });
    } else reply(call.xid, found, question);
    return undefined;
  };
}

function callerOf({ from: { address }, reached }: Question, share: Share): Caller {
  return {
    ...{ address, transport: 'udp' },
    // Few ask for it, and the system has to be asked in turn.
    get localAddress() {
      return addressTowards(address, reached);
    },
    take: (bytes) => share.take(bytes),
    give: (bytes) => share.give(bytes),
  };
}
