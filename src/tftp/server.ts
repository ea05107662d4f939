/** The TFTP service: requests come in at one port of each address, transfers run from ports of their own. RFC 1350 §4. */
import type { Endpoint, Ipv4 } from '../core/addr.ts';
import { Malformed } from '../core/bytes.ts';
import type { OpenContent } from '../core/content.ts';
import { messageOf } from '../core/errors.ts';
import type { OnFetch, Traffic } from '../core/swarm.ts';
import type { Host, UdpSocket } from '../host.ts';
import type { Service } from '../service.ts';
import { isAgreedOn, openFirst, settle } from './attend.ts';
import { type Asking, type Guest, type GuestLimits, GuestTable } from './guests.ts';
import { Library } from './library.ts';
import { createListeners } from './listen.ts';
import { type Limits, limitsAmong } from './negotiate.ts';
import { decode, encode, type Packet } from './packet.ts';
import { type Decision, respond } from './respond.ts';
import { createSession, type Outcome, type Session } from './session.ts';
import type { EndReason } from './transfer.ts';

export interface TftpOptions extends Limits, GuestLimits {
  readonly listen: readonly Ipv4[] | 'every-address';
  readonly port: number;
  /** For the URLs in menus. */
  readonly httpPort: number;
  /** What was read is kept for the next client, up to this. */
  readonly cacheBytes: number;
}

/** What serves a hall; an operator changes it for a reason only. */
export const TFTP_BOUNDS = {
  maxTransfers: 3000,
  // A router that translates addresses makes a whole hall one source.
  maxPerSource: 1500,
  maxUnheardPerSource: 64,
  maxBlockBytes: 65_464,
  // 64 blocks of an Ethernet frame each fill half of the receive buffer that Linux gives a client.
  maxWindowBlocks: 64,
  maxWindowBytes: 256 << 10,
  cacheBytes: 32 << 20,
} as const satisfies Limits & GuestLimits & { readonly cacheBytes: number };

/** Of the descriptors that a node may hold, for the sockets of transfers; HTTP and the files themselves need the rest. */
const DESCRIPTOR_SHARE = 0.3;
/** What the process itself and its open ports need. */
const RESERVED_DESCRIPTORS = 32;
const MIN_TRANSFERS = 8;

/** What serves a hall from a process that may hold `descriptors`. */
export function tftpBounds(descriptors: number): Limits & GuestLimits & { readonly cacheBytes: number } {
  const affordable = Math.max(MIN_TRANSFERS, Math.floor((descriptors - RESERVED_DESCRIPTORS) * DESCRIPTOR_SHARE));
  return { ...TFTP_BOUNDS, maxTransfers: Math.min(TFTP_BOUNDS.maxTransfers, affordable) };
}

type Serve = Decision & { readonly kind: 'serve' };
type Refuse = Decision & { readonly kind: 'refuse' };

/** How often the log says the same of a shortage. */
const TELL_EVERY_MS = 60_000;

/** A guest from its request on, before there is a file or a socket for it. */
interface Visitor extends Guest {
  session: Session | undefined;
  /** Why it had to go. */
  dismissedFor: EndReason | undefined;
}

export interface TftpDeps {
  readonly host: Host;
  readonly open: OpenContent;
  readonly onFetch?: OnFetch;
}

/** `ports()`: where it listens; the real port where 0 was asked for. */
export type TftpService = Service & { readonly ports: () => readonly Endpoint[]; readonly traffic: () => Traffic };

