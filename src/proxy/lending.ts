/**
 * Sockets that read into memory which is used again. Node makes 64 KiB for each read, and a gigabyte that passes through costs more in
 * collecting that than in copying the octets.
 */
import net, { type Socket } from 'node:net';

/** Node's own. It reads 32 times before others have their turn: larger reads keep those who just come waiting. */
const READ_BYTES = 64 << 10;
/** Pieces up to this are copied at once, so that the memory they came in is free. */
const COPIED_BYTES = 8 << 10;

/** Who reads what a socket brings: each piece is copied by the time its listener returns, and nothing else is held. */
export interface Borrower {
  readonly hasAll: () => boolean;
}

const borrowers = new WeakMap<Socket, Borrower>();

/** From now on what the socket brings is only lent: it is overwritten by the next read. Until `giveBack`. */
export function borrow(socket: Socket, borrower: Borrower): void {
  borrowers.set(socket, borrower);
}

/** If it is still he who borrows. */
export function giveBack(socket: Socket, borrower: Borrower): void {
  if (borrowers.get(socket) === borrower) borrowers.delete(socket);
}

/** As `net.connect`, and what it brings is told by 'data' alone. */
export function connectLending(options: net.TcpNetConnectOpts): Socket {
  let isFree = false;
  let memory = Buffer.allocUnsafeSlow(READ_BYTES);
  const next = (): Buffer => {
    if (!isFree) memory = Buffer.allocUnsafeSlow(READ_BYTES);
    return memory;
  };
  const callback = (bytes: number, into: Uint8Array): boolean => {
    const piece = Buffer.from(into.buffer, into.byteOffset, bytes);
    const borrower = borrowers.get(socket);
    const isCopied = borrower === undefined && bytes <= COPIED_BYTES;
    socket.emit('data', isCopied ? Buffer.from(piece) : piece);
    isFree = isCopied || (borrower !== undefined && borrower === borrowers.get(socket) && borrower.hasAll());
    return true;
  };
  let isFirst = true;
  const buffer = (): Buffer => {
    if (!isFirst) return next();
    isFirst = false;
    return memory;
  };
  const socket: Socket = net.connect({ ...options, onread: { buffer, callback } });
  return socket;
}
