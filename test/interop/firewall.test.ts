/** flink between a LAN and a WAN, each with a machine: what passes, what does not, and what is left behind. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Hall, needs, type Started } from '../support/netns.ts';

const FLINK = '172.16.0.1';
const FLINK_WAN = '203.0.113.1';
const CLIENT = '172.16.0.50';
const FREE_CLIENT = '172.16.0.60';
const SERVER = '203.0.113.9';
const NOBODY = 65_534;
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const PEER = [process.execPath, script('firewallpeer.ts')];

/** Somebody else's table, which must stay as it is. It counts what has come past flink's first chain, before flink's input. */
const OTHERS = `table inet others {
  chain count {
    type filter hook input priority -5; policy accept;
    ip saddr 172.16.0.77 udp dport 7007 counter comment "lan source"
    ip saddr 198.51.100.7 udp dport 7007 counter comment "foreign source"
    iifname "wan" udp dport 67 counter comment "wan dhcp"
    iifname "lan" udp dport 67 counter comment "lan dhcp"
  }
}
`;

class Ground {
  readonly hall = new Hall({
    ...{
      flink: `${FLINK}/16`,
      client: `${CLIENT}/16`,
      free: `${FREE_CLIENT}/16`,
      fresh: undefined,
      server: `${SERVER}/24`,
    },
  });
  readonly folder = mkdtempSync(join(tmpdir(), 'firewall-'));

  constructor(t: TestContext) {
    t.after(async () => {
      await this.hall.close();
      rmSync(this.folder, { recursive: true });
    });
    chmodSync(this.folder, 0o755);
    this.hall.leg('flink', 'wan', `${FLINK_WAN}/24`);
    this.hall.move('server', 'wan');
    this.ip('flink', 'addr', 'add', '2001:db8::1/64', 'dev', 'wan', 'nodad');
    this.ip('server', 'addr', 'add', '2001:db8::9/64', 'dev', 'lan', 'nodad');
    this.ip('flink', 'route', 'add', 'default', 'via', SERVER);
    for (const host of ['client', 'free']) this.ip(host, 'route', 'add', 'default', 'via', FLINK);
    this.ip('server', 'route', 'add', '172.16.0.0/16', 'via', FLINK_WAN);
    this.ip('server', 'addr', 'add', '172.16.0.77/32', 'dev', 'lo');
    this.ip('client', 'addr', 'add', '198.51.100.7/32', 'dev', 'lo');
    writeFileSync(join(this.folder, 'others.nft'), OTHERS);
    writeFileSync(join(this.folder, 'flink.yaml'), this.config);
    assert.equal(this.run('flink', 'nft', '-f', join(this.folder, 'others.nft')), '');
  }

  get config(): string {
    return `lan: lan
wan: wan
stateDir: ${join(this.folder, 'state')}
firewall: apply
filter: { ssh: off, open: [udp/7007], whitelist: [${FREE_CLIENT}] }
uplink: { down: 50Mbps, up: 20Mbps }
admin: { listen: 0.0.0.0:8067 }
dns: { upstreams: [${SERVER}], records: { intranet: 172.16.0.5 } }
dhcp: { probe: off }
`;
  }

  ip(host: string, ...args: readonly string[]): void {
    const { code, output } = this.hall.run(host, 'ip', args);
    assert.equal(code, 0, `ip ${args.join(' ')}: ${output}`);
  }

  run(host: string, command: string, ...args: readonly string[]): string {
    return this.hall.run(host, command, args).output;
  }

  flink(...args: readonly string[]): string {
    return this.run(
      'flink',
      process.execPath,
      script('../../src/flink.ts'),
      ...args,
      '--config',
      join(this.folder, 'flink.yaml'),
    );
  }

  /** As nobody, with these rights. */
  as(
    rights: readonly string[],
    ...typed: readonly string[]
  ): { readonly code: number | null; readonly output: string } {
    const who = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', ...rights];
    const argv = [
      process.execPath,
      script('../../src/flink.ts'),
      ...typed,
      '--config',
      join(this.folder, 'flink.yaml'),
    ];
    return this.hall.run('flink', 'setpriv', [...who, ...argv]);
  }

