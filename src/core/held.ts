/** An image that is held open for many questions, as whoever reads images gives it to a file server. */
import type { Content } from './content.ts';

export type FileKind = 'file' | 'folder' | 'link' | 'other';

/** A file, folder or link inside an image. */
export interface TreeNode {
  readonly name: string;
  readonly kind: FileKind;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Octet of its record in the image: no other node's. */
  readonly place: number;
  /** Of a link. */
  readonly target?: string;
  /** Why its content cannot be had. */
  readonly unreadable?: string;
}

/** An image that is held open until it is closed, and the file system in it. What is damaged throws `Malformed`. */
export interface HeldImage<Node extends TreeNode = TreeNode> {
  readonly kind: 'held';
  /** The image as a file; closed with this. Its ETag is equal on every node for equal bytes. */
  readonly image: Content;
  readonly root: Node;
  readonly keepsCase: boolean;
  /** What `folder` holds, by name, each once. */
  list(folder: Node): Promise<readonly Node[]>;
  /** The one called `name` in `folder`; in images that never kept letter case, whatever the case. Links are not followed. */
  child(folder: Node, name: string): Promise<Node | undefined>;
  /** The node whose record is at `place`; undefined where there can be none. Never reads outside the image, whatever `place` is. */
  nodeAt(place: number): Promise<Node | undefined>;
  /** The folder that holds `folder`; the root's is the root. */
  parentOf(folder: Node): Promise<Node | undefined>;
  /** Its content, which is open as long as the image is: closing it does nothing. */
  content(file: Node): Content;
  isUnchanged(): Promise<boolean>;
  close(): Promise<void>;
}
