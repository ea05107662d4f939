/** What an fnode serves: loaders, images and what is in them, menus made from the catalogue; one name space for all doors. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CatalogOptions, CatalogService } from '../catalog/server.ts';
import type { ImagesQuestion, ListedImages } from '../cli/role.ts';
import type { FnodeConfig } from '../config/types.ts';
import type { OpenContent } from '../core/content.ts';
import { systemBlocks } from '../host/blocks.ts';
import { FOLDER_LIMITS, folderContent } from '../host/files.ts';
import type { Host } from '../host.ts';
import { imageTrees } from '../iso/routes.ts';
import { installedCompanions } from '../loaders/probe.ts';
import { type MenuContent, type MenuSettings, menuContent } from '../menu/routes.ts';
import type { Images } from '../nfs/images.ts';
import { nodeCatalog } from './catalog.ts';
import { contentIn, entriesIn, headOf, isFile, laterFolder, listOf, nameSpace } from './content.ts';
import { nodeHealth } from './doctor.ts';
import { imageDoors } from './images.ts';

export interface NodeContent {
  readonly open: OpenContent;
  readonly menu: MenuContent;
  /** To be started, and stopped, by whoever made this. */
  readonly catalog: CatalogService;
  /** For NFS, which has names and handles of its own. */
  readonly images: Images;
  /** Closes what stays open for the next reader for a moment. */
  readonly closeIdle: () => Promise<void>;
}

export interface NodeSources extends CatalogOptions {
  readonly config: () => FnodeConfig;
  readonly settings: () => MenuSettings;
  readonly host: Host;
}

/** Throws a `Fault` where the folder of images is not there. */
export function nodeContent({ config, settings, host, ...watch }: NodeSources): NodeContent {
  const blocks = systemBlocks(config().cache);
  const boot = laterFolder(config().boot, blocks);
  const isos = folderContent(config().isos, FOLDER_LIMITS, blocks);
  const trees = imageTrees({ openImage: async (path) => isos.openNow(path) ?? isos.open(path) });
  const catalog = nodeCatalog(config(), host, { isos, trees, ...watch });
  const doors = imageDoors({ isos, trees, images: catalog.images });
  const belowIsos = (path: string) => isos.open(path.replace(/^\/isos\/?/, ''));
  const menu: MenuContent = menuContent(settings, {
    host,
    listImages: (path) => listOf(belowIsos, path),
    readImage: (path, maxBytes) => headOf(belowIsos, path, maxBytes),
    hasLoader: (name) => isFile(boot.open, name),
    images: catalog.images,
    areImagesKnown: isSettled(catalog),
    isInImage: ({ image, inside }) => isFile((path) => trees.open(image, path), inside),
    companions: () => installedCompanions(config().boot),
  });
  return {
    open: nameSpace({ boot, isos, doors, menu: menu.open }),
    menu,
    catalog,
    images: {
      names: catalog.images,
      find: doors.find,
      hold: trees.hold,
      open: async (path) => contentIn(isos.openNow(path) ?? (await isos.open(path))),
      list: async (path) => entriesIn(await isos.open(path)),
    },
    closeIdle: isos.closeIdle,
  };
}

/** Whether all is known by now that can be known without waiting for copies. */
function isSettled(catalog: Pick<CatalogService, 'settled'>): () => Promise<boolean> {
  let isKnown: boolean | undefined;
  return async () => {
    if (isKnown === undefined) {
      isKnown = false;
      void catalog.settled().then(() => {
        isKnown = true;
      });
    }
    if (!isKnown) await nextTurn();
    return isKnown;
  };
}

/** What `use` makes of a node's content that serves nobody, once its images are known; verified, where that is wished. */
export async function withContent<Result>(
  sources: NodeSources,
  use: (content: NodeContent) => Promise<Result>,
): Promise<Result> {
  const content = nodeContent(sources);
  await content.catalog.start();
  try {
    await (sources.verify === 'never' ? content.catalog.settled() : content.catalog.verified());
    return await use(content);
  } finally {
    await content.catalog.stop();
    await content.closeIdle();
  }
}

/** What the folder holds and what the menus offer of it. A node that answers at `url` verifies by itself. */
export async function listContent(
  sources: Omit<NodeSources, keyof CatalogOptions>,
  { verify, onProgress }: ImagesQuestion,
  url: string,
): Promise<ListedImages> {
  const watch: CatalogOptions = verify
    ? { verify: 'at-once', ...(onProgress ? { onImages: onProgress } : {}) }
    : { verify: 'never' };
  const listed = await withContent({ ...sources, ...watch }, async ({ menu, catalog }) => ({
    offers: await menu.offers(),
    images: catalog.images(),
  }));
  const isLeft = listed.images.some(({ checksum }) => checksum.kind === 'waiting');
  return isLeft && (await nodeHealth(url)) ? { ...listed, nodeUrl: url } : listed;
}
