/**
 * Both configuration files, key by key: kind, default and one line of help. The published JSON Schemas and the
 * reference page are made from this. What two keys say about each other is in `check.ts`.
 */
import * as z from 'zod';
import { parseIpv4, parseMac } from '../core/addr.ts';
import {
  bootFile,
  colour,
  destination,
  domainName,
  durationOrOffSec,
  durationSec,
  endpoint,
  file,
  flinkDoor,
  folder,
  hostName,
  interfaceName,
  ipv4,
  leaseSec,
  list,
  mac,
  machine,
  macPattern,
  memorySize,
  mirrorAddress,
  oneOf,
  onOff,
  openPort,
  parseDomainName,
  port,
  portOrOff,
  range,
  rateBitsPerSec,
  section,
  sizeBytes,
  subnet,
  text,
  upstream,
  wantGot,
  whole,
} from './field.ts';
import { childPath } from './path.ts';
import type {
  BootFiles,
  BootKey,
  DhcpOptionSetting,
  DomainList,
  FlinkConfig,
  FnodeConfig,
  OptionValue,
  Upstream,
} from './types.ts';

const language = () => oneOf(['en', 'es']).default('en').describe('Language of menus, dashboard and doctor.');

const optionScalar = z.union([z.string(), z.number(), z.boolean()]);
const dhcpOptions = z
  .record(z.string(), z.union([optionScalar, z.array(optionScalar)]), {
    error: (issue) => (issue.code === 'invalid_type' ? wantGot('option: value pairs', issue.input) : undefined),
  })
  .meta({ title: 'option: value pairs' })
  .transform((pairs: Readonly<Record<string, OptionValue | readonly OptionValue[]>>): DhcpOptionSetting[] =>
    Object.entries(pairs).map(([key, value]) => ({ key, value, place: { path: childPath('dhcp.options', key) } })),
  );

const dhcp = section({
  mode: oneOf(['server', 'proxy', 'auto', 'off'])
    .default('server')
    .describe(
      "server gives addresses; proxy only adds boot data to somebody else's DHCP; auto takes the part that the LAN needs.",
    ),
  range: range()
    .optional()
    .describe("Addresses that are given out. Default: the LAN's from its 101st on; the upper half of a small LAN."),
  leaseTime: leaseSec().prefault('24h').describe('How long an address is given for.'),
  router: ipv4().optional().describe('Default gateway of the clients. Default: flink itself.'),
  probe: onOff().prefault('on').describe('Looks whether somebody is on an address before it is offered.'),
  ladder: onOff()
    .prefault('on')
    .describe('A machine that comes back without having booted gets another variant of the answer.'),
  options: dhcpOptions.prefault({}).describe('Extra DHCP options by number or name; a list for several values.'),
  relays: list(
    section({
      subnet: subnet().describe("The relay's network; its address there (giaddr) picks this row."),
      range: range().describe('Addresses that are given out there.'),
      router: ipv4().describe('Default gateway there.'),
    }),
    'a list of {subnet, range, router}',
    256,
  )
    .prefault([])
    .describe('Subnets behind DHCP relays.'),
}).transform(({ leaseTime, ...rest }) => ({
  ...rest,
  range: rest.range,
  router: rest.router,
  leaseTimeSec: leaseTime,
}));

const fnodeRow = section({
  name: hostName().describe('Its name: in DNS, in menus, in clients.'),
  mac: mac().optional().describe('Reserves ip for it; leave out where the node has a fixed address.'),
  ip: ipv4().describe('Its address.'),
  weight: whole(0, 1000).default(1).describe('Share of the clients that no row names; 0 for none but those.'),
}).transform((row) => ({ ...row, mac: row.mac }));

