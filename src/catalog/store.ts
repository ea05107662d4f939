/** The file in which a node remembers its images: whole or absent, one for each folder of images. */
import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, messageOf } from '../core/errors.ts';
import type { Log } from '../host.ts';
import { formatRecords, type ImageRecord, MAX_RECORD_FILE_BYTES, parseRecords } from './record.ts';

export interface RecordStore {
  /** Never rejects: what cannot be read or understood is nothing. */
  load(): Promise<readonly ImageRecord[]>;
  /** Never rejects: what cannot be written is said once. One call at a time. */
  save(records: readonly ImageRecord[]): Promise<void>;
}

/** Remembers nothing beyond this run, and says so. */
export function memoryRecordStore(log: Log): RecordStore {
  const why = 'there is no state folder that this user may write in';
  return {
    load: async () => {
      log.info('catalog', 'not-remembered', { why, cure: NO_STORE_CURE });
      return [];
    },
    save: async () => {},
  };
}

const NO_STORE_CURE = 'all works, but images are read anew after a restart: make it writable, or give --state-dir';

/** Several nodes of one machine may share a state folder: each folder of images has a file of its own. */
export function recordFile(stateDir: string, imagesFolder: string): string {
  const key = createHash('sha256').update(imagesFolder).digest('hex').slice(0, 12);
  return join(stateDir, `images-${key}.json`);
}

/** In `file`. Verdicts of another `tableVersion` count for nothing. */
export function diskRecordStore(file: string, tableVersion: string, log: Log): RecordStore {
  let written: string | undefined;
  let hasComplained = false;
  return {
    load: async () => {
      await sweep(file).catch(() => {});
      const text = await readWhole(file).catch((error) => {
        if (errnoOf(error) !== 'ENOENT') log.info('catalog', 'not-remembered', { file, why: messageOf(error) });
        return undefined;
      });
      if (text === undefined) return [];
      const records = parseRecords(text, tableVersion);
      if (!records) log.info('catalog', 'not-remembered', { file, why: 'it is damaged: all images are read anew' });
      return records ?? [];
    },
    save: async (records) => {
      const text = formatRecords(records, tableVersion);
      if (text === written) return;
      try {
        await writeWhole(file, text);
        written = text;
      } catch (error) {
        if (!hasComplained) log.info('catalog', 'not-remembered', { file, why: messageOf(error), cure: NO_STORE_CURE });
        hasComplained = true;
      }
    },
  };
}

async function readWhole(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size > MAX_RECORD_FILE_BYTES) throw new Error(`it has ${size} octets: that is no file of ours`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** A loss of power leaves the old file or the new one; several processes may do it at once. */
async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.part`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      // A command may run as another user, with another umask, than the node that reads it next.
      await handle.chmod(0o644);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const folder = await open(dirname(file), 'r');
  await folder.sync().finally(() => folder.close());
}

/** Writing takes seconds: what is older was left by a run that was cut off in the middle. */
const LEFT_MS = 600_000;

async function sweep(file: string): Promise<void> {
  for (const name of await readdir(dirname(file))) {
    const [, owner] = /^(.+)\.\w+\.part$/.exec(name) ?? [];
    if (owner !== basename(file)) continue;
    const path = join(dirname(file), name);
    if (Date.now() - (await stat(path)).mtimeMs > LEFT_MS) await rm(path, { force: true });
  }
}
