/** An open file as content: its octets, its tag, and whether both still hold. */
import type { BigIntStats } from 'node:fs';
import type { Content } from '../core/content.ts';
import type { BlockSource, Blocks } from './blocks.ts';
import { fingerprint, Remembered } from './fingerprint.ts';
import { identityOf, type OpenFile } from './openfile.ts';
import { readAt, readScatteredAt } from './readat.ts';

const MAX_FINGERPRINTS = 4096;

/** ETags of files by their identity, made once for all who ask at a time. */
export class Tags {
  readonly #byIdentity = new Remembered<string>(MAX_FINGERPRINTS);

  /** Nothing when the file changed while it was looked at: somebody is still writing it. */
  async of(file: OpenFile): Promise<string | undefined> {
    if (file.isYoung) {
      const etag = await this.at(file.identity, file);
      return file.isAs(await file.statNow()) ? etag : undefined;
    }
    file.etag ??= await this.#byIdentity.get(file.identity, () => fingerprintOf(file));
    return file.etag;
  }

  /** The tag of the bytes now, which is not kept, since the file may just be written to. */
  async at(identity: string, file: OpenFile): Promise<string> {
    const key = `${identity} now`;
    try {
      return await this.#byIdentity.get(key, () => fingerprintOf(file));
    } finally {
      this.#byIdentity.forget(key);
    }
  }
}

function fingerprintOf(file: OpenFile): Promise<string> {
  return file.use((fd) => fingerprint((into, position) => readAt(fd, into, position), file.sizeBytes));
}

export interface FileMeans {
  readonly tags: Tags;
  readonly blocks: Blocks | undefined;
}

/** `file`, which is held for it, until it is closed. */
export function contentOf(file: OpenFile, etag: string, { tags, blocks }: FileMeans): Content {
  const { sizeBytes, modifiedMs, identity } = file;
  /** Whether octets were read since the file was looked at, and not only lent as they were then. */
  let hasRead = false;
  const read = (into: Uint8Array, position: number): Promise<number> => {
    hasRead = true;
    const wanted = into.subarray(0, Math.max(0, sizeBytes - position));
    return file.use((fd) => readAt(fd, wanted, position));
  };
  const isSame = async (now: BigIntStats): Promise<boolean> => {
    if (now.size !== file.stat.size || now.mtimeNs !== file.stat.mtimeNs) return false;
    // ctime alone moves when the file is renamed or replaced by another, which leaves its bytes as they were, and when
    // it is written to and dated back: the bytes tell.
    return now.ctimeNs === file.stat.ctimeNs || (await tags.at(identityOf(now), file)) === etag;
  };
  const source: BlockSource = {
    ...{ identity, sizeBytes, read },
    isSame: async () => file.isAs(await file.statNow()),
  };
  let isClosed = false;
  return {
    ...{ sizeBytes, modifiedMs, etag, identity, read },
    // What may change without showing it is kept nowhere.
    ...(blocks && {
      borrow: (position, maxBytes) => {
        if (file.isYoung) return undefined;
        const lent = blocks.borrow(source, position, maxBytes);
        hasRead ||= lent instanceof Promise;
        return lent;
      },
    }),
    readScattered: (into, position) => {
      hasRead = true;
      const wanted = cutTo(sizeBytes - position, into);
      return wanted.length === 0 ? Promise.resolve(0) : file.use((fd) => readScatteredAt(fd, wanted, position));
    },
    isUnchanged: async () => (!hasRead && file.isConfirmed) || isSame(await file.statNow()),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await file.release();
    },
  };
}

/** The views, or what of them holds `bytes`: what was added to a file after it was opened is not part of it. */
function cutTo(bytes: number, views: readonly Uint8Array[]): readonly Uint8Array[] {
  let left = bytes;
  return views.flatMap((view) => {
    const cut = view.subarray(0, Math.max(0, left));
    left -= view.length;
    return cut.length > 0 ? [cut] : [];
  });
}
