/** flink's HTTP: the admin door, and on the LAN a narrow one for nodes. */
import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { type Endpoint, type Ipv4, parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf } from '../core/errors.ts';
import { readSecret } from '../host/secret.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import type { Door, Rules } from './admit.ts';
import { Attempts } from './attempts.ts';
import { BodyReader } from './body.ts';
import { Connections } from './connections.ts';
import { ADMIN_LIMITS, type AdminLimits, endpointOf, listenAt } from './listen.ts';
import { DecisionTally } from './metrics.ts';
import { processWatch } from './probe.ts';
import { type AdminDeps, answer, type Desk } from './routes.ts';
import { Streams } from './stream.ts';

export interface AdminOptions {
  /** Port 0 takes a free one. */
  readonly listen: Endpoint;
  /** Where nodes announce themselves; nothing of its own is opened where `listen` covers it. */
  readonly swarm: Endpoint | undefined;
  readonly passwordFile: string | undefined;
  /** By which flink may be called: `flink`, `flink.flisol.lan`. */
  readonly names: readonly string[];
  readonly limits?: Partial<AdminLimits>;
}

export type AdminService = Service & {
  address(door: Door): Endpoint | undefined;
  /** Reads the password anew. Throws a `Fault`; then the old one stays. */
  reload(): void;
};

export function adminService(options: () => AdminOptions, deps: AdminDeps): AdminService {
  const { host } = deps;
  const doors = new Map<Door, Server>();
  const connections = new Connections();
  let password: string | undefined;
  const reload = (): void => {
    password = passwordOf(options().passwordFile, password, host);
  };
  const desk = openDesk(deps, () => ({ names: options().names, password }));

  const open = async (): Promise<void> => {
    const { listen, swarm, limits } = options();
    reload();
    warnIfOpen(listen, password, host);
    const add = async (door: Door, endpoint: Endpoint): Promise<void> => {
      const onRequest: RequestListener = (request, response) => void answer(request, response, desk, door);
      doors.set(door, await listenAt(endpoint, { ...ADMIN_LIMITS, ...limits }, connections, onRequest));
    };
    await add('admin', listen);
    if (swarm && !covers(listen, swarm)) await add('swarm', swarm);
    desk.watch.start();
  };

  const close = async (): Promise<void> => {
    const closing = [...doors.values()].map((server) => new Promise((resolve) => server.close(resolve)));
    desk.streams.closeAll();
    connections.closeAll();
    doors.clear();
    desk.watch.stop();
    await Promise.all(closing);
  };

  return {
    name: 'admin',
    start: async () => {
      if (doors.size > 0) return;
      await open().catch(async (fault) => {
        await close();
        throw fault;
      });
    },
    stop: close,
    health: () => (doors.size > 0 ? { ok: true } : { ok: false, reason: 'not-bound' }),
    address: (door) => endpointOf(doors.get(door)),
    reload,
  };
}

/** From now on decisions are counted, whether somebody listens or not. */
function openDesk(deps: AdminDeps, settings: () => Pick<AdminOptions, 'names'> & Pick<Rules, 'password'>): Desk {
  const { host, events } = deps;
  const tally = new DecisionTally();
  events.subscribe((event) => tally.count(event));
  const attempts = new Attempts();
  return {
    ...{ deps, tally },
    streams: new Streams(events, host.clock),
    watch: processWatch(host.clock.date()),
    bodies: new BodyReader(),
    rules: () => {
      const { names, password } = settings();
      return {
        isOwnAddress: (address) => host.interfaces().some((each) => each.address === address),
        isOwnName: (name) => names.some((each) => each.toLowerCase() === name),
        password,
        attempts,
      };
    },
    onAnnouncer: tellWhenClosed(deps),
  };
}

/** Whether who connects to `other` reaches `listen`. */
function covers(listen: Endpoint, other: Endpoint): boolean {
  return listen.port === other.port && (listen.address === UNSPECIFIED || listen.address === other.address);
}

/** `former` stays where the file is closed to the user that this runs as by now. Throws a `Fault`. */
function passwordOf(file: string | undefined, former: string | undefined, { log }: Host): string | undefined {
  if (file === undefined) return undefined;
  try {
    const { text, isPublic } = readSecret(file, 'admin.passwordFile');
    if (isPublic) log.warn('admin', 'password-public', { file, cure: `everybody may read it: chmod 600 ${file}` });
    return text;
  } catch (error) {
    if (former === undefined || !(error instanceof Error) || errnoOf(error.cause) !== 'EACCES') throw error;
    log.warn('admin', 'password-kept', { file, cure: `this user may not read it again: chgrp it, chmod 640 ${file}` });
    return former;
  }
}

function warnIfOpen({ address, port }: Endpoint, password: string | undefined, { log }: Host): void {
  if (password !== undefined || address.startsWith('127.')) return;
  const cure = 'set admin.passwordFile, or admin.listen to 127.0.0.1';
  log.warn('admin', 'open', { listen: `${address}:${port}`, why: 'whoever reaches it can read it', cure });
}

/** The swarm hears once of each connection that announcements came by: an open one is a sign of life. */
function tellWhenClosed({ door }: AdminDeps): (socket: Socket) => void {
  const known = new WeakSet<Socket>();
  return (socket) => {
    if (known.has(socket)) return;
    known.add(socket);
    const from: Ipv4 = parseIpv4(socket.remoteAddress ?? '') ?? UNSPECIFIED;
    socket.once('close', () => door.closed(from));
  };
}