const clientRow = section({
  mac: macPattern().describe(
    'One machine, or a pattern with * for single octets or all that follow; the most specific wins.',
  ),
  fnode: hostName().optional().describe('Name of the fnode that boots it.'),
  ip: ipv4().optional().describe('Its fixed address; one machine only.'),
  hostname: hostName().optional().describe('Its name; one machine only.'),
  boot: text('the name of a menu entry').optional().describe('The menu entry that starts by itself.'),
  loader: bootFile().optional().describe('Its boot file, whatever its architecture says.'),
}).transform(({ mac, fnode, ip, hostname, boot, loader }) => ({ mac, fnode, ip, hostname, boot, loader }));

/** Debian's packages bring these; for the others nobody signs or ships a loader, so the operator names one. */
const BOOT_DEFAULTS: BootFiles = {
  bios: 'lpxelinux.0',
  'x64-uefi': 'shimx64.efi',
  'ia32-uefi': 'grubia32.efi',
  'arm64-uefi': 'shimaa64.efi',
  'x64-http': 'ipxe.efi',
  'ia32-http': 'grubia32.efi',
  'arm64-http': 'shimaa64.efi',
  ipxe: 'boot.ipxe',
};

const bootHelp: Readonly<Record<BootKey, string>> = {
  bios: 'PC BIOS (option 93: 0).',
  'x64-uefi': 'UEFI, 64-bit PC (7, 8, 9).',
  'ia32-uefi': 'UEFI, 32-bit PC (6).',
  'arm64-uefi': 'UEFI, 64-bit ARM (11).',
  'arm32-uefi': 'UEFI, 32-bit ARM (10).',
  'riscv64-uefi': 'UEFI, 64-bit RISC-V (27).',
  'loongarch64-uefi': 'UEFI, 64-bit LoongArch (39).',
  'x64-http': 'UEFI HTTP Boot, 64-bit PC (16).',
  'ia32-http': 'UEFI HTTP Boot, 32-bit PC (15).',
  'arm64-http': 'UEFI HTTP Boot, 64-bit ARM (19).',
  'arm32-http': 'UEFI HTTP Boot, 32-bit ARM (18).',
  'bios-http': 'HTTP Boot from a BIOS (20).',
  'riscv64-http': 'UEFI HTTP Boot, 64-bit RISC-V (28).',
  'loongarch64-http': 'UEFI HTTP Boot, 64-bit LoongArch (40).',
  ipxe: 'A client that is iPXE already: a script.',
};

const bootEntry = (key: BootKey) => {
  const fallback = BOOT_DEFAULTS[key];
  return (fallback === undefined ? bootFile().optional() : bootFile().prefault(fallback)).describe(bootHelp[key]);
};

const boot = section({
  bios: bootEntry('bios'),
  'x64-uefi': bootEntry('x64-uefi'),
  'ia32-uefi': bootEntry('ia32-uefi'),
  'arm64-uefi': bootEntry('arm64-uefi'),
  'arm32-uefi': bootEntry('arm32-uefi'),
  'riscv64-uefi': bootEntry('riscv64-uefi'),
  'loongarch64-uefi': bootEntry('loongarch64-uefi'),
  'x64-http': bootEntry('x64-http'),
  'ia32-http': bootEntry('ia32-http'),
  'arm64-http': bootEntry('arm64-http'),
  'arm32-http': bootEntry('arm32-http'),
  'bios-http': bootEntry('bios-http'),
  'riscv64-http': bootEntry('riscv64-http'),
  'loongarch64-http': bootEntry('loongarch64-http'),
  ipxe: bootEntry('ipxe'),
}).transform((files) => {
  const set: Partial<Record<BootKey, string>> = {};
  for (const [key, name] of Object.entries(files)) if (name !== undefined) set[key as BootKey] = name;
  return set;
});

const records = z
  .record(z.string(), ipv4(), {
    error: (issue) => (issue.code === 'invalid_type' ? wantGot('name: address pairs', issue.input) : undefined),
  })
  .meta({ title: 'name: address pairs' })
  .transform((pairs, context) =>
    Object.entries(pairs).map(([key, address]) => {
      const name = parseDomainName(key);
      if (name === undefined) {
        const message = 'is no name for a host: want letters, digits, dashes and dots';
        context.addIssue({ code: 'custom', path: [key], message, input: key });
      }
      return { name: name ?? key, address };
    }),
  );

