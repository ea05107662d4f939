/** The generated names of an fnode's name space: menus for pxelinux, GRUB and iPXE, made afresh as images come and go. */
import { createHash } from 'node:crypto';
import type { Mac } from '../core/addr.ts';
import type { CompanionFacts } from '../core/companion.ts';
import { memoryContent, type Opened, type Visit } from '../core/content.ts';
import { type ConfigFault, messageOf, showConfigFault } from '../core/errors.ts';
import type { CatalogImage, Offer } from '../core/image.ts';
import type { Host } from '../host.ts';
import type { Catalog, Look } from './catalog.ts';
import type { Entry } from './entries.ts';
import { renderGrub } from './grub.ts';
import { type InnerName, type Proven, prove } from './inner.ts';
import { renderIpxe } from './ipxe.ts';
import { type GeneratedName, generatedName } from './names.ts';
import { pixelPng } from './pixel.ts';
import { hasOwnMenu, type Menu, type MenuSettings, planMenu } from './plan.ts';
import { type ImagesFolder, NOTHING_FOUND, probeImages } from './probe.ts';
import { type PxelinuxClient, renderPxelinux } from './pxelinux.ts';
import { rememberedCatalog } from './remember.ts';
import { renderTheme } from './theme.ts';
import { OPTIONAL_LOADERS } from './tools.ts';

export type { MenuSettings } from './plan.ts';

export type MenuFormat = 'pxelinux' | 'grub' | 'ipxe';

export interface MenuDeps extends ImagesFolder {
  /** Whether boot/ holds that file; undefined where nobody can tell now. */
  readonly hasLoader: (name: string) => boolean | undefined | Promise<boolean | undefined>;
  /** The same list for as long as no image has changed; none without it. */
  readonly images?: () => readonly CatalogImage[] | Promise<readonly CatalogImage[]>;
  /** False until the folder of images was looked through once; true without it. */
  readonly areImagesKnown?: () => boolean | Promise<boolean>;
  /** Whether an image holds that file; undefined where nobody can tell now. Not asked without it. */
  readonly isInImage?: (name: InnerName) => Promise<boolean | undefined>;
  /** Companion kernels that are there: `debian-12-amd64`. */
  readonly companions?: () => ReadonlyMap<string, CompanionFacts> | Promise<ReadonlyMap<string, CompanionFacts>>;
  readonly host: Pick<Host, 'clock' | 'log'>;
}

export interface MenuContent {
  /** Undefined: no generated name, the folders may have it. Never rejects. */
  open(path: string, visit: Visit): Promise<Opened | undefined>;
  /** All entries but the local disk, for every client. */
  entries(): Promise<readonly Entry[]>;
  /** Of each image of the catalogue: what stands in the menus, what does not and why. */
  offers(): Promise<readonly Offer[]>;
  /** What kept entries out of the menus, as of the last look at the folder. */
  faults(): readonly ConfigFault[];
  /** The text that a client would get. */
  render(format: MenuFormat, visit: Visit, mac?: Mac): Promise<string>;
}

/** A changed folder shows within this time; a hall that starts at once costs one look. Taste. */
const FRESH_MS = 2000;
/** A look that takes longer, at a huge folder or a slow disk, holds up no machine: loaders ask again after a second. Taste. */
const PATIENCE_MS = 250;
/** Mistakes in the log at a time: a file pasted wrongly has hundreds. */
const MAX_TOLD = 20;
/** Of so many menu texts it is remembered since when they are what they are. */
const MAX_REMEMBERED = 512;

/** What stands in the place of a generated name. */
type Wanted = Exclude<GeneratedName, { readonly format: 'selected' }>;

function rendered(wanted: Wanted, menu: Menu): string {
  switch (wanted.format) {
    case 'pxelinux':
      return renderPxelinux(menu, wanted.client);
    case 'grub':
      return renderGrub(menu);
    case 'ipxe':
      return renderIpxe(menu);
    case 'theme':
      return renderTheme(menu);
  }
}

/** What `deps.images` says, or said last. */
function imagesOf(deps: MenuDeps): () => Promise<readonly CatalogImage[]> {
  let known: readonly CatalogImage[] = [];
  return async () => {
    try {
      known = (await deps.images?.()) ?? known;
    } catch (error) {
      deps.host.log.error('menu', 'images-failed', { error: messageOf(error) });
    }
    return known;
  };
}

