/** The first look at a connection: what is hot is told at once, for all else it is HTTP's. */
import type { Socket } from 'node:net';
import type { Connections } from '../http/connections.ts';
import { type HotAnswers, isPlainRequest, MAX_REQUEST_BYTES } from './hot.ts';
import type { Store } from './store.ts';
import type { Tally } from './tally.ts';

export interface FrontMeans {
  readonly hot: HotAnswers;
  readonly store: Pick<Store, 'peek' | 'used'>;
  readonly tally: Tally;
  readonly connections: Connections;
  /** For all that is not hot: from then on the connection is its own. */
  readonly toHttp: (socket: Socket) => void;
  /** The request that a connection was handed on with. */
  readonly asked: WeakMap<Socket, string>;
  readonly idleMs: number;
}

export function greet(socket: Socket, means: FrontMeans): void {
  const { hot, store, tally, connections, toHttp, asked } = means;
  const onIdle = (): void => void socket.destroy();
  const onDrain = (): void => void socket.resume();

  const handOn = (chunk: Buffer, request: string | undefined): void => {
    socket.pause();
    socket.off('data', onData);
    socket.off('timeout', onIdle);
    socket.off('drain', onDrain);
    socket.setTimeout(0);
    if (request !== undefined && isPlainRequest(request)) asked.set(socket, request);
    toHttp(socket);
    socket.unshift(chunk);
    socket.resume();
  };

  const onData = (chunk: Buffer): void => {
    const request = chunk.length <= MAX_REQUEST_BYTES ? chunk.toString('latin1') : undefined;
    const known = request === undefined ? undefined : hot.find(request);
    const content = known && store.peek(known.entry);
    if (!known || !content) {
      handOn(chunk, request);
      return;
    }
    socket.cork();
    socket.write(known.head);
    const isTaken = socket.write(content);
    socket.uncork();
    // Who asks on without reading is not read from, either.
    if (!isTaken) socket.pause();
    connections.of(socket)?.record(content.length, 0);
    connections.of(socket)?.end();
    store.used(known.entry);
    tally.served(known.host, 'hit', content.length, 0);
  };

  socket.on('data', onData);
  socket.on('drain', onDrain);
  socket.on('timeout', onIdle);
  socket.setTimeout(means.idleMs);
}
