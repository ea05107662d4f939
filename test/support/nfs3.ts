/**
 * NFSv3 as a client sees it: arguments as they leave, results as they come, by the figures of RFC 1813 and with its names. Written apart
 * from `src/nfs`, so that a mistake there is none here. Results with octets left over, with filling that is not zero, or cut off throw.
 */

/** 64-bit numbers are exact. */
export interface Fattr3 {
  readonly type: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: bigint;
  readonly used: bigint;
  readonly rdev: readonly [number, number];
  readonly fsid: bigint;
  readonly fileid: bigint;
  readonly atime: Nfstime3;
  readonly mtime: Nfstime3;
  readonly ctime: Nfstime3;
}

export interface Nfstime3 {
  readonly seconds: number;
  readonly nseconds: number;
}

export type PostOpAttr = Fattr3 | undefined;

/** `pre` is told as present or not; nothing of it is looked at. */
export interface WccData {
  readonly hasPre: boolean;
  readonly after: PostOpAttr;
}

/** `attributes`: every `post_op_attr` of the failure, in order, those inside of `wcc_data` too. */
export interface Failed {
  readonly ok: false;
  readonly status: number;
  readonly attributes: readonly PostOpAttr[];
}
export type Res<Fields> = ({ readonly ok: true } & Fields) | Failed;

export interface Entry3 {
  readonly fileid: bigint;
  readonly name: string;
  readonly cookie: bigint;
  readonly nameAttributes?: PostOpAttr;
  readonly nameHandle?: Uint8Array | undefined;
}

/** `NF3REG` ... */
export const FTYPE3 = { reg: 1, dir: 2, blk: 3, chr: 4, lnk: 5, sock: 6, fifo: 7 } as const;

/** Numbers of procedures, for RPC headers. */
export const PROC3 = {
  null: 0,
  getattr: 1,
  setattr: 2,
  lookup: 3,
  access: 4,
  readlink: 5,
  read: 6,
  write: 7,
  create: 8,
  mkdir: 9,
  symlink: 10,
  mknod: 11,
  remove: 12,
  rmdir: 13,
  rename: 14,
  link: 15,
  readdir: 16,
  readdirplus: 17,
  fsstat: 18,
  fsinfo: 19,
  pathconf: 20,
  commit: 21,
} as const;

class Fields {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  uint32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4);
  }
  uint64(): bigint {
    this.#at += 8;
    return this.#view.getBigUint64(this.#at - 8);
  }
  bool(): boolean {
    const value = this.uint32();
    if (value > 1) throw new Error(`a bool of ${value} before octet ${this.#at}`);
    return value === 1;
  }
  fixed(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new Error(`cut off: ${count} octets wanted at ${this.#at}`);
    const octets = Uint8Array.from(this.#bytes.subarray(this.#at, end));
    this.#at = end;
    return octets;
  }
  opaque(max = 0xffff_ffff): Uint8Array {
    const count = this.uint32();
    if (count > max) throw new Error(`${count} octets where ${max} are the most`);
    const octets = this.fixed(count);
    if (this.fixed((4 - (count % 4)) % 4).some((octet) => octet !== 0)) throw new Error('filling that is not zero');
    return octets;
  }
  text(max?: number): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(this.opaque(max));
  }
  time(): Nfstime3 {
    return { seconds: this.uint32(), nseconds: this.uint32() };
  }
  fattr3(): Fattr3 {
    return {
      type: this.uint32(),
      mode: this.uint32(),
      nlink: this.uint32(),
      uid: this.uint32(),
      gid: this.uint32(),
      size: this.uint64(),
      used: this.uint64(),
      rdev: [this.uint32(), this.uint32()],
      fsid: this.uint64(),
      fileid: this.uint64(),
      atime: this.time(),
      mtime: this.time(),
      ctime: this.time(),
    };
  }
  postOpAttr(): PostOpAttr {
    return this.bool() ? this.fattr3() : undefined;
  }
  postOpFh3(): Uint8Array | undefined {
    return this.bool() ? this.opaque(64) : undefined;
  }
  wccData(): WccData {
    const hasPre = this.bool();
    if (hasPre) this.fixed(24);
    return { hasPre, after: this.postOpAttr() };
  }
  end(): void {
    if (this.#at !== this.#bytes.length) throw new Error(`${this.#bytes.length - this.#at} octets too many`);
  }
}

