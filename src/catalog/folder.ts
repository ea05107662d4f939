/** The catalogue of one folder: what each look at it finds, what is read of that, and what is remembered. */
import type { Clock } from '../host.ts';
import { checker } from './check.ts';
import { ImageTable, type SeenFile, type Tracked } from './images.ts';
import { type LookDeps, readImage } from './look.ts';
import { type ListFolder, type OpenFile, type Scan, scanFolder, sumsReader } from './probe.ts';
import type { Sums } from './publish.ts';
import { Records } from './record.ts';
import type { RecordStore } from './store.ts';
import { type SumsFile, wantedSums } from './sums.ts';
import type { CatalogTeller } from './tell.ts';

export interface FolderDeps extends LookDeps {
  readonly clock: Clock;
  readonly list: ListFolder;
  readonly open: OpenFile;
  readonly store: RecordStore;
  readonly tell: CatalogTeller;
  readonly verify: 'gently' | 'at-once' | 'never';
  /** Runs a job that is waited for before all ends. */
  readonly work: (job: () => Promise<void>) => void;
  readonly isRunning: () => boolean;
  readonly onChange: () => void;
}

export interface CatalogFolder {
  load(): Promise<void>;
  /** One look: what came, went or changed; what has to be read is begun. */
  look(): Promise<void>;
  /** Writes down what is remembered, if that has changed. */
  save(): Promise<void>;
  endChecks(): void;
  all(): readonly Tracked[];
  sums(): Sums;
  /** False after a look that could not see the folder. */
  isThere(): boolean;
  isChanging(): boolean;
  isSettled(): boolean;
  isVerified(): boolean;
}

/** Images being read at once: a disk has one head. */
const MAX_READING = 2;

export function catalogFolder(deps: FolderDeps): CatalogFolder {
  const { clock, tell } = deps;
  const table = new ImageTable();
  const memory = recordMemory(deps.store);
  const readSums = keptSums(deps.open);
  const whole: { scan: 'none-yet' | 'unreadable' | 'seen'; reading: number } = { scan: 'none-yet', reading: 0 };
  const check = checker(deps.verify, { ...deps, table, onLearned: memory.remember });

  const becameReady = (image: Tracked): void => {
    tell.ready(image);
    memory.remember(image);
  };
  const read = async (seen: SeenFile): Promise<void> => {
    const finished = table.finish(seen, await readImage(seen.path, deps), clock.now());
    if (finished?.isNews) becameReady(finished.image);
    // Nothing new of a file whose rights have changed.
    else if (finished?.image.known.etag !== undefined) memory.remember(finished.image);
    check.next();
  };
  const readNext = (): void => {
    while (deps.isRunning() && whole.reading < MAX_READING) {
      const seen = table.take(clock.now());
      if (!seen) return;
      whole.reading += 1;
      deps.work(async () => {
        await read(seen);
        whole.reading -= 1;
        readNext();
        deps.onChange();
      });
    }
  };
  const take = (scan: Scan): void => {
    const isFirst = whole.scan !== 'seen';
    if (scan.unreadable.includes('')) whole.scan = 'unreadable';
    else if (!scan.busy.includes('')) whole.scan = 'seen';
    const before = table.all.map(({ seen }) => seen);
    const found = withKept(scan.images, before, scan);
    const date = clock.date();
    const { gone, ready } = table.update(found, {
      nowMs: clock.now(),
      ageMs: (seen) => (isFirst ? Math.max(0, date - Math.max(seen.modifiedMs, seen.changedMs)) : 0),
      recall: memory.recallAmong(found),
    });
    tell.folder(scan);
    tell.gone(gone, found);
    for (const image of ready) becameReady(image);
  };

  return {
    load: memory.load,
    look: async () => {
      const scan = await scanFolder(deps.list);
      if (!deps.isRunning()) return;
      take(scan);
      const paths = table.all.map(({ seen }) => seen.path);
      check.want(wantedSums(await readSums(scan), paths));
      readNext();
    },
    save: memory.save,
    endChecks: check.stop,
    all: () => table.all,
    sums: check.sums,
    isThere: () => whole.scan !== 'unreadable',
    isChanging: () => table.isChanging,
    isSettled: () => whole.scan !== 'none-yet' && whole.reading === 0 && !table.isUnsettled,
    isVerified: check.isDone,
  };
}

/** What is remembered from run to run. */
function recordMemory(store: RecordStore) {
  const records = new Records();
  let isUnsaved = false;
  return {
    load: async (): Promise<void> => {
      for (const record of await store.load()) records.put(record);
    },
    save: async (): Promise<void> => {
      if (!isUnsaved) return;
      isUnsaved = false;
      await store.save(records.all);
    },
    /** What could not be read, or is no image, is looked at anew next time: that is quick, and the reason may be gone. */
    remember: ({ seen, known, doubted, retryAtMs }: Tracked): void => {
      // It stands for the bytes of before until it has been read again.
      if (doubted && retryAtMs > 0) return;
      records.put({ seen, known: known.etag === undefined ? { digests: known.digests } : known });
      isUnsaved = true;
    },
    recallAmong: (found: readonly SeenFile[]) => {
      const inodes = new Map(found.map(({ path, inode }) => [path, inode]));
      return (seen: SeenFile) => records.recall(seen, (path) => inodes.get(path));
    },
  };
}

/** The files of sums as of a look; those in folders that cannot be read now stay as they were. */
function keptSums(open: OpenFile): (scan: Scan) => Promise<readonly SumsFile[]> {
  const read = sumsReader(open);
  let seen: readonly SeenFile[] = [];
  return (scan) => {
    seen = withKept(scan.sums, seen, scan);
    return read(seen);
  };
}

/** What a look found, and what was known in folders that cannot be read now: a drive that hiccups loses nothing. */
function withKept(
  found: readonly SeenFile[],
  before: readonly SeenFile[],
  { unreadable, busy }: Scan,
): readonly SeenFile[] {
  const unseen = [...unreadable, ...busy];
  if (unseen.length === 0) return found;
  const paths = new Set(found.map(({ path }) => path));
  const isKept = ({ path }: SeenFile): boolean =>
    !paths.has(path) && unseen.some((folder) => folder === '' || path.startsWith(`${folder}/`));
  return [...found, ...before.filter(isKept)];
}
