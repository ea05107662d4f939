/** Keeps the folders of UDF a tree: nothing on the medium stops a folder from holding one that it is in. */
import type { Node } from './volume.ts';

/** Threats ask for a bound; nothing that is installed from comes near it. */
const MAX_DEPTH = 64;

/** Remembers what each folder was found in, for as long as somebody holds the node. */
export class FolderTree {
  readonly #parents = new WeakMap<Node, Node>();

  /** `children` of `folder`, those that lead back up, or too far down, marked as unreadable. */
  below(folder: Node, children: readonly Node[]): readonly Node[] {
    const above = this.#above(folder);
    return children.map((child) => {
      if (child.kind !== 'folder') return child;
      this.#parents.set(child, folder);
      if (above.some(({ place }) => place === child.place)) return nothingIn(child, 'loop');
      return above.length <= MAX_DEPTH ? child : nothingIn(child, 'too-deep');
    });
  }

  /** The folder itself, what it is in, and so on to the root. */
  #above(folder: Node): readonly Node[] {
    const above: Node[] = [];
    for (let at: Node | undefined = folder; at; at = this.#parents.get(at)) above.push(at);
    return above;
  }
}

function nothingIn(folder: Node, unreadable: string): Node {
  return { ...folder, sizeBytes: 0, extents: [], unreadable };
}
