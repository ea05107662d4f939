/**
 * UDF images for tests. Makers that people use write revision 1.02 with files and nothing later but empty volumes, so
 * the later kinds of partition are written here, held against 7z and udfinfo in `udf.test.ts` as far as these read
 * them: nothing but ourselves has read what lies in sparable partitions, nor by extended descriptors or lists of them.
 */
import { makeIso, type Tree } from './support.ts';
import {
  type Address,
  allocation,
  charspec,
  dstring,
  longAllocation,
  osta,
  regid,
  tagged,
  timestamp,
} from './udfencode.ts';

export interface Making {
  readonly blockBytes?: 512 | 2048 | 4096;
  /** `metadata` is of 2.50 and later, `virtual` of write-once media, `sparable` of rewritable ones. */
  readonly partition?: 'plain' | 'metadata' | 'virtual' | 'sparable';
  /** How files tell where they lie; folders and links lie in their entries where they fit. */
  readonly allocation?: 'short' | 'long' | 'extended' | 'embedded';
  readonly isExtendedEntry?: boolean;
  /** The longest run of blocks a file is written in; the blocks between runs hold garbage. Without it, one run. */
  readonly runBlocks?: number;
  /** So many allocation descriptors lie in an entry; the others in blocks of their own, as many in each. */
  readonly descriptorsEach?: number;
  readonly label?: string;
  /** Names that are recorded as hidden, or deleted. */
  readonly hidden?: readonly string[];
  readonly deleted?: readonly string[];
}

/** Sector of the partition's first block. */
export const PARTITION_START = 272;
/** The metadata file is in two pieces, so that both have to be found. */
const METADATA_PIECE = 40;
const PACKET_BLOCKS = 32;
/** The packet that is spared: it holds the first entries. */
const SPARED_PACKET = 0;
const SPARE_SECTOR = 128;
const MADE_MS = Date.UTC(2024, 1, 29, 12, 34, 56);

/** A UDF image of `tree`, all in memory. */
export function makeUdf(tree: Tree, making: Making = {}): Buffer {
  return new Maker(making).make(tree);
}

/** An ISO 9660 with UDF beside it, revision 1.02, as `genisoimage` writes it. */
export function makeBridge(folder: string, to: string, ...options: readonly string[]): string {
  return makeIso('genisoimage', ['-udf', '-R', '-J', ...options], folder, to);
}

interface Folder {
  readonly holds: Map<string, Folder | string | Uint8Array | { readonly link: string }>;
}

class Maker {
  readonly #making: Making;
  readonly #bs: number;
  readonly #blocks = new Map<number, Buffer>();
  readonly #table: number[] = [];
  #nextData = 0;
  #nextMeta = 0;

  constructor(making: Making) {
    this.#making = making;
    this.#bs = making.blockBytes ?? 2048;
    if (making.partition === 'metadata') this.#nextData = 2 + 3 * METADATA_PIECE;
  }

