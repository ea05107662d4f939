/** A running fnode: its services, and what each tells the others. */
import os from 'node:os';
import type { CatalogService } from '../catalog/server.ts';
import type { FnodeConfig } from '../config/types.ts';
import type { Endpoint } from '../core/addr.ts';
import type { Transport } from '../core/image.ts';
import type { Directions, Traffic } from '../core/swarm.ts';
import { cleanHostname } from '../dhcp/options.ts';
import { descriptorLimit } from '../host/descriptors.ts';
import type { Host } from '../host.ts';
import { httpService } from '../http/server.ts';
import { checkLoaders } from '../loaders/probe.ts';
import type { MenuContent, MenuSettings } from '../menu/routes.ts';
import type { Service } from '../service.ts';
import { currentName } from '../swarm/client.ts';
import { nodeSwarm } from '../swarm/node.ts';
import { tftpBounds, tftpService } from '../tftp/server.ts';
import { announced } from './announced.ts';
import { nodeNfs } from './nfs.ts';
import { nodeContent } from './node.ts';

export interface BootNodeParts {
  readonly config: () => FnodeConfig;
  /** What it signs its announcements with, if anything. */
  readonly secret: () => Uint8Array | undefined;
  readonly host: Host;
}

export interface BootNode {
  /** In the order in which they start. */
  readonly services: readonly Service[];
  /** Where it serves, once it does. */
  tftpPorts(): readonly Endpoint[];
  httpPorts(): readonly Endpoint[];
  /** Where it serves NFS, for people; nothing where it doesn't. */
  shownNfs(): string | undefined;
}

const PLAIN: ReadonlySet<Transport> = new Set(['http', 'tftp']);
const STREAMING: ReadonlySet<Transport> = new Set(['http', 'tftp', 'nfs']);

/** Throws a `Fault` where the folder of images is not there. */
export function bootNode({ config, secret, host }: BootNodeParts): BootNode {
  const { listen: addresses, ports, boot } = config();
  const content = nodeContent({
    ...{ config, host, verify: 'gently' },
    settings: () => menuSettings(config(), swarm.directions(), nfs.isServed()),
  });
  const { open, menu, catalog, images } = content;
  const doors: { traffic(): Traffic }[] = [];
  const options = () => ({ flink: config().flink, name: nameOf(config()), secret: secret() });
  const swarm = nodeSwarm(() => ({ ...options(), httpPort: ports.http, tftpPort: ports.tftp }), {
    host,
    traffic: () => doors.map((door) => door.traffic()),
    folder: () => config().isos,
    readCatalog: () => announced({ open, menu, images: catalog.images }),
  });
  const { onFetch } = swarm;
  const nfs = nodeNfs({ config, secret, host, images, onFetch });
  const listen = addresses.length > 0 ? addresses : ('every-address' as const);
  const bounds = tftpBounds(descriptorLimit());
  const tftp = tftpService(() => ({ ...bounds, listen, port: ports.tftp, httpPort: ports.http }), {
    ...{ host, open, onFetch },
  });
  const services: Service[] = [loadersNotice(boot, host), catalog, menuNotice(menu, catalog), tftp, nfs.service];
  const health = () => ({
    // Without NFS it boots nearly all, and the menus know.
    ok: services.every((service) => service === nfs.service || service.health().ok),
    services: Object.fromEntries(services.map((s) => [s.name, s.health()])),
  });
  const nodeName = () => nameOf(config(), swarm.directions());
  const http = httpService(() => ({ listen, port: ports.http, nodeName: nodeName() }), {
    ...{ host, open, health, onFetch },
    images: catalog.images,
    offers: menu.offers,
    language: () => config().menu.language,
    mirrorUrl: () => swarm.directions()?.mirrorUrl,
  });
  doors.push(tftp, http, nfs);
  services.push(http, swarm);
  return { services, tftpPorts: tftp.ports, httpPorts: http.address, shownNfs: nfs.shown };
}

/** `directions`: what flink said last. `isStreaming`: whether NFS is served, as it is meant to be where nobody serves yet. */
export function menuSettings(config: FnodeConfig, directions?: Directions, isStreaming = config.nfs): MenuSettings {
  const { menu, clients } = config;
  const { peers = [], boots } = directions ?? {};
  return {
    ...{ ...menu, clients, peers, nodeName: nameOf(config, directions), serial: menu.serial ?? false },
    ...(boots ? { boots } : {}),
    transports: isStreaming ? STREAMING : PLAIN,
  };
}

/** Asked for once: it is looked up for each request. */
let hostName: string | undefined;

function nameOf(config: FnodeConfig, directions?: Directions): string {
  hostName ??= cleanHostname(os.hostname()) ?? 'fnode';
  return currentName(config.name, directions, hostName);
}

/** Says at start which machines cannot boot for want of a loader; the rest is served all the same. */
function loadersNotice(folder: string, host: Host): Service {
  return {
    name: 'loaders',
    start: async () => {
      const { missing } = await checkLoaders(folder);
      for (const { isEssential, what, cure } of missing) {
        host.log[isEssential ? 'warn' : 'debug']('loaders', 'missing', { what, cure });
      }
    },
    stop: async () => {},
    health: () => ({ ok: true }),
  };
}

/** Looks at the menus at start: mistakes in menu files stand in the log before the first machine comes. */
function menuNotice(menu: MenuContent, catalog: Pick<CatalogService, 'settled'>): Service {
  return {
    name: 'menu',
    start: async () => void catalog.settled().then(() => menu.entries()),
    stop: async () => {},
    health: () => ({ ok: true }),
  };
}
