/** Checksums of a content's blocks: what comes back from the disk is what went there, or nothing. */
import { crc32 } from 'node:zlib';

export const BLOCK_BYTES = 1 << 20;
const SUM_BYTES = 4;

/** The CRC-32 of each block: against disks and files that break, not against people. */
export class Sums {
  readonly #sums: number[];

  constructor(sums: readonly number[] = []) {
    this.#sums = [...sums];
  }

  static fromBlob(blob: Uint8Array): Sums {
    const { buffer, byteOffset, byteLength } = blob;
    const view = new DataView(buffer, byteOffset, byteLength);
    return new Sums(
      Array.from({ length: Math.floor(byteLength / SUM_BYTES) }, (_, i) => view.getUint32(i * SUM_BYTES, true)),
    );
  }

  toBlob(): Uint8Array {
    const blob = Buffer.alloc(this.#sums.length * SUM_BYTES);
    for (const [index, sum] of this.#sums.entries()) blob.writeUInt32LE(sum, index * SUM_BYTES);
    return blob;
  }

  get count(): number {
    return this.#sums.length;
  }

  add(block: Uint8Array): void {
    this.#sums.push(crc32(block));
  }

  isRight(index: number, block: Uint8Array): boolean {
    return this.#sums[index] === crc32(block);
  }

  /** Only the first `count` blocks are left. */
  cutTo(count: number): void {
    this.#sums.length = Math.min(this.#sums.length, count);
  }
}