  make(tree: Tree): Buffer {
    const fileSet = this.#newMeta();
    const root = this.#newMeta();
    this.#folder(folderOf(tree), root, root);
    this.#putMeta(fileSet, this.#fileSet(fileSet, root));
    if (this.#making.partition === 'metadata') this.#metadataFiles();
    const dataEnd = PARTITION_START + this.#nextData;
    this.#volume(fileSet, this.#making.partition === 'virtual' ? dataEnd + 2 : dataEnd + 1);
    if (this.#making.partition === 'sparable') this.#sparePacket();
    const image = Buffer.alloc((Math.max(...this.#blocks.keys()) + 1) * this.#bs);
    for (const [block, bytes] of this.#blocks) bytes.copy(image, block * this.#bs);
    return image;
  }

  /** Room for an entry, a folder or the file set. */
  #newMeta(): Address {
    const block = this.#nextMeta++;
    switch (this.#making.partition) {
      case 'metadata':
        if (block >= 2 * METADATA_PIECE) throw new Error('the metadata file is full');
        return { block, partition: 1 };
      case 'virtual':
        this.#table.push(this.#nextData++);
        return { block, partition: 1 };
      default:
        return { block: this.#nextData++, partition: 0 };
    }
  }

  #physical({ block, partition }: Address): number {
    if (partition === 0) return PARTITION_START + block;
    if (this.#making.partition === 'virtual') return PARTITION_START + (this.#table[block] ?? 0);
    return PARTITION_START + 2 + (block < METADATA_PIECE ? block : block + METADATA_PIECE);
  }

  #put(block: number, bytes: Uint8Array): void {
    this.#blocks.set(block, Buffer.concat([bytes], this.#bs));
  }

  #putMeta(at: Address, bytes: Uint8Array): void {
    this.#put(this.#physical(at), bytes);
  }

  /** Writes content where files lie; gives its runs. */
  #content(bytes: Uint8Array): { readonly block: number; readonly lengthBytes: number }[] {
    const runBytes = (this.#making.runBlocks ?? Infinity) * this.#bs;
    const runs = [];
    for (let at = 0; at < bytes.length; at += runBytes) {
      const run = bytes.subarray(at, Math.min(bytes.length, at + runBytes));
      runs.push({ block: this.#nextData, lengthBytes: run.length });
      for (let done = 0; done < run.length; done += this.#bs)
        this.#put(PARTITION_START + this.#nextData++, run.subarray(done, done + this.#bs));
      if (this.#making.runBlocks) this.#put(PARTITION_START + this.#nextData++, Buffer.alloc(this.#bs, 'garbage'));
    }
    return runs;
  }

  #folder(folder: Folder, at: Address, parent: Address): void {
    const names = [this.#identifier('', PARENT + FOLDER, parent)];
    for (const [name, item] of folder.holds) {
      const entry = this.#newMeta();
      const isFolder = typeof item === 'object' && 'holds' in item;
      const { hidden, deleted } = this.#making;
      const flags =
        (isFolder ? FOLDER : 0) + (hidden?.includes(name) ? HIDDEN : 0) + (deleted?.includes(name) ? DELETED : 0);
      names.push(this.#identifier(name, flags, entry));
      if (isFolder) this.#folder(item, entry, at);
      else if (typeof item === 'object' && 'link' in item) this.#entry(entry, 12, linkOf(item.link), 0o777);
      else this.#entry(entry, 5, Buffer.from(item), 0o644);
    }
    this.#entry(at, 4, Buffer.concat(names), 0o755);
  }

  /** ECMA-167 4/14.4. */
  #identifier(name: string, flags: number, at: Address): Buffer {
    const encoded = name === '' ? Buffer.alloc(0) : osta(name);
    const fid = Buffer.alloc(Math.ceil((38 + encoded.length) / 4) * 4);
    fid.writeUInt16LE(1, 16);
    fid.writeUInt8(flags, 18);
    fid.writeUInt8(encoded.length, 19);
    longAllocation(this.#bs, at).copy(fid, 20);
    encoded.copy(fid, 38);
    return tagged(fid, 257, at.block);
  }

  /** ECMA-167 4/14.9 and 4/14.17. */
  #entry(at: Address, fileType: number, content: Buffer, mode: number): void {
    const fixed = this.#making.isExtendedEntry ? 216 : 176;
    const isEmbedded = (this.#making.allocation === 'embedded' || fileType !== 5) && fixed + content.length <= this.#bs;
    const kind = isEmbedded ? 3 : ['short', 'long', 'extended'].indexOf(this.#allocation(fileType));
    const descriptors = isEmbedded ? content : this.#descriptors(kind, content);
    this.#putMeta(at, this.#entryBlock(at, { fileType, mode, kind, sizeBytes: content.length, descriptors }));
  }

  /** Short ones can't say that a file lies in another partition than its entry. */
  #allocation(fileType: number): string {
    const { allocation = 'short', partition } = this.#making;
    const isElsewhere = partition === 'metadata' || partition === 'virtual';
    return fileType !== 5 || allocation === 'embedded' || isElsewhere
      ? allocation === 'extended'
        ? allocation
        : 'long'
      : allocation;
  }

  #entryBlock(
    at: Address,
    entry: { fileType: number; mode: number; kind: number; sizeBytes: number; descriptors: Uint8Array },
  ): Buffer {
    const isExtended = this.#making.isExtendedEntry === true;
    const block = Buffer.alloc(this.#bs);
    block.writeUInt16LE(4, 20);
    block.writeUInt16LE(1, 24);
    block.writeUInt8(entry.fileType, 27);
    block.writeUInt16LE(entry.kind, 34);
    block.writeUInt32LE(1000, 36);
    block.writeUInt32LE(100, 40);
    const permissions = [entry.mode % 8, Math.floor(entry.mode / 8) % 8, Math.floor(entry.mode / 64)];
    block.writeUInt32LE((permissions[0] ?? 0) + (permissions[1] ?? 0) * 32 + (permissions[2] ?? 0) * 1024, 44);
    block.writeUInt16LE(1, 48);
    block.writeBigUInt64LE(BigInt(entry.sizeBytes), 56);
    if (isExtended) block.writeBigUInt64LE(BigInt(entry.sizeBytes), 64);
    timestamp(MADE_MS).copy(block, isExtended ? 92 : 84);
    const fixed = isExtended ? 216 : 176;
    block.writeUInt32LE(entry.descriptors.length, fixed - 4);
    block.set(entry.descriptors, fixed);
    return tagged(block, isExtended ? 266 : 261, at.block);
  }

  #descriptors(kind: number, content: Uint8Array): Buffer {
    const each = this.#content(content).map(({ block, lengthBytes }) =>
      allocation(kind, lengthBytes, { block, partition: 0 }),
    );
    const most = this.#making.descriptorsEach ?? Infinity;
    if (each.length <= most) return Buffer.concat(each);
    // Where the descriptors go on is an extent of kind 3. ECMA-167 4/14.5.
    const next = { block: this.#nextData++, partition: 0 };
    const rest = each.slice(most);
    for (let at: Address | undefined = next; at; ) {
      const here: Buffer[] = rest.splice(0, most);
      const then: Address | undefined = rest.length > 0 ? { block: this.#nextData++, partition: 0 } : undefined;
      if (then) here.push(allocation(kind, 3 * 2 ** 30 + this.#bs, then));
      const list = Buffer.concat(here);
      const header = Buffer.alloc(24);
      header.writeUInt32LE(list.length, 20);
      this.#put(PARTITION_START + at.block, tagged(Buffer.concat([header, list], this.#bs), 258, at.block));
      at = then;
    }
    return Buffer.concat([...each.slice(0, most), allocation(kind, 3 * 2 ** 30 + this.#bs, next)]);
  }

  /** ECMA-167 4/14.1. */
  #fileSet(at: Address, root: Address): Buffer {
    const block = Buffer.alloc(512);
    for (const at of [48, 240]) charspec(block, at);
    timestamp(MADE_MS).copy(block, 16);
    block.writeUInt16LE(3, 28);
    block.writeUInt32LE(1, 32);
    dstring(block, 112, 128, this.#making.label ?? 'MADE');
    dstring(block, 304, 32, this.#making.label ?? 'MADE');
    longAllocation(this.#bs, root).copy(block, 400);
    regid(block, 416, '*OSTA UDF Compliant');
    return tagged(block, 256, at.block);
  }

  /** The file and its mirror share what they hold. UDF 2.60 §2.2.13. */
  #metadataFiles(): void {
    const pieces = [2, 2 + 2 * METADATA_PIECE].map((block) =>
      allocation(0, METADATA_PIECE * this.#bs, { block, partition: 0 }),
    );
    for (const [block, fileType] of [
      [0, 250],
      [1, 251],
    ] as const) {
      const sizeBytes = 2 * METADATA_PIECE * this.#bs;
      const entry = { fileType, mode: 0, kind: 0, sizeBytes, descriptors: Buffer.concat(pieces) };
      this.#put(PARTITION_START + block, this.#entryBlock({ block, partition: 0 }, entry));
    }
  }

  /** The first packet lies elsewhere; where it should be there is garbage. UDF 2.60 §2.2.12. */
  #sparePacket(): void {
    for (let i = 0; i < PACKET_BLOCKS; i++) {
      const from = PARTITION_START + SPARED_PACKET + i;
      const block = this.#blocks.get(from);
      if (!block) continue;
      this.#blocks.set(SPARE_SECTOR + i, block);
      this.#blocks.set(from, Buffer.alloc(this.#bs, 'garbage'));
    }
    const table = Buffer.alloc(512);
    regid(table, 16, '*UDF Sparing Table');
    table.writeUInt16LE(2, 48);
    table.writeUInt32LE(SPARED_PACKET, 56);
    table.writeUInt32LE(SPARE_SECTOR, 60);
    table.writeUInt32LE(0xffffffff, 64);
    this.#put(80, tagged(table, 0, 80));
  }

  #volume(fileSet: Address, lastSector: number): void {
    ['BEA01', 'NSR03', 'TEA01'].forEach((identifier, i) => {
      const sector = Buffer.from(`\0${identifier}\x01`);
      const stepBytes = Math.max(2048, this.#bs);
      this.#put(Math.floor((32_768 + i * stepBytes) / this.#bs), sector);
    });
    const { vds, reserve } = { vds: this.#sequenceStart(), reserve: this.#sequenceStart() + 16 };
    const descriptors = [
      this.#primary(),
      this.#partitionDescriptor(lastSector),
      this.#logicalVolume(fileSet),
      Buffer.alloc(512),
    ];
    [1, 5, 6, 8].forEach((identifier, i) => {
      for (const start of [vds, reserve])
        this.#put(start + i, tagged(descriptors[i] ?? Buffer.alloc(512), identifier, start + i));
    });
    const integrity = Buffer.alloc(512);
    timestamp(MADE_MS).copy(integrity, 16);
    integrity.writeUInt32LE(1, 28);
    this.#put(64 + this.#sequenceStart(), tagged(integrity, 9, 64 + this.#sequenceStart()));
    for (const sector of [256, this.#making.partition === 'virtual' ? 0 : lastSector].filter((s) => s > 0)) {
      const anchor = Buffer.alloc(512);
      for (const [i, start] of [vds, reserve].entries()) {
        anchor.writeUInt32LE(16 * this.#bs, 16 + i * 8);
        anchor.writeUInt32LE(start, 20 + i * 8);
      }
      this.#put(sector, tagged(anchor, 2, sector));
    }
    if (this.#making.partition === 'virtual') this.#allocationTable(lastSector);
  }

  /** Behind what is recognised a volume by: with small blocks that takes more of them. */
  #sequenceStart(): number {
    return this.#bs === 512 ? 96 : 32;
  }

  #primary(): Buffer {
    const block = Buffer.alloc(512);
    for (const at of [200, 264]) charspec(block, at);
    dstring(block, 24, 32, this.#making.label ?? 'MADE');
    block.writeUInt16LE(1, 56);
    block.writeUInt16LE(1, 58);
    dstring(block, 72, 128, '0123456789abcdefSET');
    return block;
  }

  #partitionDescriptor(lastSector: number): Buffer {
    const block = Buffer.alloc(512);
    block.writeUInt32LE(2, 16);
    block.writeUInt16LE(1, 20);
    regid(block, 24, '+NSR03');
    block.writeUInt32LE(this.#making.partition === 'virtual' ? 2 : 1, 184);
    block.writeUInt32LE(PARTITION_START, 188);
    block.writeUInt32LE(lastSector - PARTITION_START, 192);
    return block;
  }

  #logicalVolume(fileSet: Address): Buffer {
    const { partition = 'plain' } = this.#making;
    const plain = Buffer.from([1, 6, 1, 0, 0, 0]);
    const above = {
      metadata: '*UDF Metadata Partition',
      virtual: '*UDF Virtual Partition',
      sparable: '*UDF Sparable Partition',
    };
    const maps =
      partition === 'plain' ? [plain] : [...(partition === 'sparable' ? [] : [plain]), mapOf(above[partition])];
    const table = Buffer.concat(maps);
    const block = Buffer.alloc(512);
    block.writeUInt32LE(3, 16);
    charspec(block, 20);
    dstring(block, 84, 128, this.#making.label ?? 'MADE');
    block.writeUInt32LE(this.#bs, 212);
    regid(block, 216, '*OSTA UDF Compliant');
    longAllocation(this.#bs, fileSet).copy(block, 248);
    block.writeUInt32LE(table.length, 264);
    block.writeUInt32LE(maps.length, 268);
    block.writeUInt32LE(this.#bs, 432);
    block.writeUInt32LE(64 + this.#sequenceStart(), 436);
    table.copy(block, 440);
    return block;
  }

  /** The last sector is the entry of the table. UDF 2.60 §2.2.11. */
  #allocationTable(lastSector: number): void {
    const header = Buffer.alloc(152);
    header.writeUInt16LE(152, 0);
    const entries = Buffer.alloc(this.#table.length * 4);
    this.#table.forEach((block, i) => {
      entries.writeUInt32LE(block, i * 4);
    });
    const table = Buffer.concat([header, entries]);
    const at = { block: lastSector - PARTITION_START, partition: 0 };
    const [run = { block: 0, lengthBytes: 0 }] = this.#content(table);
    const descriptors = allocation(0, run.lengthBytes, { block: run.block, partition: 0 });
    this.#put(
      lastSector,
      this.#entryBlock(at, { fileType: 248, mode: 0, kind: 0, sizeBytes: table.length, descriptors }),
    );
  }
}

const HIDDEN = 1;
const FOLDER = 2;
const DELETED = 4;
const PARENT = 8;

function folderOf(tree: Tree): Folder {
  const root: Folder = { holds: new Map() };
  for (const [path, item] of Object.entries(tree)) {
    const steps = path.split('/');
    const name = steps.pop() ?? '';
    let at = root;
    for (const step of steps) {
      const known = at.holds.get(step);
      const next: Folder = known && typeof known === 'object' && 'holds' in known ? known : { holds: new Map() };
      at.holds.set(step, next);
      at = next;
    }
    if (typeof item === 'object' && !(item instanceof Uint8Array) && !('link' in item))
      throw new Error(`no ${path} in UDF`);
    if (name !== '') at.holds.set(name, item);
  }
  return root;
}

/** ECMA-167 4/14.16. */
function linkOf(target: string): Buffer {
  const steps = target.replace(/^\//, '').split('/').filter(Boolean);
  const parts = steps.map((step) => {
    if (step === '..') return Buffer.from([3, 0, 0, 0]);
    if (step === '.') return Buffer.from([4, 0, 0, 0]);
    const name = osta(step);
    return Buffer.concat([Buffer.from([5, name.length, 0, 0]), name]);
  });
  return Buffer.concat(target.startsWith('/') ? [Buffer.from([2, 0, 0, 0]), ...parts] : parts);
}

function mapOf(identifier: string): Buffer {
  const map = Buffer.alloc(64);
  map.writeUInt8(2, 0);
  map.writeUInt8(64, 1);
  regid(map, 4, identifier);
  map.writeUInt16LE(1, 36);
  if (identifier.includes('Metadata')) {
    map.writeUInt32LE(0, 40);
    map.writeUInt32LE(1, 44);
    map.writeUInt32LE(0xffffffff, 48);
    map.writeUInt32LE(32, 52);
    map.writeUInt16LE(1, 56);
  }
  if (identifier.includes('Sparable')) {
    map.writeUInt16LE(PACKET_BLOCKS, 40);
    map.writeUInt8(1, 42);
    map.writeUInt32LE(512, 44);
    map.writeUInt32LE(80, 48);
  }
  return map;
}
