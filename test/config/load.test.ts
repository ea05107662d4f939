import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type LoadFrom, loadFlink, loadFnode, type Override } from '../../src/config/load.ts';
import { ConfigFaults, showConfigFault } from '../../src/core/errors.ts';
import { lan, mutate, seeded } from '../support/fakes.ts';
import { FLINK_SAMPLE, FNODE_SAMPLE } from './samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'c.yaml');

const facts = {
  interfaces: [lan('lo', '127.0.0.1', 8), lan('enp3s0', '172.16.0.1')],
  optionProblem: (key: string) => (key === '999' ? 'want an option number' : undefined),
};

function from(content: string | Uint8Array, overrides: readonly Override[] = []): LoadFrom {
  writeFileSync(file, content);
  return { file, overrides, workingDir: '/srv/hall' };
}

const flink = (content: string | Uint8Array, overrides: readonly Override[] = []) =>
  loadFlink(from(content, overrides), facts).config;
const fnode = (content: string, overrides: readonly Override[] = []) => loadFnode(from(content, overrides)).config;

/** `3 dhcp.mode: want …`, each fault a line, without the file's name. */
function faultsOf(load: () => unknown): readonly string[] {
  try {
    load();
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigFaults, String(error));
    assert.equal(error.exitCode, 2);
    return error.faults.map((fault) =>
      showConfigFault({ ...fault, file: undefined } as never).replace(/^/, at(fault.line)),
    );
  }
}

const at = (line: number | undefined): string => (line === undefined ? '' : `${line} `);

test("the contract's sample for flink is read whole", () => {
  const config = flink(FLINK_SAMPLE);
  assert.equal(config.dhcp.leaseTimeSec, 86_400);
  assert.deepEqual(config.dhcp.range, { first: '172.16.0.101', last: '172.16.255.254' });
  assert.deepEqual(config.dhcp.options[0], {
    key: '42',
    value: '172.16.0.1',
    place: { file, line: 10, path: 'dhcp.options.42' },
  });
  assert.deepEqual(config.dhcp.options[1]?.value, ['172.16.0.1', '172.16.0.2']);
  assert.deepEqual(config.dhcp.relays[0]?.subnet, { network: '10.1.0.0', prefixBits: 24 });
  assert.deepEqual(config.fnodes[1], { name: 'fnode01', mac: '00:14:d1:2d:c9:5b', ip: '172.16.0.11', weight: 1 });
  assert.equal(config.clients[2]?.loader, 'lpxelinux.0');
  assert.equal(config.boot.bios, 'lpxelinux.0');
  assert.deepEqual(config.dns.upstreams, [
    { transport: 'udp', address: '9.9.9.9', port: 53 },
    { transport: 'udp', address: '2620:fe::fe', port: 53 },
    { transport: 'tls', address: '1.1.1.1', port: 853 },
  ]);
  assert.equal(config.proxy.cacheSizeBytes, 40_000_000_000);
  assert.equal(config.proxy.bandwidth.perClientBitsPerSec, 8_000_000);
  assert.deepEqual(config.proxy.refresh, [{ pattern: '*.deb', freshSec: 30 * 86_400 }]);
  assert.deepEqual(config.admin.listen, { address: '127.0.0.1', port: 8067 });
});

test('proxy: what is allowed stands as URLs have it; an answer fits into the cache, whatever its size', () => {
  const { proxy } = flink(
    'proxy: { cacheSize: 1GB, memory: 64MiB, allow: [Mirror.LAN.:80, 10.0.0.1:8080, "[2001:DB8:0::1]:3142"] }',
  );
  assert.deepEqual(proxy.allow, [
    { host: 'mirror.lan', port: 80 },
    { host: '10.0.0.1', port: 8080 },
    { host: '2001:db8::1', port: 3142 },
  ]);
  assert.deepEqual([proxy.cacheSizeBytes, proxy.maxObjectBytes, proxy.memoryBytes], [1e9, 1e9, 64 << 20]);
  assert.deepEqual([flink('').proxy.maxObjectBytes, flink('').proxy.memoryBytes], [8e9, 128e6]);
});

