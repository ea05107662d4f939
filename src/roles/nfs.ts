/** An fnode's NFS: the server over its images, and a portmapper, its own or the one that this machine runs already. */
import type { FnodeConfig } from '../config/types.ts';
import type { Endpoint, Ipv4 } from '../core/addr.ts';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import type { OnFetch, Traffic } from '../core/swarm.ts';
import type { Clock, Host } from '../host.ts';
import { Hall } from '../nfs/hall.ts';
import { type Handles, handlesFor } from '../nfs/handle.ts';
import type { Images } from '../nfs/images.ts';
import { Items } from '../nfs/items.ts';
import { mountProgram } from '../nfs/mount.ts';
import { portmapAt, portmapProgram, type Registration } from '../nfs/portmap.ts';
import { nfsProgram } from '../nfs/procedures.ts';
import { programsAt, type Registered, register, unregister } from '../nfs/register.ts';
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
export function nodeNfs(parts: NodeNfsParts): NodeNfs {
  const { config, host } = parts;
  const { nfs, mount, close } = programsOf(parts);
  const doors = nodeDoors(config(), host, { nfs, mount });
  let state: State = 'off';
  const failed = (why: string, reason: 'not-bound' | 'not-registered'): void => {
    state = { reason };
    host.log.warn('nfs', 'not-served', { why, effect: 'entries that stream are not offered' });
  };
  const registering = keepRegistered(doors.registrations, host.clock, (told) => {
    const wasSaid = typeof state === 'object';
    if (told.kind === 'registered') state = 'served';
    else if (!wasSaid) failed(told.what, 'not-registered');
  });
  const service: Service = {
    name: 'nfs',
    start: async () => {
      if (!config().nfs) return;
      try {
        state = await doors.open();
      } catch (fault) {
        await doors.close();
        if (!(fault instanceof Fault)) throw fault;
        failed(fault.message, 'not-bound');
      }
    },
    settle: async () => {
      if (state === 'beside') await registering.start();
    },
    stop: async () => {
      state = 'off';
      await registering.stop();
      await doors.close();
      await close();
    },
    health: () => healthOf(state),
  };
  return {
    service,
    isServed: () => state === 'served',
    traffic: doors.traffic,
    shown: () => (state === 'served' ? `NFS on ${doors.ports().map(shownEndpoint).join(', ')}` : undefined),
  };
}

interface NodePrograms {
  readonly nfs: Program;
  readonly mount: Program;
}

/** `close` lets go of the images, once nobody asks any more. */
function programsOf({ secret, host, images, onFetch }: NodeNfsParts): NodePrograms & { close(): Promise<void> } {
  const { log, clock } = host;
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
  return { nfs, mount, close: () => shelf.close() };
}

interface NodeDoors {
  /** `beside`: without a portmapper of our own, since another one is there. Rejects with a `Fault`; then some may be open. */
  open(): Promise<'served' | 'beside'>;
  close(): Promise<void>;
  registrations(): readonly Registration[];
  /** Of NFS. */
  ports(): readonly Endpoint[];
  traffic(): Traffic;
}

function nodeDoors({ listen, ports }: FnodeConfig, host: Host, { nfs, mount }: NodePrograms): NodeDoors {
  const doorOf = (name: string, port: number, transports: RpcDoor['transports'], programs: readonly Program[]) =>
    rpcService(() => ({ name, listen: addressesOf(listen), port, transports, programs }), { host });
  const main = doorOf('nfs', ports.nfs, ['tcp'], [nfs, mount]);
  const mountByUdp = doorOf('mount', ports.nfs, ['udp'], [mount]);
  const registrations = () => programsAt(main.ports()[0]?.port ?? ports.nfs);
  const own = () => [...portmapAt(portmap.ports()[0]?.port ?? ports.portmap), ...registrations()];
  const portmap = doorOf('portmap', ports.portmap, ['tcp', 'udp'], [portmapProgram(own)]);
  return {
    open: async () => {
      await main.start();
      await mountByUdp.start();
      try {
        await portmap.start();
        return 'served';
      } catch (fault) {
        if (!(fault instanceof Fault) || errnoOf(fault.cause) !== 'EADDRINUSE') throw fault;
        return 'beside';
      }
    },
    close: async () => {
      for (const door of [portmap, mountByUdp, main]) await door.stop();
    },
    registrations,
    ports: main.ports,
    traffic: main.traffic,
  };
}

/** How often the other portmapper is told of us. Taste. */
const REGISTER_MS = 60_000;

/** Tells the other portmapper of us, again and again: one that is started anew knows nobody. */
function keepRegistered(
  registrations: () => readonly Registration[],
  clock: Pick<Clock, 'after'>,
  onTold: (told: Registered) => void,
): { start(): Promise<void>; stop(): Promise<void> } {
  let telling: Promise<void> | undefined;
  let isStopped = false;
  let cancel = (): void => {};
  const tell = async (): Promise<void> => {
    const told = await register(registrations());
    if (isStopped) return;
    onTold(told);
    cancel = clock.after(REGISTER_MS, () => {
      telling = tell();
    });
  };
  return {
    start: () => {
      isStopped = false;
      telling = tell();
      return telling;
    },
    stop: async () => {
      if (!telling) return;
      isStopped = true;
      cancel();
      // What it puts in meanwhile is taken out, too.
      await telling.catch(() => {});
      telling = undefined;
      await unregister(registrations());
    },
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