/** `flink.` stands before it. RFC 1035 §2.3.4 */
const MAX_HALL_DOMAIN_CHARS = 253 - 'flink.'.length;
/** RFC 6761 §6.3 and §6.4, RFC 7686 §2: clients ask no resolver for these, or believe none. */
const UNASKED = /(^|\.)(localhost|invalid|onion)$/;
const hallDomain = domainName()
  .refine((name) => name.length <= MAX_HALL_DOMAIN_CHARS, {
    error: `want at most ${MAX_HALL_DOMAIN_CHARS} octets: names of the hall stand before it`,
  })
  .refine((name) => !UNASKED.test(name), {
    error: 'means no network, and clients look nothing up in it: want one like flisol.lan',
  });

const MAX_BLOCKED = 100_000;
const blockedDomains = list(domainName(), 'a list of domains', MAX_BLOCKED);
const blockedWords = z
  .array(z.string().meta({ title: 'a domain name like flisol.lan' }))
  .meta({ maxItems: MAX_BLOCKED, title: 'a list of domains' });
/** What is wrong with one domain stands where it is. */
const blocklist = z
  .union([blockedWords, file()], {
    error: (issue) => wantGot('a list of domains, or a file with one a line', issue.input),
  })
  .meta({ title: 'a list of domains, or a file with one a line' })
  .transform((input, context): DomainList => {
    if (typeof input === 'string') return { file: input };
    const read = blockedDomains.safeParse(input);
    for (const { message, path } of read.error?.issues ?? [])
      context.addIssue({ code: 'custom', path, message, input });
    return { domains: read.data ?? [] };
  });

const resolvers = () => list(upstream(), 'a list of resolvers', 16);
const someResolvers = resolvers().min(1, { error: 'names no resolver: want one, or leave the domain out' });

/** A resolver, or a list of them; what is wrong with one stands where it is. */
const oneOrMoreResolvers = z
  .union([z.string(), z.array(z.string())], { error: (issue) => wantGot('a resolver, or a list of them', issue.input) })
  .transform((input, context): readonly Upstream[] => {
    const read = someResolvers.safeParse(typeof input === 'string' ? [input] : input);
    for (const { message, path } of read.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: typeof input === 'string' ? [] : path, message, input });
    }
    return read.data ?? [];
  });

const MAX_DOMAINS = 256;
const domainKey = z.string().refine((key) => parseDomainName(key) !== undefined);
const resolversByDomain = z
  .record(domainKey, oneOrMoreResolvers, {
    error: ({ code, input }) => {
      if (code === 'invalid_type') return wantGot('domain: resolver pairs', input);
      return code === 'invalid_key' ? 'is no domain: want one like corp.example or 16.172.in-addr.arpa' : undefined;
    },
  })
  .refine((rows) => Object.keys(rows).length <= MAX_DOMAINS, { error: `want at most ${MAX_DOMAINS} of them` })
  .meta({ title: 'domain: resolver pairs' })
  .transform((rows) =>
    Object.entries(rows).map(([key, upstreams]) => ({ name: parseDomainName(key) ?? key, upstreams })),
  );

/** RFC 8767 §5: one to three days at most. */
const MAX_STALE_SEC = 3 * 86_400;