test("the contract's sample for an fnode is read whole", () => {
  const config = fnode(FNODE_SAMPLE);
  assert.deepEqual(config.flink, { kind: 'url', url: 'http://172.16.0.1:8067' });
  assert.deepEqual(config.menu, {
    title: 'FLISoL',
    timeoutSec: 30,
    default: 'local',
    serial: { port: 0, baud: 115_200 },
    language: 'en',
    colors: {
      background: '#10243e',
      text: '#f2f6fa',
      accent: '#ffd866',
      selected: '#ffd866',
      selectedText: '#10243e',
      frame: '#3d6ea5',
      hint: '#c7d6e6',
    },
  });
  assert.deepEqual(config.listen, ['172.16.0.10']);
  assert.equal(config.nfs, true);
});

test('every key is optional: an empty file, an empty section and no file give the defaults', () => {
  const none = { file: undefined, overrides: [], workingDir: '/srv/hall' };
  const { config } = loadFlink(none, facts);
  assert.deepEqual(flink(''), config);
  assert.deepEqual(flink('# nothing\ndhcp:\nfnodes:\nproxy: {}\n'), config);
  assert.equal(config.dhcp.mode, 'server');
  assert.deepEqual(fnode('menu:\n'), loadFnode(none).config);
});

test('the result is frozen through and through', () => {
  const config = flink(FLINK_SAMPLE);
  const reach = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    assert.ok(Object.isFrozen(value));
    Object.values(value).forEach(reach);
  };
  reach(config);
});

test('flags win over the file, the file over the defaults', () => {
  const flag = { flag: '--dhcp', path: ['dhcp', 'mode'], value: 'off' };
  const config = flink('dhcp: { mode: proxy, leaseTime: 1h }', [flag]);
  assert.equal(config.dhcp.mode, 'off');
  assert.equal(config.dhcp.leaseTimeSec, 3600);
  assert.equal(config.ports.dhcp, 67);
  const listen = { flag: '--listen', path: ['listen'], value: ['127.0.0.1', '127.0.0.2'] };
  assert.deepEqual(fnode('listen: [10.0.0.1]', [listen]).listen, ['127.0.0.1', '127.0.0.2']);
});

test("relative paths: the file's from its folder, flags and defaults from the working folder", () => {
  assert.equal(fnode('isos: images').isos, join(folder, 'images'));
  assert.equal(fnode('isos: images').boot, '/srv/hall/boot');
  assert.equal(fnode('', [{ flag: '--isos', path: ['isos'], value: 'x' }]).isos, '/srv/hall/x');
  assert.deepEqual(flink('proxy: { blocklist: bad.txt }').proxy.blocklist, { file: join(folder, 'bad.txt') });
});

test('what the operator said is told from what is default', () => {
  const loaded = loadFlink(from('dhcp: { mode: off }\n', [{ flag: '--lan', path: ['lan'], value: 'lo' }]), facts);
  assert.deepEqual(
    ['dhcp', 'dhcp.mode', 'lan', 'dns', 'dhcp.relays'].map((path) => loaded.isGiven(path)),
    [true, true, true, false, false],
  );
});

test('the cache of blocks is a share of memory, a size or nothing', () => {
  assert.deepEqual(fnode('').cache, { percent: 25 });
  for (const [text, want] of [
    ['10%', { percent: 10 }],
    ['2GB', { bytes: 2e9 }],
    ['off', { bytes: 0 }],
  ] as const) {
    assert.deepEqual(fnode(`cache: ${text}`).cache, want);
  }
});

