/** Machines that install from a Debian mirror through flink, which they know nothing of: each package crosses the WAN once. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { entry } from '../cli/support.ts';
import { Hall, needs, type Started } from '../support/netns.ts';
import { AptRoot, FOR_BOOTSTRAP, makeCertificate, makeMirror, PACKAGES, SUITE, WANTED } from './debianmirror.ts';

const FLINK = '172.16.0.1';
const FLINK_WAN = '93.184.216.1';
const MIRROR = '93.184.216.9';
const CLIENTS = ['one', 'two', 'three'];
const TOOLS = [
  'ip',
  'nft',
  'apt-get',
  'apt-ftparchive',
  'dpkg',
  'xz',
  'openssl',
  'gpg',
  'dnsmasq',
  'curl',
  'debootstrap',
  'unshare',
];
const NAMES = ['deb.debian.org', 'ftp.de.debian.org'];

/** One line of the mirror's. */
interface Asked {
  readonly scheme: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly via?: string;
  readonly status: number;
  readonly bytes: number;
}

class Ground {
  readonly hall: Hall;
  readonly folder = mkdtempSync(join(tmpdir(), 'apt-'));
  readonly debs: ReadonlyMap<string, number>;
  #mirror: Started | undefined;

  constructor(t: TestContext) {
    const clients = CLIENTS.map((name, n) => [name, `172.16.0.${51 + n}/16`] as const);
    this.hall = new Hall({ flink: `${FLINK}/16`, mirror: `${MIRROR}/24`, ...Object.fromEntries(clients) });
    t.after(async () => {
      await this.hall.close();
      rmSync(this.folder, { recursive: true });
    });
    this.hall.leg('flink', 'wan', `${FLINK_WAN}/24`);
    this.hall.move('mirror', 'wan');
    this.ip('flink', 'route', 'add', 'default', 'via', MIRROR);
    for (const host of CLIENTS) this.ip(host, 'route', 'add', 'default', 'via', FLINK);
    writeFileSync(join(this.folder, 'resolv.conf'), `nameserver ${FLINK}\noptions timeout:5\n`);
    this.debs = makeMirror(join(this.folder, 'site'));
  }

  ip(host: string, ...args: readonly string[]): void {
    const { code, output } = this.hall.run(host, 'ip', args);
    assert.equal(code, 0, `ip ${args.join(' ')}: ${output}`);
  }

  async start(): Promise<void> {
    const { cert, key } = makeCertificate(this.folder, NAMES);
    const counting =
      'table inet wan { chain out { type filter hook output priority 0; tcp sport { 80, 443 } counter; }; }';
    writeFileSync(join(this.folder, 'wan.nft'), counting);
    assert.equal(this.hall.run('mirror', 'nft', ['-f', join(this.folder, 'wan.nft')]).output, '');
    const server = fileURLToPath(new URL('mirrorserver.ts', import.meta.url));
    this.#mirror = await this.hall.start(
      'mirror',
      [process.execPath, server, join(this.folder, 'site'), cert, key],
      /^serving$/m,
    );
    const names = [
      ...NAMES.map((name) => [name, MIRROR]),
      ['inside.example.org', '172.16.0.52'],
      ['here.example.org', FLINK],
    ];
    const records = names.map(([name, address]) => `--address=/${name}/${address}`);
    const dns = [
      'dnsmasq',
      '-k',
      '-C',
      '/dev/null',
      '--no-resolv',
      '--no-hosts',
      '--pid-file=',
      '--user=root',
      '--local-ttl=1',
      '--log-facility=-',
    ];
    await this.hall.start('mirror', ['sh', '-c', '"$@" 2>&1', 'sh', ...dns, ...records], /started/);
    writeFileSync(join(this.folder, 'flink.yaml'), this.#config);
    const flink = [
      process.execPath,
      entry('flink'),
      '--config',
      join(this.folder, 'flink.yaml'),
      '--log-format',
      'json',
    ];
    await this.hall.start('flink', ['env', `NODE_EXTRA_CA_CERTS=${cert}`, ...flink], /"event":"ready"/);
  }

  /** With names from flink and from nowhere else. */
  on(host: string, command: string, ...args: readonly string[]): Promise<string> {
    const mounted = `mount --bind '${join(this.folder, 'resolv.conf')}' "$(readlink -f /etc/resolv.conf)" && exec "$@"`;
    return this.hall.ask(host, 'unshare', ['-m', 'sh', '-c', mounted, 'sh', command, ...args], 60_000);
  }

