/** What a configuration is once it has been read: plain frozen values with their units in their names. */
import type { Endpoint, Ipv4, Ipv4Range, Mac, MacPattern, Subnet } from '../core/addr.ts';
import type { MemorySize } from '../core/units.ts';

/** Where a value stands, for messages about it; `line` counts from 1, both absent for what a flag said. */
export interface Place {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** `dhcp.options.42`. */
  readonly path: string;
}

/** What is wrong at `path`, and what to write instead. */
export interface Problem {
  /** `clients[3].ip`. */
  readonly path: string;
  readonly problem: string;
  /** Path of what it clashes with. */
  readonly earlier?: string;
}

export type Language = 'en' | 'es';

/** Keys of `boot:`: what option 93 (IANA's table) and iPXE's own marks tell apart. */
export const BOOT_KEYS = [
  'bios',
  'x64-uefi',
  'ia32-uefi',
  'arm64-uefi',
  'arm32-uefi',
  'riscv64-uefi',
  'loongarch64-uefi',
  'x64-http',
  'ia32-http',
  'arm64-http',
  'arm32-http',
  'bios-http',
  'riscv64-http',
  'loongarch64-http',
  'ipxe',
] as const;
export type BootKey = (typeof BOOT_KEYS)[number];
/** Boot file by architecture; an absent key means that such a client gets no file. */
export type BootFiles = Readonly<Partial<Record<BootKey, string>>>;

/** The director's whole configuration. */
export interface FlinkConfig {
  /** The interface that is served; only `findLan` looks at it. */
  readonly lan: string | undefined;
  readonly wan: string | undefined;
  readonly domain: string;
  /** Absolute; undefined means the default of `host/user.ts`. */
  readonly stateDir: string | undefined;
  readonly dhcp: DhcpConfig;
  readonly fnodes: readonly FnodeRow[];
  readonly clients: readonly ClientRow[];
  readonly boot: BootFiles;
  readonly dns: DnsConfig;
  readonly proxy: ProxyConfig;
  readonly admin: { readonly listen: Endpoint; readonly passwordFile: string | undefined };
  readonly swarm: { readonly secretFile: string | undefined };
  readonly firewall: 'print' | 'apply';
  readonly filter: FilterConfig;
  readonly uplink: UplinkConfig;
  readonly language: Language;
  readonly ports: FlinkPorts;
}

export type DhcpMode = 'server' | 'proxy' | 'auto' | 'off';

export interface DhcpConfig {
  readonly mode: DhcpMode;
  /** Undefined: everything of the LAN from its 101st address on. */
  readonly range: Ipv4Range | undefined;
  readonly leaseTimeSec: number;
  /** Undefined: flink itself. */
  readonly router: Ipv4 | undefined;
  /** Whether addresses are probed before they are offered. */
  readonly probe: boolean;
  /** Whether machines that come back get other variants of the answer. */
  readonly ladder: boolean;
  readonly options: readonly DhcpOptionSetting[];
  readonly relays: readonly RelayedSubnet[];
}

export type OptionValue = string | number | boolean;

/** An extra option as the operator wrote it: name or number, undecoded. */
export interface DhcpOptionSetting {
  readonly key: string;
  readonly value: OptionValue | readonly OptionValue[];
  readonly place: Place;
}

export interface RelayedSubnet {
  readonly subnet: Subnet;
  readonly range: Ipv4Range;
  readonly router: Ipv4;
}

/** A boot node of the MAC table. */
export interface FnodeRow {
  readonly name: string;
  /** Undefined: the node has its address from elsewhere, so nothing is reserved for it. */
  readonly mac: Mac | undefined;
  readonly ip: Ipv4;
  /** Share of the clients that no row names; 0: none but those. */
  readonly weight: number;
}

/** A client of the MAC table; the most specific pattern wins. */
export interface ClientRow {
  readonly mac: MacPattern;
  /** Name of one of `fnodes`. */
  readonly fnode: string | undefined;
  readonly ip: Ipv4 | undefined;
  readonly hostname: string | undefined;
  /** The menu entry that starts by itself. */
  readonly boot: string | undefined;
  /** The boot file, whatever option 93 says. */
  readonly loader: string | undefined;
}

export interface Upstream {
  /** udp: and TCP where an answer was cut; tcp: nothing else; tls: RFC 7858. */
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** IPv4 or IPv6 literal, no brackets. */
  readonly address: string;
  readonly port: number;
  /** What its certificate must be for; undefined: its address. */
  readonly tlsName?: string | undefined;
}

/** Domains in lower case, no dot at the end; each covers what is below it. */
export type DomainList = { readonly domains: readonly string[] } | { readonly file: string };

