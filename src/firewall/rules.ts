/** What the firewall lets through, as a value: chains of rules from facts. The words of matches are nftables' own, nft(8). */
import type { Ipv4, Mac, Subnet } from '../core/addr.ts';
import type { Memo } from './memo.ts';

/** Ports of this machine that the LAN may reach. */
export interface Door {
  readonly what: string;
  readonly protocol: 'tcp' | 'udp';
  readonly ports: readonly number[];
}

export interface FirewallFacts {
  /** `networks`: the LAN's own, and those behind DHCP relays, which come in by the same interface. */
  readonly lan: { readonly name: string; readonly address: Ipv4; readonly networks: readonly Subnet[] };
  /** Undefined: nothing is forwarded for the LAN. */
  readonly wan: string | undefined;
  /** Interfaces on which nothing is filtered. */
  readonly trusted: readonly string[];
  readonly doors: readonly Door[];
  /** Nobody but the LAN may send there. */
  readonly dhcpPorts: readonly number[];
  /** Undefined: SSH is closed. */
  readonly sshPort: number | undefined;
  /** Where flink answers DNS at the LAN's address; undefined while it does not. */
  readonly dnsPort: number | undefined;
  /** Where the intercepting proxy listens; undefined while there is none. */
  readonly interceptPort: number | undefined;
  /** Clients that nothing is redirected for. */
  readonly untouched: { readonly macs: readonly Mac[]; readonly addresses: readonly Ipv4[] };
  readonly memo: Memo;
}

/** A phrase is one of the constants in this file; what comes from outside stands in a form of its own, for the renderer to quote. */
export type Match =
  | string
  | { readonly interface: 'iifname' | 'oifname'; readonly names: readonly string[]; readonly isNot?: boolean }
  | {
      readonly address: 'ip saddr' | 'ip daddr' | 'ether saddr';
      readonly values: readonly string[];
      readonly isNot?: boolean;
    }
  | { readonly ports: 'tcp dport' | 'udp dport' | 'th dport'; readonly values: readonly number[] };

export interface Rule {
  readonly when: readonly Match[];
  readonly verdict: string | { readonly dnatTo: Ipv4; readonly port: number };
  /** Stands beside it in the kernel's listing. */
  readonly why?: string;
}

export interface Chain {
  readonly name: string;
  readonly hook: string;
  readonly policy: 'accept' | 'drop';
  readonly rules: readonly Rule[];
}

/** One address in it has its own allowance. */
export interface Meter {
  readonly name: string;
  readonly type: 'ipv4_addr' | 'ipv6_addr';
}

export interface Ruleset {
  readonly memo: Memo;
  readonly meters: readonly Meter[];
  readonly chains: readonly Chain[];
}

/** The whole table. Never throws. */
export function rules(facts: FirewallFacts): Ruleset {
  const redirects = redirected(facts);
  return {
    memo: facts.memo,
    meters: facts.sshPort === undefined ? [] : METERS,
    chains: [
      { name: 'early', hook: 'type filter hook prerouting priority raw', policy: 'accept', rules: early(facts) },
      ...(redirects.length > 0
        ? [{ name: 'redirected', hook: 'type nat hook prerouting priority dstnat', policy: ACCEPT, rules: redirects }]
        : []),
      { name: 'input', hook: 'type filter hook input priority filter', policy: 'drop', rules: input(facts) },
      {
        name: 'forward',
        hook: 'type filter hook forward priority filter',
        // Between other networks all stays as it was: who forwarded for them goes on, and nobody begins to.
        policy: facts.memo.wasForwarding ? 'accept' : 'drop',
        rules: forward(facts),
      },
      ...(facts.wan === undefined
        ? []
        : [
            {
              name: 'masqueraded',
              hook: 'type nat hook postrouting priority srcnat',
              policy: ACCEPT,
              rules: nat(facts),
            },
          ]),
    ],
  };
}

const ACCEPT = 'accept' as const;
const METERS: readonly Meter[] = [
  { name: 'ssh4', type: 'ipv4_addr' },
  { name: 'ssh6', type: 'ipv6_addr' },
];

