/** A resolver that does as a test says: answers, lies, is slow, is silent; and remembers who asked it what, from where, by which letters. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server as Listener, type Socket as Stream } from 'node:net';
import { ByteWriter } from '../../src/core/bytes.ts';
import { ANSWER, a, packet, rr, type TestPacket } from '../dns/packets.ts';
import { framed, type Server } from './dnsask.ts';
import { lower, nameText, readPacket } from './dnsread.ts';

/** One question as it came. */
export interface Asked {
  readonly id: number;
  /** For people, small letters, dot at the end. */
  readonly name: string;
  /** On the wire, its letters as they came: Latin-1. */
  readonly letters: string;
  readonly type: number;
  readonly from: Server;
  readonly isTcp: boolean;
  readonly bytes: Uint8Array;
}

/** What becomes of a question; `send` as often as it likes, now or later. */
export type Behaviour = (asked: Asked, send: (bytes: Uint8Array) => void) => void;

export interface Upstream {
  readonly at: Server;
  readonly asked: Asked[];
  /** What it does from now on. */
  behave: Behaviour;
  /** From another port than the one that was asked. */
  sendFromElsewhere(bytes: Uint8Array, to: Server): void;
  close(): Promise<void>;
}

/** The question as it was asked, letters and all, with an address as answer unless told otherwise. */
export function answerTo(asked: Asked, more: Partial<TestPacket> = {}): Uint8Array {
  const name = Buffer.from(asked.letters, 'latin1');
  const answers = [{ ...rr('', 1, 300, a('93.184.216.34')), name }];
  return packet({ id: asked.id, flags: ANSWER, question: [name, asked.type], answers, opt: {}, ...more });
}

export const honest: Behaviour = (asked, send) => send(answerTo(asked));

export async function openUpstream(at: Server, behave: Behaviour = honest): Promise<Upstream> {
  const asked: Asked[] = [];
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20 });
  const elsewhere = createSocket('udp4');
  const listener = createServer();
  const streams = new Set<Stream>();
  let isClosed = false;
  const upstream: Upstream = {
    ...{ at, asked, behave },
    sendFromElsewhere: (bytes, { port, address }) => elsewhere.send(bytes, port, address, () => {}),
    close: async () => {
      isClosed = true;
      for (const stream of streams) stream.destroy();
      listener.close();
      await Promise.all([closed(socket), closed(elsewhere)]);
    },
  };
  const hear = (bytes: Uint8Array, from: Server, isTcp: boolean, send: (bytes: Uint8Array) => void): void => {
    const { id, question } = readPacket(bytes);
    if (!question) return;
    const { name: letters, type } = question;
    const one = { id, name: nameText(lower(letters)), letters, type, from, isTcp, bytes };
    asked.push(one);
    upstream.behave(one, send);
  };
  socket.on('message', (bytes, { address, port }) => {
    hear(bytes, { address, port }, false, (answer) => {
      if (!isClosed) socket.send(answer, port, address, () => {});
    });
  });
  listener.on('connection', (stream) => {
    streams.add(stream);
    stream.on('error', () => {});
    stream.on('close', () => streams.delete(stream));
    const from = { address: stream.remoteAddress ?? '', port: stream.remotePort ?? 0 };
    const send = (answer: Uint8Array): void =>
      void stream.write(new ByteWriter(answer.length + 2).u16(answer.length).put(answer).bytes());
    stream.on(
      'data',
      framed((bytes) => hear(bytes, from, true, send)),
    );
  });
  await opened(socket, listener, at);
  elsewhere.bind(0, at.address);
  await once(elsewhere, 'listening');
  return upstream;
}

async function opened(socket: Socket, listener: Listener, { address, port }: Server): Promise<void> {
  socket.bind(port, address);
  listener.listen(port, address);
  await Promise.all([once(socket, 'listening'), once(listener, 'listening')]);
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
