/** Watches for other DHCP servers while flink runs: says so, and decides the role in `dhcp.mode: auto`. */
import type { Ipv4 } from '../core/addr.ts';
import { messageOf } from '../core/errors.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import { ForeignServers, watchMac } from './foreign.ts';
import type { DhcpRole } from './policy.ts';
import { type Asker, openAsker } from './probe.ts';

export type WatchedMode = 'server' | 'proxy' | 'auto';

/** A second one is a mistake that somebody makes while the hall runs: a home router plugged into the switch. */
const ASK_MS = 15_000;
/** While the other server is wanted: dnsmasq pings for three seconds before it offers, and answers nobody meanwhile. */
const BESIDE_ASK_MS = { auto: 30_000, proxy: 300_000 } as const;
/** While a known server is missed: it may be gone, and then nobody gives addresses. dnsmasq pings for three seconds first. */
const MISSED_ASK_MS = 5000;
/** The first rounds, before `auto` knows: four seconds, since dnsmasq pings for three before its first offer. */
const FIRST_ASK_MS = 2000;
const FIRST_ROUNDS = 3;
/** What is overheard asks no more often than this. */
const OVERHEARD_PAUSE_MS = 5000;
/** The same warning comes once in this time. */
const WARN_EVERY_MS = 600_000;

export interface ServerWatch extends Service {
  /** What flink is on this LAN now. */
  role(): DhcpRole;
  /** Other servers that answer. */
  servers(): readonly Ipv4[];
  /** A client has named another server: reason to ask at once. */
  hint(server: Ipv4): void;
}

export function serverWatch(lan: Ipv4, mode: WatchedMode, host: Host): ServerWatch {
  const { clock, log } = host;
  const foreign = new ForeignServers();
  let asker: Asker | undefined;
  let cancel = (): void => {};
  let rounds = 0;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  let shownRole: DhcpRole | undefined;

  const role = (): DhcpRole => {
    if (mode !== 'auto') return mode;
    // Where nobody can look, addresses matter more than a second server that may be there.
    return asker ? foreign.role() : 'server';
  };

  const tellRole = (): void => {
    const now = role();
    if (mode !== 'auto' || now === shownRole || now === 'off') return;
    log.info('dhcp', 'role', { role: now, servers: foreign.present().join(', ') || undefined });
    shownRole = now;
  };

  const tellTrouble = (): void => {
    const trouble = troubleOf(mode, foreign.present(), rounds);
    if (!trouble || clock.now() - warnedAtMs < WARN_EVERY_MS) return;
    warnedAtMs = clock.now();
    log.warn('dhcp', trouble.event, trouble.fields);
  };

  const ask = (): void => {
    tellTrouble();
    foreign.ask();
    tellRole();
    rounds += 1;
    askedAtMs = clock.now();
    asker?.ask();
    cancel();
    cancel = clock.after(pauseMs(), ask);
  };
  const pauseMs = (): number => {
    if (foreign.isMissed()) return MISSED_ASK_MS;
    if (mode !== 'server' && foreign.present().length > 0) return BESIDE_ASK_MS[mode];
    return rounds < FIRST_ROUNDS && foreign.present().length === 0 ? FIRST_ASK_MS : ASK_MS;
  };

  const onOffer = (server: Ipv4): void => {
    if (server === lan || !foreign.answered(server)) return;
    tellRole();
    tellTrouble();
  };
  const onOverheard = (server: Ipv4): void => {
    if (server === lan || foreign.present().includes(server)) return;
    if (clock.now() - askedAtMs >= OVERHEARD_PAUSE_MS) ask();
  };

  return {
    name: 'servers',
    role,
    servers: () => foreign.present(),
    hint: onOverheard,
    start: async () => {
      try {
        asker = await openAsker(host, { lan, mac: watchMac(lan), onOffer, onOverheard });
        ask();
      } catch (error) {
        const cure =
          'stop the DHCP client that holds port 68 on this interface; flink looks for no other server until then';
        log.warn('dhcp', 'not-watched', { error: messageOf(error), cure });
      }
    },
    stop: async () => {
      cancel();
      await asker?.close();
      asker = undefined;
    },
    health: () => ({ ok: true }),
  };
}

interface Trouble {
  readonly event: string;
  readonly fields: { readonly servers?: string; readonly cure: string };
}

function troubleOf(mode: WatchedMode, servers: readonly Ipv4[], rounds: number): Trouble | undefined {
  if (mode === 'server' && servers.length > 0) {
    const cure =
      'two servers give out addresses here: switch that one off or unplug it, or start flink with --dhcp proxy, which only adds what machines boot';
    return { event: 'another-server', fields: { servers: servers.join(', '), cure } };
  }
  if (mode === 'proxy' && servers.length === 0 && rounds >= FIRST_ROUNDS) {
    const cure = 'nobody gives out addresses here: start the other server, or flink with --dhcp server or auto';
    return { event: 'no-server', fields: { cure } };
  }
  return undefined;
}