  /** A machine that is new: what it has installed in the end. */
  async install(host: string, name: string, url: string): Promise<readonly string[]> {
    const root = new AptRoot(join(this.folder, name), url);
    const updated = await this.on(host, ...root.aptGet('update'));
    assert.doesNotMatch(updated, /^(Err|E:|W: Failed)/m, updated);
    const said = await this.on(host, ...root.aptGet('install', ...WANTED));
    assert.doesNotMatch(said, /^(Err|E:|W: Failed)/m, said);
    return root.installed();
  }

  asked(): readonly Asked[] {
    const lines = this.#mirror?.said().split('\n') ?? [];
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Asked);
  }

  /** What the mirror sent, by path, with a content; how often. */
  sent(): ReadonlyMap<string, number> {
    const sent = new Map<string, number>();
    for (const { path, status, bytes } of this.asked())
      if (status < 300 && bytes > 0) sent.set(path, (sent.get(path) ?? 0) + 1);
    return sent;
  }

  /** Octets that left the mirror, by the kernel's count. */
  wanBytes(): number {
    const { output } = this.hall.run('mirror', 'nft', ['list', 'table', 'inet', 'wan']);
    return Number(/counter packets \d+ bytes (\d+)/.exec(output)?.[1]);
  }

  plug(state: 'up' | 'down'): void {
    this.ip('mirror', 'link', 'set', 'lan', state);
  }

  get #config(): string {
    return `lan: lan
wan: wan
domain: hall.test
stateDir: ${join(this.folder, 'state')}
firewall: apply
admin: { listen: 127.0.0.1:8067 }
dns: { upstreams: [${MIRROR}] }
dhcp: { mode: off }
proxy: { cacheDir: ${join(this.folder, 'cache')} }
fnodes: [{ name: fnode00, mac: 00:14:d1:2d:c8:8c, ip: 172.16.0.10 }]
`;
  }
}