const dns = section({
  upstreams: resolvers()
    .prefault([])
    .describe(
      "Resolvers that are asked: 9.9.9.9 by UDP, tcp://9.9.9.9 by TCP alone, tls://1.1.1.1#cloudflare-dns.com by DNS over TLS (the name is the certificate's; without it the address must be in it). Default: the system's.",
    ),
  domains: resolversByDomain
    .prefault({})
    .describe('Who is asked for a domain and all below it instead: a resolver, or a list of them.'),
  records: records.prefault({}).describe('Names of your own, with the domain or without it.'),
  cacheEntries: whole(0, 1_000_000).default(8192).describe('Answers that are remembered.'),
  serveStale: durationOrOffSec(MAX_STALE_SEC, '3d')
    .prefault('24h')
    .describe('How long answers are told beyond their end while no resolver answers.'),
  rebindProtection: onOff().prefault(true).describe('Refuses private addresses in answers from outside.'),
  rebindExceptions: list(domainName(), 'a list of domains', 1024)
    .prefault([])
    .describe('Domains whose names may have private addresses all the same.'),
  blocklist: blocklist
    .prefault([])
    .describe(
      'Domains that are answered as if they were not there, subdomains too; or a file of them: one a line, or as hosts files, Adblock and dnsmasq write them.',
    ),
  queryLog: onOff()
    .prefault('off')
    .describe("Logs each question and who asked it: strangers' laptops, so not for long."),
  questionsPerSecond: whole(0, 1_000_000)
    .default(5000)
    .describe('That one client may ask over time, twice as many at once; 0 for no limit.'),
}).transform(({ serveStale, ...rest }) => ({ ...rest, serveStaleSec: serveStale }));

const MAX_MIRRORS = 256;
const MIRROR_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const mirrors = z
  .record(
    z.string().refine((name) => MIRROR_NAME.test(name)),
    mirrorAddress(),
    {
      error: ({ code, input }) => {
        if (code === 'invalid_type') return wantGot('name: URL pairs', input);
        return code === 'invalid_key' ? 'is no name of a mirror: want one like debian' : undefined;
      },
    },
  )
  .refine((rows) => Object.keys(rows).length <= MAX_MIRRORS, { error: `want at most ${MAX_MIRRORS} of them` })
  .meta({ title: 'name: URL pairs' })
  .transform((rows) => Object.entries(rows).map(([name, url]) => ({ name, url })));

export const DEFAULT_CACHE_DIR = '/var/cache/flisolator';
const MAX_OBJECT_BYTES = 8e9;

const proxy = section({
  cacheDir: folder()
    .prefault(DEFAULT_CACHE_DIR)
    .describe('Folder of the cache; where this one cannot be used, it is in stateDir.'),
  cacheSize: sizeBytes().prefault('40GB').describe('The cache takes no more than this.'),
  maxObject: sizeBytes()
    .optional()
    .describe('Larger answers pass by the cache. Default: 8GB, or cacheSize where that is smaller.'),
  memory: sizeBytes().prefault('128MB').describe('Contents that many read, in memory.'),
  blocklist: blocklist.prefault([]).describe('Domains that are refused, subdomains too; or a file with one a line.'),
  bandwidth: section({
    total: rateBitsPerSec().optional().describe('What all clients together may bring in.'),
    perClient: rateBitsPerSec().optional().describe('What one client may bring in, however many connections it has.'),
  })
    .transform(({ total, perClient }) => ({ totalBitsPerSec: total, perClientBitsPerSec: perClient }))
    .prefault({})
    .describe('Limits of what comes from outside; none where absent. What the cache has is not limited.'),
  refresh: list(
    section({
      pattern: text('a pattern like *.deb', 1024).describe(
        'The whole URL, `*` matches anything: `*.deb`, `example.com/pool/*`; `http://example.com/*` is not https. The first that fits wins, and goes before what is known of repositories.',
      ),
      fresh: durationSec().describe('How long its answers count as fresh.'),
    }).transform(({ pattern, fresh }) => ({ pattern, freshSec: fresh })),
    'a list of {pattern, fresh}',
    1024,
  )
    .prefault([])
    .describe('Freshness by pattern, for repositories that send poor headers.'),
  allow: list(destination(), 'a list of host:port', 1024)
    .prefault([])
    .describe('Destinations that are refused otherwise: a mirror on the LAN.'),
  mirrors: mirrors
    .prefault({})
    .describe(
      'Where `http://mirror.<domain>/NAME/` is fetched, beside those that are known: a mirror that is nearer, `debian: http://ftp.es.debian.org/debian/`. Reached wherever it is.',
    ),
}).transform(({ cacheSize, maxObject, memory, ...rest }) => ({
  ...rest,
  cacheSizeBytes: cacheSize,
  maxObjectBytes: maxObject ?? Math.min(MAX_OBJECT_BYTES, cacheSize),
  memoryBytes: memory,
}));

