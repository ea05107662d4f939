/** Asks a portmapper, over its local socket or TCP: one connection, one question at a time. RFC 1833 §2.2.1, RFC 5531 §11. */
import { once } from 'node:events';
import net from 'node:net';
import { Malformed } from '../core/bytes.ts';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import type { Clock } from '../host.ts';
import { RecordReader, recordMark } from './record.ts';
import { decodeMappings, decodeReply, encodeCall, type Mapping } from './rpcbind.ts';
import type { XdrReader } from './xdr.ts';

export type PortmapperDoor = { readonly path: string } | { readonly host: string; readonly port: number };

/** Rejects with a `Fault`: `no-privilege` where it takes nothing from us, `upstream-failed` where it does not answer. */
export interface Portmapper {
  /** False where another address stands there already. */
  set(mapping: Mapping): Promise<boolean>;
  /** False where it is somebody else's. True also where there is none. */
  unset(mapping: Mapping): Promise<boolean>;
  dump(): Promise<readonly Mapping[]>;
  close(): void;
}

/** For a whole conversation: it is on this machine, and has nothing to wait for. Taste. */
const PATIENCE_MS = 2000;
/** A list of a thousand programs has a tenth of it. */
const MAX_REPLY_BYTES = 1_048_576;

/** Undefined where nobody answers. What comes back is to be closed. */
export async function reach(door: PortmapperDoor, clock: Pick<Clock, 'after'>): Promise<Portmapper | undefined> {
  const socket = net.connect(door);
  // Who waits for an answer hears of it there.
  socket.on('error', () => {});
  const cancel = clock.after(PATIENCE_MS, () => socket.destroy(silent(`nothing within ${PATIENCE_MS / 1000} s`)));
  const close = (): void => {
    cancel();
    socket.destroy();
  };
  try {
    await once(socket, 'connect');
  } catch {
    close();
    return undefined;
  }
  const ask = asking(socket);
  const isTrue = (results: XdrReader): boolean => results.bool('result');
  return {
    set: (mapping) => ask(isTrue, 'set', mapping),
    unset: (mapping) => ask(isTrue, 'unset', mapping),
    dump: () => ask(decodeMappings, 'dump'),
    close,
  };
}

type Question = readonly [procedure: 'set' | 'unset' | 'dump', mapping?: Mapping];

function asking(socket: net.Socket) {
  const records = new RecordReader(MAX_REPLY_BYTES);
  const chunks: AsyncIterator<Uint8Array> = socket[Symbol.asyncIterator]();
  let xid = 0;
  const reply = async (): Promise<XdrReader> => {
    for (;;) {
      const { value, done } = await chunks.next();
      if (done) throw silent('it hung up');
      const answer = records
        .feed(value)
        .map(decodeReply)
        .find((each) => each.xid === xid);
      if (answer?.kind === 'refused') throw new Fault('no-privilege', NOT_FROM_US);
      if (answer) return answer.results;
    }
  };
  return async <Told>(read: (results: XdrReader) => Told, ...question: Question): Promise<Told> => {
    xid += 1;
    const call = encodeCall(xid, ...question);
    socket.write(Buffer.concat([recordMark(call.length), call]));
    try {
      return read(await reply());
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw error instanceof Malformed || errnoOf(error) !== undefined ? silent(messageOf(error)) : error;
    }
  };
}

/** What helps wherever this machine's portmapper does not. */
export const STOP_IT = 'stop rpcbind (systemctl disable --now rpcbind.socket rpcbind), or set nfs: off';
const NOT_FROM_US = `this machine's portmapper has port 111 and takes nothing from this process: ${STOP_IT}`;

/** One that is there and does not do its work. */
function silent(why: string): Fault {
  return new Fault(
    'upstream-failed',
    `this machine's portmapper has port 111 and does not answer (${why}): ${STOP_IT}`,
  );
}
