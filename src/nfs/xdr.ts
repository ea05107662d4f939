/** XDR: what RPC's values look like on the wire, in multiples of four octets, big-endian. RFC 4506. */
import type { ByteReader } from '../core/bytes.ts';

/** Reads fields in order; throws `Malformed`, which names the field. Slices share memory with the record. */
export class XdrReader {
  constructor(_bytes: Uint8Array) {
    throw new Error('unwritten');
  }
  declare readonly left: number;
  declare u32: (field: string) => number;
  /** One that is no exact number comes as the largest that is: no file, no place in a folder is there. */
  declare u64: (field: string) => number;
  /** 0 or 1; everything else breaks the format. RFC 4506 §4.4 */
  declare bool: (field: string) => boolean;
  /** `opaque<max>`, its filling skipped. Longer ones throw. */
  declare opaque: (max: number, field: string) => Uint8Array;
  /** `opaque[count]` */
  declare fixed: (count: number, field: string) => Uint8Array;
  /** `string<max>` as UTF-8; octets that are none come as U+FFFD, which is in no name here. */
  declare text: (max: number, field: string) => string;
}
export type Bytes = ByteReader;

/** Collects fields. */
export class XdrWriter {
  constructor(_sizeHint?: number) {
    throw new Error('unwritten');
  }
  declare readonly length: number;
  declare u32: (value: number) => this;
  /** `value`: a safe integer from 0 on. */
  declare u64: (value: number) => this;
  declare bool: (value: boolean) => this;
  declare opaque: (bytes: Uint8Array) => this;
  declare fixed: (bytes: Uint8Array) => this;
  declare text: (value: string) => this;
  declare bytes: () => Uint8Array;
}
