/** Programs that people use, on machines that know no other resolver than flink. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entry } from '../cli/support.ts';
import { addressOf, udhcpc } from '../support/dhcpclients.ts';
import { nsd, PEERS } from '../support/dnspeers.ts';
import { zoneFiles } from '../support/dnszone.ts';
import { Hall, needs } from '../support/netns.ts';

const FLINK = '172.16.0.1';
const AUTHORITY = '172.16.0.53';
/** What `www` is in the zones: a host of the hall has it, too, so that it can be fetched from. */
const WWW = '93.184.216.34';
const PROGRAMS = [
  'ip',
  'unshare',
  'mount',
  'dig',
  'host',
  'kdig',
  'drill',
  'getent',
  'curl',
  'apt-get',
  'busybox',
  ...PEERS,
];
const CONFIG = `
domain: hall.test
dhcp: { range: 172.16.0.101-172.16.0.140, leaseTime: 2h, probe: off }
fnodes:
  - { name: fnode00, mac: 02:00:00:00:01:00, ip: 172.16.0.10 }
dns:
  upstreams: [${AUTHORITY}]
  records: { intranet: 172.16.0.5 }
`;

interface Scene {
  readonly hall: Hall;
  readonly folder: string;
  /** On a machine of the hall. */
  on(host: string, command: string, ...args: readonly string[]): Promise<string>;
}