export interface DnsConfig {
  /** Empty: the system's resolvers. */
  readonly upstreams: readonly Upstream[];
  /** Who is asked for a domain and what is below it, in place of those; at least one each. */
  readonly domains: readonly { readonly name: string; readonly upstreams: readonly Upstream[] }[];
  readonly records: readonly { readonly name: string; readonly address: Ipv4 }[];
  readonly cacheEntries: number;
  /** How long answers are told beyond their end while no upstream answers; 0: not at all. RFC 8767. */
  readonly serveStaleSec: number;
  readonly rebindProtection: boolean;
  /** Domains whose answers may have private addresses all the same. */
  readonly rebindExceptions: readonly string[];
  readonly blocklist: DomainList;
  readonly queryLog: boolean;
  /** That one client may ask over time; 0: no limit. */
  readonly questionsPerSecond: number;
}

export interface ProxyConfig {
  /** Absolute. */
  readonly cacheDir: string;
  readonly cacheSizeBytes: number;
  readonly maxObjectBytes: number;
  /** Of contents in memory, beside what the cache has on disk. */
  readonly memoryBytes: number;
  readonly blocklist: DomainList;
  readonly bandwidth: {
    readonly totalBitsPerSec: number | undefined;
    readonly perClientBitsPerSec: number | undefined;
  };
  /** First pattern (`*` matches anything) that fits the URL wins. */
  readonly refresh: readonly { readonly pattern: string; readonly freshSec: number }[];
  /** Names in lower case, IPv4 addresses, IPv6 addresses without brackets in their one spelling. */
  readonly allow: readonly { readonly host: string; readonly port: number }[];
  /** The operator's own; each URL ends with a slash. */
  readonly mirrors: readonly { readonly name: string; readonly url: string }[];
}

/** What the firewall lets through beside what flink serves. */
export interface FilterConfig {
  /** Undefined: SSH is closed. */
  readonly sshPort: number | undefined;
  /** Open to the LAN. */
  readonly open: readonly OpenPort[];
  /** Clients that nothing is redirected for. */
  readonly whitelist: { readonly macs: readonly Mac[]; readonly addresses: readonly Ipv4[] };
  /** Interfaces on which nothing is filtered. */
  readonly trusted: readonly string[];
}

export interface OpenPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** What the line to the internet carries; undefined: that way is not shaped. */
export interface UplinkConfig {
  readonly downBitsPerSec: number | undefined;
  readonly upBitsPerSec: number | undefined;
}

export interface FlinkPorts {
  readonly dhcp: number;
  readonly pxe: number;
  readonly dns: number;
  readonly proxy: number;
  readonly intercept: number;
}

/** A boot node's whole configuration. */
export interface FnodeConfig {
  /** Absolute. */
  readonly isos: string;
  /** Absolute. */
  readonly boot: string;
  /** Empty: every address. */
  readonly listen: readonly Ipv4[];
  readonly flink: FlinkDoor;
  /** The first line of the file is shared with flink: announcements are signed with it. */
  readonly swarm: { readonly secretFile: string | undefined };
  /** Undefined: what flink's MAC table says, else the host's name. */
  readonly name: string | undefined;
  /** Absolute; undefined where nothing can be kept, or, before `prepare`, for the default of `host/user.ts`. */
  readonly stateDir: string | undefined;
  readonly menu: MenuConfig;
  readonly clients: readonly MenuClientRow[];
  readonly cache: MemorySize;
  readonly nfs: boolean;
  readonly ports: FnodePorts;
}

export type FlinkDoor = { readonly kind: 'auto' | 'none' } | { readonly kind: 'url'; readonly url: string };

export interface MenuConfig {
  readonly title: string;
  /** 0: waits for ever. */
  readonly timeoutSec: number;
  /** `local` for the disk, else an entry's name. */
  readonly default: string;
  /** Undefined: no serial console. */
  readonly serial: { readonly port: number; readonly baud: number } | undefined;
  readonly language: Language;
  readonly colors: MenuColors;
}

/** Each as `#rrggbb`. */
export interface MenuColors {
  readonly background: string;
  readonly text: string;
  /** Title, countdown and whatever should stand out. */
  readonly accent: string;
  /** The bar below the selected line. */
  readonly selected: string;
  readonly selectedText: string;
  readonly frame: string;
  /** Help and keys. */
  readonly hint: string;
}

/** A client whose menu starts another entry by itself. */
export interface MenuClientRow {
  readonly mac: MacPattern;
  readonly boot: string;
}

export interface FnodePorts {
  readonly tftp: number;
  readonly http: number;
  readonly nfs: number;
  readonly portmap: number;
}
