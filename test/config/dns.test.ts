/** The section `dns`: what each key takes, and what is said of what it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigFaults, showConfigFault } from '../../src/core/errors.ts';
import { flinkConfig } from '../support/config.ts';

const dnsOf = (yaml: string) => flinkConfig(`lan: enp3s0\ndns:\n  ${yaml}\n`).dns;

/** `3 dns.x: want …`, each fault a line. */
function faultsOf(yaml: string): readonly string[] {
  try {
    flinkConfig(yaml);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigFaults, String(error));
    return error.faults.map(({ line, path, problem }) => `${line} ${showConfigFault({ path, problem })}`);
  }
}

test('without a section: the system’s resolvers, stale answers for a day, a limit, nothing blocked, nothing logged', () => {
  assert.deepEqual(flinkConfig('').dns, {
    upstreams: [],
    domains: [],
    records: [],
    cacheEntries: 8192,
    serveStaleSec: 86_400,
    rebindProtection: true,
    rebindExceptions: [],
    blocklist: { domains: [] },
    queryLog: false,
    questionsPerSecond: 5000,
  });
});

const UPSTREAMS = [
  { text: '9.9.9.9', want: { transport: 'udp', address: '9.9.9.9', port: 53 } },
  { text: '9.9.9.9:5353', want: { transport: 'udp', address: '9.9.9.9', port: 5353 } },
  { text: 'udp://9.9.9.9', want: { transport: 'udp', address: '9.9.9.9', port: 53 } },
  { text: 'tcp://9.9.9.9', want: { transport: 'tcp', address: '9.9.9.9', port: 53 } },
  { text: '[2620:FE::fe]:53', want: { transport: 'udp', address: '2620:fe::fe', port: 53 } },
  { text: '2620:fe::fe', want: { transport: 'udp', address: '2620:fe::fe', port: 53 } },
  { text: '[fe80::1%enp2s0]', want: { transport: 'udp', address: 'fe80::1%enp2s0', port: 53 } },
  { text: 'tcp://[2620:fe::fe]:5353', want: { transport: 'tcp', address: '2620:fe::fe', port: 5353 } },
  { text: 'tls://1.1.1.1', want: { transport: 'tls', address: '1.1.1.1', port: 853 } },
  { text: 'TLS://1.1.1.1:8853', want: { transport: 'tls', address: '1.1.1.1', port: 8853 } },
  {
    text: 'tls://1.1.1.1#Cloudflare-DNS.com',
    want: { transport: 'tls', address: '1.1.1.1', port: 853, tlsName: 'cloudflare-dns.com' },
  },
  {
    text: 'tls://[2620:fe::fe]:853#dns.quad9.net',
    want: { transport: 'tls', address: '2620:fe::fe', port: 853, tlsName: 'dns.quad9.net' },
  },
];
for (const { text, want } of UPSTREAMS) {
  test(`upstream ${text}`, () => assert.deepEqual(dnsOf(`upstreams: ["${text}"]`).upstreams, [want]));
}

const NO_UPSTREAMS = [
  'tls://dns.example',
  'dns.quad9.net',
  'https://9.9.9.9',
  '9.9.9.9#dns.quad9.net',
  'tls://9.9.9.9#',
  'tls://9.9.9.9#-',
  '9.9.9.9:0',
  '9.9.9.9:65536',
  '9.9.9',
  '[9.9.9.9]',
  '0.0.0.0',
  '224.0.0.251',
  '255.255.255.255',
  '[::]',
  '[ff02::fb]:5353',
  'udp://2620:fe::fe',
  '2620:fe:::fe',
  '',
];
for (const text of NO_UPSTREAMS) {
  const want = 'a resolver like 9.9.9.9, "[2620:fe::fe]:53" or "tls://1.1.1.1#cloudflare-dns.com"';
  test(`no upstream: ${JSON.stringify(text)}`, () => {
    const faults = faultsOf(`dns:\n  upstreams:\n    - 9.9.9.9\n    - "${text}"`);
    assert.deepEqual(faults, [`4 dns.upstreams[1]: want ${want}, got "${text}"`]);
  });
}

test('domains: one upstream or a list; names in lower case, no dot at the end', () => {
  assert.deepEqual(
    dnsOf('domains: { Corp.Example.: [10.0.0.1, 10.0.0.2:5353], 16.172.in-addr.arpa: 10.0.0.1 }').domains,
    [
      {
        name: 'corp.example',
        upstreams: [
          { transport: 'udp', address: '10.0.0.1', port: 53 },
          { transport: 'udp', address: '10.0.0.2', port: 5353 },
        ],
      },
      { name: '16.172.in-addr.arpa', upstreams: [{ transport: 'udp', address: '10.0.0.1', port: 53 }] },
    ],
  );
});

const seconds = [
  { text: '24h', want: 86_400 },
  { text: '3d', want: 259_200 },
  { text: '90', want: 90 },
  { text: '0', want: 0 },
  { text: 'off', want: 0 },
];
for (const { text, want } of seconds) {
  test(`serveStale: ${text}`, () => assert.equal(dnsOf(`serveStale: ${text}`).serveStaleSec, want));
}

test('the other keys', () => {
  const dns = dnsOf(
    'queryLog: on\n  questionsPerSecond: 0\n  rebindExceptions: [Corp.example, nas.home.arpa]\n  blocklist: [Ads.example.]',
  );
  assert.deepEqual(
    [dns.queryLog, dns.questionsPerSecond, dns.rebindExceptions, dns.blocklist],
    [true, 0, ['corp.example', 'nas.home.arpa'], { domains: ['ads.example'] }],
  );
});