/** What a failure has behind its status: `p`, a `post_op_attr`; `w`, a `wcc_data`. */
function results<Kind>(bytes: Uint8Array, failure: string, good: (f: Fields) => Kind): Res<Kind> {
  const f = new Fields(bytes);
  const status = f.uint32();
  const decoded: Res<Kind> =
    status === 0
      ? { ok: true, ...good(f) }
      : {
          ok: false,
          status,
          attributes: [...failure].map((kind) => (kind === 'p' ? f.postOpAttr() : f.wccData().after)),
        };
  f.end();
  return decoded;
}

export const getattr3res = (bytes: Uint8Array) => results(bytes, '', (f) => ({ objAttributes: f.fattr3() }));

export const lookup3res = (bytes: Uint8Array) =>
  results(bytes, 'p', (f) => ({
    object: f.opaque(64),
    objAttributes: f.postOpAttr(),
    dirAttributes: f.postOpAttr(),
  }));

export const access3res = (bytes: Uint8Array) =>
  results(bytes, 'p', (f) => ({ objAttributes: f.postOpAttr(), access: f.uint32() }));

export const readlink3res = (bytes: Uint8Array) =>
  results(bytes, 'p', (f) => ({ symlinkAttributes: f.postOpAttr(), data: f.text() }));

export const read3res = (bytes: Uint8Array) =>
  results(bytes, 'p', (f) => ({
    fileAttributes: f.postOpAttr(),
    count: f.uint32(),
    eof: f.bool(),
    data: f.opaque(),
  }));

function entries(f: Fields, isPlus: boolean): readonly Entry3[] {
  const list: Entry3[] = [];
  while (f.bool()) {
    const entry = { fileid: f.uint64(), name: f.text(), cookie: f.uint64() };
    list.push(isPlus ? { ...entry, nameAttributes: f.postOpAttr(), nameHandle: f.postOpFh3() } : entry);
  }
  return list;
}

const folderRes = (bytes: Uint8Array, isPlus: boolean) =>
  results(bytes, 'p', (f) => ({
    dirAttributes: f.postOpAttr(),
    cookieverf: f.fixed(8),
    entries: entries(f, isPlus),
    eof: f.bool(),
  }));
export const readdir3res = (bytes: Uint8Array) => folderRes(bytes, false);
export const readdirplus3res = (bytes: Uint8Array) => folderRes(bytes, true);

export const fsstat3res = (bytes: Uint8Array) =>
  results(bytes, 'p', (f) => ({
    objAttributes: f.postOpAttr(),
    tbytes: f.uint64(),
    fbytes: f.uint64(),
    abytes: f.uint64(),
    tfiles: f.uint64(),
    ffiles: f.uint64(),
    afiles: f.uint64(),
    invarsec: f.uint32(),
  }));

export const fsinfo3res = (bytes: Uint8Array) =>
  results(bytes, 'p', (f) => ({
    objAttributes: f.postOpAttr(),
    rtmax: f.uint32(),
    rtpref: f.uint32(),
    rtmult: f.uint32(),
    wtmax: f.uint32(),
    wtpref: f.uint32(),
    wtmult: f.uint32(),
    dtpref: f.uint32(),
    maxfilesize: f.uint64(),
    timeDelta: f.time(),
    properties: f.uint32(),
  }));

export const pathconf3res = (bytes: Uint8Array) =>
  results(bytes, 'p', (f) => ({
    objAttributes: f.postOpAttr(),
    linkmax: f.uint32(),
    nameMax: f.uint32(),
    noTrunc: f.bool(),
    chownRestricted: f.bool(),
    caseInsensitive: f.bool(),
    casePreserving: f.bool(),
  }));

