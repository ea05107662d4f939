/** Verifies images against their sums, one at a time. */
import { errnoOf } from '../core/errors.ts';
import type { Clock } from '../host.ts';
import { digestOf } from './hash.ts';
import { type ImageTable, identityOf, type SeenFile, type Tracked } from './images.ts';
import type { OpenFile } from './probe.ts';
import { type Checking, checksumOf, nextToCheck, type Sums } from './publish.ts';
import type { Wanted } from './sums.ts';
import type { CatalogTeller } from './tell.ts';

export interface CheckDeps {
  readonly clock: Clock;
  readonly open: OpenFile;
  readonly table: ImageTable;
  readonly tell: CatalogTeller;
  /** Runs a job that `stop` waits for. */
  readonly work: (job: () => Promise<void>) => void;
  readonly isRunning: () => boolean;
  readonly onChange: () => void;
  readonly onLearned: (image: Tracked) => void;
}

export interface Checker {
  /** Takes what the files of sums say now. */
  want(wanted: ReadonlyMap<string, Wanted>): void;
  /** Begins with the next image unless one is being verified. */
  next(): void;
  sums(): Sums;
  /** Nothing is left that could be verified now. */
  isDone(): boolean;
  /** Ends what is under way. */
  stop(): void;
}

/** Progress is for people: more often they cannot see it. */
const PROGRESS_MS = 500;
/** An image that cannot be read, or changes, is tried again after this. */
const RETRY_MS = 60_000;

export function checker(verify: 'gently' | 'at-once' | 'never', deps: CheckDeps): Checker {
  const { table, tell, clock } = deps;
  /** By path and identity; as many as there are images. */
  let putOff = new Map<string, number>();
  let sums: Sums = { wanted: new Map(), checking: undefined };
  let current: AbortController | undefined;

  const isPutOff = (seen: SeenFile): boolean => (putOff.get(keyOf(seen)) ?? 0) > clock.now();
  const upcoming = () => (verify === 'never' ? undefined : nextToCheck(table.all, sums.wanted, isPutOff));

  const check = async (seen: SeenFile, wanted: Wanted, signal: AbortSignal): Promise<void> => {
    const digest = await digestIn(seen, wanted, signal).catch((error) => {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      tell.unverified(seen.path, errno);
      return undefined;
    });
    if (signal.aborted) return;
    const image = digest === undefined ? undefined : table.learn(seen, { [wanted.algorithm]: digest });
    if (image) {
      deps.onLearned(image);
      tell.checked(image, checksumOf(image, sums), 'now');
    } else {
      putOff.set(keyOf(seen), clock.now() + RETRY_MS);
    }
  };
  const digestIn = async (seen: SeenFile, wanted: Wanted, signal: AbortSignal): Promise<string | undefined> => {
    const opened = await deps.open(seen.path);
    if (opened.kind !== 'file') return undefined;
    const onProgress = paced(
      () => clock.now(),
      (doneBytes) => show({ seen, wanted, doneBytes }),
    );
    try {
      const pace = { clock, signal, isGentle: verify === 'gently', onProgress };
      // Another one than was listed: the next look at the folder will find it.
      return opened.content.sizeBytes === seen.sizeBytes
        ? await digestOf(opened.content, wanted.algorithm, pace)
        : undefined;
    } finally {
      await opened.content.close();
    }
  };
  const show = (checking: Checking | undefined): void => {
    sums = { ...sums, checking };
    deps.onChange();
  };
  const next = (): void => {
    const job = current || !deps.isRunning() ? undefined : upcoming();
    if (!job) return;
    const controller = new AbortController();
    current = controller;
    show({ ...job, doneBytes: 0 });
    deps.work(async () => {
      await check(job.seen, job.wanted, controller.signal).finally(() => {
        current = undefined;
      });
      next();
      if (!current) show(undefined);
    });
  };
  const isStale = ({ seen, wanted }: Checking): boolean => {
    const image = table.get(seen.path);
    const sum = sums.wanted.get(seen.path);
    return !image || identityOf(image.seen) !== identityOf(seen) || sum?.algorithm !== wanted.algorithm;
  };

  return {
    want: (wanted) => {
      sums = { ...sums, wanted };
      putOff = new Map([...putOff].filter(([, untilMs]) => untilMs > clock.now()));
      if (sums.checking && isStale(sums.checking)) current?.abort();
      for (const image of table.all)
        if (image.state === 'ready') tell.checked(image, checksumOf(image, sums), 'before');
      next();
    },
    next,
    sums: () => sums,
    isDone: () => !current && !upcoming(),
    stop: () => current?.abort(),
  };
}

function keyOf(seen: SeenFile): string {
  return `${seen.path}\n${identityOf(seen)}`;
}

/** Calls `show` at most once in `PROGRESS_MS`. */
function paced(now: () => number, show: (doneBytes: number) => void): (doneBytes: number) => void {
  let shownAtMs = now();
  return (doneBytes) => {
    if (now() - shownAtMs < PROGRESS_MS) return;
    shownAtMs = now();
    show(doneBytes);
  };
}
