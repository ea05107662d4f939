/** Connects to a host: by its addresses that may be reached, several at a time where one is slow, by TLS where that is wanted. RFC 8305, RFC 8446. */
import net, { type Socket } from 'node:net';
import tls, { type SecureContext } from 'node:tls';
import { connectFault, forbidden, late, nobodyKnows, tlsFault, UpstreamFault, unknownName } from './faults.ts';
import { connectLending } from './lending.ts';

export interface ConnectTerms {
  /** The addresses of a name, IPv4 first; none where it has none. Rejects where nobody answers. Never more than a dozen. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** Asked of the very address that is connected to. */
  readonly mayConnect: (address: string, host: string, port: number) => boolean;
}

export interface ConnectLimits {
  /** For one address. */
  readonly attemptMs: number;
  /** For all of it: the name, every address, TLS. */
  readonly connectMs: number;
  /** The next address is tried beside one that has not answered by then. */
  readonly staggerMs: number;
}

export interface Way {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Whether our side stays open once the other has ended. */
  readonly isHalfOpen: boolean;
}

/** Called once, and not after it was aborted. The socket is the callee's. */
export type OnConnected = (outcome: Socket | UpstreamFault) => void;
type Abort = () => void;

export type Connector = (way: Way, onConnected: OnConnected) => Abort;

/** `trusted`: whose certificates count, where it is not the runtime's own list. */
export function connector(terms: ConnectTerms, limits: ConnectLimits, trusted: SecureContext): Connector {
  return (way, onConnected) => {
    let stage: Abort = () => {};
    let isOver = false;
    const end = (): void => {
      isOver = true;
      clearTimeout(deadline);
    };
    const settle: OnConnected = (outcome) => {
      end();
      onConnected(outcome);
    };
    const deadline = setTimeout(() => {
      stage();
      settle(late(way.host, 'accept a connection'));
    }, limits.connectMs);
    const isAllowed = (address: string): boolean => terms.mayConnect(address, way.host, way.port);
    addressesOf(way.host, terms).then(
      (addresses) => {
        if (isOver) return;
        const allowed = addresses.filter(isAllowed);
        if (addresses.length === 0) return settle(unknownName(way.host));
        if (allowed.length === 0) return settle(forbidden(way.host));
        stage = dial({ addresses: interleaved(allowed), way, limits, isAllowed }, (outcome) => {
          if (!way.isTls || outcome instanceof UpstreamFault) settle(outcome);
          else stage = secure(outcome, way, trusted, settle);
        });
      },
      (error) => isOver || settle(nobodyKnows(way.host, error)),
    );
    return () => {
      if (isOver) return;
      end();
      stage();
    };
  };
}

/** A literal is its own address, and as much in need of leave as any other. */
async function addressesOf(host: string, { resolve }: ConnectTerms): Promise<readonly string[]> {
  return net.isIP(host) > 0 ? [host] : resolve(host);
}

/** One family after the other, in turn: of a dead one no more than one address is in the way. RFC 8305 §4. */
export function interleaved(addresses: readonly string[]): string[] {
  const isFirst = net.isIP(addresses[0] ?? '');
  const first = addresses.filter((address) => net.isIP(address) === isFirst);
  const second = addresses.filter((address) => net.isIP(address) !== isFirst);
  return first.flatMap((address, i) => [address, ...second.slice(i, i + 1)]).concat(second.slice(first.length));
}

interface Dialling {
  readonly addresses: string[];
  readonly way: Way;
  readonly limits: ConnectLimits;
  readonly isAllowed: (address: string) => boolean;
}

/**
 * The first address that accepts; the next one is tried when one fails, or is slow, and none is given up for being slow: the runtime's
 * own way ends each attempt that takes longer than the stagger, which every address behind a long line does. RFC 8305 §5.
 */
function dial({ addresses, way, limits, isAllowed }: Dialling, onConnected: OnConnected): Abort {
  const attempts = new Set<Socket>();
  let firstError: unknown;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    for (const socket of attempts) socket.destroy();
    attempts.clear();
  };
  const goOn = (): void => {
    clearTimeout(timer);
    const address = addresses.shift();
    if (address === undefined) return;
    const socket = attempt(address, way, limits.attemptMs, (error) => {
      attempts.delete(socket);
      // The kernel's word counts, not the name server's.
      const isOpen = error === undefined && isAllowed(socket.remoteAddress ?? '');
      if (isOpen) {
        stop();
        return onConnected(socket);
      }
      socket.destroy();
      firstError ??= error ?? forbidden(way.host);
      if (addresses.length > 0) goOn();
      else if (attempts.size === 0) onConnected(connectFault(way.host, firstError));
    });
    attempts.add(socket);
    if (addresses.length > 0) timer = setTimeout(goOn, limits.staggerMs);
  };
  goOn();
  return stop;
}

/** `onOver` is called once, unless the socket is destroyed before. */
function attempt(address: string, way: Way, attemptMs: number, onOver: (error?: unknown) => void): Socket {
  const to = { host: address, port: way.port, allowHalfOpen: way.isHalfOpen, noDelay: true };
  const socket = way.isTls || way.isHalfOpen ? net.connect(to) : connectLending(to);
  const over = (error?: unknown): void => {
    socket.off('connect', onOpen).off('error', over).off('timeout', onLate).setTimeout(0);
    // What else it has to say nobody hears any more, until somebody has it.
    if (error !== undefined) socket.on('error', () => {});
    onOver(error);
  };
  const onOpen = (): void => over();
  const onLate = (): void => over(Object.assign(new Error('nobody answered'), { code: 'ETIMEDOUT' }));
  return socket.on('connect', onOpen).on('error', over).setTimeout(attemptMs, onLate);
}

/** RFC 6066 §3: no address is a server's name. */
function secure(tcp: Socket, { host }: Way, secureContext: SecureContext, onConnected: OnConnected): Abort {
  const servername = net.isIP(host) > 0 ? '' : host;
  const socket = tls.connect({
    ...{ socket: tcp, host, servername, secureContext, ALPNProtocols: ['http/1.1'] },
    // Said, so that no variable of the environment says otherwise.
    rejectUnauthorized: true,
  });
  const onSecure = (): void => {
    socket.off('error', onError);
    onConnected(socket);
  };
  const onError = (error: unknown): void => {
    socket.off('secureConnect', onSecure).on('error', () => {});
    socket.destroy();
    onConnected(tlsFault(host, error));
  };
  socket.once('secureConnect', onSecure).once('error', onError);
  return () => {
    socket.off('secureConnect', onSecure);
    socket.destroy();
  };
}
