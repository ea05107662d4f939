/** Stores in folders of their own, and contents that tell by their key what they are. */
import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Content } from '../../src/core/content.ts';
import type { Log } from '../../src/host.ts';
import { hasField } from '../../src/proxy/fields.ts';
import {
  BLOCK_BYTES,
  type Draft,
  type NewEntry,
  openStoreIn,
  type Store,
  type StoreLimits,
  type StoreWorld,
} from '../../src/proxy/store.ts';
import type { Entry } from '../../src/proxy/types.ts';
import { FakeClock } from '../support/fakes.ts';

export const MIB = 2 ** 20;
export const LIMITS: StoreLimits = { maxBytes: 256 * MIB, maxObjectBytes: 64 * MIB, memoryBytes: 32 * MIB };

/** `length` octets that are always the same for `seed`, and no others' . */
export function bytesOf(seed: string, length: number): Uint8Array {
  const key = createHash('md5').update(seed).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

export interface Ground {
  readonly folder: string;
  readonly clock: FakeClock;
  /** `event` of each line at warn or above. */
  readonly warned: string[];
  readonly world: StoreWorld;
  open(limits?: Partial<StoreLimits>): Promise<Store>;
  /** Files with contents. */
  files(): readonly string[];
}

/** A folder that goes with the test, and what was opened in it. */
export function ground(t: TestContext, over: Partial<StoreWorld> = {}): Ground {
  const folder = mkdtempSync(join(tmpdir(), 'flisolator-store-'));
  const clock = new FakeClock();
  const warned: string[] = [];
  const world = { ...worldOf(clock), ...over };
  const opened: Store[] = [];
  t.after(async () => {
    for (const store of opened) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...{ folder, clock, warned, world },
    open: async (limits = {}) => {
      const store = await openStoreIn(world, folder, () => ({ ...LIMITS, ...limits }), logTo(warned));
      opened.push(store);
      return store;
    },
    files: () => filesIn(folder),
  };
}

export function filesIn(folder: string): readonly string[] {
  const entries = readdirSync(join(folder, 'objects'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

export function worldOf(clock: FakeClock): StoreWorld {
  return {
    clock,
    memory: { totalBytes: 4096 * MIB, availableBytes: () => 3072 * MIB },
    look: async () => undefined,
    mayGoOn: ({ head }) => hasField(head.fields, 'etag'),
  };
}

const logTo = (warned: string[]): Log => {
  const note = (_service: string, event: string): void => {
    warned.push(event);
  };
  return { debug: () => {}, info: () => {}, warn: note, error: note };
};

export function newEntry(key: string, over: Partial<NewEntry> = {}): NewEntry {
  return {
    key,
    varies: [],
    head: { status: 200, fields: ['Content-Type', 'text/plain', 'ETag', `"${key}"`] },
    sizeBytes: undefined,
    isSummed: false,
    askedAtMs: 1000,
    answeredAtMs: 2000,
    ...over,
  };
}

/** Writes what of `bytes` is not there yet. */
export async function writeRest(draft: Draft, bytes: Uint8Array): Promise<void> {
  for (let at = draft.writtenBytes; at < bytes.length; at += BLOCK_BYTES) {
    await draft.write(bytes.subarray(at, at + BLOCK_BYTES));
  }
}

export async function put(
  store: Store,
  key: string,
  bytes: Uint8Array,
  over: Partial<NewEntry> = {},
): Promise<Entry | undefined> {
  const draft = await store.create(newEntry(key, { sizeBytes: bytes.length, ...over }));
  if (draft === undefined) return undefined;
  await writeRest(draft, bytes);
  return draft.finish();
}

/** As `put`, where there must be room. */
export async function kept(store: Store, key: string, bytes: Uint8Array, over: Partial<NewEntry> = {}): Promise<Entry> {
  const entry = await put(store, key, bytes, over);
  assert.ok(entry, `${key} is not kept`);
  return entry;
}

/** All octets, in reads of `stepBytes`. */
export async function readAll(
  content: Pick<Content, 'read' | 'sizeBytes'>,
  stepBytes = BLOCK_BYTES,
): Promise<Uint8Array> {
  const bytes = Buffer.alloc(content.sizeBytes);
  for (let at = 0; at < bytes.length; at += stepBytes) {
    const part = bytes.subarray(at, at + stepBytes);
    assert.equal(await content.read(part, at), part.length);
  }
  return bytes;
}

/** What a key gives; nothing where it gives nothing. Rejects where it breaks off. */
export async function fetched(store: Store, key: string): Promise<Uint8Array | undefined> {
  const entry = store.find(key)[0];
  const content = entry && (await store.open(entry));
  if (!content) return undefined;
  try {
    return await readAll(content);
  } finally {
    await content.close();
  }
}

/** Without a wall of octets where they differ. */
export function same(got: Uint8Array | undefined, want: Uint8Array, what: string): void {
  assert.equal(got?.length, want.length, `${what}: length`);
  assert.ok(Buffer.from(want).equals(got ?? new Uint8Array(0)), `${what}: octets`);
}