  serve(): Promise<Started> {
    const argv = [process.execPath, script('../../src/flink.ts'), '--config', join(this.folder, 'flink.yaml')];
    return this.hall.start('flink', [...argv, '--log-format', 'json'], /"event":"ready"/);
  }

  /** All that a firewall could leave behind. */
  traces(): string {
    const rules = this.run('flink', 'nft', '-s', 'list', 'ruleset');
    const queues = this.run('flink', 'tc', 'qdisc', 'show');
    const links = this.run('flink', 'ip', '-o', 'link');
    return [rules, queues, links, this.run('flink', 'cat', '/proc/sys/net/ipv4/ip_forward')].join('\n');
  }

  table(): string {
    return this.run('flink', 'nft', '-s', 'list', 'table', 'inet', 'flisolator');
  }

  counted(comment: string): number {
    const line = this.run('flink', 'nft', 'list', 'table', 'inet', 'others')
      .split('\n')
      .find((each) => each.includes(`comment "${comment}"`));
    return Number(/counter packets (\d+)/.exec(line ?? '')?.[1]);
  }

  fetch(host: string, url: string): string {
    return this.run(host, 'curl', '-s', '-g', '--max-time', '2', url);
  }

  send(host: string, source: string, address: string, port: number): string {
    return this.run(host, ...(PEER as [string, string]), 'send', source, address, String(port)).trim();
  }

  /** Ports of flink's WAN side that anything at all comes back from. */
  scan(...more: readonly string[]): readonly string[] {
    const speed = ['-n', '-Pn', '-T5', '--max-retries', '1', '--min-rate', '3000', '-oG', '-'];
    const output = this.run('server', 'nmap', ...speed, ...more);
    assert.match(output, /Nmap done/, output);
    return [...output.matchAll(/(\d+)\/(?:open|closed|unfiltered)\/(tcp|udp)/g)].map(
      ([, port, kind]) => `${kind}/${port}`,
    );
  }
}

const TCP = ['-sS', '-p', '22,53,69,80,111,443,2049,3128,3129,8067', FLINK_WAN];
const UDP = ['-sU', '-p', '53,67,69,111,2049,4011,7007,8067', FLINK_WAN];
const TCP6 = ['-6', '-sS', '-p', '22,53,80,8067', '2001:db8::1'];
const TOOLS = ['ip', 'nft', 'tc', 'nmap', 'curl', 'dig', 'udhcpc', 'ping'];

function ended(child: Started): Promise<unknown> {
  return new Promise((resolve) => child.once('exit', resolve));
}

