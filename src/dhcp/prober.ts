/** Looks who is on an address, at need and ahead of it: on the LAN by the kernel's ARP, behind relays by what comes back. */
import { type Ipv4, type Mac, rangeHas, subnetHas } from '../core/addr.ts';
import type { ReadNeighbours } from '../host/neighbours.ts';
import type { Ping } from '../host/ping.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import { farLooker } from './far.ts';
import { isHeld, type LeaseView } from './leases.ts';
import type { Looker, LookerEnds } from './look.ts';
import { nearLooker } from './near.ts';
import type { DhcpNetwork, DhcpPolicy } from './policy.ts';
import { type Finding, Presence } from './presence.ts';
import { Reserve, type Standing, type Stock } from './reserve.ts';
import type { Prober } from './server.ts';
import { Waiting } from './waiting.ts';

export interface ProberDeps {
  readonly host: Host;
  readonly neighbours: ReadNeighbours;
  /** Whether and how the system pings; asked once, at the start. */
  readonly findPing: () => Promise<Ping | undefined>;
  /** Descriptors that looks behind relays may take. */
  readonly maxSockets: number;
}

/** What looks have found since the start; `failed`: the address could not be asked about. */
export interface LookCounts {
  readonly free: number;
  readonly taken: number;
  readonly failed: number;
}

export interface ProberService extends Prober, Service {
  readonly counts: LookCounts;
}

/** Spare addresses of the LAN, and of all the other networks together: the largest hall that starts at once. */
const SPARES = 512;
const MIN_SPARES = 4;
/** Places of all ranges that are considered in one round: a fraction of a millisecond. */
const PLACES = 1024;
const ROUND_MS = 500;
/** Looks behind relays at once, whatever the system would allow. */
const MAX_FAR_LOOKS = 1024;
/** An answer, or its absence, is there by then. */
const MAX_LOOK_MS = 600;
/** Where there is no room: who asks is decided anew after this, three times within a second. */
const NO_ROOM_MS = 300;
const WARN_EVERY_MS = 60_000;
const REMIND_EVERY_MS = 600_000;
const CURE =
  'somebody has set this address by hand inside dhcp.range, or another DHCP server gives it out: find it by its MAC';