const from = (...names: readonly string[]): Match => ({ interface: 'iifname', names });
const towards = (...names: readonly string[]): Match => ({ interface: 'oifname', names });
const elsewhere = (...names: readonly string[]): Match => ({ interface: 'iifname', names, isNot: true });
const networksOf = ({ lan }: FirewallFacts): readonly string[] =>
  lan.networks.map(({ network, prefixBits }) => `${network}/${prefixBits}`);

/** Flags that no TCP sends together. RFC 9293 §3.10.7, and what port scanners send. */
const BOGUS_FLAGS = [
  'tcp flags & (fin|syn) == fin|syn',
  'tcp flags & (syn|rst) == syn|rst',
  'tcp flags & (fin|rst) == fin|rst',
  'tcp flags & (fin|ack) == fin',
  'tcp flags & (urg|ack) == urg',
  'tcp flags & (fin|syn|rst|psh|ack|urg) == 0x0',
] as const;

/** Before a connection is tracked: what lies about where it comes from. */
function early(facts: FirewallFacts): readonly Rule[] {
  const { lan, wan, trusted, dhcpPorts } = facts;
  const sides = wan === undefined ? [lan.name] : [lan.name, wan];
  return [
    { when: [from('lo', ...trusted)], verdict: 'accept' },
    {
      when: [elsewhere(lan.name), { ports: 'udp dport', values: dhcpPorts }],
      verdict: 'drop',
      why: 'DHCP is for the LAN',
    },
    {
      when: [elsewhere(lan.name), { address: 'ip saddr', values: networksOf(facts) }],
      verdict: 'drop',
      why: 'an address of the LAN from elsewhere',
    },
    // RFC 4862 §5.4.2 and RFC 3810 §5.2.13: who has no address yet asks with none.
    { when: ['ip6 saddr ::', 'meta l4proto icmpv6'], verdict: 'accept' },
    { when: [from(...sides), 'fib saddr . iif oif missing'], verdict: 'drop', why: 'no way back to that source' },
    ...BOGUS_FLAGS.map((flags): Rule => ({ when: [flags], verdict: 'drop' })),
  ];
}

/** What the LAN asks others for and gets here. RFC 7858 (853) is left alone: it cannot be answered in another's name. */
function redirected(facts: FirewallFacts): readonly Rule[] {
  const { lan, dnsPort, interceptPort, untouched } = facts;
  const outwards: readonly Match[] = [
    from(lan.name),
    { address: 'ip daddr', values: networksOf(facts), isNot: true },
    'fib daddr type unicast',
  ];
  const all: Rule[] = [];
  if (dnsPort !== undefined) {
    const dns: Match[] = ['meta l4proto { tcp, udp }', { ports: 'th dport', values: [53] }];
    all.push({ when: [...outwards, ...dns], verdict: { dnatTo: lan.address, port: dnsPort } });
  }
  if (interceptPort !== undefined) {
    const http: Match = { ports: 'tcp dport', values: [80] };
    all.push({ when: [...outwards, http], verdict: { dnatTo: lan.address, port: interceptPort } });
  }
  return all.length === 0 ? [] : [...passing(untouched), ...all];
}

function passing({ macs, addresses }: FirewallFacts['untouched']): readonly Rule[] {
  const rows = [
    { address: 'ether saddr', values: macs },
    { address: 'ip saddr', values: addresses },
  ] as const;
  return rows.flatMap((row): Rule[] =>
    row.values.length === 0 ? [] : [{ when: [row], verdict: 'accept', why: 'passes untouched' }],
  );
}

/** RFC 4890 §4.4: neighbours are a link's own affair, told by the hop limit (RFC 4861 §7.1). */
const NEIGHBOURS = 'icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert }';
const GROUPS = 'icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report }';
/** From one address: who mistypes a password gets on, who guesses does not. Taste. */
const SSH_ALLOWANCE = 'limit rate 6/minute burst 10 packets';
/** From everywhere together. Taste. */
const PINGS = 'limit rate 20/second burst 50 packets';