export function tftpService(options: () => TftpOptions, { host, open, onFetch }: TftpDeps): TftpService {
  const guests = new GuestTable<Visitor>();
  const library = new Library(() => options().cacheBytes);
  const unfinished = new Set<Promise<unknown>>();
  /** Told of now and then, not for each request of a herd. */
  let toldOfSocketsAtMs = Number.NEGATIVE_INFINITY;
  /** Acknowledged, in transfers that have ended. */
  let sentBytes = 0;

  const onDatagram = (door: UdpSocket, bytes: Uint8Array, client: Endpoint): void => {
    const packet = decodeOrNote(bytes, client);
    if (!packet) return;
    const decision = respond(packet);
    if (decision.kind === 'ignore') note('ignored', decision.reason, client);
    else if (decision.kind === 'refuse') deny(door, client, decision);
    else admit(door, { client, request: Uint8Array.from(bytes) }, decision);
  };

  const admit = (door: UdpSocket, asked: Pick<Asking, 'client' | 'request'>, serve: Serve): void => {
    const asking = { ...asked, local: door.local.address, isCostly: !isAgreedOn(serve, options()) };
    const nowMs = host.clock.now();
    const admission = guests.admit(asking, options(), nowMs);
    if (admission.kind === 'ignore') {
      note('ignored', admission.reason, asking.client);
      return;
    }
    if (admission.leaving) dismiss(admission.leaving, admission.reason);
    const visitor = visitorFor(asking, nowMs);
    guests.add(visitor);
    untilDone(attend(door, visitor, serve).catch((error: unknown) => failed(visitor, error)));
  };

  const attend = async (door: UdpSocket, visitor: Visitor, serve: Serve): Promise<void> => {
    const { local, client } = visitor;
    const visit = {
      localAddress: local,
      clientAddress: client.address,
      transport: 'tftp',
      httpPort: options().httpPort,
    } as const;
    const found = await openFirst(open, serve.paths, visit);
    if (found.kind !== 'file') {
      guests.remove(visitor);
      if (found.kind === 'ignore') note('ignored', found.reason, client);
      else if (!visitor.dismissedFor) deny(door, client, found);
      return;
    }
    const session = createSession(
      settle(found, serve, limitsAmong(guests.size, options()), library),
      host.clock,
      (outcome, closed) => {
        guests.remove(visitor);
        untilDone(closed);
        sentBytes += outcome.bytes;
        if (outcome.bytes > 0) onFetch?.(client.address, found.path, outcome.bytes);
        report(visitor, found.path, outcome);
      },
      () => onFetch?.(client.address, found.path, 0),
    );
    visitor.session = session;
    if (visitor.dismissedFor) return session.end(visitor.dismissedFor);
    await host.udp.connect(local, client, session).then(
      (socket) => session.start(socket),
      (error: unknown) => {
        session.end('no-socket');
        tellOfSockets(local, messageOf(error));
      },
    );
  };

  const tellOfSockets = (local: Ipv4, error: string): void => {
    const nowMs = host.clock.now();
    const isDue = nowMs - toldOfSocketsAtMs >= TELL_EVERY_MS;
    if (isDue) toldOfSocketsAtMs = nowMs;
    host.log[isDue ? 'warn' : 'debug']('tftp', 'no-socket', { local, error });
  };

  const dismiss = (visitor: Visitor, reason: EndReason): void => {
    visitor.dismissedFor ??= reason;
    guests.remove(visitor);
    visitor.session?.end(reason);
  };

  const failed = (visitor: Visitor, error: unknown): void => {
    dismiss(visitor, 'damaged');
    host.log.error('tftp', 'bug', { error: messageOf(error) });
  };

  const deny = (door: UdpSocket, client: Endpoint, { reason, error }: Refuse): void => {
    door.send(encode(error), client);
    note('refused', reason, client);
  };

  /** Debug level: pxelinux alone asks for ten configurations before it finds its own. */
  const note = (event: string, reason: string, { address: ip, port }: Endpoint): void =>
    host.log.debug('tftp', event, { reason, ip, port });

  const report = ({ local, client }: Visitor, file: string, { reason, isHeard, bytes, tookMs }: Outcome): void => {
    const fields = { ip: client.address, file, bytes, tookMs, local };
    const isRoutine = !isHeard || reason === 'declined' || reason === 'stopped';
    if (reason === 'sent') host.log.info('tftp', 'sent', fields);
    else host.log[isRoutine ? 'debug' : 'info']('tftp', 'aborted', { reason, ...fields });
  };

  const decodeOrNote = (bytes: Uint8Array, from: Endpoint): Packet | undefined => {
    if (from.port === 0) return undefined; // nobody can be answered there
    try {
      return decode(bytes);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      note('malformed', error.message, from);
      return undefined;
    }
  };

  const untilDone = (work: Promise<unknown>): void => {
    unfinished.add(work);
    void work.finally(() => unfinished.delete(work));
  };

  const listeners = createListeners(() => ({ addresses: options().listen, port: options().port }), host, onDatagram);
  return {
    name: 'tftp',
    traffic: () => {
      let underWay = 0;
      for (const { session } of guests.all()) underWay += session?.ackedBytes ?? 0;
      return { transfers: guests.size, sentBytes: sentBytes + underWay };
    },
    ports: () => listeners.sockets().map((socket) => socket.local),
    start: listeners.open,
    stop: async () => {
      await listeners.close();
      for (const visitor of guests.all()) dismiss(visitor, 'stopped');
      while (unfinished.size > 0) await Promise.all(unfinished);
    },
    health: () => (listeners.sockets().length > 0 ? { ok: true } : { ok: false, reason: 'not-bound' }),
  };
}

function visitorFor(asking: Asking, askedAtMs: number): Visitor {
  return {
    ...asking,
    askedAtMs,
    session: undefined,
    dismissedFor: undefined,
    get heardAtMs() {
      return this.session?.heardAtMs;
    },
  };
}
