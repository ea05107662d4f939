/** For storebroken.test.ts: what a store does in `folder`, a small file system of its own; tells it as JSON. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../../src/core/errors.ts';
import { diskRoomOf } from '../../src/proxy/room.ts';
import { openStoreIn, type Store } from '../../src/proxy/store.ts';
import { FakeClock } from '../support/fakes.ts';
import { bytesOf, fetched, LIMITS, MIB, newEntry, put, worldOf, writeRest } from './storeground.ts';

const [folder = '', what = ''] = process.argv.slice(2);
const clock = new FakeClock();
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const open = (looks: boolean): Promise<Store> =>
  openStoreIn(
    { ...worldOf(clock), ...(looks && { look: diskRoomOf }) },
    folder,
    () => ({ ...LIMITS, maxBytes: 1000 * MIB }),
    quiet,
  );
const filler = join(folder, 'filler');
/** Leaves about `bytes` of the file system. */
function fillUpTo(bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
}
async function isRight(store: Store, key: string, length: number): Promise<boolean> {
  const got = await fetched(store, key).catch(() => undefined);
  return got !== undefined && Buffer.from(bytesOf(key, length)).equals(got);
}

async function fill(): Promise<unknown> {
  const store = await open(true);
  let isEveryPutKept = true;
  for (let i = 0; i < 80; i++) {
    clock.advance(1000);
    if (!(await put(store, `${i}`, bytesOf(`${i}`, MIB)))) isEveryPutKept = false;
  }
  let wrong = 0;
  for (let i = 0; i < 80; i++) if (store.find(`${i}`).length > 0 && !(await isRight(store, `${i}`, MIB))) wrong += 1;
  const { bavail, bsize, blocks } = statfsSync(folder);
  const { evicted, trouble } = store.report();
  const isLatestRight = await isRight(store, '79', MIB);
  await store.close();
  // A file is a little more than its octets, and so is the index.
  const isSpared = bavail * bsize > blocks * bsize * 0.04;
  return { isEveryPutKept, isLatestRight, wrong, hasEvicted: evicted > 20, isSpared, trouble: trouble ?? null };
}

async function full(): Promise<unknown> {
  let store = await open(false);
  await put(store, 'old', bytesOf('old', 2 * MIB));
  fillUpTo(3 * MIB);
  const draft = await store.create(newEntry('new', { sizeBytes: 8 * MIB }));
  const fault = await (draft && writeRest(draft, bytesOf('new', 8 * MIB)))?.then(
    () => undefined,
    (error: unknown) => error,
  );
  await draft?.discard();
  const { trouble } = store.report();
  const isOldRight = await isRight(store, 'old', 2 * MIB);
  const isCreatedAtOnce = (await store.create(newEntry('new'))) !== undefined;
  rmSync(filler);
  clock.advance(30_000);
  const isCreatedLater = (await put(store, 'new', bytesOf('new', 8 * MIB))) !== undefined;
  const isRightLater = await isRight(store, 'new', 8 * MIB);
  const troubleLater = store.report().trouble ?? null;
  await store.close();
  store = await open(false);
  const isRightAfterRestart = (await isRight(store, 'new', 8 * MIB)) && (await isRight(store, 'old', 2 * MIB));
  await store.close();
  const told = fault instanceof Fault ? { code: fault.code, says: fault.message } : { says: String(fault) };
  return {
    trouble,
    ...told,
    isOldRight,
    isCreatedAtOnce,
    isCreatedLater,
    isRightLater,
    troubleLater,
    isRightAfterRestart,
  };
}

/** Empty contents take no room, their rows do. */
async function index(): Promise<unknown> {
  let store = await open(false);
  const head = { status: 200, fields: ['X-Long', 'x'.repeat(20_000)] };
  fillUpTo(2 * MIB);
  let wasRefused = false;
  for (let i = 0; i < 300 && !wasRefused; i++) {
    const entry = await put(store, `${i}`, new Uint8Array(0), { head }).catch(() => undefined);
    wasRefused = entry === undefined;
  }
  let wrong = 0;
  for (let i = 0; i < 300; i++)
    for (const entry of store.find(`${i}`)) if (entry.head.fields[1]?.length !== 20_000) wrong += 1;
  rmSync(filler);
  clock.advance(30_000);
  const isKeptLater = (await put(store, 'later', bytesOf('later', 1000))) !== undefined;
  await store.close();
  store = await open(false);
  const isRightAfterRestart = (await isRight(store, 'later', 1000)) && store.find('0').length === 1;
  await store.close();
  return { wasRefused, wrong, isKeptLater, isRightAfterRestart };
}

const tasks: Readonly<Record<string, () => Promise<unknown>>> = { fill, full, index };
const told = await tasks[what]?.();
console.log(JSON.stringify(told));
