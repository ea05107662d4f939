/** The doors: records over TCP, datagrams over UDP, bounded in all they hold. */
import { type Endpoint, type Ipv4, UNSPECIFIED } from '../core/addr.ts';
import { Fault, messageOf } from '../core/errors.ts';
import type { Traffic } from '../core/swarm.ts';
import { Work } from '../core/work.ts';
import { descriptorShare } from '../host/descriptors.ts';
import type { Host, LogFields } from '../host.ts';
import type { Service } from '../service.ts';
import { isOfTheLan, type Reached } from './admission.ts';
import type { Answering } from './answering.ts';
import { boundsOf, Room } from './room.ts';
import type { Program } from './rpc.ts';
import { type TcpDoor, tcpDoor } from './tcpdoor.ts';
import { type UdpDoor, udpDoor } from './udpdoor.ts';

/** One port, and who speaks there. */
export interface RpcDoor {
  /** `nfs`, `portmap`: for log and health. */
  readonly name: string;
  /** One socket for each address, or one for all of this machine's. */
  readonly listen: readonly Ipv4[] | 'every-address';
  /** 0 takes a free one, the same for all. */
  readonly port: number;
  readonly transports: readonly ('tcp' | 'udp')[];
  readonly programs: readonly Program[];
  readonly limits?: Partial<RpcLimits>;
}

export interface RpcLimits {
  readonly maxConnections: number;
  /** Of answers that wait to leave, those of all connections together. */
  readonly roomBytes: number;
  /** An answer without progress for so long makes room for a new connection, when there is none. */
  readonly displacedMs: number;
}

/** Connections: ten for each of 200 machines; a client has one, or as many as `nconnect` says. */
export const RPC_LIMITS: RpcLimits = { maxConnections: 2048, roomBytes: 128 << 20, displacedMs: 60_000 };
/** Of all connections, for one address. Taste: a hall behind one address gets far, and the others still get in. */
const MAX_SOURCE_SHARE = 0.75;
/** How often the log says the same. */
const SAY_EVERY_MS = 60_000;
/** Of a free port, which must be free for each transport and address. */
const ATTEMPTS = 5;

/** `ports()`: where it listens, the real ports where 0 was asked for. `start` rejects with a `Fault` where a port is not to be had. */
export type RpcService = Service & { readonly ports: () => readonly Endpoint[]; readonly traffic: () => Traffic };

interface Opened {
  readonly tcp: TcpDoor;
  readonly udp: UdpDoor;
  readonly ports: readonly Endpoint[];
}

export function rpcService(door: () => RpcDoor, { host }: { readonly host: Host }): RpcService {
  let opened: Opened | undefined;
  const calls = new Work();
  /** Of doors that are closed. */
  let sentBytes = 0;

  const open = async (port: number): Promise<void> => {
    const { tcp, udp } = doorsOf(door(), host, calls);
    const ports: Endpoint[] = [];
    const openNext = async (at: Ipv4): Promise<void> => {
      let local = { address: at, port: ports[0]?.port ?? port };
      const { transports } = door();
      if (transports.includes('tcp')) local = await tcp.open(local);
      if (transports.includes('udp')) local = await udp.open(local);
      ports.push(local);
    };
    const { listen } = door();
    opened = { tcp, udp, ports };
    for (const address of listen === 'every-address' ? [UNSPECIFIED] : listen) await openNext(address);
  };
  const close = async (): Promise<void> => {
    const was = opened;
    opened = undefined;
    if (was) sentBytes += was.tcp.traffic().sentBytes + was.udp.sentBytes;
    await Promise.all([was?.tcp.close(), was?.udp.close()]);
    await calls.done();
  };
  const start = async (attempts: number): Promise<void> => {
    if (opened) return;
    try {
      await open(door().port);
    } catch (fault) {
      await close();
      if (door().port > 0 || attempts <= 1 || !(fault instanceof Fault)) throw fault;
      await start(attempts - 1);
    }
  };

  const { name } = door();
  return {
    name,
    start: () => start(ATTEMPTS),
    stop: close,
    health: () => (opened ? { ok: true } : { ok: false, reason: 'not-bound' }),
    ports: () => opened?.ports ?? [],
    traffic: () => {
      const byTcp = opened?.tcp.traffic() ?? { transfers: 0, sentBytes: 0 };
      return { ...byTcp, sentBytes: sentBytes + byTcp.sentBytes + (opened?.udp.sentBytes ?? 0) };
    },
  };
}

function doorsOf(
  { name, listen, programs, limits }: RpcDoor,
  host: Host,
  calls: Work,
): { readonly tcp: TcpDoor; readonly udp: UdpDoor } {
  const { clock, log } = host;
  const { maxConnections, roomBytes, displacedMs } = { ...RPC_LIMITS, ...limits };
  const max = Math.min(maxConnections, descriptorShare('nfs'));
  const room = new Room(boundsOf(roomBytes));
  const sayFull = seldom(clock, (fields) => log.warn(name, 'full', fields));
  const sayForeign = seldom(clock, (fields) => log.warn(name, 'not-of-the-lan', fields));
  const isNamed = listen !== 'every-address';
  const reachedAt = (address: Ipv4): Reached => ({ address, isNamed, interfaces: host.interfaces });
  const admits = (ip: Ipv4, reached: Reached): boolean => {
    const isWelcome = isOfTheLan(ip, reached);
    if (!isWelcome) sayForeign({ ip });
    return isWelcome;
  };
  const answering: Answering = {
    programs,
    onBug: (error) => log.error(name, 'bug', { error: messageOf(error) }),
    work: calls,
  };
  const shared = { room, reachedAt, admits };
  return {
    tcp: tcpDoor({
      ...{ ...shared, clock },
      bounds: { max, maxPerSource: Math.ceil(max * MAX_SOURCE_SHARE), stalledMs: displacedMs },
      connection: { answering, onCut: (ip, reason) => log.debug(name, 'cut', { ip, reason }) },
      onFull: (connections) => sayFull({ connections }),
    }),
    udp: udpDoor({
      ...{ ...shared, host, answering },
      onDropped: (ip, reason) => log.debug(name, 'dropped', { ip, reason }),
    }),
  };
}

/** Says it at most once a minute, and how often it happened since. */
function seldom(clock: Host['clock'], say: (fields: LogFields) => void): (fields: LogFields) => void {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  let times = 0;
  return (fields) => {
    times += 1;
    if (clock.now() - saidAtMs < SAY_EVERY_MS) return;
    say({ ...fields, times });
    saidAtMs = clock.now();
    times = 0;
  };
}
