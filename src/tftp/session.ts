/** The shell around one `Transfer`: its socket, its timer, the runs it sends from. */
import { Malformed } from '../core/bytes.ts';
import type { Clock, ConnectedSocket, OnConnected } from '../host.ts';
import { createAlarm } from './alarm.ts';
import type { Book } from './library.ts';
import type { Terms } from './negotiate.ts';
import { DATA_HEADER_BYTES, decode, ERROR_CODE, encode, type Packet } from './packet.ts';
import type { Run } from './runs.ts';
import { begin, type EndReason, type Event, type Step, step, type Transfer, timeoutMs } from './transfer.ts';

export interface Work {
  readonly book: Book;
  readonly terms: Terms;
  /** Undefined where only reading to the end tells it. */
  readonly lastBlock: number | undefined;
}

export interface Outcome {
  readonly reason: EndReason;
  /** Octets of the file that the client has acknowledged. */
  readonly bytes: number;
  readonly tookMs: number;
  readonly isHeard: boolean;
}

export interface Session extends OnConnected {
  readonly heardAtMs: number | undefined;
  /** Octets of the file that the client has acknowledged so far. */
  readonly ackedBytes: number;
  start(socket: ConnectedSocket): void;
  /** Idempotent. */
  end(reason: EndReason): void;
}

/** What the client is told where it could still believe that all is well. */
const FAREWELLS: Readonly<Partial<Record<EndReason, string>>> = {
  'content-changed': 'the file has changed',
  damaged: 'the file cannot be read',
  stopped: 'the server stops',
};

/**
 * Sends nothing before `start`. `onEnd` is called once; its promise resolves when nothing is left open. `onBegin` is called
 * once at most, when the client has taken a first part of the file: many only ask for its size.
 */
