/** What the server needs of images and of the folder they lie in: given to it by whoever knows them. */

import type { ImageName } from '../core/alias.ts';
import type { Content, FolderEntry, MissReason } from '../core/content.ts';
import type { HeldImage } from '../core/held.ts';

export interface Images {
  /** The catalogue's, which may be some seconds behind, with their ETags as far as it knows them. */
  names(): readonly (ImageName & { readonly etag?: string | undefined })[];
  /** By any of its names, alias and suffix as the menus write them. */
  find(name: string): Promise<ImageName | undefined>;
  /** Never rejects for a name. */
  hold(path: string): Promise<HeldImage | { readonly kind: 'missing'; readonly reason: MissReason }>;
  /** The file at `path` in the folder of images (`old/mint.iso`), by its own name. Whoever gets it closes it. */
  open(path: string): Promise<Content | { readonly kind: 'missing'; readonly reason: MissReason }>;
  /** What the folder of images holds at `path`, empty for itself; nothing where that is no folder. */
  list(path: string): Promise<readonly FolderEntry[] | undefined>;
}