/** As `Prober`, with its life. `policy().networks[0]` is the LAN; what is held of it `leases` tells. */
export function proberService(policy: () => DhcpPolicy, leases: () => LeaseView, deps: ProberDeps): ProberService {
  const { host } = deps;
  const { clock } = host;
  const waiting = new Waiting(clock);
  const warnedAtMs = new Map<string, number>();
  const counts = { free: 0, taken: 0, failed: 0 };
  let near: Looker | undefined;
  let far: Looker | undefined;
  let cancelRound = (): void => {};
  let isOver = false;

  const lookerOf = (address: Ipv4): Looker | undefined =>
    subnetHas(policy().networks[0].subnet, address) ? near : far;

  const presence = new Presence((address) => {
    const looker = lookerOf(address);
    // Looks ahead of need take half of the room, and are no rush.
    return looker !== undefined && looker.room() * 4 < looker.capacity;
  });

  const warn = (event: string, everyMs: number, fields: () => Parameters<typeof host.log.warn>[2]): void => {
    if (clock.now() - (warnedAtMs.get(event) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
    warnedAtMs.set(event, clock.now());
    host.log.warn('dhcp', event, fields());
  };

  const found = (finding: Finding): void => {
    const { address, seen, mac, isSure } = finding;
    presence.found(finding, clock.now());
    if (isSure) counts[seen] += 1;
    const network = policy().networks.find(({ range }) => rangeHas(range, address));
    const spares = network && presence.sparesOf(network.range);
    // At the end of the line, as the one that was seen last.
    spares?.delete(address);
    if (seen === 'free' && isSure && !waiting.has(address)) spares?.add(address);
    if (seen === 'taken' && isSure && leases().at(address)?.mac !== mac)
      warn('address-in-use', WARN_EVERY_MS, () => ({ ip: address, mac, cure: CURE }));
    waiting.tell(address);
  };

  /** Better an address that nobody has looked at than none: most clients look, too. */
  const failed = (address: Ipv4, problem: string): void => {
    counts.failed += 1;
    warn('cannot-probe', REMIND_EVERY_MS, () => ({
      ip: address,
      error: problem,
      cure: 'addresses are given without a look; in a large hall raise net.ipv4.neigh.default.gc_thresh1, 2 and 3',
    }));
    found({ address, seen: 'free', mac: undefined, isSure: false });
  };

  const standing = (address: Ipv4): Standing => {
    if (policy().fixedAddresses.has(address)) return 'closed';
    const lease = leases().at(address);
    if (!lease) return 'untouched';
    return isHeld(lease, clock.now()) ? 'closed' : 'former';
  };
  const restock = restocker(presence, standing, lookerOf);
  const round = (): void => {
    cancelRound = clock.after(ROUND_MS, round);
    if (policy().role === 'server') restock(policy().networks, clock.now());
  };

  const look = (address: Ipv4, mac: Mac): Promise<void> => {
    if (isOver) return Promise.resolve();
    presence.claim(address, mac, clock.now());
    const hasBegun = lookerOf(address)?.look(address) ?? false;
    return waiting.for(address, hasBegun ? MAX_LOOK_MS : NO_ROOM_MS);
  };

  return {
    name: 'prober',
    view: presence,
    counts,
    look,
    forget: (address) => presence.forget(address),
    start: async () => {
      const local = policy().serverAddress;
      const ends: LookerEnds = { found, failed };
      isOver = false;
      // Nobody's start waits for a program.
      const system = deps.findPing();
      const ping: Ping = async (address, timeoutMs) => (await (await system)?.(address, timeoutMs)) ?? false;
      const socket = await host.udp.bind({ address: local, port: 0 }, () => {});
      const maxSockets = Math.min(MAX_FAR_LOOKS, deps.maxSockets);
      near = nearLooker({ clock, socket, neighbours: deps.neighbours }, ends);
      far = farLooker({ clock, udp: host.udp, local, ping, maxSockets }, ends);
    },
    // Not before leases are known: whoever holds one answers, and is no stranger.
    settle: async () => round(),
    stop: async () => {
      isOver = true;
      cancelRound();
      await Promise.all([near?.stop(), far?.stop()]);
      near = far = undefined;
      waiting.tellAll();
    },
    health: () => (near ? { ok: true } : { ok: false, reason: 'not-bound' }),
  };
}

/** Fills up the spares of every network, a part at a time. */
function restocker(
  presence: Presence,
  standing: (address: Ipv4) => Standing,
  lookerOf: (address: Ipv4) => Looker | undefined,
): (networks: readonly DhcpNetwork[], nowMs: number) => void {
  const reserves = new Map<string, Reserve>();
  const restock = (stock: Stock, nowMs: number): void => {
    const looker = lookerOf(stock.range.first);
    // Half of what may go on at once is for those who wait.
    const max = looker ? looker.room() - looker.capacity / 2 : 0;
    if (max <= 0) return;
    const key = `${stock.range.first}-${stock.range.last}`;
    const reserve = reserves.get(key) ?? new Reserve();
    reserves.set(key, reserve);
    for (const address of reserve.round(stock, presence, nowMs, max)) looker?.look(address);
  };
  return (networks, nowMs) => {
    presence.keepOnly(networks.map(({ range }) => range));
    if (reserves.size > networks.length) reserves.clear();
    const farGoal = Math.max(MIN_SPARES, Math.floor(SPARES / Math.max(1, networks.length - 1)));
    const maxPlaces = Math.max(MIN_SPARES, Math.floor(PLACES / networks.length));
    for (const [i, { range }] of networks.entries())
      restock({ range, goal: i === 0 ? SPARES : farGoal, maxPlaces, standing }, nowMs);
  };
}