test('on, off, yes, no, true and false are all switches', () => {
  for (const word of ['on', 'yes', 'true']) assert.equal(fnode(`nfs: ${word}`).nfs, true);
  for (const word of ['off', 'no', 'false']) assert.equal(fnode(`nfs: ${word}`).nfs, false);
  assert.deepEqual(fnode('menu: { serial: on }').menu.serial, { port: 0, baud: 115_200 });
  assert.equal(fnode('menu: { serial: off }').menu.serial, undefined);
  const { colors } = fnode('menu: { colors: { background: Navy, text: "#FFEEDD" } }').menu;
  assert.deepEqual([colors.background, colors.text, colors.accent], ['#000080', '#ffeedd', '#ffd866']);
  for (const wrong of ['"#12345"', '"blue;reboot"', 'constructor', '"#10243e none"']) {
    assert.throws(
      () => fnode(`menu: { colors: { text: ${wrong} } }`),
      /menu\.colors\.text: want a colour like navy/,
      wrong,
    );
  }
});

const flinkFaults: readonly { readonly name: string; readonly text: string; readonly want: readonly string[] }[] = [
  { name: 'unknown key', text: 'lan: lo\ndchp: {}', want: ['2 dchp: is no known key: did you mean "dhcp"?'] },
  {
    name: 'unknown key in a section',
    text: 'dhcp:\n  leasetime: 1h',
    want: ['2 dhcp.leasetime: is no known key: did you mean "leaseTime"?'],
  },
  {
    name: 'unknown key in a row',
    text: 'clients:\n  - mac: "*"\n    fnod: x',
    want: ['3 clients[0].fnod: is no known key: did you mean "fnode"?'],
  },
  { name: 'wrong kind: a list for a section', text: 'dhcp: [1]', want: ['1 dhcp: want keys and values, got a list'] },
  {
    name: 'wrong kind: text for a list',
    text: 'fnodes: x',
    want: ['1 fnodes: want a list of {name, mac, ip, weight}, got "x"'],
  },
  { name: 'wrong word', text: 'firewall: aply', want: ['1 firewall: want one of print, apply, got "aply"'] },
  {
    name: 'bad address',
    text: 'dhcp: { router: 172.16.0.300 }',
    want: ['1 dhcp.router: want an IPv4 address like 172.16.0.1, got "172.16.0.300"'],
  },
  {
    name: 'bad range',
    text: 'dhcp: { range: 172.16.0.9 }',
    want: ['1 dhcp.range: want a range like 172.16.0.101-172.16.0.254, low end first, got "172.16.0.9"'],
  },
  {
    name: 'reversed range',
    text: 'dhcp: { range: 172.16.0.9-172.16.0.5 }',
    want: ['1 dhcp.range: want a range like 172.16.0.101-172.16.0.254, low end first, got "172.16.0.9-172.16.0.5"'],
  },
  {
    name: 'range outside the LAN',
    text: 'lan: enp3s0\ndhcp: { range: 172.17.0.5-172.17.0.9 }',
    want: ['2 dhcp.range: 172.17.0.5 is outside 172.16.0.0/16: want both ends in it'],
  },
  {
    name: 'range over the broadcast address, RFC 1122 §3.2.1.3',
    text: 'lan: enp3s0\ndhcp: { range: 172.16.1.0-172.16.255.255 }',
    want: ["2 dhcp.range: 172.16.255.255 is no host's address in 172.16.0.0/16: leave it out of the range"],
  },
  {
    name: 'router outside the LAN',
    text: 'lan: enp3s0\ndhcp: { router: 10.0.0.1 }',
    want: ['2 dhcp.router: 10.0.0.1 is outside the LAN 172.16.0.0/16'],
  },
  {
    name: 'relay overlapping the LAN',
    text: 'lan: enp3s0\ndhcp:\n  relays:\n    - { subnet: 172.16.5.0/24, range: 172.16.5.5-172.16.5.9, router: 172.16.5.1 }',
    want: ['4 dhcp.relays[0].subnet: 172.16.5.0/24 overlaps the LAN 172.16.0.0/16: each address has one place'],
  },
  {
    name: 'relays overlapping',
    text: 'dhcp:\n  relays:\n    - { subnet: 10.0.0.0/24, range: 10.0.0.5-10.0.0.9, router: 10.0.0.1 }\n    - { subnet: 10.0.0.0/25, range: 10.0.0.5-10.0.0.9, router: 10.0.0.1 }',
    want: ["4 dhcp.relays[1].subnet: 10.0.0.0/25 overlaps relay 1's 10.0.0.0/24: each address has one place"],
  },
  {
    name: 'relay range overlapping the main range',
    text: 'dhcp:\n  range: 10.0.0.5-10.0.0.9\n  relays: [{ subnet: 10.0.0.0/24, range: 10.0.0.9-10.0.0.20, router: 10.0.0.1 }]',
    want: ['3 dhcp.relays[0].range: overlaps dhcp.range: each address has one place'],
  },
  {
    name: 'relay range and router outside its subnet',
    text: 'dhcp:\n  relays: [{ subnet: 10.0.0.0/24, range: 10.0.1.9-10.0.1.20, router: 10.0.1.1 }]',
    want: [
      '2 dhcp.relays[0].range: 10.0.1.9 is outside 10.0.0.0/24: want both ends in it',
      '2 dhcp.relays[0].router: 10.0.1.1 is outside 10.0.0.0/24',
    ],
  },
  {
    name: 'reservation outside the subnet',
    text: 'lan: enp3s0\nclients:\n  - { mac: 52:54:00:12:34:56, ip: 10.0.0.5 }',
    want: ['3 clients[0].ip: 10.0.0.5 is outside 172.16.0.0/16: want an address there'],
  },
  {
    name: "a client at flink's own address",
    text: 'lan: enp3s0\nclients: [{ mac: 52:54:00:12:34:56, ip: 172.16.0.1 }]',
    want: ["2 clients[0].ip: 172.16.0.1 is flink's own address: want another one"],
  },
  {
    name: 'one address for many machines',
    text: 'clients: [{ mac: "52:54:00:*", ip: 172.16.0.5 }]',
    want: ['1 clients[0].ip: 52:54:00:* stands for many machines: want a whole MAC'],
  },
  {
    name: 'one name for many machines',
    text: 'clients: [{ mac: "52:54:00:*", hostname: x }]',
    want: ['1 clients[0].hostname: 52:54:00:* stands for many machines: want a whole MAC'],
  },
  {
    name: 'duplicate MAC of clients, however written',
    text: 'clients:\n  - mac: 52:54:00:12:34:56\n  - mac: 52-54-00-12-34-56',
    want: ['3 clients[1].mac: the MAC 52-54-00-12-34-56 is taken: want another one (it is clients[0].mac in line 2)'],
  },
  {
    name: 'duplicate MAC of fnode and client',
    text: 'fnodes: [{ name: a, mac: 52:54:00:12:34:56, ip: 10.0.0.1 }]\nclients:\n  - mac: 52:54:00:12:34:56',
    want: ['3 clients[0].mac: the MAC 52:54:00:12:34:56 is taken: want another one (it is fnodes[0].mac in line 1)'],
  },
  {
    name: 'duplicate address',
    text: 'fnodes:\n  - { name: a, ip: 10.0.0.1 }\nclients:\n  - { mac: 52:54:00:12:34:56, ip: 10.0.0.1 }',
    want: ['4 clients[0].ip: the address 10.0.0.1 is taken: want another one (it is fnodes[0].ip in line 2)'],
  },
  {
    name: 'duplicate name among fnodes, clients and records',
    text: 'fnodes:\n  - { name: a, ip: 10.0.0.1 }\nclients:\n  - { mac: 52:54:00:12:34:56, hostname: A }\ndns:\n  records:\n    a.flisol.lan: 10.0.0.3',
    want: [
      '4 clients[0].hostname: the name a is taken: want another one (it is fnodes[0].name in line 2)',
      '7 dns.records."a.flisol.lan": the name a is taken: want another one (it is fnodes[0].name in line 2)',
    ],
  },
  {
    name: "flink's own name",
    text: 'fnodes: [{ name: flink, ip: 10.0.0.1 }]',
    want: ['1 fnodes[0].name: the name flink is taken: want another one (it is flink itself)'],
  },
  {
    name: 'client of an unknown fnode',
    text: 'fnodes: [{ name: fnode01, ip: 10.0.0.1 }]\nclients:\n  - { mac: "*", fnode: fnode1 }',
    want: ['3 clients[0].fnode: no fnode is called "fnode1": did you mean "fnode01"?'],
  },
  {
    name: 'missing key of a row',
    text: 'fnodes:\n  - name: a',
    want: ['2 fnodes[0].ip: is missing: want an IPv4 address like 172.16.0.1'],
  },
  {
    name: 'a MAC of digits that YAML takes for a number',
    text: 'clients: [{ mac: 525400123456 }]',
    want: [
      '1 clients[0].mac: want a MAC like 52:54:00:12:34:56 or a pattern like "52:54:00:*" in quotes, got 525400123456',
    ],
  },
  {
    name: 'a lease shorter than a minute',
    text: 'dhcp: { leaseTime: 5 }',
    want: ['1 dhcp.leaseTime: want a lease of 60s or more, like 24h'],
  },
  {
    name: 'size, rate, duration',
    text: 'proxy:\n  cacheSize: 1X\n  bandwidth: { total: 9MB }\n  refresh: [{ pattern: a, fresh: soon }]',
    want: [
      '2 proxy.cacheSize: want a size like 40GB or 512MiB, got "1X"',
      '3 proxy.bandwidth.total: want a rate like 90Mbps, got "9MB"',
      '4 proxy.refresh[0].fresh: want a duration like 24h, 30m or 45s, got "soon"',
    ],
  },
  {
    name: 'port out of range',
    text: 'ports: { dhcp: 0, pxe: 65536 }',
    want: [
      '1 ports.dhcp: want a whole number from 1 to 65535, got 0',
      '1 ports.pxe: want a whole number from 1 to 65535, got 65536',
    ],
  },
  {
    name: 'one port twice',
    text: 'ports: { dhcp: 4011 }',
    want: ['1 ports.pxe: the port 4011 is taken: want another one (it is ports.dhcp in line 1)'],
  },
  {
    name: 'a loader outside the folder',
    text: 'boot: { bios: ../x }',
    want: ['1 boot.bios: want a file name below boot/ like lpxelinux.0, or a URL, got "../x"'],
  },
  {
    name: 'LAN and WAN the same',
    text: 'lan: lo\nwan: lo',
    want: ['2 wan: is the LAN, too: name the other interface, or leave it out'],
  },
  {
    name: 'an uplink of nowhere, and one that carries nothing',
    text: 'uplink: { up: 1kbps }',
    want: [
      '1 uplink.up: carries nothing: want 64kbps or more, like 10Mbps',
      '1 uplink: needs to know its interface: wan: enp2s0',
    ],
  },
  {
    name: 'what the firewall lets through',
    text: 'lan: lo\nfilter:\n  ssh: 0\n  open: [tcp/0, 80]\n  whitelist: [desk7]\n  trusted: [virbr0, lo]',
    want: [
      '3 filter.ssh: want a port from 1 to 65535, or off, got 0',
      '4 filter.open[0]: want a port like tcp/2049 or udp/123, got "tcp/0"',
      '4 filter.open[1]: want a port like tcp/2049 or udp/123, got 80',
      '5 filter.whitelist[0]: want a MAC like 52:54:00:12:34:56 or an IPv4 address, got "desk7"',
      '6 filter.trusted[1]: is filtered by what flink serves: name other interfaces than lan and wan',
    ],
  },
  { name: 'extra option', text: 'dhcp:\n  options:\n    999: 1', want: ['3 dhcp.options.999: want an option number'] },
  {
    name: 'object larger than the cache',
    text: 'proxy: { cacheSize: 1MB, maxObject: 2MB }',
    want: ['1 proxy.maxObject: is larger than proxy.cacheSize: want at most that'],
  },
  {
    name: 'a cache that would tidy leases away, and rates that carry nothing',
    text: 'stateDir: /srv/x\nproxy:\n  cacheDir: /srv/y/../x\n  bandwidth: { total: 0bps, perClient: 9kbps }',
    want: [
      '3 proxy.cacheDir: is stateDir, too: want a folder of its own',
      '4 proxy.bandwidth.total: carries nothing: want 64kbps or more, like 10Mbps',
      '4 proxy.bandwidth.perClient: carries nothing: want 64kbps or more, like 10Mbps',
    ],
  },
  {
    name: 'destinations that are none',
    text: 'proxy:\n  allow:\n    - mirror.lan\n    - "2001:db8::1:80"\n    - "[fe80::1%eth0]:80"\n    - 127.1:80\n    - "[::1]:0"',
    want: ['mirror.lan', '2001:db8::1:80', '[fe80::1%eth0]:80', '127.1:80', '[::1]:0'].map(
      (got, i) => `${i + 3} proxy.allow[${i}]: want a destination as host:port, got "${got}"`,
    ),
  },
  {
    name: 'TCP ports of flink that are one',
    text: 'ports: { proxy: 53 }\nadmin: { listen: 127.0.0.1:3129 }',
    want: [
      '1 ports.proxy: the port 53 is taken: want another one (it is ports.dns in line 1)',
      '2 admin.listen: the port 3129 is taken: want another one (it is ports.intercept in line 1)',
    ],
  },
  {
    name: 'duplicate key',
    text: 'lan: lo\nwan: a\nlan: b',
    want: ['3 lan: is given twice, first in line 1: keep one'],
  },
  {
    name: 'duplicate option, as number and as text',
    text: 'dhcp:\n  options:\n    42: 1.2.3.4\n    "42": 1.2.3.4',
    want: ['4 dhcp.options.42: is given twice, first in line 3: keep one'],
  },
  {
    name: '__proto__ is a key like others',
    text: '__proto__: { lan: x }',
    want: [
      '1 __proto__: is no known key: want one of lan, wan, domain, stateDir, dhcp, fnodes, clients, boot, dns, proxy, admin, swarm, firewall, filter, uplink, language, ports',
    ],
  },
  { name: 'tab', text: 'dhcp:\n\tmode: off', want: ['2 a tab cannot indent: use spaces'] },
  {
    name: 'bare asterisk',
    text: 'clients:\n  - mac: *',
    want: ['2 a value cannot start with * or &: put it in quotes'],
  },
  {
    name: 'open bracket',
    text: 'dhcp: { mode: off',
    want: ['1 wrong indentation, or a bracket left open: lines of one level start in the same column'],
  },
  {
    name: 'two documents',
    text: 'lan: lo\n---\nlan: lo',
    want: ['2 a second document starts here: remove the --- line'],
  },
  { name: 'unknown tag', text: 'lan: !x lo', want: ['1 not YAML: Unresolved tag: !x'] },
  { name: 'no map', text: '- a', want: ['want key: value lines'] },
  {
    name: 'nested too deeply',
    text: `dhcp: ${'['.repeat(50)}${']'.repeat(50)}`,
    want: ['is nested deeper than 20 levels'],
  },
  {
    name: 'nested so deeply that a parser gives up',
    text: '['.repeat(100_000),
    want: ['is nested deeper than 20 levels: no key needs that'],
  },
];
for (const { name, text, want } of flinkFaults) {
  test(`flink's file: ${name}`, () => {
    const got = faultsOf(() => flink(text));
    if (name.startsWith('nested')) assert.match(got[0] ?? '', new RegExp(want[0] ?? ''));
    else assert.deepEqual(got, want);
  });
}

