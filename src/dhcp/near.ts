/**
 * Looks for machines on the LAN through the kernel's ARP: a datagram to an address makes it ask, and its table tells who answered.
 * A machine that drops ping and every port still answers ARP, or nobody could talk to it.
 *
 * Measured in network namespaces (Linux 6.18; `ip neigh` shows the states):
 * - Nobody there: INCOMPLETE at once (flags 0x0), three broadcasts a second apart, FAILED after 3.1 s; the next datagram begins anew.
 *   One that is INCOMPLETE already is not asked about at once: what is heard of it then is a second old.
 * - Somebody there: complete (0x2) within a millisecond, REACHABLE for 15 to 45 s, then STALE for as long as there is room.
 * - STALE before the datagram: it stays 0x2 with the old MAC, in DELAY for 5 s and in PROBE for 3 s; only then 0x0 if nobody answered.
 *   Those probes go to the old MAC alone (`mcast_resolicit` is 0): a stranger who has come to the address since does not hear them.
 *   So what was complete before is believed to be taken for the time being, and asked anew once its entry is gone.
 * - REACHABLE before the datagram: nothing happens. A laptop that left half a minute ago looks as if it were there.
 */
import type { Endpoint, Ipv4, Mac } from '../core/addr.ts';
import { messageOf } from '../core/errors.ts';
import type { Neighbours, ReadNeighbours } from '../host/neighbours.ts';
import type { Clock, UdpSocket } from '../host.ts';
import type { Looker, LookerEnds } from './look.ts';

export interface Nearby {
  readonly clock: Clock;
  /** Bound to the LAN's address. */
  readonly socket: UdpSocket;
  readonly neighbours: ReadNeighbours;
}

/** Machines on a switch answer within milliseconds, those on sleepy wireless within 200; three looks fit into a second. */
const ANSWER_MS = 300;
const SAMPLE_MS = 50;
/** REACHABLE lasts 1.5 times `base_reachable_time` at most: only a datagram after that makes the kernel ask again. */
const DOUBT_AGAIN_MS = 46_000;
/** DELAY and three probes, 8.1 s measured: who is still there then has answered. */
const VERIFIED_MS = 9_500;
const DOUBT_SAMPLE_MS = 1_000;
/** An address without an answer keeps an entry that the kernel cannot drop for so long: three questions, then it may. */
const UNRESOLVED_MS = 3_500;
/** The kernel's table has 1024 entries (`gc_thresh3`), and the clients of the hall need theirs: five of eight are left to them. */
const MAX_UNRESOLVED = 384;
/** The discard service, RFC 863: what hears it says nothing, or that nobody listens. */
const DISCARD_PORT = 9;
const NOTHING = new Uint8Array(0);

interface Doubt {
  /** When the last datagram left, the first of two or the second. */
  readonly askedAtMs: number;
  readonly isLast: boolean;
}

export function nearLooker({ clock, socket, neighbours }: Nearby, ends: LookerEnds): Looker {
  const wanted = new Set<Ipv4>();
  /** When the datagram left. */
  const asked = new Map<Ipv4, number>();
  /** Those whose entry was complete before. */
  const doubted = new Map<Ipv4, Doubt>();
  /** When the kernel is done with those that nobody has answered for, the oldest first. */
  const unresolved = new Map<Ipv4, number>();
  let isReading = false;
  let isStopped = false;
  let cancel = (): void => {};

  const room = (): number => {
    for (const [address, untilMs] of unresolved) {
      if (untilMs > clock.now()) break;
      unresolved.delete(address);
    }
    return MAX_UNRESOLVED - unresolved.size - wanted.size;
  };

  const ask = (address: Ipv4): void => {
    const to: Endpoint = { address, port: DISCARD_PORT };
    socket.send(NOTHING, to);
  };

  const begin = (address: Ipv4, table: Neighbours): void => {
    const mac = table.get(address);
    const nowMs = clock.now();
    ask(address);
    if (mac === undefined) {
      unresolved.delete(address);
      unresolved.set(address, nowMs + UNRESOLVED_MS);
      asked.set(address, nowMs);
    } else {
      if (doubted.size < MAX_UNRESOLVED) doubted.set(address, { askedAtMs: nowMs, isLast: false });
      ends.found(taken(address, mac, false));
    }
  };

  const judge = (address: Ipv4, sentAtMs: number, table: Neighbours): void => {
    const mac = table.get(address);
    if (mac === undefined && clock.now() - sentAtMs < ANSWER_MS) return;
    asked.delete(address);
    if (mac !== undefined) {
      unresolved.delete(address);
      ends.found(taken(address, mac, true));
    } else if (table.has(address)) ends.found({ address, seen: 'free', mac: undefined, isSure: true });
    else ends.failed(address, 'the kernel does not ask: its table of neighbours is full, or the LAN is down');
  };

  const verify = (address: Ipv4, { askedAtMs, isLast }: Doubt, table: Neighbours): void => {
    const mac = table.get(address);
    const isOver = clock.now() - askedAtMs >= (isLast ? VERIFIED_MS : DOUBT_AGAIN_MS);
    if (mac !== undefined && !isOver) return;
    doubted.delete(address);
    if (mac === undefined) wanted.add(address);
    else if (isLast) ends.found(taken(address, mac, true));
    else {
      ask(address);
      doubted.set(address, { askedAtMs: clock.now(), isLast: true });
    }
  };

  const pass = (table: Neighbours): void => {
    for (const [address, atMs] of asked) judge(address, atMs, table);
    for (const [address, doubt] of doubted) verify(address, doubt, table);
    const fresh = [...wanted];
    wanted.clear();
    for (const address of fresh) begin(address, table);
  };

  const giveUp = (error: unknown): void => {
    const lost = [...wanted, ...asked.keys()];
    for (const addresses of [wanted, asked, doubted]) addresses.clear();
    for (const address of lost) ends.failed(address, `the kernel's neighbours cannot be read: ${messageOf(error)}`);
  };

  /** One read of the table serves every address, those too that come while it is read. */
  const sample = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    cancel();
    const table = await neighbours().catch((error: unknown) => void giveUp(error));
    isReading = false;
    if (isStopped) return;
    if (table) pass(table);
    if (asked.size + wanted.size > 0) cancel = clock.after(SAMPLE_MS, () => void sample());
    else if (doubted.size > 0) cancel = clock.after(DOUBT_SAMPLE_MS, () => void sample());
  };

  return {
    capacity: MAX_UNRESOLVED,
    room,
    look: (address) => {
      if (wanted.has(address) || asked.has(address)) return true;
      if (isStopped || room() <= 0) return false;
      wanted.add(address);
      if (wanted.size === 1) queueMicrotask(() => void sample());
      return true;
    },
    stop: async () => {
      isStopped = true;
      cancel();
      for (const addresses of [wanted, asked, doubted]) addresses.clear();
      await socket.close();
    },
  };
}

function taken(address: Ipv4, mac: Mac, isSure: boolean) {
  return { address, seen: 'taken', mac, isSure } as const;
}
