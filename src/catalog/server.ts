/** Keeps the catalogue of the folder of images while the node runs: looks at the folder again and again. */
import type { ImageName } from '../core/alias.ts';
import type { CatalogImage } from '../core/image.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import { catalogFolder } from './folder.ts';
import type { LookDeps } from './look.ts';
import type { ListFolder, OpenFile } from './probe.ts';
import { publish } from './publish.ts';
import type { RecordStore } from './store.ts';
import { catalogTeller } from './tell.ts';

export interface CatalogOptions {
  /** Against sums beside the images: `gently` beside the work of serving, `at-once` where nobody is served. */
  readonly verify: 'gently' | 'at-once' | 'never';
  /** Gets the images whenever something of them may have changed, about every half second while one is verified. */
  readonly onImages?: (images: readonly CatalogImage[]) => void;
}

export interface CatalogDeps extends LookDeps {
  readonly host: Pick<Host, 'clock' | 'log'>;
  readonly list: ListFolder;
  readonly open: OpenFile;
  readonly names: (paths: readonly string[]) => readonly ImageName[];
  readonly store: RecordStore;
}

/** When it has started, the folder was looked at and what is remembered of its images stands, within `FIRST_LOOK_MS`. */
export interface CatalogService extends Service {
  /** By path; the same array for as long as nothing has changed. */
  images(): readonly CatalogImage[];
  /** Resolves once all is known that can be known without waiting for copies under way; at the latest by `stop`. */
  settled(): Promise<void>;
  /** The same, and every image that has a sum is verified, as far as it can be read. */
  verified(): Promise<void>;
}

/** Network file systems tell nobody what other machines do in them, so the folder is asked. */
const BUSY_MS = 2000;
/** Once nothing has changed for a minute. A new image has to show within seconds. */
const QUIET_MS = 5000;
const CALM_AFTER_MS = 60_000;
/** So long `start` waits for the first look: over a slow network the rest comes when it comes. Taste. */
const FIRST_LOOK_MS = 5000;

export function catalogService({ verify, onImages }: CatalogOptions, deps: CatalogDeps): CatalogService {
  const { clock, log } = deps.host;
  const working = new Set<Promise<void>>();
  let run: { cancel(): void } | undefined;
  let shown: readonly CatalogImage[] | undefined;
  let changedAtMs = 0;

  const work = (job: () => Promise<void>): void => {
    const done = job()
      .catch((error) => log.error('catalog', 'bug', { error: stackOf(error) }))
      .finally(() => working.delete(done));
    working.add(done);
  };
  const waiters = new Waiters();
  const onChange = (): void => {
    shown = undefined;
    onImages?.(images());
    waiters.check(run === undefined);
  };
  const images = (): readonly CatalogImage[] => {
    shown ??= publish(folder.all(), deps.names(folder.all().map(({ seen }) => seen.path)), folder.sums());
    return shown;
  };
  const isRunning = (): boolean => run !== undefined;
  const folder = catalogFolder({ ...deps, clock, verify, tell: catalogTeller(log), work, isRunning, onChange });

  const look = async (): Promise<void> => {
    await folder.look();
    onChange();
    await folder.save();
    if (folder.isChanging()) changedAtMs = clock.now();
  };
  const lookAgain = (): void => {
    if (!run) return;
    const isCalm = clock.now() - changedAtMs > CALM_AFTER_MS;
    run.cancel = clock.after(isCalm ? QUIET_MS : BUSY_MS, () => work(() => look().finally(lookAgain)));
  };
  return {
    name: 'catalog',
    start: async () => {
      if (run) return;
      await folder.load();
      run = { cancel: () => {} };
      changedAtMs = clock.now();
      const looked = Promise.withResolvers<void>();
      work(() =>
        look().finally(() => {
          lookAgain();
          looked.resolve();
        }),
      );
      const cancel = clock.after(FIRST_LOOK_MS, looked.resolve);
      await looked.promise.finally(cancel);
    },
    stop: async () => {
      run?.cancel();
      run = undefined;
      folder.endChecks();
      waiters.check(true);
      await Promise.all(working);
      await folder.save();
    },
    health: () => (folder.isThere() ? { ok: true } : { ok: false, reason: 'folder-unreadable' }),
    images,
    settled: () => waiters.until(folder.isSettled),
    verified: () => waiters.until(() => folder.isSettled() && folder.isVerified()),
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Those who wait for something to be so. */
class Waiters {
  readonly #waiting = new Map<() => void, () => boolean>();

  until(isMet: () => boolean): Promise<void> {
    return isMet() ? Promise.resolve() : new Promise((resolve) => this.#waiting.set(resolve, isMet));
  }

  /** Lets those go whose wish is met; all of them where nothing more is to come. */
  check(isOver: boolean): void {
    for (const [resolve, isMet] of this.#waiting) {
      if (!isOver && !isMet()) continue;
      this.#waiting.delete(resolve);
      resolve();
    }
  }
}