test('all faults come together, in the order of the file, the sound rows checked beside the broken ones', () => {
  const text = `dhcp: { mode: sever }
fnodes:
  - { name: a, mac: nonsense, ip: 10.0.0.1 }
  - { name: b, ip: 10.0.0.2 }
  - { name: b, ip: 10.0.0.3 }
clients:
  - { mac: "*", fnode: a }
bogus: 1
`;
  assert.deepEqual(
    faultsOf(() => flink(text, [{ flag: '--admin', path: ['admin', 'listen'], value: 'x' }])),
    [
      '--admin: want an address and port like 127.0.0.1:8067, got "x"',
      '1 dhcp.mode: want one of server, proxy, auto, off, got "sever"',
      '3 fnodes[0].mac: want a MAC with colons like 52:54:00:12:34:56, got "nonsense"',
      '5 fnodes[2].name: the name b is taken: want another one (it is fnodes[1].name in line 4)',
      '8 bogus: is no known key: want one of lan, wan, domain, stateDir, dhcp, fnodes, clients, boot, dns, proxy, admin, swarm, firewall, filter, uplink, language, ports',
    ],
  );
});

test("an fnode's file: its own keys, its own faults", () => {
  const text =
    'lan: lo\nflink: nowhere\nmenu: { serial: { port: 9 } }\nclients:\n  - { mac: "*", boot: a }\n  - { mac: "*:*", boot: b }';
  const got = faultsOf(() => fnode(text));
  assert.equal(got.length, 4);
  assert.match(got[0] ?? '', /^1 lan: is no known key/);
  assert.match(got[1] ?? '', /^2 flink: want auto, none or a URL/);
  assert.match(got[2] ?? '', /^3 menu.serial.port: want a whole number from 0 to 7, got 9/);
  assert.match(got[3] ?? '', /^6 clients\[1\].mac: the MAC \*:\* is taken/);
  assert.deepEqual(faultsOf(() => fnode('ports: { http: 2049 }')).length, 1);
});

