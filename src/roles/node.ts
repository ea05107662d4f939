/** What an fnode serves: loaders, images and what is in them, menus made from the catalogue; one name space for all doors. */
import type { CatalogService } from '../catalog/server.ts';
import type { FnodeConfig } from '../config/types.ts';
import type { OpenContent } from '../core/content.ts';
import { systemBlocks } from '../host/blocks.ts';
import { FOLDER_LIMITS, folderContent } from '../host/files.ts';
import type { Host } from '../host.ts';
import { imageTrees } from '../iso/routes.ts';
import { installedCompanions } from '../loaders/probe.ts';
import { type MenuContent, type MenuSettings, menuContent } from '../menu/routes.ts';
import { nodeCatalog } from './catalog.ts';
import { headOf, laterFolder, listOf, nameSpace } from './content.ts';

export interface NodeContent {
  readonly open: OpenContent;
  readonly menu: MenuContent;
  /** To be started, and stopped, by whoever made this. */
  readonly catalog: CatalogService;
  /** Closes what stays open for the next reader for a moment. */
  readonly closeIdle: () => Promise<void>;
}

export interface NodeSources {
  readonly config: () => FnodeConfig;
  readonly settings: () => MenuSettings;
  readonly host: Host;
  /** Images against the sums beside them: while machines are served, or not at all. */
  readonly verify: 'gently' | 'never';
}

/** Throws a `Fault` where the folder of images is not there. */
export function nodeContent({ config, settings, host, verify }: NodeSources): NodeContent {
  const blocks = systemBlocks(config().cache);
  const boot = laterFolder(config().boot, blocks);
  const isos = folderContent(config().isos, FOLDER_LIMITS, blocks);
  const trees = imageTrees({ openImage: isos.open });
  const catalog = nodeCatalog(config(), host, { isos, trees, verify });
  const belowIsos = (path: string) => isos.open(path.replace(/^\/isos\/?/, ''));
  const menu: MenuContent = menuContent(settings, {
    host,
    listImages: (path) => listOf(belowIsos, path),
    readImage: (path, maxBytes) => headOf(belowIsos, path, maxBytes),
    hasLoader: async (name) => (await headOf(boot.open, name, 0)) !== undefined,
    images: catalog.images,
    companions: () => installedCompanions(config().boot),
  });
  return {
    open: nameSpace({ boot, isos, trees, images: catalog.images, menu: menu.open }),
    menu,
    catalog,
    closeIdle: isos.closeIdle,
  };
}

/** What `use` makes of a node's content that serves nobody, once its images are known. */
export async function withContent<Result>(
  sources: Omit<NodeSources, 'verify'>,
  use: (content: NodeContent) => Promise<Result>,
): Promise<Result> {
  const content = nodeContent({ ...sources, verify: 'never' });
  await content.catalog.start();
  try {
    await content.catalog.settled();
    return await use(content);
  } finally {
    await content.catalog.stop();
    await content.closeIdle();
  }
}
