/** A node's catalogue of images: watches the folder, looks inside through the same door as everybody. */
import { type CatalogService, catalogService } from '../catalog/server.ts';
import { diskRecordStore, memoryRecordStore, recordFile } from '../catalog/store.ts';
import type { ImagesQuestion } from '../cli/role.ts';
import type { FnodeConfig } from '../config/types.ts';
import { nameImages } from '../core/alias.ts';
import type { CatalogImage } from '../core/image.ts';
import { recognise, TABLE_VERSION } from '../distro/recognise.ts';
import { type FolderContent, folderContent } from '../host/files.ts';
import type { Host } from '../host.ts';
import { type ImageTrees, imageTrees } from '../iso/routes.ts';
import { listOf } from './content.ts';

export interface CatalogSources {
  readonly isos: Pick<FolderContent, 'open' | 'root'>;
  readonly trees: Pick<ImageTrees, 'view'>;
  readonly verify: 'gently' | 'at-once' | 'never';
}

/** Remembers in the configuration's state folder, or for this run alone where there is none. */
export function nodeCatalog(
  { stateDir }: Pick<FnodeConfig, 'stateDir'>,
  host: Host,
  { isos, trees, verify }: CatalogSources,
): CatalogService {
  const file = stateDir === undefined ? undefined : recordFile(stateDir, isos.root);
  const store = file === undefined ? memoryRecordStore(host.log) : diskRecordStore(file, TABLE_VERSION, host.log);
  return catalogService(
    { verify },
    {
      ...{ host, store, recognise, names: nameImages },
      list: (path) => listOf(isos.open, path),
      open: isos.open,
      look: trees.view,
    },
  );
}

/** What a folder holds, without a node that serves it. */
export async function listImages(
  config: Pick<FnodeConfig, 'isos' | 'stateDir'>,
  { verify }: ImagesQuestion,
  host: Host,
): Promise<readonly CatalogImage[]> {
  const isos = folderContent(config.isos);
  const trees = imageTrees({ openImage: isos.open });
  const catalog = nodeCatalog(config, host, { isos, trees, verify: verify ? 'at-once' : 'never' });
  await catalog.start();
  try {
    await (verify ? catalog.verified() : catalog.settled());
    return catalog.images();
  } finally {
    await catalog.stop();
    await isos.closeIdle();
  }
}