test('a file that cannot be one: not UTF-8, too large, a folder, absent', () => {
  assert.deepEqual(
    faultsOf(() => flink(Uint8Array.of(0x6c, 0xff, 0xfe))),
    ['is not UTF-8 text: save it as UTF-8'],
  );
  assert.deepEqual(
    faultsOf(() => flink(new Uint8Array((1 << 20) + 1))),
    ['is larger than 1 MiB: this cannot be a configuration'],
  );
  const load = (path: string) => () => loadFlink({ file: path, overrides: [], workingDir: '/' }, facts);
  assert.deepEqual(faultsOf(load(folder)), ['is a folder: give a file with --config']);
  assert.deepEqual(faultsOf(load(join(folder, 'none'))), ['there is no such file: give the right one with --config']);
});

test('aliases that unfold to millions are refused before they do', () => {
  const rows = [...'bcdefghi'].map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]},`.repeat(9)}]`);
  const got = faultsOf(() => flink(`a: &a [1,1,1,1,1,1,1,1,1]\n${rows.join('\n')}`));
  assert.deepEqual(got, ['unfolds to more than 200000 values: use fewer aliases']);
});

test('aliases are values like others', () => {
  const config = flink('fnodes:\n  - { name: &n a, ip: 10.0.0.1 }\nclients:\n  - { mac: "*", fnode: *n }');
  assert.equal(config.clients[0]?.fnode, 'a');
});

