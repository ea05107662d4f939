/** An fnode's NFS: the server over its images, and a portmapper, its own or the one that this machine runs already. */
import type { FnodeConfig } from '../config/types.ts';
import type { Endpoint, Ipv4 } from '../core/addr.ts';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import type { OnFetch, Traffic } from '../core/swarm.ts';
import type { Host } from '../host.ts';
import { Hall } from '../nfs/hall.ts';
import { type Handles, handlesFor } from '../nfs/handle.ts';
import type { Images } from '../nfs/images.ts';
import { Items } from '../nfs/items.ts';
import { mountProgram } from '../nfs/mount.ts';
import { portmapAt, portmapProgram, type Registration } from '../nfs/portmap.ts';
import { nfsProgram } from '../nfs/procedures.ts';
import { programsAt, register, unregister } from '../nfs/register.ts';
import type { Program } from '../nfs/rpc.ts';
import { type RpcDoor, rpcService } from '../nfs/server.ts';
import { Shelf } from '../nfs/shelf.ts';
import type { Health, Service } from '../service.ts';

export interface NodeNfsParts {
  readonly config: () => FnodeConfig;
  /** What all nodes of the hall have, if anything. */
  readonly secret: () => Uint8Array | undefined;
  readonly host: Host;
  readonly images: Images;
  readonly onFetch: OnFetch;
}

export interface NodeNfs {
  readonly service: Service;
  /** Whether machines find it: both ports answer. */
  isServed(): boolean;
  traffic(): Traffic;
  /** `NFS on 0.0.0.0:2049`, for people; nothing where there is none. */
  shown(): string | undefined;
}

/** How far it came. `beside`: another portmapper is there, and is told of us once the rights are given up. */
type State = 'off' | 'beside' | 'served' | { readonly reason: 'not-bound' | 'not-registered' };

/**
 * Where a port is not to be had the node goes on without: TFTP and HTTP boot nearly all, and the menus offer what streams only where it
 * is served. It is said once, with the cure.
 */
export function nodeNfs({ config, secret, host, images, onFetch }: NodeNfsParts): NodeNfs {
  const { log, clock } = host;
  const { listen, ports, nfs: isOn } = config();
  const handles = handlesBy(secret);
  const shelf = new Shelf(images, clock);
  const items = new Items({ shelf, handles });
  const hall = new Hall({ images, shelf, items, handles, clock });
  const nfs = nfsProgram({
    ...{ hall, shelf },
    onRead: (client, imagePath, bytes) => onFetch(client, `/isos/${imagePath}`, bytes),
    onBug: (error) => log.error('nfs', 'bug', { error: messageOf(error) }),
  });
  const mount = mountProgram({
    resolve: (path) => hall.resolve(path),
    exports: () => hall.exports(),
    onMount: ({ client: ip, path }) => log.info('nfs', 'mounted', { ip, path }),
    onUnmount: ({ client: ip, path }) => log.info('nfs', 'unmounted', { ip, path }),
  });
  const doorOf = (name: string, port: number, transports: RpcDoor['transports'], programs: readonly Program[]) =>
    rpcService(() => ({ name, listen: addressesOf(listen), port, transports, programs }), { host });
  const doors = [doorOf('nfs', ports.nfs, ['tcp'], [nfs, mount]), doorOf('mount', ports.nfs, ['udp'], [mount])];
  const registrations = (): readonly Registration[] => programsAt(doors[0]?.ports()[0]?.port ?? ports.nfs);
  const own = (): readonly Registration[] => [
    ...portmapAt(portmap.ports()[0]?.port ?? ports.portmap),
    ...registrations(),
  ];
  const portmap = doorOf('portmap', ports.portmap, ['tcp', 'udp'], [portmapProgram(own)]);

  let state: State = 'off';
  const failed = (why: string, reason: 'not-bound' | 'not-registered'): void => {
    state = { reason };
    log.warn('nfs', 'not-served', { why, effect: 'entries that stream are not offered' });
  };
  const open = async (): Promise<void> => {
    for (const door of doors) await door.start();
    try {
      await portmap.start();
      state = 'served';
    } catch (fault) {
      if (!(fault instanceof Fault) || errnoOf(fault.cause) !== 'EADDRINUSE') throw fault;
      await portmap.stop();
      state = 'beside';
    }
  };
  const close = async (): Promise<void> => {
    await portmap.stop();
    for (const door of doors) await door.stop();
  };
  let cancel: (() => void) | undefined;
  /** Again and again: a portmapper that is started anew knows nobody. */
  const tell = async (): Promise<void> => {
    const told = await register(registrations());
    if (isStopped()) return unregister(registrations());
    const wasServed = state === 'served' || state === 'beside';
    if (told.kind === 'registered') state = 'served';
    else if (wasServed) failed(told.what, 'not-registered');
    cancel = clock.after(REGISTER_MS, () => void tell());
  };
  // Apart, since the state changes while somebody waits.
  const isStopped = (): boolean => state === 'off';
  const service: Service = {
    name: 'nfs',
    start: async () => {
      if (!isOn) return;
      await open().catch(async (fault) => {
        await close();
        if (!(fault instanceof Fault)) throw fault;
        failed(fault.message, 'not-bound');
      });
    },
    settle: async () => {
      if (state === 'beside') await tell();
    },
    stop: async () => {
      state = 'off';
      cancel?.();
      if (cancel) await unregister(registrations());
      cancel = undefined;
      await close();
      await shelf.close();
    },
    health: () => healthOf(state),
  };
  return {
    service,
    isServed: () => state === 'served',
    traffic: () => doors[0]?.traffic() ?? { transfers: 0, sentBytes: 0 },
    shown: () => (state === 'served' ? `NFS on ${doors[0]?.ports().map(shownEndpoint).join(', ')}` : undefined),
  };
}

function shownEndpoint({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

function addressesOf(listen: readonly Ipv4[]): RpcDoor['listen'] {
  return listen.length > 0 ? listen : 'every-address';
}

function healthOf(state: State): Health {
  if (typeof state === 'object') return { ok: false, reason: state.reason };
  return state === 'beside' ? { ok: false, reason: 'not-registered' } : { ok: true };
}

/** How often the other portmapper is told of us. Taste. */
const REGISTER_MS = 60_000;

/** Made anew when the secret is another. */
function handlesBy(secret: () => Uint8Array | undefined): () => Handles {
  let madeOf = secret();
  let handles = handlesFor(madeOf);
  return () => {
    if (secret() !== madeOf) {
      madeOf = secret();
      handles = handlesFor(madeOf);
    }
    return handles;
  };
}