export function menuContent(settings: () => MenuSettings, deps: MenuDeps): MenuContent {
  const since = firstSeen(deps.host);
  const make = rememberedCatalog();
  const tell = toldOnce(deps.host);
  const images = imagesOf(deps);
  let faults: readonly ConfigFault[] = [];
  let proven: Proven = new Map();

  const catalogAt = async (look: Look, now: MenuSettings): Promise<Catalog> => {
    const areImagesKnown = (await deps.areImagesKnown?.()) ?? true;
    const made = make({ look, images: await images(), areImagesKnown, proven, settings: now });
    if (made.faults !== faults) tell(made.faults);
    faults = made.faults;
    return made;
  };
  const look = freshLook(deps, async (fresh) => {
    const { unproven } = await catalogAt(fresh, settings());
    if (!deps.isInImage || unproven.length === 0) return;
    proven = await prove(unproven, proven, deps.isInImage);
    await catalogAt(fresh, settings());
  });
  const catalog = async (now: MenuSettings): Promise<Catalog> => catalogAt(await look(), now);
  const textOf = async (wanted: Wanted, visit: Visit): Promise<string> => {
    const now = settings();
    const seen = await look();
    const { loaders } = seen;
    const { entries, isIncomplete } = await catalogAt(seen, now);
    const mac = 'mac' in wanted ? wanted.mac : undefined;
    return rendered(wanted, planMenu(entries, now, { visit, loaders, isIncomplete }, mac));
  };
  return {
    open: async (path, visit) => {
      const wanted = generatedName(path, visit.query);
      if (!wanted) return undefined;
      const now = settings();
      // pxelinux looks for a dozen names: only a client with a menu of its own finds one before `default`.
      const mac = wanted.format === 'pxelinux' ? wanted.mac : undefined;
      if (mac && !hasOwnMenu((await catalog(now)).entries, now, mac)) return { kind: 'missing', reason: 'not-found' };
      const bytes =
        wanted.format === 'selected'
          ? pixelPng(now.colors.selected)
          : new TextEncoder().encode(await textOf(wanted, visit));
      const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
      return { kind: 'file', content: memoryContent(bytes, etag, since(etag)) };
    },
    entries: async () => (await catalog(settings())).entries,
    offers: async () => (await catalog(settings())).offers,
    faults: () => faults,
    render: (format, visit, mac) =>
      textOf(format === 'pxelinux' ? { format, mac, client: FASTEST } : { format, mac }, visit),
  };
}

/** The one of two BIOS menus that lacks nothing. */
const FASTEST: PxelinuxClient = { name: 'default', machine: 'bios-x86_64', transport: 'http' };

/**
 * One look at the folders for all who ask within `FRESH_MS`; what could not be looked at stays as it was. Nobody waits
 * for a slow one but those who ask before the first is done. `onLook` gets each as soon as it is there.
 */
function freshLook(deps: MenuDeps, onLook: (look: Look) => Promise<void>): () => Promise<Look> {
  const { clock, log } = deps.host;
  let good: Look | undefined;
  const lookNow = async (): Promise<Look> => {
    try {
      const present = await Promise.all(OPTIONAL_LOADERS.map((name) => deps.hasLoader(name)));
      const isThere = (name: string, i: number): boolean => present[i] ?? good?.loaders.has(name) ?? false;
      const loaders = new Set<string>(OPTIONAL_LOADERS.filter(isThere));
      const companions = (await deps.companions?.()) ?? new Map<string, CompanionFacts>();
      good = { found: await probeImages(deps, good?.found), loaders, companions };
      await onLook(good);
    } catch (error) {
      log.error('menu', 'look-failed', { error: messageOf(error) });
    }
    return good ?? { found: NOTHING_FOUND, loaders: new Set(), companions: new Map() };
  };
  let answer: Promise<Look>;
  let freshUntilMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.now() < freshUntilMs) return answer;
    freshUntilMs = Number.POSITIVE_INFINITY;
    const looking = lookNow().finally(() => {
      freshUntilMs = clock.now() + FRESH_MS;
      answer = looking;
    });
    answer = good === undefined ? looking : soonOr(looking, good, clock);
    return answer;
  };
}

/** What `looking` brings within `PATIENCE_MS`, else `old`. */
function soonOr(looking: Promise<Look>, old: Look, clock: Host['clock']): Promise<Look> {
  return new Promise((resolve) => {
    const cancel = clock.after(PATIENCE_MS, () => resolve(old));
    void looking.then((look) => {
      cancel();
      resolve(look);
    });
  });
}

/** Logs each mistake once, and again when it comes back. */
function toldOnce(host: Pick<Host, 'log'>): (faults: readonly ConfigFault[]) => void {
  let told: ReadonlySet<string> = new Set();
  return (faults) => {
    const fresh = faults.filter((fault) => !told.has(showConfigFault(fault)));
    told = new Set(faults.map(showConfigFault));
    for (const { file, line, path, problem } of fresh.slice(0, MAX_TOLD)) {
      const what = path === '' ? problem : `${path}: ${problem}`;
      host.log.warn('menu', 'fault', {
        ...(file === undefined ? {} : { file }),
        ...(line === undefined ? {} : { line }),
        what,
      });
    }
    if (fresh.length > MAX_TOLD) host.log.warn('menu', 'more-faults', { count: fresh.length - MAX_TOLD });
  };
}

/** Since when a text has been what it is, by its ETag: Last-Modified must not move while the bytes don't. RFC 9110 §8.8.2. */
function firstSeen(host: Pick<Host, 'clock'>): (etag: string) => number {
  const atMs = new Map<string, number>();
  return (etag) => {
    const known = atMs.get(etag) ?? host.clock.date();
    atMs.delete(etag);
    atMs.set(etag, known);
    const [oldest] = atMs.keys();
    if (atMs.size > MAX_REMEMBERED && oldest !== undefined) atMs.delete(oldest);
    return known;
  };
}
