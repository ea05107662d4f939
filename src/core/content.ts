/** What both doors of an fnode, TFTP and HTTP, hand out: one name space, one way to open a name in it. */

/** At once where nothing has to be waited for; `await` takes both. */
export type Soon<Value> = Value | Promise<Value>;

/** Bytes that can be read at any place while it is open. Whoever opened it closes it, once. */
export interface Content {
  readonly sizeBytes: number;
  /** Wall clock, for Last-Modified. */
  readonly modifiedMs: number;
  /** A strong validator, quotes included: equal on every node for equal bytes. RFC 9110 §8.8.3. */
  readonly etag: string;
  /**
   * Which bytes these are, on this node and now: whatever is written to the file changes it, which an ETag need not
   * see. Where there is none, the ETag stands for it.
   */
  readonly identity?: string;
  /** Fills `into` from `position` on; the count is short only at the end. Rejects when the bytes cannot be had. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** As `read`, filling one view after the other, at most 1024: where the system can do it in one call (readv). */
  readScattered?(into: readonly Uint8Array[], position: number): Promise<number>;
  /**
   * Lends octets from `position` on out of the node's cache of hot blocks: one at least and `maxBytes` at most, to the
   * end of a block; none at the end. They are everybody's: nobody writes to them, and they stay as they are for whoever
   * holds them. Nothing where the cache doesn't keep them: `read` them, and ask again a block further on.
   */
  borrow?(position: number, maxBytes: number): Soon<Uint8Array | undefined>;
  /** False once the bytes have changed since they were opened: what was sent so far must not be completed. */
  isUnchanged(): Promise<boolean>;
  close(): Promise<void>;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Of a file on disk: stays when it is renamed, and is another one's when it is replaced. */
  readonly inode?: number;
  /** Of a file on disk: when somebody last wrote to it, renamed it or changed its rights. */
  readonly changedMs?: number;
}

/** Why a name gives nothing; the same word in code, log, metric and test. `busy`: ask again in a moment. */
export type MissReason =
  | 'not-found'
  | 'outside-root'
  | 'bad-name'
  | 'not-regular'
  | 'no-permission'
  | 'damaged'
  | 'busy';

export type Opened =
  | { readonly kind: 'file'; readonly content: Content }
  | { readonly kind: 'folder'; readonly entries: readonly FolderEntry[] }
  | { readonly kind: 'missing'; readonly reason: MissReason };

/** Who asks, and how: menus differ by it. */
export interface Visit {
  /** The node's address as the client reached it, for URLs. */
  readonly localAddress: string;
  readonly clientAddress: string;
  readonly transport: 'tftp' | 'http';
  /** HTTP's port where it is not 80. */
  readonly httpPort: number;
  /** From a query `?mac=`, where there is one. */
  readonly query?: URLSearchParams;
}

/** Opens `path` (absolute, `/boot/lpxelinux.0`, already decoded and without `.` or `..`). Never rejects for a name. */
export type OpenContent = (path: string, visit: Visit) => Soon<Opened>;

/** An absolute path without empty, `.` and trailing segments; nothing for `..`, NUL or control characters. */
export function normalisePath(path: string): string | undefined {
  if (/[\x00-\x1f\x7f]/.test(path) || path.length > 4096) return undefined;
  // Nearly every path is normal.
  if (path.startsWith('/') && !/\/\.{0,2}(?:\/|$)/.test(path)) return path;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  return segments.includes('..') ? undefined : `/${segments.join('/')}`;
}

/** A content that is all in memory: generated menus. `etag` is made by the caller from the bytes. */
export function memoryContent(bytes: Uint8Array, etag: string, modifiedMs: number): Content {
  return {
    sizeBytes: bytes.length,
    modifiedMs,
    etag,
    identity: etag,
    read: async (into, position) => {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    isUnchanged: async () => true,
    close: async () => {},
  };
}