const unexpected = (): never => {
  throw new Error('a writing procedure that succeeded');
};
/** Of SETATTR, WRITE, CREATE, MKDIR, SYMLINK, MKNOD, REMOVE, RMDIR and COMMIT, which are to fail. */
export const wccRes = (bytes: Uint8Array) => results(bytes, 'w', unexpected);
export const rename3res = (bytes: Uint8Array) => results(bytes, 'ww', unexpected);
export const link3res = (bytes: Uint8Array) => results(bytes, 'pw', unexpected);

/** The fields of results that must be good. */
export function good<Kind>(res: Res<Kind>): { readonly ok: true } & Kind {
  if (!res.ok) throw new Error(`status ${res.status}`);
  return res;
}

export const u32 = (value: number): Uint8Array => {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
};
export const u64 = (value: number | bigint): Uint8Array => {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(BigInt(value));
  return octets;
};
export const opaque = (value: Uint8Array | string): Uint8Array => {
  const octets = Buffer.from(value);
  return Buffer.concat([u32(octets.length), octets, Buffer.alloc((4 - (octets.length % 4)) % 4)]);
};
const NO_VERIFIER = new Uint8Array(8);
const sattr3 = Buffer.alloc(24);

/** Arguments, as clients write them. Those of writing procedures ask for something that would change `fh` or what is in it. */
export const args3 = {
  null: () => new Uint8Array(0),
  getattr: (fh: Uint8Array) => opaque(fh),
  lookup: (fh: Uint8Array, name: Uint8Array | string) => Buffer.concat([opaque(fh), opaque(name)]),
  access: (fh: Uint8Array, bits: number) => Buffer.concat([opaque(fh), u32(bits)]),
  readlink: (fh: Uint8Array) => opaque(fh),
  read: (fh: Uint8Array, offset: number | bigint, count: number) =>
    Buffer.concat([opaque(fh), u64(offset), u32(count)]),
  readdir: (fh: Uint8Array, cookie: number | bigint, count: number, cookieverf: Uint8Array = NO_VERIFIER) =>
    Buffer.concat([opaque(fh), u64(cookie), cookieverf, u32(count)]),
  readdirplus: (
    fh: Uint8Array,
    cookie: number | bigint,
    counts: { readonly dircount: number; readonly maxcount: number },
    cookieverf: Uint8Array = NO_VERIFIER,
  ) => Buffer.concat([opaque(fh), u64(cookie), cookieverf, u32(counts.dircount), u32(counts.maxcount)]),
  fsstat: (fh: Uint8Array) => opaque(fh),
  fsinfo: (fh: Uint8Array) => opaque(fh),
  pathconf: (fh: Uint8Array) => opaque(fh),
  setattr: (fh: Uint8Array) => Buffer.concat([opaque(fh), sattr3, u32(0)]),
  write: (fh: Uint8Array, data: Uint8Array | string = 'hi') =>
    Buffer.concat([opaque(fh), u64(0), u32(Buffer.from(data).length), u32(2), opaque(data)]),
  create: (fh: Uint8Array) => Buffer.concat([opaque(fh), opaque('new'), u32(0), sattr3]),
  mkdir: (fh: Uint8Array) => Buffer.concat([opaque(fh), opaque('new'), sattr3]),
  symlink: (fh: Uint8Array) => Buffer.concat([opaque(fh), opaque('new'), sattr3, opaque('target')]),
  mknod: (fh: Uint8Array) => Buffer.concat([opaque(fh), opaque('new'), u32(FTYPE3.fifo), sattr3]),
  remove: (fh: Uint8Array) => Buffer.concat([opaque(fh), opaque('old')]),
  rmdir: (fh: Uint8Array) => Buffer.concat([opaque(fh), opaque('old')]),
  rename: (fh: Uint8Array) => Buffer.concat([opaque(fh), opaque('old'), opaque(fh), opaque('new')]),
  link: (fh: Uint8Array) => Buffer.concat([opaque(fh), opaque(fh), opaque('new')]),
  commit: (fh: Uint8Array) => Buffer.concat([opaque(fh), u64(0), u32(0)]),
} as const;