test('firewall: the LAN works, the WAN finds nothing, and at the stop it is gone without a trace', async (t) => {
  if (!needs(t, TOOLS)) return;
  const ground = new Ground(t);
  const { hall } = ground;
  await hall.start('flink', [...PEER, 'listen', 'tcp:80', 'tcp:111', 'tcp:2049', 'udp:111', 'udp:7007'], /listening/);
  await hall.start('client', [...PEER, 'listen', 'tcp:80'], /listening/);
  await hall.start('server', [...PEER, 'listen', 'tcp:8080', 'udp:53'], /listening/);
  const before = ground.traces();

  await t.test('without it the scan does find ports, and what is forged does come in', () => {
    assert.deepEqual(ground.scan(...TCP).includes('tcp/80'), true);
    assert.deepEqual(ground.scan(...TCP6).includes('tcp/80'), true);
    ground.send('server', '172.16.0.77', FLINK_WAN, 7007);
    ground.send('client', '198.51.100.7', FLINK, 7007);
    ground.send('server', SERVER, '255.255.255.255', 67);
    assert.deepEqual(
      ['lan source', 'foreign source', 'wan dhcp'].map((name) => ground.counted(name)),
      [1, 1, 1],
    );
  });

  const flink = await ground.serve();
  await t.test('LAN: address, names, HTTP, ping, open ports; the rest is refused at once', () => {
    const dhcp = ground.run('fresh', 'udhcpc', '-n', '-q', '-f', '-i', 'lan', '-s', '/bin/true', '-t', '3', '-T', '1');
    assert.match(dhcp, /lease of 172\.16\.\d+\.\d+ obtained/);
    assert.match(ground.run('client', 'dig', '+short', `@${FLINK}`, 'intranet.flisol.lan'), /^172\.16\.0\.5$/m);
    for (const port of [80, 111, 2049]) assert.equal(ground.fetch('client', `http://${FLINK}:${port}/`), CLIENT);
    assert.equal(ground.send('client', CLIENT, FLINK, 111), 'heard here');
    assert.match(ground.fetch('client', `http://${FLINK}:8067/healthz`), /./);
    assert.match(ground.run('client', 'ping', '-c', '1', '-W', '2', FLINK), / 0% packet loss/);
    assert.equal(ground.send('client', CLIENT, FLINK, 7007), 'heard here');
    assert.equal(hall.run('client', 'curl', ['-s', '--max-time', '5', `http://${FLINK}:81/`]).code, 7);
  });
  await t.test('LAN to WAN goes in the name of flink, WAN to LAN not at all', () => {
    assert.equal(ground.fetch('client', `http://${SERVER}:8080/`), FLINK_WAN);
    assert.equal(ground.fetch('server', `http://${CLIENT}/`), '');
    assert.match(ground.run('server', 'ping', '-c', '1', '-W', '1', CLIENT), /100% packet loss/);
  });
  await t.test('DNS that is asked elsewhere is answered by flink, by UDP and TCP; for the whitelist it is not', () => {
    assert.match(ground.run('client', 'dig', '+short', '@8.8.8.8', 'intranet.flisol.lan'), /^172\.16\.0\.5$/m);
    assert.match(ground.run('client', 'dig', '+tcp', '+short', '@8.8.8.8', 'intranet.flisol.lan'), /^172\.16\.0\.5$/m);
    assert.notEqual(ground.send('client', CLIENT, SERVER, 53), 'heard here');
    assert.equal(ground.send('free', FREE_CLIENT, SERVER, 53), 'heard here');
  });
  await t.test('a scan of the WAN side finds nothing, IPv6 neither; ping is answered', () => {
    for (const kind of [TCP, UDP, TCP6]) assert.deepEqual(ground.scan(...kind), [], kind.join(' '));
    assert.match(ground.run('server', 'ping', '-c', '1', '-W', '2', FLINK_WAN), / 0% packet loss/);
  });
  await t.test('sources that lie and DHCP from the WAN are dropped before anything else sees them', () => {
    ground.send('server', '172.16.0.77', FLINK_WAN, 7007);
    ground.send('client', '198.51.100.7', FLINK, 7007);
    ground.send('server', SERVER, '255.255.255.255', 67);
    assert.deepEqual(
      ['lan source', 'foreign source', 'wan dhcp'].map((name) => ground.counted(name)),
      [1, 1, 1],
    );
    assert.ok(ground.counted('lan dhcp') > 0);
  });
  await t.test('the uplink is shaped both ways, by what the kernel has', () => {
    const queues = ground.run('flink', 'tc', 'qdisc', 'show');
    assert.match(queues, /(htb|cake) f150: dev wan root/);
    assert.match(queues, /(htb|cake) f150: dev ifb-flisolator root/);
    assert.match(ground.run('flink', 'tc', '-s', 'qdisc', 'show', 'dev', 'ifb-flisolator'), /Sent [1-9]\d* bytes/);
  });
  await t.test('flink has no rights left, and the same rules again change nothing', () => {
    const status = ground.run('flink', 'cat', `/proc/${flink.pid}/status`);
    assert.match(status, /^CapEff:\t0000000000000000$/m);
    const first = ground.table();
    assert.doesNotMatch(first, /ct helper/);
    assert.match(ground.flink('firewall', 'apply'), /^in place: NAT from lan to wan, shaped by/);
    assert.equal(ground.table(), first);
  });
  await t.test('SIGTERM takes it out', async () => {
    const end = ended(flink);
    flink.kill('SIGTERM');
    await end;
    assert.match(flink.said(), /"event":"removed"/);
    assert.equal(ground.traces(), before);
  });
});