const swarm = (secretHelp: string) =>
  section({ secretFile: file().optional().describe(secretHelp) })
    .transform(({ secretFile }) => ({ secretFile }))
    .prefault({});

const filter = section({
  ssh: portOrOff()
    .prefault(22)
    .describe(
      'SSH on this machine, open from everywhere for a few new connections a minute from each address; off closes it.',
    ),
  open: list(openPort(), 'a list of ports like tcp/2049', 256)
    .prefault([])
    .describe('Further ports of this machine that the LAN may reach.'),
  whitelist: list(machine(), 'a list of MACs and addresses')
    .prefault([])
    .describe('Clients that pass untouched: nothing is redirected for them.'),
  trusted: list(interfaceName(), 'a list of interfaces', 64)
    .prefault([])
    .describe('Other interfaces on which nothing is filtered: virbr0, wg0.'),
}).transform(({ ssh, open, whitelist, trusted }) => ({
  sshPort: ssh,
  open,
  whitelist: {
    macs: whitelist.flatMap((row) => parseMac(row) ?? []),
    addresses: whitelist.flatMap((row) => parseIpv4(row) ?? []),
  },
  trusted,
}));

const uplink = section({
  down: rateBitsPerSec().optional().describe('From the internet.'),
  up: rateBitsPerSec().optional().describe('To the internet.'),
}).transform(({ down, up }) => ({ downBitsPerSec: down, upBitsPerSec: up }));

export const flinkShape = section({
  lan: interfaceName().optional().describe('The interface that is served; needed here or as --lan.'),
  wan: interfaceName().optional().describe('The interface towards the internet, if there is one.'),
  domain: hallDomain.prefault('flisol.lan').describe("The clients' domain."),
  stateDir: folder().optional().describe('Folder of leases and the like. Default: /var/lib/flisolator.'),
  dhcp: dhcp.prefault({}).describe('Addresses and boot data.'),
  fnodes: list(fnodeRow, 'a list of {name, mac, ip, weight}')
    .prefault([])
    .describe('The MAC table, part 1: the boot nodes.'),
  clients: list(clientRow, 'a list of {mac, ...}', 65_536)
    .prefault([])
    .describe('The MAC table, part 2: which client goes where.'),
  boot: boot.prefault({}).describe('Boot file by architecture (option 93).'),
  dns: dns.prefault({}).describe('Names.'),
  proxy: proxy.prefault({}).describe('The caching proxy.'),
  admin: section({
    listen: endpoint().prefault('127.0.0.1:8067').describe('Where the dashboard and the API listen.'),
    passwordFile: file().optional().describe('File with the password.'),
  })
    .transform(({ listen, passwordFile }) => ({ listen, passwordFile }))
    .prefault({})
    .describe('Dashboard and API.'),
  swarm: swarm('File with the secret that nodes share.').describe('How nodes announce themselves.'),
  firewall: oneOf(['print', 'apply'])
    .default('print')
    .describe('apply loads the ruleset at start and removes it at stop; print leaves it to you.'),
  filter: filter.prefault({}).describe('What the firewall lets through beside what flink serves.'),
  uplink: uplink
    .prefault({})
    .describe('What the line behind `wan` carries; the firewall shapes the ways that have a rate.'),
  language: language(),
  ports: section({
    dhcp: port().default(67).describe('DHCP.'),
    pxe: port().default(4011).describe('PXE boot server.'),
    dns: port().default(53).describe('DNS.'),
    proxy: port().default(3128).describe('Proxy.'),
    intercept: port().default(3129).describe('Intercepting proxy.'),
  })
    .prefault({})
    .describe('Ports, for tests and odd networks.'),
}).transform((c): FlinkConfig => ({ ...c, lan: c.lan, wan: c.wan, stateDir: c.stateDir }));

