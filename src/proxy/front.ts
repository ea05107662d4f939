/** The first look at what a connection says: what is hot is told at once, all else is HTTP's. */
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
  /** Attaches HTTP's parser to a connection. */
  readonly toHttp: (socket: Socket) => void;
  /** The request that HTTP is at, by its very octets. */
  readonly asked: WeakMap<Socket, string>;
  readonly idleMs: number;
}

/** A connection is HTTP's from its first request that is not hot; between two requests what is hot is told past it. */
export function greet(socket: Socket, means: FrontMeans): void {
  const { connections, asked } = means;
  /** HTTP's own ear, once it has one. */
  let parse: ((chunk: Buffer) => void) | undefined;
  /** All that HTTP has heard were whole requests, one at a time: where one ends the next begins. */
  let isPlain = true;

  const onData = (chunk: Buffer): void => {
    const isBetween = isPlain && connections.of(socket)?.isBusy === false;
    const request = isBetween && chunk.length <= MAX_REQUEST_BYTES ? chunk.toString('latin1') : undefined;
    if (request !== undefined && tell(socket, request, means)) return;
    isPlain = request !== undefined && isPlainRequest(request);
    if (isPlain && request !== undefined) asked.set(socket, request);
    else asked.delete(socket);
    parse ??= attach();
    parse(chunk);
  };

  const attach = (): ((chunk: Buffer) => void) => {
    socket.off('data', onData);
    socket.off('timeout', onIdle);
    socket.setTimeout(0);
    means.toHttp(socket);
    const [listener] = socket.listeners('data');
    // Taking its ear away and lending ours makes Node give up reading past JavaScript.
    if (typeof listener === 'function') socket.off('data', listener as (chunk: Buffer) => void);
    socket.on('data', onData);
    return (chunk) => listener?.call(socket, chunk);
  };

  const onIdle = (): void => void socket.destroy();
  socket.on('data', onData);
  socket.on('timeout', onIdle);
  // Until HTTP has it nobody else answers the other side's end.
  socket.once('end', () => {
    if (!parse) socket.end();
  });
  socket.setTimeout(means.idleMs);
}

/** Whether that was hot, and has been told. */
function tell(socket: Socket, request: string, { hot, store, tally, connections }: FrontMeans): boolean {
  const known = hot.find(request);
  const content = known && store.peek(known.entry);
  if (!known || !content) return false;
  socket.cork();
  socket.write(known.head);
  const isTaken = socket.write(content);
  socket.uncork();
  if (!isTaken) {
    // Who asks on without reading is not read from, either.
    socket.pause();
    socket.once('drain', () => socket.resume());
  }
  const connection = connections.of(socket);
  connection?.record(content.length, 0);
  connection?.end();
  store.used(known.entry);
  tally.served(known.host, 'hit', content.length, 0);
  return true;
}
