/** One connection: calls side by side, answered as they finish, and never more in memory than it may have. */
import type { Socket } from 'node:net';
import type { Ipv4 } from '../core/addr.ts';
import { Malformed } from '../core/bytes.ts';
import type { Standing } from '../core/crowd.ts';
import { type Answering, answerTo } from './answering.ts';
import { Outbox } from './outbox.ts';
import { RecordReader, recordMark } from './record.ts';
import { type Room, Share, type Source } from './room.ts';
import { type Answer, type Call, type Caller, hear, replyRecord, type Tail } from './rpc.ts';

export interface ConnectionMeans {
  readonly answering: Answering;
  readonly room: Room;
  readonly now: () => number;
  /** Calls `then` when all that became ready together has had its turn. */
  readonly soon: (then: () => void) => void;
  /** Calls `then` when all others have had a turn. */
  readonly later: (then: () => void) => void;
  readonly onCut: (client: Ipv4, reason: string) => void;
}

/** A call is some hundred octets; of a WRITE, which nobody may, FSINFO asks for no more than half of this. */
const MAX_RECORD_BYTES = 64 << 10;
/** Of answers that wait: four of the largest. */
const MAX_WAITING_BYTES = 4 << 20;
/** Calls without an answer: then it is not read from, and TCP itself tells the client. Linux has 64 under way, or 128. */
export const MAX_UNDER_WAY = 128;
/** Calls that are heard without others having their turn. */
const MAX_IN_TURN = 128;
/** From a record's first octets to its last. */
export const RECORD_MS = 30_000;