test('a hall installs from a mirror that it reaches through flink', async (t) => {
  if (!needs(t, TOOLS)) return;
  const ground = new Ground(t);
  await ground.start();
  const url = `http://deb.debian.org/debian`;
  const size = [...ground.debs.values()].reduce((sum, bytes) => sum + bytes, 0);
  const isOfBootstrap = (path: string): boolean => path.includes(`/${FOR_BOOTSTRAP}_`);
  const debsSent = (): readonly (readonly [string, number])[] =>
    [...ground.sent()].filter(([path]) => path.endsWith('.deb') && !isOfBootstrap(path)).toSorted();
  const once = [...ground.debs.keys()]
    .filter((path) => !isOfBootstrap(path))
    .map((path) => [path, 1] as const)
    .toSorted();

  await t.test(
    'three machines at once, without any setting of a proxy: each package crosses the WAN once',
    async () => {
      const all = await Promise.all(CLIENTS.map((host) => ground.install(host, `root-${host}`, url)));
      for (const installed of all) assert.deepEqual(installed, PACKAGES.toSorted());
      assert.deepEqual(debsSent(), once);
      for (const [path, times] of ground.sent()) assert.equal(times, 1, path);
      assert.ok(ground.asked().every(({ via }) => /^1\.1 /.test(via ?? '')));
      // By the kernel's count: heads, indexes and the frames around them are little beside the packages.
      assert.ok(ground.wanBytes() < 1.2 * size + 200_000, `${ground.wanBytes()} for ${size}`);
    },
  );

  await t.test(
    "by another name of Debian's, and by the mirror's own, which is fetched by HTTPS: the same packages",
    async () => {
      assert.deepEqual(
        await ground.install('one', 'root-other', 'http://ftp.de.debian.org/debian'),
        PACKAGES.toSorted(),
      );
      assert.deepEqual(
        await ground.install('two', 'root-mirror', 'http://mirror.hall.test/debian'),
        PACKAGES.toSorted(),
      );
      assert.deepEqual(debsSent(), once);
      assert.ok(ground.asked().some(({ scheme, host }) => scheme === 'https' && host === 'deb.debian.org'));
    },
  );

  await t.test("debootstrap through the mirror's name", async () => {
    const target = join(ground.folder, 'bootstrap');
    mkdirSync(target);
    const options = ['--foreign', '--variant=minbase', '--no-check-gpg', '--no-merged-usr', '--exclude=apt'];
    const said = await ground.on('three', 'debootstrap', ...options, SUITE, target, 'http://mirror.hall.test/debian');
    assert.match(said, /I: (Retrieving|Validating) \S*hello/, said);
    assert.doesNotMatch(said, /^E:/m, said);
    assert.deepEqual(debsSent(), once);
    assert.deepEqual(
      [...ground.sent()].filter(([path]) => isOfBootstrap(path)).map(([, times]) => times),
      [1],
    );
  });

  await t.test('curl by interception and by proxy; HTTPS goes its own way, and through a tunnel', async () => {
    const path = `/debian/dists/${SUITE}/Release`;
    const direct = await ground.on('one', 'curl', '-sS', '-i', `http://deb.debian.org${path}`);
    assert.match(direct, /^HTTP\/1\.1 200 OK\r\n[\s\S]*^Via: 1\.1 [\s\S]*^Codename: bookworm$/im);
    const proxied = await ground.on('one', 'curl', '-sS', '-x', `http://${FLINK}:3128`, `http://deb.debian.org${path}`);
    assert.match(proxied, /^Codename: bookworm$/m);
    const before = ground.asked().length;
    for (const way of [[], ['-x', `http://${FLINK}:3128`]])
      assert.match(
        await ground.on('one', 'curl', '-sSk', ...way, `https://deb.debian.org${path}`),
        /^Codename: bookworm$/m,
      );
    assert.deepEqual(
      ground
        .asked()
        .slice(before)
        .map(({ scheme, via }) => [scheme, via]),
      [
        ['https', undefined],
        ['https', undefined],
      ],
    );
  });

  await t.test(
    "no way from a client through flink into the LAN, to flink itself, or to the clouds' own addresses",
    async () => {
      await ground.hall.start(
        'two',
        [process.execPath, fileURLToPath(new URL('firewallpeer.ts', import.meta.url)), 'listen', 'tcp:8000'],
        /listening/,
      );
      const hosts = [
        '172.16.0.52:8000',
        'inside.example.org:8000',
        `${FLINK}:8067`,
        `${FLINK_WAN}:8067`,
        '127.0.0.1:8067',
        'here.example.org:8067',
        '169.254.169.254',
        '[::ffff:172.16.0.52]:8000',
        '[64:ff9b::172.16.0.52]:8000',
      ];
      for (const host of hosts) {
        const code = await ground.on(
          'one',
          'curl',
          '-s',
          '-g',
          '-o',
          '/dev/null',
          '-w',
          '%{http_code}',
          '--max-time',
          '8',
          '-x',
          `http://${FLINK}:3128`,
          `http://${host}/`,
        );
        assert.match(code, /^(403|50[24])$/, host);
      }
      // It does listen.
      assert.equal((await ground.on('one', 'curl', '-s', 'http://172.16.0.52:8000/')).trim(), '172.16.0.51');
    },
  );

  await t.test(
    'the WAN is unplugged: the first who asks an origin that was asked a moment ago is told what is kept, long before apt gives up',
    async () => {
      ground.plug('down');
      const path = `dists/${SUITE}/InRelease`;
      const ask = (at: string): Promise<string> =>
        ground.on('two', 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '20', `${at}/${path}`);
      assert.deepEqual(await Promise.all([ask(url), ask('http://mirror.hall.test/debian')]), ['200', '200']);
    },
  );

  await t.test('the WAN is unplugged: a new machine installs all the same, and what is old says so', async () => {
    ground.plug('down');
    const before = ground.asked().length;
    assert.deepEqual(await ground.install('three', 'root-offline', url), PACKAGES.toSorted());
    assert.deepEqual(
      await ground.install('one', 'root-offline-mirror', 'http://mirror.hall.test/debian'),
      PACKAGES.toSorted(),
    );
    assert.equal(ground.asked().length, before);
    const head = await ground.on('two', 'curl', '-sS', '-I', `${url}/dists/${SUITE}/Release`);
    assert.match(head, /^Age: \d+/im);
    assert.match(head, /^Cache-Status: .*(stale|fwd)/im);
  });

  await t.test('it is plugged in again: asked again, and nothing new crosses', async () => {
    ground.plug('up');
    ground.ip('mirror', 'route', 'replace', 'default', 'via', FLINK_WAN);
    const before = ground.asked().length;
    assert.deepEqual(await ground.install('two', 'root-again', url), PACKAGES.toSorted());
    assert.ok(ground.asked().length > before);
    assert.deepEqual(debsSent(), once);
  });
});
