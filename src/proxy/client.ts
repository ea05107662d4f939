/** Asks origins: by HTTP and HTTPS, over connections that are kept, to addresses that are allowed. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import tls from 'node:tls';
import { type ConnectLimits, type Connector, type ConnectTerms, connector } from './connect.ts';
import { type ConnectionLimits, Connections } from './connections.ts';
import { Exchange } from './exchange.ts';
import { broken, UpstreamFault } from './faults.ts';
import type { Fields } from './fields.ts';
import type { Content, SendingLimits } from './sending.ts';
import { type ShareLimits, Shares } from './shares.ts';
import type { Head } from './types.ts';
import type { Url } from './url.ts';

export { UpstreamFault };

export interface Outgoing {
  readonly url: Url;
  readonly method: string;
  /** As they are to be sent; framing (Content-Length, Transfer-Encoding) is the client's own business where there is `content`. */
  readonly fields: Fields;
  /** What the request carries. */
  readonly content?: Content | undefined;
  /** For whom: one client does not take all connections that there are for content. */
  readonly client?: string | undefined;
  /** 100, 103 and the like; 64 at most. */
  readonly onInterim?: ((head: Head) => void) | undefined;
}

export interface Answer {
  readonly head: Head;
  /**
   * Ends where the origin's answer does; fails where it broke off. Whoever does not want it destroys it, which closes the connection. Who
   * begins to listen later than at once looks whether it is `destroyed`: then it has failed, and says so no more.
   */
  readonly content: Readable;
  /** Behind the content, once it has ended. */
  trailers(): Fields;
  /** For who hears 'data' already and has copied each piece when its listener returns: from now on pieces are only lent. */
  borrow?(): void;
}

export interface Asking {
  /** Rejects with an `UpstreamFault`. */
  readonly answer: Promise<Answer>;
  /** Closes the connection, whatever it is in the middle of. */
  abort(): void;
}

export interface ClientTerms extends ConnectTerms {
  /** Where they are not `LIMITS`. */
  readonly limits?: Partial<ClientLimits>;
  /** Certificates (PEM) that count instead of the runtime's own. */
  readonly authorities?: string | undefined;
}

export interface ClientLimits extends ConnectLimits, ConnectionLimits, SendingLimits {
  /** An origin that sends nothing for so long, and takes nothing, is given up. */
  readonly silentMs: number;
  /** From the first octet of an answer's head to its last. */
  readonly headMs: number;
}

/** A hall's hosts are few: one mirror is all that two hundred machines want, each another package of it, and who waits half a minute gives up. Numbers by taste; times shorter than apt's own patience. */
export const LIMITS: ClientLimits = {
  ...{ attemptMs: 5000, connectMs: 15_000, staggerMs: 250, silentMs: 60_000, headMs: 60_000 },
  ...{ maxPerOrigin: 128, maxInAll: 1024, maxIdle: 64, idleMs: 20_000, maxWaiting: 4096, waitMs: 120_000 },
  ...{ gatherMs: 1000, continueMs: 1000 },
};

/** Of all there is for requests; what has no content, and nobody can hold up, has the other half for itself. */
function shareOf({ maxPerOrigin, maxInAll, maxWaiting }: ClientLimits, maxPerClient: number): ShareLimits {
  const quarter = (count: number): number => Math.ceil(count / 4);
  return {
    ...{ maxPerOrigin: quarter(maxPerOrigin), maxInAll: quarter(maxInAll), maxPerClient },
    ...{ maxWaiting: quarter(maxWaiting), maxWaitingPerClient: Math.ceil(maxWaiting / 32) },
  };
}

export interface UpstreamClient {
  ask(outgoing: Outgoing): Asking;
  /** A connection for a tunnel. */
  connect(host: string, port: number): { readonly socket: Promise<Socket>; abort(): void };
  /** Closes every connection. */
  stop(): void;
}

export function openClient(terms: ClientTerms): UpstreamClient {
  const limits = { ...LIMITS, ...terms.limits };
  const connect = connector(terms, limits, tls.createSecureContext({ ca: terms.authorities }));
  const connections = new Connections(connect, limits);
  const { maxPerOrigin } = limits;
  const turns = {
    quick: new Shares(shareOf(limits, Math.ceil(maxPerOrigin / 4))),
    slow: new Shares(shareOf(limits, Math.ceil(maxPerOrigin / 16))),
  };
  /** Those with content, which may not have come as far as a connection. */
  const senders = new Set<Asking>();
  /** How each is closed. */
  const tunnels = new Set<() => void>();
  let isStopped = false;
  return {
    ask: (outgoing) => {
      const exchange = new Exchange(outgoing, connections, turns, limits);
      if (outgoing.content) {
        const over = (): void => void senders.delete(exchange);
        senders.add(exchange);
        exchange.answer.then(over, over);
      }
      if (isStopped) exchange.abort();
      else exchange.start();
      return exchange;
    },
    connect: (host, port) => {
      const opening = openTunnel(connect, { host, port }, () => tunnels.delete(opening.abort));
      tunnels.add(opening.abort);
      if (isStopped) opening.abort();
      return opening;
    },
    stop: () => {
      isStopped = true;
      for (const abort of tunnels) abort();
      for (const sender of senders) sender.abort();
      connections.stop(broken('The origin', 'is asked no more'));
    },
  };
}

/** `onOver`: it is closed, or never was open. */
function openTunnel(connect: Connector, to: { readonly host: string; readonly port: number }, onOver: () => void) {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  // Who has given up hears no more of it.
  promise.catch(() => {});
  let open: Socket | undefined;
  const leave = connect({ ...to, isTls: false, isHalfOpen: true }, (outcome) => {
    if (outcome instanceof UpstreamFault) {
      onOver();
      reject(outcome);
      return;
    }
    // Until the tunnel is there, nobody else listens.
    open = outcome.on('error', () => {}).once('close', onOver);
    resolve(outcome);
  });
  const abort = (): void => {
    leave();
    open?.destroy();
    onOver();
    reject(broken(to.host, 'is asked no more'));
  };
  return { socket: promise, abort };
}
