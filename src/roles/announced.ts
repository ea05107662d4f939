/** What a node says that it has: loaders, images, menu entries. */
import { LOOPBACK } from '../core/addr.ts';
import type { OpenContent } from '../core/content.ts';
import type { CatalogImage } from '../core/image.ts';
import type { NodeCatalog, NodeImage } from '../core/swarm.ts';
import { LOCAL_ID } from '../menu/entries.ts';
import type { MenuContent } from '../menu/routes.ts';

export interface AnnouncedParts {
  readonly open: OpenContent;
  readonly menu: Pick<MenuContent, 'entries' | 'offers'>;
  readonly images: () => readonly CatalogImage[];
}

/** What firmware or a chained iPXE can be told to load. */
const LOADER = /\.(?:efi|0|k{0,2}pxe|lkrn)$/;
const MAX_LOADERS = 64;
const VISIT = { localAddress: LOOPBACK, clientAddress: LOOPBACK, transport: 'http', httpPort: 80 } as const;

export async function announced({ open, menu, images }: AnnouncedParts): Promise<NodeCatalog> {
  const entries = await menu.entries();
  const offers = new Map((await menu.offers()).map((offer) => [offer.path, offer]));
  const ready = images().flatMap((image): NodeImage[] => {
    const { path, alias, sizeBytes, etag, verdict } = image;
    const ids = offers.get(path)?.entries.map(({ id }) => id) ?? [];
    if (etag === undefined || ids.length === 0) return [];
    return [{ alias, name: verdict?.name ?? alias, sizeBytes, etag, entries: ids }];
  });
  return { loaders: await loadersIn(open), images: ready, entries: [LOCAL_ID, ...entries.map(({ id }) => id)] };
}

async function loadersIn(open: OpenContent): Promise<readonly string[]> {
  const opened = await open('/boot', VISIT);
  if (opened.kind === 'file') await opened.content.close();
  const files = opened.kind === 'folder' ? opened.entries.filter(({ kind }) => kind === 'file') : [];
  return files
    .map(({ name }) => name)
    .filter((name) => LOADER.test(name))
    .sort()
    .slice(0, MAX_LOADERS);
}
