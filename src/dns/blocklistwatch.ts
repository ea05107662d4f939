/** The blocklist of the configuration, as it is now: read at the start, and again when its file changes. */
import { stat } from 'node:fs/promises';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import type { Host, Log } from '../host.ts';
import type { Service } from '../service.ts';
import { type Blocklist, NOTHING_BLOCKED } from './blocklist.ts';
import { type BlocklistFile, blocklistOf, readBlocklistFile } from './blocklistfile.ts';

export type BlocklistSetting = { readonly domains: readonly string[] } | { readonly file: string };

export interface BlocklistService extends Service {
  current(): Blocklist;
  /** Looks now whether setting or file have changed; resolves once that is done. Never rejects: what is broken keeps the old list. */
  look(): Promise<void>;
}

export interface BlocklistDeps {
  readonly host: Pick<Host, 'clock' | 'log'>;
  /** `current` is another. */
  readonly onChange?: (() => void) | undefined;
}

/** Taste: a list changes once a day. */
const LOOK_MS = 5000;

/** `start` rejects with a `Fault` where the file cannot be read. `setting` is asked at each look. */
export function blocklistService(
  setting: () => BlocklistSetting,
  { host: { clock, log }, onChange }: BlocklistDeps,
): BlocklistService {
  let current = NOTHING_BLOCKED;
  /** What `current` was made of, or what was found to be broken. */
  let known: unknown;
  let working = Promise.resolve();
  let cancel = (): void => {};
  let isStopped = true;

  const make = async (wanted: BlocklistSetting): Promise<BlocklistFile> => {
    if ('domains' in wanted) return { list: await blocklistOf(wanted.domains), unread: { lines: 0, first: [] } };
    const made = await readBlocklistFile(wanted.file);
    // A download that failed leaves an empty file behind: that is no wish to block nothing.
    if (made.list.size === 0 && current.size > 0) throw new Fault('config', 'is empty: bring it anew, or leave it out');
    return made;
  };
  const take = (wanted: BlocklistSetting, { list, unread }: BlocklistFile): void => {
    current = list;
    if ('file' in wanted) tell(log, wanted.file, { list, unread });
    onChange?.();
  };
  const lookOnce = async (): Promise<void> => {
    const wanted = setting();
    const found = await standOf(wanted);
    if (found === known || isStopped) return;
    try {
      const made = await make(wanted);
      // Somebody is writing it: it is whole at one of the next looks.
      if ((await standOf(wanted)) !== found) return;
      take(wanted, made);
    } catch (error) {
      const file = 'file' in wanted ? wanted.file : undefined;
      log.warn('blocklist', 'kept', { file, why: messageOf(error), names: current.size });
    }
    known = found;
  };
  const look = (): Promise<void> => {
    working = working.then(lookOnce);
    return working;
  };
  const lookLater = (): void => {
    cancel = clock.after(LOOK_MS, () => void look().then(() => isStopped || lookLater()));
  };
  return {
    name: 'blocklist',
    start: async () => {
      const wanted = setting();
      known = await standOf(wanted);
      const made = await make(wanted).catch((error: unknown) => {
        throw named(error, wanted);
      });
      take(wanted, made);
      isStopped = false;
      lookLater();
    },
    stop: async () => {
      isStopped = true;
      cancel();
      await working;
    },
    health: () => ({ ok: true }),
    current: () => current,
    look,
  };
}

function tell(log: Log, file: string, { list, unread }: BlocklistFile): void {
  log.info('blocklist', 'read', { file, names: list.size });
  if (unread.lines === 0) return;
  const cure = 'want a domain a line, or lines of hosts files, dnsmasq or ||domain^';
  log.warn('blocklist', 'lines-left-out', { file, lines: unread.lines, first: unread.first.join(' | '), cure });
}

/** Another one when the list is to be made anew. A file that is replaced has another inode, one that is written to another time. */
async function standOf(wanted: BlocklistSetting): Promise<unknown> {
  if ('domains' in wanted) return wanted;
  const { file } = wanted;
  try {
    const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${file} ${dev}:${ino}:${size}:${mtimeNs}`;
  } catch (error) {
    return `${file} ${errnoOf(error)}`;
  }
}

function named(error: unknown, wanted: BlocklistSetting): unknown {
  if (!(error instanceof Fault) || !('file' in wanted)) return error;
  return new Fault(error.code, `dns.blocklist: ${wanted.file} ${error.message}`, error);
}
