/** A store in memory for tests: what it keeps, and a disk that fails on demand. */
import { memoryContent } from '../../src/core/content.ts';
import type { Fields } from '../../src/proxy/fields.ts';
import type { Draft, NewEntry, Store } from '../../src/proxy/store.ts';
import type { Entry } from '../../src/proxy/types.ts';

export interface FakeDraft extends Draft {
  readonly pieces: Uint8Array[];
  /** What became of it. */
  fate: 'open' | 'finished' | 'left' | 'discarded';
  holders: number;
  /** The disk says no from now on. */
  isFull: boolean;
  /** Writes wait until it is called. */
  free(): void;
}

export interface FakeStore extends Store {
  readonly drafts: FakeDraft[];
  readonly entries: Map<string, Entry[]>;
  readonly contents: Map<number, Uint8Array>;
  /** What `resume` gives next. */
  begun: { readonly entry: NewEntry; readonly bytes: Uint8Array } | undefined;
  hasRoom: boolean;
  /** Writes of drafts made from now on wait for `free`. */
  isSlow: boolean;
}

export function fakeStore(): FakeStore {
  let ids = 0;
  const entries = new Map<string, Entry[]>();
  const contents = new Map<number, Uint8Array>();
  const drafts: FakeDraft[] = [];

  const draftOf = (entry: NewEntry, begun: Uint8Array | undefined): FakeDraft => {
    const id = ++ids;
    const pieces: Uint8Array[] = begun ? [begun] : [];
    const waiting: (() => void)[] = [];
    const { isSlow } = store;
    const draft: FakeDraft = {
      ...{ id, pieces, fate: 'open', holders: 0, isFull: false },
      get writtenBytes() {
        return pieces.reduce((sum, piece) => sum + piece.length, 0);
      },
      write: async (...blocks) => {
        if (isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
        if (draft.isFull) throw new Error('ENOSPC');
        for (const block of blocks) pieces.push(block.slice());
      },
      free: () => {
        for (const goOn of waiting.splice(0)) goOn();
      },
      read: async (into, position) => {
        const part = Buffer.concat(pieces).subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      finish: async () => {
        draft.fate = 'finished';
        const bytes = Buffer.concat(pieces);
        const { key, varies, head, askedAtMs, answeredAtMs } = entry;
        const kept: Entry = {
          ...{ id, key, varies, head, askedAtMs, answeredAtMs },
          sizeBytes: bytes.length,
          sha256: undefined,
        };
        contents.set(id, bytes);
        entries.set(key, [kept, ...(entries.get(key) ?? [])]);
        return kept;
      },
      leave: async () => {
        draft.fate = 'left';
      },
      discard: async () => {
        draft.fate = 'discarded';
      },
      hold: () => {
        draft.holders += 1;
        return () => {
          draft.holders -= 1;
        };
      },
    };
    drafts.push(draft);
    return draft;
  };

  const store: FakeStore = {
    ...{ drafts, entries, contents, begun: undefined, hasRoom: true, isSlow: false },
    find: (key) => entries.get(key) ?? [],
    findBySha256: () => undefined,
    create: async (entry) => (store.hasRoom ? draftOf(entry, undefined) : undefined),
    resume: async (_key: string, _varies: Fields) => {
      const { begun } = store;
      store.begun = undefined;
      return begun && { draft: draftOf(begun.entry, begun.bytes), entry: begun.entry };
    },
    refresh: (entry, by) => {
      const made = { ...entry, ...by };
      entries.set(entry.key, [made, ...(entries.get(entry.key) ?? []).filter(({ id }) => id !== entry.id)]);
      return made;
    },
    alias: (entry, key) => ({ ...entry, key }),
    open: async ({ id }) => {
      const bytes = contents.get(id);
      return bytes && memoryContent(bytes, `"${id}"`, 0);
    },
    peek: ({ id }) => contents.get(id),
    used: () => {},
    remove: (key) => {
      const count = entries.get(key)?.length ?? 0;
      entries.delete(key);
      return count;
    },
    report: () => ({ entries: entries.size, bytes: 0, evicted: 0, damaged: 0, trouble: undefined }),
    close: async () => {},
  };
  return store;
}
