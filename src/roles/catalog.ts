/** A node's catalogue of images: watches the folder, looks inside through the same door as everybody. */
import { type CatalogOptions, type CatalogService, catalogService } from '../catalog/server.ts';
import { diskRecordStore, memoryRecordStore, recordFile } from '../catalog/store.ts';
import type { FnodeConfig } from '../config/types.ts';
import { nameImages } from '../core/alias.ts';
import type { FolderEntry } from '../core/content.ts';
import { recognise, TABLE_VERSION } from '../distro/recognise.ts';
import type { FolderContent } from '../host/files.ts';
import type { Host } from '../host.ts';
import type { ImageTrees } from '../iso/routes.ts';

export interface CatalogSources extends CatalogOptions {
  readonly isos: Pick<FolderContent, 'open' | 'root'>;
  readonly trees: Pick<ImageTrees, 'view'>;
}

/** Remembers in the configuration's state folder, or for this run alone where there is none. */
export function nodeCatalog(
  { stateDir }: Pick<FnodeConfig, 'stateDir'>,
  host: Host,
  { isos, trees, ...options }: CatalogSources,
): CatalogService {
  const file = stateDir === undefined ? undefined : recordFile(stateDir, isos.root);
  const store = file === undefined ? memoryRecordStore(host.log) : diskRecordStore(file, TABLE_VERSION, host.log);
  return catalogService(options, {
    ...{ host, store, recognise, names: nameImages },
    list: (path) => listing(isos.open, path),
    open: isos.open,
    look: trees.view,
  });
}

/** As `ListFolder` has it. */
async function listing(
  open: FolderContent['open'],
  path: string,
): Promise<readonly FolderEntry[] | 'busy' | undefined> {
  const opened = await open(path);
  if (opened.kind === 'file') await opened.content.close();
  if (opened.kind === 'missing' && opened.reason === 'busy') return 'busy';
  return opened.kind === 'folder' ? opened.entries : undefined;
}