test('a byte order mark is no part of the first key', () => {
  assert.equal(flink('\ufefflan: lo').lan, 'lo');
});

test('of a thousand faults a hundred are shown', () => {
  const got = faultsOf(() => flink(Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join('\n')));
  assert.equal(got.length, 101);
  assert.equal(got.at(-1), 'and 900 more: mend these first');
});

test('10,000 mutations of the samples: a configuration or ConfigFaults, nothing else', () => {
  const random = seeded(20260401);
  const samples = [
    { bytes: Buffer.from(FLINK_SAMPLE), load: (b: Uint8Array) => loadFlink(from(b), facts) },
    { bytes: Buffer.from(FNODE_SAMPLE), load: (b: Uint8Array) => loadFnode(from(b)) },
  ];
  let refused = 0;
  for (let i = 0; i < 10_000; i++) {
    const sample = samples[i % 2];
    if (!sample) continue;
    const bytes = mutate(sample.bytes, random);
    try {
      sample.load(bytes);
    } catch (error) {
      if (!(error instanceof ConfigFaults)) throw new Error(`round ${i}: ${Buffer.from(bytes)}`, { cause: error });
      for (const fault of error.faults)
        assert.doesNotMatch(fault.problem, /\n|undefined|Invalid/, Buffer.from(bytes).toString());
      refused += 1;
    }
  }
  assert.ok(refused > 1000 && refused < 10_000, String(refused));
});
