/** The node's catalogue as it was a moment ago: an announcement never waits for a disk. */
import { messageOf } from '../core/errors.ts';
import type { NodeCatalog } from '../core/swarm.ts';
import type { Log } from '../host.ts';
import { type Catalogued, catalogued } from './compose.ts';

/** Each call returns what the last `read` gave, and reads anew unless that goes on still. */
export function latestCatalog(read: () => Promise<NodeCatalog>, log: Log): () => Catalogued | undefined {
  let known: Catalogued | undefined;
  let isReading = false;
  let told = '';

  const tell = (event: string, error: string): void => {
    if (told !== error) log.warn('swarm', event, { error });
    told = error;
  };

  const readAnew = async (): Promise<void> => {
    isReading = true;
    try {
      const now = catalogued(await read());
      if (now.isCut) tell('catalog-cut', CUT);
      // The same value for the same catalogue.
      if (now.tag !== known?.tag) known = now;
    } catch (error) {
      tell('catalog-unknown', messageOf(error));
    } finally {
      isReading = false;
    }
  };

  return () => {
    if (!isReading) void readAnew();
    return known;
  };
}

const CUT = 'there are more images than flink takes from one node: machines are sent here for the first of them only';