function input({ lan, trusted, sshPort, doors }: FirewallFacts): readonly Rule[] {
  return [
    { when: ['ct state established,related'], verdict: 'accept' },
    { when: ['ct state invalid'], verdict: 'drop' },
    { when: [from('lo', ...trusted)], verdict: 'accept' },
    { when: ['ip6 hoplimit 255', NEIGHBOURS], verdict: 'accept' },
    { when: ['ip6 saddr fe80::/10', GROUPS], verdict: 'accept' },
    // The answer to a question that was broadcast comes from a server that nobody asked: it belongs to no connection.
    { when: ['udp sport 67', 'udp dport 68'], verdict: 'accept', why: 'answers to a DHCP client' },
    {
      when: ['ip6 saddr fe80::/10', 'udp sport 547', 'udp dport 546'],
      verdict: 'accept',
      why: 'answers to a DHCPv6 client',
    },
    ...ssh(sshPort),
    ...doors.map(({ what, protocol, ports }): Rule => {
      return { when: [from(lan.name), { ports: `${protocol} dport`, values: ports }], verdict: 'accept', why: what };
    }),
    ...['icmp', 'icmpv6'].flatMap((kind): Rule[] => [
      { when: [from(lan.name), `${kind} type echo-request`], verdict: 'accept' },
      { when: [`${kind} type echo-request`, PINGS], verdict: 'accept' },
    ]),
    { when: [from(lan.name), 'meta l4proto tcp'], verdict: 'reject with tcp reset' },
    { when: [from(lan.name)], verdict: 'reject with icmpx port-unreachable' },
  ];
}

/** A full table of sources lets nobody new in, rather than everybody. */
function ssh(port: number | undefined): readonly Rule[] {
  if (port === undefined) return [];
  const sources = { ssh4: 'ip saddr', ssh6: 'ip6 saddr' };
  const limited = Object.entries(sources).map(([meter, source]): Rule => {
    const allowance = `update @${meter} { ${source} ${SSH_ALLOWANCE} }`;
    return { when: [{ ports: 'tcp dport', values: [port] }, allowance], verdict: 'accept', why: 'SSH' };
  });
  return [...limited, { when: [{ ports: 'tcp dport', values: [port] }], verdict: 'drop', why: 'SSH, too often' }];
}

/** IPv4 goes out and its answers come in; IPv6, which flink gives nobody, is refused at once, so that clients take IPv4. */
function forward({ lan, wan, trusted }: FirewallFacts): readonly Rule[] {
  const [inside, outside] = [from(lan.name), towards(lan.name)];
  const free: readonly Rule[] =
    trusted.length === 0
      ? []
      : [
          { when: [from(...trusted)], verdict: 'accept' },
          { when: [towards(...trusted)], verdict: 'accept' },
        ];
  return [
    ...free,
    ...(wan === undefined ? [] : outwards(lan.name, wan)),
    { when: [inside, outside, 'meta nfproto ipv4'], verdict: 'accept', why: 'through routers on the LAN' },
    { when: [inside], verdict: 'reject with icmpx admin-prohibited' },
    { when: [outside], verdict: 'drop' },
  ];
}

function outwards(lan: string, wan: string): readonly Rule[] {
  const syn = 'tcp flags & (syn|rst) == syn';
  const fit = 'tcp option maxseg size set rt mtu';
  return [
    // A line by PPPoE carries less than Ethernet, and what says so is often lost. RFC 2923 §2.1
    { when: [from(lan), towards(wan), syn], verdict: fit },
    { when: [from(wan), towards(lan), syn], verdict: fit },
    { when: [towards(lan), 'ct state established,related'], verdict: 'accept' },
    { when: [from(lan), 'ct state invalid'], verdict: 'drop' },
    { when: [from(lan), towards(wan), 'meta nfproto ipv4'], verdict: 'accept' },
  ];
}

function nat(facts: FirewallFacts): readonly Rule[] {
  if (facts.wan === undefined) return [];
  return [{ when: [towards(facts.wan), { address: 'ip saddr', values: networksOf(facts) }], verdict: 'masquerade' }];
}
