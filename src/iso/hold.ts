/** An image that stays open for many questions: for a file server, whose clients come back to what they have found. */
import type { Content } from '../core/content.ts';
import type { HeldImage } from '../core/held.ts';
import { fileContent } from './slice.ts';
import type { Node, ReadAt, Volume } from './volume.ts';
import { childOf, keepsCase } from './walk.ts';

/** `list` comes in the order of `<`, and is the same for all who ask, as long as it is kept. `close` waits until what was asked is answered. */
export type Held = HeldImage<Node>;

/** Asks a question of an image's volume, with turns of its own. */
export type Ask = <Answer>(question: (volume: Volume, read: ReadAt) => Promise<Answer>) => Promise<Answer>;

/** Holds `image`, on which `volume` is. */
export function heldImage(image: Content, volume: Volume, ask: Ask): Held {
  const asked = new Set<Promise<unknown>>();
  // What one reads of a folder others may be waiting for.
  const counted: Ask = (question) => {
    const answer = ask(question).finally(() => asked.delete(answer));
    asked.add(answer);
    return answer;
  };
  return {
    kind: 'held',
    image,
    root: volume.root,
    keepsCase: keepsCase(volume),
    list: (folder) => counted(async (now, read) => speakable(await now.readFolder(folder, read))),
    child: async (folder, name) =>
      isSpeakable({ name }) ? await counted((now, read) => childOf(now, folder, name, read)) : undefined,
    nodeAt: (place) => counted((now, read) => now.nodeAt(place, read)),
    parentOf: (folder) => counted((now, read) => now.parentOf(folder, read)),
    content: (file) => ({ ...fileContent(file, image), close: async () => {} }),
    isUnchanged: () => image.isUnchanged(),
    close: async () => {
      await Promise.allSettled(asked);
      await image.close();
    },
  };
}

/** By lists of nodes that are kept: each is gone with its list. */
const SPEAKABLE = new WeakMap<readonly Node[], readonly Node[]>();

/** Nearly always all of them, and then the very list. */
function speakable(nodes: readonly Node[]): readonly Node[] {
  const known = SPEAKABLE.get(nodes) ?? (nodes.every(isSpeakable) ? nodes : nodes.filter(isSpeakable));
  SPEAKABLE.set(nodes, known);
  return known;
}

/** Linux's NAME_MAX: its NFS client refuses a whole folder for a longer one. */
const MAX_NAME_BYTES = 255;

/** Names that a client can ask for, which are those that come back from UTF-8 as they were. No node's has a slash in it. */
function isSpeakable({ name }: Pick<Node, 'name'>): boolean {
  if (!name.isWellFormed() || name.includes('\ufffd')) return false;
  return name.length * 3 <= MAX_NAME_BYTES || Buffer.byteLength(name) <= MAX_NAME_BYTES;
}