export function createSession(
  { book, terms, lastBlock }: Work,
  clock: Clock,
  onEnd: (outcome: Outcome, closed: Promise<unknown>) => void,
  onBegin?: () => void,
): Session {
  const startedAtMs = clock.now();
  const first = begin(terms, lastBlock, startedAtMs);
  let transfer: Transfer = first.transfer;
  let socket: ConnectedSocket | undefined;
  let hasBegun = false;
  let hasEnded = false;
  let run: Run | undefined;
  /** Runs with blocks that are not acknowledged yet, in order; `run` is one of them. */
  let inUse: readonly Run[] = [];
  let lastBytes = 0;
  let next = 1;
  let waitsFor: 'run' | 'check' | undefined;
  let check: 'due' | 'running' | 'passed' = 'due';
  let checks = 0;
  const alarm = createAlarm(clock, () => take({ kind: 'timeout' }));

  const take = (event: Event): void => {
    if (!hasEnded) follow(step(transfer, event, clock.now()));
  };

  const follow = (taken: Step): void => {
    transfer = taken.transfer;
    if (!hasBegun && transfer.acked > 0) {
      hasBegun = true;
      onBegin?.();
    }
    const { action } = taken;
    if (action.kind === 'send') {
      next = action.first;
      letGo();
      pump();
    } else if (action.kind === 'offer') {
      socket?.send(encode({ kind: 'oack', options: terms.accepted }));
      armAfterSend();
    } else if (action.kind === 'end') {
      end(action.reason);
    }
  };

  /** Sends what is released, as far as it is in memory. */
  const pump = (): void => {
    if (waitsFor) return;
    while (next <= transfer.released && !hasEnded) {
      if (!run?.has(next)) turnTo(book.held(next));
      if (!run) return void fetchRun(next);
      if (run.isLast && !mayGoOnTo(run)) return;
      const packet = run.packets[next - run.firstBlock];
      if (!packet) break;
      socket?.send(packet);
      next += 1;
    }
    armAfterSend();
  };

  const armAfterSend = (): void => {
    if (hasEnded) return;
    const nowMs = clock.now();
    transfer = step(transfer, { kind: 'left' }, nowMs).transfer;
    alarm.set(timeoutMs(transfer), nowMs);
  };

  /** From now on packets come from `found`, if it can be had; the run after it is read meanwhile. */
  const turnTo = (found: Run | undefined): void => {
    run = found && (inUse.includes(found) || found.hold()) ? found : undefined;
    if (!run) return;
    if (!inUse.includes(run)) inUse = [...inUse, run];
    if (!run.isLast && run.lastBlock < (transfer.lastBlock ?? 0)) void book.fetch(run.lastBlock + 1);
  };

  /** Gives back the runs that the client has, unless a packet of them, sent twice perhaps, is still about to leave. */
  const letGo = (): void => {
    const done = inUse[0];
    if (!done || done === run || done.lastBlock > transfer.acked || socket?.isWaiting()) return;
    inUse = inUse.slice(1);
    done.release();
    letGo();
  };

  /** The last run tells where the end is, and what was sent until there must still be what is on the disk. */
  const mayGoOnTo = (last: Run): boolean => {
    if (transfer.lastBlock === undefined) {
      transfer = step(transfer, { kind: 'end-found', lastBlock: last.lastBlock }, clock.now()).transfer;
    }
    lastBytes = (last.packets.at(-1)?.length ?? DATA_HEADER_BYTES) - DATA_HEADER_BYTES;
    if (check === 'due') void checkContent();
    if (next !== last.lastBlock || check === 'passed') return true;
    waitsFor = 'check';
    alarm.clear();
    return false;
  };

  const fetchRun = async (block: number): Promise<void> => {
    waitsFor = 'run';
    alarm.clear();
    const fetched = await book.fetch(block);
    if (hasEnded) return;
    waitsFor = undefined;
    if (fetched.kind === 'failed') return end(fetched.reason);
    check = 'due'; // an earlier one says nothing about what was read now
    checks += 1;
    turnTo(fetched.run);
    pump();
  };

  const checkContent = async (): Promise<void> => {
    check = 'running';
    const mine = checks;
    const isUnchanged = await book.isUnchanged();
    if (hasEnded || mine !== checks) return;
    if (!isUnchanged) return end('content-changed');
    check = 'passed';
    if (waitsFor !== 'check') return;
    waitsFor = undefined;
    pump();
  };

  const end = (reason: EndReason): void => {
    if (hasEnded) return;
    hasEnded = true;
    alarm.clear();
    const message = FAREWELLS[reason];
    if (message !== undefined) socket?.send(encode({ kind: 'error', code: ERROR_CODE.undefined, message }));
    const outcome = {
      reason,
      bytes: ackedBytes(transfer, terms.blockBytes, lastBytes),
      tookMs: Math.round(clock.now() - startedAtMs),
      isHeard: transfer.isHeard,
    };
    const closed = Promise.all([socket?.close(), book.leave()]);
    for (const held of inUse) held.release(); // nothing leaves a closed socket any more
    inUse = [];
    onEnd(outcome, closed);
  };

  return {
    get heardAtMs() {
      return transfer.isHeard ? transfer.progressAtMs : undefined;
    },
    get ackedBytes() {
      return ackedBytes(transfer, terms.blockBytes, lastBytes);
    },
    start: (connected) => {
      socket = connected;
      if (hasEnded) return void connected.close();
      void book.fetch(1); // while the OACK is on its way
      follow(first);
    },
    onDatagram: (bytes) => {
      const packet = decodeOrDrop(bytes);
      if (packet) take({ kind: 'packet', packet });
    },
    onUnreachable: () => take({ kind: 'unreachable' }),
    end,
  };
}

function ackedBytes({ acked, lastBlock }: Transfer, blockBytes: number, lastBytes: number): number {
  return acked === lastBlock ? (acked - 1) * blockBytes + lastBytes : acked * blockBytes;
}

/** The socket hears the client only: what is no packet came from a client that is broken, and changes nothing. */
function decodeOrDrop(bytes: Uint8Array): Packet | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