export class Connection {
  readonly #socket: Socket;
  readonly #means: ConnectionMeans;
  readonly #move: (to: Standing) => void;
  readonly #caller: Caller;
  readonly #share: Share;
  readonly #outbox: Outbox;
  readonly #records = new RecordReader(MAX_RECORD_BYTES);
  /** Whole records that have not been looked at: those of one piece of input at most. */
  #unheard: readonly Uint8Array[] = [];
  #heard = 0;
  #underWay = 0;
  /** Octets of answers that are no tails, put since the last flush. */
  #ownBytes = 0;
  #hasAsked = false;
  /** The client has said that it asks no more; it still hears. */
  #hasEnded = false;
  #isClosed = false;
  #isHeld = false;
  #isFlushing = false;
  /** Since when a record is on its way. */
  #partSinceMs: number | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** The socket is half open where the client ends its side, and has somebody who listens to its errors. */
  constructor(
    socket: Socket,
    { source, ...ends }: Pick<Caller, 'address' | 'localAddress'> & { readonly source: Source },
    means: ConnectionMeans,
    move: (to: Standing) => void,
  ) {
    this.#socket = socket;
    this.#means = means;
    this.#move = move;
    const share = new Share(means.room, MAX_WAITING_BYTES, source);
    this.#share = share;
    this.#caller = {
      ...ends,
      transport: 'tcp',
      take: (bytes) => share.take(bytes),
      give: (bytes) => share.give(bytes),
    };
    this.#outbox = new Outbox({
      write: (pieces, done) => this.#write(pieces, done),
      now: means.now,
      onMove: () => this.#moved(),
    });
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#hearMore();
    });
    socket.once('close', () => this.#close());
  }

  /** When octets of a file were last answered with. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  /** How long it has taken nothing of what waits for it. */
  get stillMs(): number {
    return this.#outbox.stillMs;
  }

  /** Whether others could have memory that it holds. */
  get holdsRoom(): boolean {
    return this.#share.heldBytes > 0;
  }

  /** How long a record has been on its way; while nothing is read from the client it is not the client who is late. */
  get partMs(): number {
    return this.#partSinceMs === undefined || this.#socket.isPaused() ? 0 : this.#means.now() - this.#partSinceMs;
  }

  /** Ends it at once; what waits in the kernel is forgotten, too. */
  cut(reason: string): void {
    if (this.#isClosed) return;
    this.#means.onCut(this.#caller.address, reason);
    this.#close();
    this.#socket.resetAndDestroy();
  }

  #take(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      const records = this.#records.feed(chunk);
      if (records.length > 0) this.#partSinceMs = undefined;
      if (records.length === 0 || this.#records.heldBytes > 0) this.#partSinceMs ??= this.#means.now();
      this.#unheard = this.#heard < this.#unheard.length ? [...this.#unheard.slice(this.#heard), ...records] : records;
      this.#heard = 0;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.cut(error.message);
      return;
    }
    if (this.#unheard.length > 0) this.#hearMore();
  }

  /** Answers what has been asked, as much as may be; the answers that are there at once leave together. */
  #hearMore(): void {
    if (this.#isHeld || this.#isClosed) return;
    const isAll = this.#hearAll();
    this.#flush();
    if (!isAll) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#goOn();
    if (this.#hasEnded) this.#endIfDone();
  }

  /** False when something has to be waited for, before the next call is heard. */
  #hearAll(): boolean {
    const end = this.#heard + MAX_IN_TURN;
    for (;;) {
      const record = this.#unheard[this.#heard];
      if (!record) break;
      if (this.#underWay >= MAX_UNDER_WAY) return false;
      if (this.#heard === end) return this.#hold(new Promise((resolve) => this.#means.later(() => resolve(true))));
      // Whoever has all that he may have in memory is heard when some of it has left.
      const room = this.#share.take(0);
      if (room instanceof Promise) return this.#hold(room);
      this.#heard += 1;
      this.#hear(record);
    }
    this.#unheard = [];
    this.#heard = 0;
    return true;
  }

  /** Until `goOn` nothing more is heard. */
  #hold(goOn: Promise<boolean>): false {
    this.#isHeld = true;
    void goOn.then(() => {
      this.#isHeld = false;
      this.#hearMore();
    });
    return false;
  }

  /** What has not been read meanwhile could not come. */
  #goOn(): void {
    if (this.#partSinceMs !== undefined) this.#partSinceMs = this.#means.now();
    this.#socket.resume();
  }

  #hear(record: Uint8Array): void {
    const heard = hear(record);
    if (heard.kind === 'dropped') {
      this.cut(heard.reason);
      return;
    }
    this.#hasAsked = true;
    if (heard.kind === 'call') this.#answer(heard.call);
    else {
      this.#put(recordMark(heard.reply.length));
      this.#put(heard.reply);
    }
  }

  #answer(call: Call): void {
    const { xid } = call;
    const answer = answerTo(call, this.#caller, this.#means.answering);
    if (answer instanceof Promise) {
      this.#underWay += 1;
      this.#means.answering.work.begin();
      void answer.then((found) => this.#settle(xid, found));
    } else this.#reply(xid, answer);
  }

  #settle(xid: number, answer: Answer): void {
    this.#underWay -= 1;
    this.#reply(xid, answer);
    if (this.#isClosed) {
      if (this.#underWay === 0) this.#share.settle();
    } else if (!this.#isFlushing) {
      this.#isFlushing = true;
      this.#means.soon(() => {
        this.#isFlushing = false;
        this.#hearMore();
        this.#flush();
      });
    }
    this.#means.answering.work.end();
  }

  #reply(xid: number, answer: Answer): void {
    if (answer.kind === 'silence') return;
    const tail = answer.kind === 'done' ? answer.tail : undefined;
    if (tail) this.#readAtMs = this.#means.now();
    this.#put(replyRecord(xid, answer), tail);
  }

  #put(bytes: Uint8Array, tail?: Tail): void {
    this.#ownBytes += bytes.length;
    this.#outbox.put(bytes, tail);
  }

  #flush(): void {
    if (this.#isClosed) return;
    const bytes = this.#ownBytes;
    if (bytes > 0) {
      this.#ownBytes = 0;
      this.#share.add(bytes);
      this.#outbox.whenLeft(() => this.#share.give(bytes));
      this.#outbox.flush();
    }
    this.#stand();
  }

  #write(pieces: readonly Uint8Array[], done: () => void): void {
    const last = pieces.length - 1;
    // An error closes the connection, and that is heard of elsewhere.
    const onWritten = (error?: Error | null): void => {
      if (!error) done();
    };
    if (last > 0) this.#socket.cork();
    for (const [i, piece] of pieces.entries()) this.#socket.write(piece, i === last ? onWritten : undefined);
    if (last > 0) this.#socket.uncork();
  }

  #moved(): void {
    this.#stand();
    if (this.#hasEnded) this.#endIfDone();
  }

  #stand(): void {
    if (this.#underWay > 0 || this.#outbox.unsentBytes > 0) this.#move('busy');
    else this.#move(this.#hasAsked ? 'idle' : 'new');
  }

  #endIfDone(): void {
    if (this.#underWay === 0 && this.#unheard.length === 0 && this.#outbox.unsentBytes === 0) this.#socket.end();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unheard = [];
    this.#outbox.close();
    this.#share.close();
    if (this.#underWay === 0) this.#share.settle();
  }
}