test('a file of blocked domains is named from the folder of the configuration', () => {
  const { blocklist } = dnsOf('blocklist: block/hosts.txt');
  assert.match('file' in blocklist ? blocklist.file : '', /^\/.*\/block\/hosts\.txt$/);
  assert.deepEqual(dnsOf('blocklist: /srv/hosts').blocklist, { file: '/srv/hosts' });
});

const many = Array.from({ length: 257 }, (_, i) => `d${i}.example: 9.9.9.9`).join(', ');
const faults = [
  {
    name: 'stale for longer than RFC 8767 §5 wants',
    text: 'dns: { serveStale: 4d }',
    want: ['1 dns.serveStale: want a duration of up to 3d like 24h, or off, got "4d"'],
  },
  {
    name: 'the same in seconds',
    text: 'dns: { serveStale: 259201 }',
    want: ['1 dns.serveStale: want a duration of up to 3d like 24h, or off, got 259201'],
  },
  {
    name: 'questions without bound',
    text: 'dns: { questionsPerSecond: 1000001 }',
    want: ['1 dns.questionsPerSecond: want a whole number from 0 to 1000000, got 1000001'],
  },
  {
    name: 'domains that are none, and resolvers that are none',
    text: 'dns:\n  domains:\n    "a b": 9.9.9.9\n    corp.example: [9.9.9.9, x]\n    lab.example: y\n    none.example: []\n    deep.example: { a: 1 }',
    want: [
      '3 dns.domains."a b": is no domain: want one like corp.example or 16.172.in-addr.arpa',
      '4 dns.domains."corp.example"[1]: want a resolver like 9.9.9.9, "[2620:fe::fe]:53" or "tls://1.1.1.1#cloudflare-dns.com", got "x"',
      '5 dns.domains."lab.example": want a resolver like 9.9.9.9, "[2620:fe::fe]:53" or "tls://1.1.1.1#cloudflare-dns.com", got "y"',
      '6 dns.domains."none.example": names no resolver: want one, or leave the domain out',
      '7 dns.domains."deep.example": want a resolver, or a list of them, got keys and values',
    ],
  },
  {
    name: 'too many domains',
    text: `dns: { domains: { ${many} } }`,
    want: ['1 dns.domains: want at most 256 of them'],
  },
  {
    name: 'a domain twice, in other letters',
    text: 'dns:\n  domains:\n    corp.example: 9.9.9.9\n    Corp.Example.: 1.1.1.1',
    want: [
      '3 dns.domains."corp.example": the domain corp.example is taken: want another one (it is dns.domains."corp.example" in line 3)',
    ],
  },
  {
    name: 'domains that are a list',
    text: 'dns: { domains: [corp.example] }',
    want: ['1 dns.domains: want domain: resolver pairs, got a list'],
  },
  {
    name: "the hall's own domain",
    text: 'domain: hall.lan\ndns:\n  domains:\n    hall.lan: 9.9.9.9\n    lab.hall.lan: 9.9.9.9\n    all.lan: 9.9.9.9',
    want: [
      '4 dns.domains."hall.lan": is the hall\'s own domain, which flink answers itself: name another, or set domain: to another',
      '5 dns.domains."lab.hall.lan": is below the hall\'s own domain, which flink answers itself: name another, or set domain: to another',
    ],
  },
  {
    name: 'flink asks itself',
    text: 'lan: enp3s0\ndns:\n  upstreams: [9.9.9.9, 172.16.0.1]\n  domains:\n    corp.example: ["tcp://172.16.0.1:53"]',
    want: [
      '3 dns.upstreams[1]: 172.16.0.1 is flink itself, so it would ask itself: name another',
      '5 dns.domains."corp.example"[0]: 172.16.0.1 is flink itself, so it would ask itself: name another',
    ],
  },
  {
    name: 'another resolver at flink’s address is none of that',
    text: 'lan: enp3s0\ndns: { upstreams: ["172.16.0.1:5353", "tls://172.16.0.1"] }',
    want: [],
  },
];
for (const { name, text, want } of faults) {
  test(`fault: ${name}`, () => assert.deepEqual(faultsOf(text), want));
}

test('blocklist: each domain that is none is named, in its own line', () => {
  assert.deepEqual(faultsOf('dns:\n  blocklist:\n    - ads.example\n    - "bad domain"\n    - http://x.example/'), [
    '4 dns.blocklist[1]: want a domain name like flisol.lan, got "bad domain"',
    '5 dns.blocklist[2]: want a domain name like flisol.lan, got "http://x.example/"',
  ]);
});

test('domain: none that clients look nothing up in, and none that leaves no room for the names of the hall', () => {
  const long = (last: number) => [63, 63, 63, last].map((octets) => 'a'.repeat(octets)).join('.');
  assert.equal(flinkConfig(`domain: ${long(55)}`).domain.length, 247);
  assert.match(faultsOf(`domain: ${long(56)}`).join(), /^1 domain: want at most 247 octets/);
  for (const domain of ['localhost', 'hall.localhost', 'hall.invalid', 'onion']) {
    assert.match(
      faultsOf(`domain: ${domain}`).join(),
      /^1 domain: means no network.*: want one like flisol\.lan$/,
      domain,
    );
  }
  for (const domain of ['local', 'test', 'localhost.lan', 'notlocalhost'])
    assert.equal(flinkConfig(`domain: ${domain}`).domain, domain);
});