test('firewall: a crash leaves the rules, the next start takes them over, and gives back what was before the first', async (t) => {
  if (!needs(t, TOOLS)) return;
  const ground = new Ground(t);
  const before = ground.traces();
  const first = await ground.serve();
  const end = ended(first);
  first.kill('SIGKILL');
  await end;
  const table = ground.table();
  assert.match(table, /table inet flisolator \{\n\tcomment "flisolator: forwarding was off, shaped wan"/);
  const second = await ground.serve();
  assert.equal(ground.table(), table);
  const stopped = ended(second);
  second.kill('SIGTERM');
  await stopped;
  assert.equal(ground.traces(), before);
});

test('firewall: loaded again and again, nothing that passes is lost and nothing leaks; SSH is limited by source', async (t) => {
  if (!needs(t, TOOLS)) return;
  const ground = new Ground(t);
  const before = ground.traces();
  const argv = [script('../../src/flink.ts'), 'firewall', 'apply', '--lan', 'lan', '--wan', 'wan'];
  const apply = () => ground.hall.ask('flink', process.execPath, argv);
  assert.equal(await apply(), 'in place: NAT from lan to wan\n');
  const ping = (host: string, address: string) =>
    ground.hall.ask(host, 'ping', ['-q', '-i', '0.005', '-c', '300', '-W', '1', address]);
  const pings = [ping('client', SERVER), ping('server', CLIENT)] as const;
  for (let i = 0; i < 4; i++) await apply();
  const [out, back] = await Promise.all(pings);
  assert.match(out, /300 packets transmitted, 300 received/);
  assert.match(back, /300 packets transmitted, 0 received/);
  await ground.hall.start('flink', [...PEER, 'listen', 'tcp:22'], /listening/);
  const knock = () => ground.fetch('server', `http://${FLINK_WAN}:22/`);
  assert.deepEqual(Array.from({ length: 12 }, knock), [...Array<string>(10).fill(SERVER), '', '']);
  assert.equal(ground.fetch('client', `http://${FLINK}:22/`), CLIENT);
  assert.equal(ground.flink('firewall', 'remove'), 'removed\n');
  assert.equal(ground.traces(), before);
  assert.equal(ground.flink('firewall', 'remove'), 'there was none\n');
});

test('firewall: without rights it is printed, and neither loaded nor served: one sentence', async (t) => {
  if (!needs(t, [...TOOLS, 'setpriv'])) return;
  const ground = new Ground(t);
  chownSync(ground.folder, NOBODY, NOBODY);
  const printed = ground.as([], 'firewall', 'print');
  assert.equal(printed.code, 0);
  writeFileSync(join(ground.folder, 'printed.nft'), printed.output);
  assert.equal(ground.run('flink', 'nft', '-c', '-f', join(ground.folder, 'printed.nft')), '');
  for (const command of [
    ['firewall', 'apply'],
    ['firewall', 'remove'],
    ['serve', '--dhcp', 'off', '--log-format', 'json'],
  ]) {
    const { code, output } = ground.as([], ...command);
    const said = output.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    assert.deepEqual([code, said.length], [1, 1], output);
    assert.match(said.join(), /run as root, or add CAP_NET_ADMIN/);
  }
});

test('firewall: CAP_NET_ADMIN is all that it takes, as in a container', async (t) => {
  if (!needs(t, [...TOOLS, 'setpriv'])) return;
  const ground = new Ground(t);
  const before = ground.traces();
  const only = (sets: readonly string[]) => sets.flatMap((set) => [`--${set}`, '-all,+net_admin']);
  const rights = only(['inh-caps', 'ambient-caps', 'bounding-set']);
  assert.match(ground.as(rights, 'firewall', 'apply').output, /^in place: NAT from lan to wan, shaped by/);
  assert.equal(ground.run('flink', 'cat', '/proc/sys/net/ipv4/ip_forward'), '1\n');
  assert.equal(ground.as(rights, 'firewall', 'remove').output, 'removed\n');
  assert.equal(ground.traces(), before);
});
