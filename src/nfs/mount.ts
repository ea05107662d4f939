/** MOUNT, version 3: the way from a path to the first handle. RFC 1813 §5. */
import type { Ipv4 } from '../core/addr.ts';
import type { Soon } from '../core/content.ts';
import type { Program } from './rpc.ts';

export const MOUNT_PROGRAM = 100_005;

/** What a path to be mounted is. The words are `mountstat3`'s, RFC 1813 §5.1.5. */
export type Mountable =
  | { readonly kind: 'folder'; readonly handle: Uint8Array }
  | {
      readonly kind: 'refused';
      readonly reason: 'not-found' | 'not-a-folder' | 'name-too-long' | 'no-permission' | 'io';
    };

export interface Mounted {
  readonly client: Ipv4;
  readonly path: string;
}

export interface MountDeps {
  /** `/tree/mint-22`, `/isos`; a path without a slash in front or with one at its end is understood, too. */
  readonly resolve: (path: string) => Soon<Mountable>;
  /** What can be mounted, for `showmount -e`. */
  readonly exports: () => Soon<readonly string[]>;
  /** Told of each mount, and of each that is given up. */
  readonly onMount?: (mounted: Mounted) => void;
  readonly onUnmount?: (mounted: Mounted) => void;
}

/** NULL, MNT, DUMP, UMNT, UMNTALL, EXPORT. Who has mounted what is remembered for DUMP only, of so many at most. */
export function mountProgram(_deps: MountDeps): Program {
  throw new Error('unwritten');
}
