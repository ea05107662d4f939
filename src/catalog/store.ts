/** The file in which a node remembers its images: whole or absent, one for each folder of images. */
import { createHash } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
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

/** A loss of power leaves the old file or the new one. */
async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.part`;
  try {
    const handle = await open(temporary, 'w', 0o644);
    try {
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

/** Removes what runs left that were cut off in the middle; one that still goes on keeps its own. */
async function sweep(file: string): Promise<void> {
  for (const name of await readdir(dirname(file))) {
    const [, owner, pid] = /^(.+)\.(\d+)\.part$/.exec(name) ?? [];
    if (owner === basename(file) && !isRunning(Number(pid))) await rm(join(dirname(file), name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
