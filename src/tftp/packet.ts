/** TFTP packets, bytes to values and back. RFC 1350 §5, RFC 2347 §2. */
import { ByteReader, ByteWriter, fromLatin1, latin1, Malformed } from '../core/bytes.ts';

export interface Option {
  /** As the client spelled it: names are compared without case, RFC 2347 §2. */
  readonly name: string;
  readonly value: string;
}

/** Strings are latin1, one character per octet: what they mean is decided elsewhere. */
export interface Request {
  readonly kind: 'rrq' | 'wrq';
  readonly filename: string;
  readonly mode: string;
  readonly options: readonly Option[];
}
export interface Data {
  readonly kind: 'data';
  readonly block: number;
  readonly data: Uint8Array;
}
export interface Ack {
  readonly kind: 'ack';
  readonly block: number;
}
export interface ErrorPacket {
  readonly kind: 'error';
  readonly code: number;
  readonly message: string;
}
export interface Oack {
  readonly kind: 'oack';
  readonly options: readonly Option[];
}
export type Packet = Request | Data | Ack | ErrorPacket | Oack;

/** RFC 1350 appendix I; 8 is RFC 2347 §2. */
export const ERROR_CODE = {
  undefined: 0,
  notFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransferId: 5,
  optionRefused: 8,
} as const;

const OPCODE = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const;

/** Opcode and block number, before the octets of a DATA packet. */
export const DATA_HEADER_BYTES = 4;
/** Block numbers are 16 bits wide and go on at 0 after 65535. */
export const BLOCK_NUMBERS = 0x10000;
/** RFC 2347 §2 ends requests at 512 octets; a few clients send longer paths. */
const MAX_REQUEST_BYTES = 2048;

const DECODERS: Readonly<Record<number, (reader: ByteReader) => Packet>> = {
  [OPCODE.rrq]: (reader) => decodeRequest('rrq', reader),
  [OPCODE.wrq]: (reader) => decodeRequest('wrq', reader),
  [OPCODE.data]: (reader) => ({ kind: 'data', block: reader.u16('block'), data: reader.rest() }),
  [OPCODE.ack]: (reader) => ({ kind: 'ack', block: reader.u16('block') }),
  [OPCODE.error]: (reader) => ({ kind: 'error', code: reader.u16('code'), message: decodeMessage(reader) }),
  [OPCODE.oack]: (reader) => ({ kind: 'oack', options: decodeOptions(reader) }),
};

/** The packet in `bytes`, sharing memory with them. Throws `Malformed`. */
export function decode(bytes: Uint8Array): Packet {
  const reader = new ByteReader(bytes);
  const opcode = reader.u16('opcode');
  const decoder = DECODERS[opcode];
  if (!decoder) throw new Malformed(`opcode ${opcode}`, 0);
  return decoder(reader);
}

export function encode(packet: Packet): Uint8Array {
  const writer = new ByteWriter().u16(OPCODE[packet.kind]);
  switch (packet.kind) {
    case 'rrq':
    case 'wrq':
      return encodeStrings(writer, [packet.filename, packet.mode, ...flatten(packet.options)]);
    case 'oack':
      return encodeStrings(writer, flatten(packet.options));
    case 'error':
      return encodeStrings(writer.u16(packet.code), [packet.message]);
    case 'ack':
      return writer.u16(packet.block).bytes();
    case 'data':
      return writer.u16(packet.block).put(packet.data).bytes();
  }
}

/** Makes `packet` a DATA packet in place: the header before octets that are there already. `block` counts on past 65535. */
export function putDataHeader(packet: Uint8Array, block: number): void {
  packet.set([0, OPCODE.data, Math.floor(block / 0x100) % 0x100, block % 0x100]);
}

//  2 bytes   string     1   string  1   string  1   string    1
//  opcode  | filename | 0 | mode  | 0 | opt1  | 0 | value1  | 0 | ...          RFC 2347 §2
function decodeRequest(kind: 'rrq' | 'wrq', reader: ByteReader): Request {
  if (reader.left > MAX_REQUEST_BYTES) throw new Malformed(`request of ${reader.left} octets`, 0);
  return {
    kind,
    filename: reader.cString('filename'),
    mode: reader.cString('mode'),
    options: decodeOptions(reader),
  };
}

function decodeOptions(reader: ByteReader): readonly Option[] {
  const options: Option[] = [];
  while (reader.left > 0) {
    const name = reader.cString('option');
    // Boot ROMs with fixed buffers pad a request with NULs: an option without a name is none.
    if (name !== '') options.push({ name, value: reader.cString(name) });
  }
  return options;
}

/** Up to the NUL, or to the end: a client that forgets it still says why it stopped. */
function decodeMessage(reader: ByteReader): string {
  return latin1(reader.rest()).split('\0', 1).join('');
}

function flatten(options: readonly Option[]): readonly string[] {
  return options.flatMap(({ name, value }) => [name, value]);
}

function encodeStrings(writer: ByteWriter, strings: readonly string[]): Uint8Array {
  for (const text of strings) writer.put(fromLatin1(text)).u8(0);
  return writer.bytes();
}