async function scene(t: TestContext): Promise<Scene | undefined> {
  if (!needs(t, PROGRAMS)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'dnsclients-'));
  const hosts = { flink: `${FLINK}/16`, authority: `${AUTHORITY}/16`, laptop: '172.16.0.77/16', desk: undefined };
  const hall = new Hall(hosts);
  t.after(async () => {
    await hall.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const argv = nsd({ folder, at: { address: AUTHORITY, port: 53 } }, zoneFiles(folder));
  await hall.start('authority', argv, /nsd started/);
  hall.run('authority', 'ip', ['addr', 'add', `${WWW}/32`, 'dev', 'lan']);
  hall.run('laptop', 'ip', ['route', 'add', `${WWW}/32`, 'dev', 'lan']);
  writeFileSync(join(folder, 'flisolator.yaml'), CONFIG);
  const files = ['--config', join(folder, 'flisolator.yaml'), '--state-dir', join(folder, 'state')];
  const flink = [process.execPath, entry('flink'), 'serve', '--lan', 'lan', ...files, '--log-format', 'json'];
  await hall.start('flink', flink, /"event":"ready"/);
  const on = (host: string, command: string, ...args: readonly string[]): Promise<string> =>
    hall.ask(host, 'unshare', ['-m', 'sh', '-c', ownResolver(folder), 'sh', command, ...args]);
  return { hall, folder, on };
}

/** A shell's words that run `"$@"` with a name service of its own: the files are mounted over the machine's. */
function ownResolver(folder: string): string {
  const table = {
    'resolv.conf': `nameserver ${FLINK}\nsearch hall.test\noptions timeout:5\n`,
    hosts: '127.0.0.1 localhost\n',
    'nsswitch.conf': 'hosts: files dns\n',
  };
  for (const [name, text] of Object.entries(table)) writeFileSync(join(folder, name), text);
  const mounts = Object.keys(table).map((name) => `mount --bind '${join(folder, name)}' "$(readlink -f /etc/${name})"`);
  return `${mounts.join(' && ')} && exec "$@"`;
}

const at = `@${FLINK}`;
const SIGNED = 'nsec3.example.org';
const PLAIN = 'plain.example.org';

/** A command of the laptop, and what it must say, and what not. */
const asked: readonly (readonly [command: readonly string[], want: readonly RegExp[], not?: RegExp])[] = [
  [['dig', at, '+short', `www.${PLAIN}`], [/^93\.184\.216\.34$/m]],
  [['dig', at, '+tcp', '+short', `www.${PLAIN}`, 'AAAA'], [/^2606:2800:220:1:248:1893:25c8:1946$/m]],
  [
    ['dig', at, `www.${PLAIN}`],
    [/status: NOERROR/, /flags: qr rd ra;/, /EDNS: version: 0, flags:; udp: 1232/, /COOKIE|udp/],
  ],
  [['dig', at, '+noedns', `www.${PLAIN}`], [/status: NOERROR/], /OPT PSEUDOSECTION/],
  [['dig', at, '+dnssec', `www.${SIGNED}`], [/flags: do; udp/, /\sRRSIG\sA 13 4 300 /], /;; WARNING|malformed/],
  [['dig', at, '+dnssec', `nowhere.${SIGNED}`], [/status: NXDOMAIN/, /\sNSEC3\s1 0 2 AB /], /WARNING/],
  [
    ['dig', at, '+cdflag', '+dnssec', SIGNED, 'DNSKEY'],
    [/flags: qr rd ra cd;/, /\sDNSKEY\s257 3 13 /],
  ],
  [['dig', at, '+edns=1', '+noednsneg', `www.${PLAIN}`], [/status: BADVERS/]],
  [['dig', at, '+ednsopt=65001:0102', `www.${PLAIN}`], [/status: NOERROR/], /OPT=65001/],
  [['dig', at, '+opcode=update', PLAIN, 'SOA'], [/status: NOTIMP/]],
  [
    ['dig', at, '+short', `big.${PLAIN}`, 'TXT'],
    [/^"000x{150}"$/m, /^"024x{150}"$/m],
  ],
  [
    ['dig', at, '+ignore', '+bufsize=512', `big.${PLAIN}`, 'TXT'],
    [/flags: qr tc rd ra;/, /ANSWER: 0/],
  ],
  [
    ['dig', at, '+short', `huge.${PLAIN}`, 'TXT'],
    [/^"000y{240}"$/m, /^"119y{240}"$/m],
  ],
  [['dig', at, `www.${PLAIN}`, 'ANY'], [/HINFO\s"RFC8482" ""/]],
  [['dig', at, PLAIN, 'AXFR'], [/Transfer failed|REFUSED|NOTIMP|connection reset/], /\sSOA\s/],
  [['dig', at, '-c', 'CH', 'version.bind', 'TXT'], [/status: (REFUSED|NOTIMP)/]],
  [['dig', at, '-x', FLINK], [/PTR\sflink\.hall\.test\./]],
  [['dig', at, '-x', '192.168.99.99'], [/status: NXDOMAIN/]],
  [
    ['kdig', at, '+tcp', `mx.${PLAIN}`, 'MX'],
    [/MX\s10 mail\.plain\.example\.org\./, /\(TCP\)/],
  ],
  [
    ['kdig', at, '+dnssec', '+bufsize=4096', `https.${SIGNED}`, 'HTTPS'],
    [/HTTPS\s1 \. alpn=h3 ipv4hint=93\.184\.216\.34/, /\sRRSIG\sHTTPS/],
  ],
  [['kdig', at, '+cookie', `www.${PLAIN}`], [/status: NOERROR/]],
  [['kdig', at, '+subnet=203.0.113.0/24', `www.${PLAIN}`], [/status: NOERROR/]],
  [['kdig', at, '+padding', '+nsid', `www.${PLAIN}`], [/status: NOERROR/]],
  [
    [
      'kdig',
      at,
      '+tcp',
      '+keepopen',
      `www.${PLAIN}`,
      'A',
      `mx.${PLAIN}`,
      'MX',
      `txt.${PLAIN}`,
      'TXT',
      `nowhere.${PLAIN}`,
      'A',
    ],
    [/www\.plain\S+\s+\d+\s+IN\s+A/, /\sMX\s20 /, /"v=spf1 -all"/, /status: NXDOMAIN/],
    /;; (WARNING|ERROR)/,
  ],
  [['kdig', at, `unknown.${PLAIN}`, 'TYPE65280'], [/TYPE65280\s\\# 5 0102FF00C0/i]],
  [['kdig', at, '+short', `svcb.${PLAIN}`, 'SVCB'], [/1 www\.plain\.example\.org\. alpn=h2,h3 port=8443/]],
  [
    ['drill', at, `www.${PLAIN}`, 'A'],
    [/rcode: NOERROR/, /flags: qr rd ra ;/],
  ],
  [
    ['drill', '-D', at, `loc.${SIGNED}`, 'LOC'],
    [/RRSIG\sLOC/, /LOC\s52 22 23\.000 N/],
  ],
  [['drill', '-t', at, `naptr.${PLAIN}`, 'NAPTR'], [/"E2U\+sip" "!\^\.\*\$!sip:info@example\.com!" \./]],
  [
    ['drill', '-D', at, `one.${SIGNED}`, 'A'],
    [/CNAME\sthree\./, /three\.\S+\s\d+\sIN\sCNAME\swww\./, /RRSIG\sA/],
  ],
  [
    ['host', `www.${PLAIN}`, FLINK],
    [/has address 93\.184\.216\.34/, /has IPv6 address 2606:2800:220:1:/],
  ],
  [['host', '-t', 'CAA', `caa.${PLAIN}`, FLINK], [/has CAA record 0 issue "letsencrypt\.org"/]],
  [['host', 'flink'], [/^flink\.hall\.test has address 172\.16\.0\.1$/m]],
  [['getent', 'hosts', 'flink'], [/^172\.16\.0\.1\s+flink\.hall\.test/m]],
  [['getent', 'hosts', 'fnode00'], [/^172\.16\.0\.10\s+fnode00\.hall\.test/m]],
  [['getent', 'hosts', 'fnode.hall.test'], [/^172\.16\.0\.10\s+fnode\.hall\.test/m]],
  [['getent', 'hosts', 'intranet'], [/^172\.16\.0\.5\s/m]],
  [['getent', 'hosts', FLINK], [/^172\.16\.0\.1\s+flink\.hall\.test/m]],
  [
    ['getent', 'ahosts', `www.${PLAIN}`],
    [/^93\.184\.216\.34\s+STREAM/m, /^2606:2800:220:1:248:1893:25c8:1946\s+STREAM/m],
  ],
  [['getent', 'ahostsv4', `one.${PLAIN}`], [/^93\.184\.216\.34\s+STREAM www\.plain\.example\.org/m]],
  [['getent', 'hosts', `nowhere.${PLAIN}`], [/^$/], /\d/],
  [['busybox', 'nslookup', `www.${PLAIN}`], [/Address:\s+93\.184\.216\.34/]],
];

test('dig, kdig, drill, host and getent ask flink as their users do', async (t) => {
  const world = await scene(t);
  if (!world) return;
  for (const [command, want, not] of asked) {
    await t.test(command.join(' '), async () => {
      const [program = '', ...args] = command;
      const said = await world.on('laptop', program, ...args);
      for (const pattern of want) assert.match(said, pattern);
      if (not) assert.doesNotMatch(said, not);
    });
  }

  await t.test('curl fetches by name, and apt-get update from a repository', async () => {
    const site = join(world.folder, 'site');
    mkdirSync(join(site, 'deb'), { recursive: true });
    writeFileSync(join(site, 'hello'), 'hello from the repository\n');
    const packages =
      'Package: flisol-hello\nVersion: 1.0\nArchitecture: all\nFilename: ./x.deb\nSize: 1\nDescription: x\n\n';
    writeFileSync(join(site, 'deb', 'Packages'), packages);
    const sum = createHash('sha256').update(packages).digest('hex');
    writeFileSync(join(site, 'deb', 'Release'), `Origin: flisol\nSHA256:\n ${sum} ${packages.length} Packages\n`);
    const server = ['sh', '-c', `busybox httpd -f -vv -p ${WWW}:80 -h ${site} 2>&1 & echo serving; wait`];
    await world.hall.start('authority', server, /serving/);
    const retrying = ['--retry', '10', '--retry-connrefused', '--retry-delay', '1', '--noproxy', '*'];
    assert.equal(
      await world.on('laptop', 'curl', '-sS', ...retrying, `http://www.${PLAIN}/hello`),
      'hello from the repository\n',
    );
    assert.match(await aptUpdate(world), /^Package: flisol-hello$/m);
  });

  await t.test('a machine that has its address from flink is known by its name, and by its address', async () => {
    const client = await udhcpc({ hall: world.hall, host: 'desk', folder: world.folder }, ['-x', 'hostname:desk7']);
    const address = addressOf(client);
    assert.match(
      await world.on('laptop', 'getent', 'hosts', 'desk7'),
      new RegExp(`^${address}\\s+desk7\\.hall\\.test`, 'm'),
    );
    assert.match(await world.on('laptop', 'dig', at, '-x', address), /PTR\sdesk7\.hall\.test\./);
    assert.match(await world.on('laptop', 'dig', at, 'desk7.hall.test', 'AAAA'), /status: NOERROR[\s\S]*ANSWER: 0/);
    assert.match(client.said(), new RegExp(`^dns=${FLINK}$`, 'm'));
  });
});

/** Everything of apt's in a folder of its own; what it has for the package afterwards. */
async function aptUpdate({ folder, on }: Scene): Promise<string> {
  const home = join(folder, 'apt');
  for (const part of ['lists/partial', 'archives/partial', 'etc', 'log'])
    mkdirSync(join(home, part), { recursive: true });
  writeFileSync(join(home, 'sources.list'), `deb [trusted=yes] http://www.${PLAIN}/ deb/\n`);
  writeFileSync(join(home, 'status'), '');
  const set = {
    'Dir::Etc': join(home, 'etc'),
    'Dir::Etc::sourcelist': join(home, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State': home,
    'Dir::State::lists': join(home, 'lists'),
    'Dir::State::status': join(home, 'status'),
    'Dir::Cache': home,
    'Dir::Log': join(home, 'log'),
    'APT::Sandbox::User': 'root',
    'Acquire::http::Proxy': 'false',
    'Acquire::Languages': 'none',
  };
  const options = Object.entries(set).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const said = await on('laptop', 'apt-get', ...options, 'update');
  assert.doesNotMatch(said, /^(Err|E:)/m, said);
  return on('laptop', 'apt-cache', ...options, 'show', 'flisol-hello');
}
