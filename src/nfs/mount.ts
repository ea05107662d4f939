/** MOUNT, version 3: the way from a path to the first handle. RFC 1813 §5. */
import type { Soon } from '../core/content.ts';
import { type Mounted, MountTable } from './mounts.ts';
import type { Answer, Call, Caller, Program } from './rpc.ts';
import { XdrWriter } from './xdr.ts';

export type { Mounted } from './mounts.ts';

export const MOUNT_PROGRAM = 100_005;
export const MOUNT_VERSION = 3;

/** What a path to be mounted is. The words are `mountstat3`'s, RFC 1813 §5.1.5. */
export type Mountable =
  | { readonly kind: 'folder'; readonly handle: Uint8Array }
  | {
      readonly kind: 'refused';
      readonly reason: 'not-found' | 'not-a-folder' | 'name-too-long' | 'no-permission' | 'io';
    };

export interface MountDeps {
  /** `/tree/mint-22`, `/isos`; a path without a slash in front or with one at its end is understood, too. */
  readonly resolve: (path: string) => Soon<Mountable>;
  /** What can be mounted, for `showmount -e`. */
  readonly exports: () => Soon<readonly string[]>;
  /** Told of each mount, and of each that is given up. */
  readonly onMount?: (mounted: Mounted) => void;
  readonly onUnmount?: (mounted: Mounted) => void;
}

/** `mountstat3` */
const STATUS = {
  ok: 0,
  'not-found': 2,
  io: 5,
  'no-permission': 13,
  'not-a-folder': 20,
  'name-too-long': 63,
} as const;
/** `MNTPATHLEN` */
const MAX_PATH_BYTES = 1024;
/** `auth_flavor`s: AUTH_SYS, AUTH_NONE. Linux takes the first that it knows, so the one that every client sends stands in front. */
const FLAVOURS = [1, 0] as const;
/**
 * Of a list; what has no room is left out. Over UDP one frame: a question has a forged sender at times, and showmount and libnfs ask over
 * TCP. There it is 5000 images.
 */
const MAX_LIST_BYTES = { udp: 1376, tcp: 262_144 } as const;
/** What would do something to the terminal that shows it. */
const UNSEEN = /\p{C}/gu;

/** NULL, MNT, DUMP, UMNT, UMNTALL, EXPORT. Who has mounted what is remembered for DUMP only, of so many at most. */
export function mountProgram(deps: MountDeps): Program {
  const mounts = new MountTable();
  /** By number. RFC 1813 §5.2 */
  const procedures: readonly ((call: Call, caller: Caller) => Soon<Answer>)[] = [
    nothing,
    ({ args }, caller) => mount(args.text(MAX_PATH_BYTES, 'dirpath'), caller, deps, mounts),
    (_, { transport }) => done(dumped(mounts.all(), MAX_LIST_BYTES[transport])),
    ({ args }, { address: client }) => {
      const mounted = { client, path: tidy(args.text(MAX_PATH_BYTES, 'dirpath')) };
      if (mounts.remove(mounted)) deps.onUnmount?.(mounted);
      return nothing();
    },
    (_, { address }) => {
      for (const mounted of mounts.removeAll(address)) deps.onUnmount?.(mounted);
      return nothing();
    },
    async (_, { transport }) => done(exported(await deps.exports(), MAX_LIST_BYTES[transport])),
  ];
  return {
    number: MOUNT_PROGRAM,
    versions: { low: MOUNT_VERSION, high: MOUNT_VERSION },
    answer: (call, caller) => procedures[call.procedure]?.(call, caller) ?? { kind: 'procedure-unavailable' },
  };
}

function nothing(): Answer {
  return done(new XdrWriter(0));
}

async function mount(path: string, caller: Caller, deps: MountDeps, mounts: MountTable): Promise<Answer> {
  const found = await deps.resolve(path);
  if (found.kind === 'refused') return done(new XdrWriter(4).u32(STATUS[found.reason]));
  const mounted = { client: caller.address, path: tidy(path) };
  mounts.add(mounted);
  deps.onMount?.(mounted);
  const w = new XdrWriter().u32(STATUS.ok).opaque(found.handle).u32(FLAVOURS.length);
  for (const flavour of FLAVOURS) w.u32(flavour);
  return done(w);
}

/** One spelling of a path: a slash in front, none at the end. */
function tidy(path: string): string {
  return `/${path.split('/').filter(Boolean).join('/')}`;
}

/** `mountlist`. RFC 1813 §5.2.2 */
function dumped(mounts: Iterable<Mounted>, maxBytes: number): XdrWriter {
  return listed(mounts, maxBytes, ({ client, path }) => new XdrWriter().text(client).text(shown(path)));
}

/** `exports`, each for everyone: its list of groups is empty. RFC 1813 §5.2.5 */
function exported(paths: Iterable<string>, maxBytes: number): XdrWriter {
  return listed(paths, maxBytes, (path) => new XdrWriter().text(shown(path)).bool(false));
}

/** A list as XDR links it: true in front of each item, false behind the last. */
function listed<Item>(items: Iterable<Item>, maxBytes: number, write: (item: Item) => XdrWriter): XdrWriter {
  const w = new XdrWriter(512);
  for (const item of items) {
    const bytes = write(item).bytes();
    if (w.length + bytes.length + 8 > maxBytes) break;
    w.bool(true).fixed(bytes);
  }
  return w.bool(false);
}

function shown(path: string): string {
  return path.replaceAll(UNSEEN, '?');
}

function done(w: XdrWriter): Answer {
  return { kind: 'done', results: w.bytes() };
}
