/** Names that are nobody's on the Internet, and must not be asked for there. RFC 6761, 6303, 6762, 7686, 8375, 9462, 9476. */
import type { Name } from './query.ts';

/**
 * never: answered here, whatever upstreams there are. private: only a resolver in the operator's own network may know it.
 * An upstream that is configured for that very domain is asked in any case.
 */
export type Reach = 'never' | 'private' | 'anywhere';

export function reachOf(_name: Name, _type: number): Reach {
  throw new Error('unwritten');
}
