/** For storekilled.test.ts: writes contents to the store in a folder, several at a time, and says a letter for each block, until it is killed. */
import { pathToFileURL } from 'node:url';
import { BLOCK_BYTES, openStoreIn } from '../../src/proxy/store.ts';
import { FakeClock } from '../support/fakes.ts';
import { bytesOf, LIMITS, MIB, newEntry, worldOf } from './storeground.ts';

const SIZES = [100, 10_000, 70_000, MIB, 3 * MIB + 1, 9 * MIB + 7, 14 * MIB];
export const KEYS: readonly string[] = Array.from({ length: 21 }, (_, i) => `http://origin/${i}`);

export function sizeOf(key: string): number {
  return SIZES[KEYS.indexOf(key) % SIZES.length] ?? 0;
}

async function write(folder: string, seed: number): Promise<never> {
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const store = await openStoreIn(worldOf(new FakeClock()), folder, () => LIMITS, quiet);
  const writer = async (from: number): Promise<never> => {
    for (let n = from; ; n += 4) {
      const key = KEYS[(n * 5 + seed) % KEYS.length] ?? '';
      const bytes = bytesOf(key, sizeOf(key));
      const draft =
        (await store.resume(key, []))?.draft ?? (await store.create(newEntry(key, { sizeBytes: bytes.length })));
      if (!draft) throw new Error(`no room for ${key}`);
      for (let at = draft.writtenBytes; at < bytes.length; at += BLOCK_BYTES) {
        await draft.write(bytes.subarray(at, at + BLOCK_BYTES));
        process.stdout.write('.');
      }
      await draft.finish();
    }
  };
  return Promise.race([0, 1, 2, 3].map(writer));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder = '', seed = '0'] = process.argv.slice(2);
  await write(folder, Number(seed));
}
