/** Our programs in the portmapper that this machine runs already. RFC 1833 §2.2.1: SET and UNSET over its local socket. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import type { Endpoint } from '../core/addr.ts';
import { errnoOf, Fault } from '../core/errors.ts';
import { systemClock } from '../host/system.ts';
import type { Clock } from '../host.ts';
import { type Portmapper, type PortmapperDoor, reach, STOP_IT } from './client.ts';
import { MOUNT_PROGRAM, MOUNT_VERSION } from './mount.ts';
import type { Registration } from './portmap.ts';
import { NFS_PROGRAM, NFS_VERSION } from './protocol.ts';
import { isSameProgram, type Mapping, mappingOf, parseUniversal } from './rpcbind.ts';

/** `no-portmapper`: none answers. `refused`: it takes nothing from us. `taken`: somebody else's program of that number is there. */
export type Registered =
  | { readonly kind: 'registered' }
  | { readonly kind: 'failed'; readonly reason: 'no-portmapper' | 'refused' | 'taken'; readonly what: string };

export interface Registrar {
  /** Registers all, or none. Comes back within seconds; may be called again, after the portmapper was restarted for instance. */
  register(registrations: readonly Registration[]): Promise<Registered>;
  /** Takes out what `register` put in; never rejects. */
  unregister(registrations: readonly Registration[]): Promise<void>;
  /** What `register` would say, as far as that shows without doing it. */
  foresee(registrations: readonly Registration[]): Promise<Registered>;
}

/**
 * Where portmappers are. Over its local socket rpcbind sees whose process asks: what a user has put in, the same user takes out, and
 * root. In a container with this machine's network the socket has another name, abstract (rpcbind 1.2.7 and newer), or there is TCP:
 * Debian 12's takes that from anybody on loopback and keeps it as `unknown`'s; others want to be started with -L for that. Never
 * from a port below 1024: rpcbind would keep it as root's, and who gave up root could not take it out.
 */
const DOORS: readonly PortmapperDoor[] = [
  { path: '/run/rpcbind.sock' },
  { path: '\0/run/rpcbind.sock' },
  { host: '127.0.0.1', port: 111 },
];

export function registrar(doors: readonly PortmapperDoor[], clock: Pick<Clock, 'after'>): Registrar {
  const talk = async (use: (portmapper: Portmapper) => Promise<Registered>): Promise<Registered> => {
    for (const door of doors) {
      const portmapper = await reach(door, clock);
      if (portmapper === undefined) continue;
      try {
        return await use(portmapper);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        return failed(error.code === 'no-privilege' ? 'refused' : 'no-portmapper', error.message);
      } finally {
        portmapper.close();
      }
    }
    return failed('no-portmapper', `somebody has port 111 and no portmapper answers: stop who has it, or set nfs: off`);
  };
  return {
    register: (registrations) => talk((portmapper) => putIn(portmapper, ours(registrations))),
    unregister: async (registrations) =>
      void (await talk((portmapper) => takeOut(portmapper, ours(registrations))).catch(() => {})),
    foresee: (registrations) => talk((portmapper) => look(portmapper, ours(registrations))),
  };
}

/** With this machine's portmapper. */
export const { register, unregister, foresee } = registrar(DOORS, systemClock);

/** What a node has to have registered: NFS, and mounts, at one port. */
export function programsAt(port: number): readonly Registration[] {
  return [
    { program: NFS_PROGRAM, version: NFS_VERSION, transport: 'tcp', port },
    { program: MOUNT_PROGRAM, version: MOUNT_VERSION, transport: 'tcp', port },
    { program: MOUNT_PROGRAM, version: MOUNT_VERSION, transport: 'udp', port },
  ];
}

const REGISTERED = { kind: 'registered' } as const;

function failed(reason: 'no-portmapper' | 'refused' | 'taken', what: string): Registered {
  return { kind: 'failed', reason, what };
}

function ours(registrations: readonly Registration[]): readonly Mapping[] {
  return registrations.map((registration) => mappingOf(registration, String(process.getuid?.() ?? 0)));
}

/** What stands at the place of one of ours and is not the same: of a program that lives, or of an earlier one. */
const standing = (listed: readonly Mapping[], wanted: readonly Mapping[]): readonly Mapping[] =>
  listed.filter((each) => wanted.some((own) => isSameProgram(own, each) && own.address !== each.address));

/** Looks before it changes anything; what it has changed in vain it changes back. */
async function putIn(portmapper: Portmapper, wanted: readonly Mapping[]): Promise<Registered> {
  const listed = await portmapper.dump();
  const others = standing(listed, wanted);
  for (const other of others) if (await isAlive(other, wanted)) return taken(other);
  for (const dead of others) if (!(await portmapper.unset(dead))) return leftBehind(others);
  const done: Mapping[] = [];
  for (const own of wanted) {
    // True also for what stands there already, whoever put it in: it leads to our port.
    if (await portmapper.set(own)) {
      done.push(own);
      continue;
    }
    for (const each of done) await portmapper.unset(each);
    return taken(own);
  }
  return REGISTERED;
}

/** Only what leads to us: root may take out anybody's, and somebody else may have come meanwhile. */
async function takeOut(portmapper: Portmapper, wanted: readonly Mapping[]): Promise<Registered> {
  const listed = await portmapper.dump();
  const left = wanted.filter((own) => listed.some((each) => isSameProgram(own, each) && own.address === each.address));
  for (const own of left) await portmapper.unset(own);
  return REGISTERED;
}

async function look(portmapper: Portmapper, wanted: readonly Mapping[]): Promise<Registered> {
  const listed = await portmapper.dump();
  for (const other of standing(listed, wanted)) if (await isAlive(other, wanted)) return taken(other);
  // To take out what is not there does nothing, and shows whether we may.
  const absent = wanted.find((own) => !listed.some((each) => isSameProgram(own, each)));
  if (absent) await portmapper.unset(absent);
  return REGISTERED;
}

function taken({ program, version }: Mapping): Registered {
  const what = `another program is registered as ${program}, version ${version}`;
  return failed('taken', `${what}: stop it (rpcinfo -p shows its port, ss -lnp whose that is), or set nfs: off`);
}

function leftBehind(others: readonly Mapping[]): Registered {
  const which = [...new Set(others.map(({ program, version }) => `rpcinfo -d ${program} ${version}`))];
  const what = 'the portmapper keeps what another user has left behind';
  return failed('refused', `${what}: ${which.join('; ')} as root, or ${STOP_IT}`);
}

/** Whether anybody but us has that port: asked of the system by taking it, so nothing is sent to anybody. In doubt, yes. */
async function isAlive({ netid, address }: Mapping, wanted: readonly Mapping[]): Promise<boolean> {
  const endpoint = parseUniversal(address);
  const isOurs = wanted.some((own) => own.netid === netid && parseUniversal(own.address)?.port === endpoint?.port);
  if (endpoint === undefined || isOurs) return false;
  try {
    await (netid === 'tcp' ? tryTcp(endpoint) : tryUdp(endpoint));
    return false;
  } catch (error) {
    return errnoOf(error) !== 'EADDRNOTAVAIL';
  }
}

async function tryTcp({ address: host, port }: Endpoint): Promise<void> {
  const server = net.createServer((socket) => socket.destroy()).listen({ host, port, exclusive: true });
  await once(server, 'listening');
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

async function tryUdp({ address, port }: Endpoint): Promise<void> {
  const socket = dgram.createSocket('udp4').bind({ address, port, exclusive: true });
  await once(socket, 'listening');
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}