const SERIAL_DEFAULT = { port: 0, baud: 115_200 };
const serial = z
  .union(
    [
      onOff(),
      section({
        port: whole(0, 7).default(SERIAL_DEFAULT.port).describe('0 is the first, ttyS0.'),
        baud: whole(300, 4_000_000).default(SERIAL_DEFAULT.baud).describe('Speed.'),
      }),
    ],
    { error: (issue) => wantGot('off, on or {port: 0, baud: 115200}', issue.input) },
  )
  .meta({ title: 'off, on or {port, baud}' })
  .transform((input) => (input === true ? SERIAL_DEFAULT : input === false ? undefined : input));

/** Dark blue and near white: read from the last row of a hall, on a beamer by daylight. */
const colors = section({
  background: colour().prefault('#10243e').describe('The whole screen.'),
  text: colour().prefault('#f2f6fa').describe('Entries.'),
  accent: colour().prefault('#ffd866').describe('Title and countdown.'),
  selected: colour().prefault('#ffd866').describe('The bar below the selected entry.'),
  selectedText: colour().prefault('#10243e').describe('The selected entry.'),
  frame: colour().prefault('#3d6ea5').describe('Frames and bars.'),
  hint: colour().prefault('#c7d6e6').describe('Help and keys.'),
});

export const fnodeShape = section({
  isos: folder().prefault('./isos').describe('Folder of the images.'),
  boot: folder().prefault('./boot').describe('Folder of the boot loaders; `fnode loaders install` fills it.'),
  listen: list(ipv4(), 'a list of addresses', 64).prefault([]).describe('Addresses to serve. Default: every one.'),
  flink: flinkDoor().prefault('auto').describe('The director: auto finds it, none does without, or its URL.'),
  swarm: swarm("File with flink's secret, where it has one.").describe('How the node announces itself.'),
  name: hostName().optional().describe("The node's name. Default: what flink's MAC table says, else the host's."),
  menu: section({
    title: text('a title', 72).prefault('FLISoL').describe('Head of the menus.'),
    timeout: durationSec().prefault('30s').describe('Then the default starts; 0 waits for ever.'),
    default: text('local or the name of an entry')
      .prefault('local')
      .describe('local for the disk, or the name of an entry.'),
    serial: serial.prefault('off').describe('Menus on a serial console, too: off, on or {port, baud}.'),
    language: language(),
    colors: colors.prefault({}).describe('Colours, by name or as "#rrggbb" in quotes.'),
  })
    .transform(({ timeout, ...rest }) => ({ ...rest, timeoutSec: timeout }))
    .prefault({})
    .describe('The boot menus.'),
  stateDir: folder().optional().describe('Folder of what the node remembers. Default: /var/lib/flisolator.'),
  clients: list(
    section({
      mac: macPattern().describe('One machine, or a pattern.'),
      boot: text('the name of a menu entry').describe('The entry that starts by itself.'),
    }),
    'a list of {mac, boot}',
    65_536,
  )
    .prefault([])
    .describe('Menus of single clients.'),
  cache: memorySize()
    .prefault('25%')
    .describe(
      'Memory for what many machines read: a share of it, a size, or off. It grows while a tenth of the memory is free, and shrinks when nobody reads.',
    ),
  nfs: onOff()
    .prefault('on')
    .describe(
      'Serves the images and what is inside them by NFS, read-only: what streams by it needs less memory. Off: such entries are not offered.',
    ),
  ports: section({
    tftp: port().default(69).describe('TFTP.'),
    http: port().default(80).describe('HTTP.'),
    nfs: port().default(2049).describe('NFS and mounts; NFS over TCP alone.'),
    portmap: port().default(111).describe('Portmapper. Where another one has the port, NFS is registered with that.'),
  })
    .prefault({})
    .describe('Ports, for tests and odd networks.'),
}).transform((c): FnodeConfig => ({ ...c, name: c.name, stateDir: c.stateDir }));
