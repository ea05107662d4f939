/** A volume for the length of one question: no folder of it is read twice, and what is held meanwhile is bounded. */
import { Malformed } from '../core/bytes.ts';
import { bytesOf } from './cache.ts';
import type { Node, Volume } from './volume.ts';

/** The largest folder there may be, and room for those that its links lead to. */
const MAX_HELD_BYTES = 64 << 20;

/** `volume`, which holds what was read of it. Throws `Malformed` once that is too much: links may lead all over it. */
export function heldVolume(volume: Volume): Volume {
  const folders = new Map<number, readonly Node[]>();
  let bytes = 0;
  return {
    ...volume,
    readFolder: async (folder, read) => {
      const known = folders.get(folder.place);
      if (known && folder.unreadable === undefined) return known;
      if (bytes > MAX_HELD_BYTES) throw new Malformed('damaged: more folders than one question may need', folder.place);
      const nodes = await volume.readFolder(folder, read);
      bytes += bytesOf(nodes);
      folders.set(folder.place, nodes);
      return nodes;
    },
  };
}
