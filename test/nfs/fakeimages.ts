/** A folder of images without a disk: what is in each is written down as a tree. */
import { nameImages } from '../../src/core/alias.ts';
import { type Content, type MissReason, memoryContent } from '../../src/core/content.ts';
import type { HeldImage, TreeNode } from '../../src/core/held.ts';
import type { Images } from '../../src/nfs/images.ts';

/** A text is a file's content, `{ link }` a link. */
export type Tree = { readonly [name: string]: string | { readonly link: string } | Tree };

export interface FakeImage {
  readonly etag: string;
  readonly tree?: Tree;
  /** Why it cannot be opened. */
  readonly missing?: MissReason;
}

interface Node extends TreeNode {
  readonly text: string;
  readonly nodes: readonly Node[];
  readonly parent: Node | undefined;
}

export class FakeImages implements Images {
  readonly files = new Map<string, FakeImage>();
  /** Contents and images that are open. */
  openCount = 0;
  /** How often each path was opened. */
  readonly opened: string[] = [];
  /** The same of folders. */
  readonly listed: string[] = [];
  /** Whether the folder can be read. */
  isThere = true;

  names() {
    return nameImages([...this.files.keys()]).map((image) => ({
      ...image,
      etag: `"${this.files.get(image.path)?.etag}"`,
    }));
  }

  async find(name: string) {
    return this.names().find(
      ({ path, alias, suffix }) => name === path || name === alias || name === `${alias}${suffix}`,
    );
  }

  async open(path: string) {
    this.opened.push(path);
    const file = this.files.get(path);
    if (!file) return { kind: 'missing', reason: 'not-found' } as const;
    if (file.missing) return { kind: 'missing', reason: file.missing } as const;
    return this.#content(path, file.etag);
  }

  async list(path: string) {
    this.listed.push(path);
    if (!this.isThere) return undefined;
    const names = [...this.files.keys()];
    const folders = new Set(names.flatMap((name) => (name.includes('/') ? [name.slice(0, name.indexOf('/'))] : [])));
    const file = (name: string) => ({ name, kind: 'file' as const, sizeBytes: 1, modifiedMs: 0 });
    if (path !== '') {
      return folders.has(path)
        ? names.filter((name) => name.startsWith(`${path}/`)).map((name) => file(name.slice(path.length + 1)))
        : undefined;
    }
    return [
      ...names.filter((name) => !name.includes('/')).map(file),
      ...[...folders].map((name) => ({ ...file(name), kind: 'folder' as const })),
    ];
  }

  async hold(
    path: string,
  ): Promise<HeldImage | { readonly kind: 'missing'; readonly reason: 'not-found' | 'damaged' }> {
    const file = this.files.get(path);
    if (!file) return { kind: 'missing', reason: 'not-found' };
    if (!file.tree) return { kind: 'missing', reason: 'damaged' };
    const all: Node[] = [];
    const root = grow('', file.tree, undefined, all);
    const image = this.#content(path, file.etag);
    const held: HeldImage<Node> = {
      ...{ kind: 'held', image, root, keepsCase: true },
      list: async (folder) => folder.nodes,
      child: async (folder, name) => folder.nodes.find((node) => node.name === name),
      nodeAt: async (place) => all.find((node) => node.place === place),
      parentOf: async (folder) => folder.parent ?? root,
      content: ({ text, place }) => memoryContent(new TextEncoder().encode(text), `"${file.etag}.${place}"`, 0),
      isUnchanged: async () => true,
      close: () => image.close(),
    };
    return held as unknown as HeldImage;
  }

  #content(path: string, etag: string): Content {
    this.openCount += 1;
    let isOpen = true;
    const content = memoryContent(new TextEncoder().encode(`image ${etag}`), `"${etag}"`, 1_700_000_000_000);
    return {
      ...content,
      isUnchanged: async () => (this.files.get(path)?.etag ?? etag) === etag,
      close: async () => {
        if (isOpen) this.openCount -= 1;
        isOpen = false;
      },
    };
  }
}

/** Places count from 100 on, in the order of the tree. */
function grow(name: string, what: Tree[string], parent: Node | undefined, all: Node[]): Node {
  const place = 100 + all.length;
  const common = { name, place, modifiedMs: 1_600_000_000_000, uid: 0, gid: 0, parent };
  if (typeof what === 'string') {
    const file: Node = { ...common, kind: 'file', mode: 0o644, text: what, sizeBytes: what.length, nodes: [] };
    all.push(file);
    return file;
  }
  if ('link' in what && typeof what.link === 'string') {
    const target = what.link;
    const link: Node = { ...common, kind: 'link', mode: 0o777, target, text: '', sizeBytes: target.length, nodes: [] };
    all.push(link);
    return link;
  }
  const nodes: Node[] = [];
  const folder: Node = { ...common, kind: 'folder', mode: 0o755, text: '', sizeBytes: 2048, nodes };
  all.push(folder);
  for (const [each, below] of Object.entries(what).sort(([a], [b]) => (a < b ? -1 : 1))) {
    nodes.push(grow(each, below as Tree[string], folder, all));
  }
  return folder;
}
