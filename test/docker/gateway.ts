/** flink in its container between a LAN and a WAN: the firewall it applies, and the proxy with its volume. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DEFAULT_CACHE_DIR } from '../../src/config/shape.ts';
import { DEFAULT_STATE_DIR } from '../../src/host/user.ts';
import { must } from '../lab/shell.ts';
import { beside, imageOf, inside, settings, skip, started, TEST_MS } from './built.ts';
import { serviceOf } from './compose.ts';
import { type Container, type Limits, runContainer } from './container.ts';
import { plugIn } from './neighbour.ts';

/** The settings that ask for everything that needs CAP_NET_ADMIN. */
export const GATEWAY = `lan: lan0
wan: wan0
firewall: apply
uplink: { down: 10Mbps, up: 2Mbps }
`;

const TOOLS = ['/usr/sbin/nft', '/usr/sbin/tc', '/usr/bin/ip'];
const FLINK = ['node', '/opt/flisolator/dist/flink.js'];
const LAN = { end: 'switch0', address: '172.16.0.9/16', gateway: '172.16.0.1' };
const WAN = { end: 'switch1', address: '198.51.100.2/24' };
const PACKAGE_BYTES = 300_000;
const PACKAGE = 'http://198.51.100.2/debian/pool/main/h/hello/hello_2.10-3_amd64.deb';

/** A mirror on port 80 that tells whom it sees and what is asked of it; on port 8080 the same, past any proxy. */
const MIRROR = `
  const answer = (request, response) => {
    console.log(request.socket.localPort, request.socket.remoteAddress, request.url);
    response.setHeader('Last-Modified', 'Sat, 05 Feb 2022 10:00:00 GMT');
    response.end('x'.repeat(${PACKAGE_BYTES}));
  };
  const http = require('node:http');
  http.createServer(answer).listen(80, '0.0.0.0', () =>
    http.createServer(answer).listen(8080, '0.0.0.0', () => console.log('listening')));`;

const IDLE = `console.log('here'); process.stdin.resume();`;

/** Prints status and length of what is answered, of a proxy if one is given. */
const get = (url: string, proxy?: string): readonly string[] => [
  process.execPath,
  '-e',
  `const [url, proxy] = process.argv.slice(1);
  const { host, hostname, port, pathname } = new URL(url);
  const way = proxy ? { host: proxy, port: 3128, path: url } : { host: hostname, port: port || 80, path: pathname };
  require('node:http').get({ ...way, headers: { host } }, async (response) => {
    const body = await response.toArray();
    process.stdout.write(response.statusCode + ' ' + Buffer.concat(body).length);
  });`,
  url,
  ...(proxy === undefined ? [] : [proxy]),
];
const byProxy = get(PACKAGE, '172.16.0.1');
/** The same, which no proxy sees. */
const PAST = 'http://198.51.100.2:8080/past';
const portOf = (url: string): string => new URL(url).port || '80';
const health = serviceOf('flink', { LAN: 'lan0' }).healthcheck.test.slice(1);
const WHOLE = `200 ${PACKAGE_BYTES}`;

/** Both streams: what a tool complains about is an answer, too. */
async function told(container: Container, ...command: readonly string[]): Promise<string> {
  const { stdout, stderr } = await container.inNetwork(command);
  return stdout + stderr;
}

const statusOf = (container: Container): string => readFileSync(`/proc/${container.pid()}/status`, 'utf8');

async function stopped(container: Container): Promise<void> {
  container.signal('SIGTERM');
  assert.equal(await container.ended, 0, container.text());
}

/** Where that volume is out here. */
function volumeOf(limits: Limits, target: string): string {
  const from = limits.mounts.find((mount) => mount.split(':')[1] === target)?.split(':')[0];
  assert.ok(from, `no volume for ${target}`);
  return from;
}

export function testGateway(): void {
  const limits = () => started('flink');

  describe('image flink: firewall', { skip }, () => {
    test('has nft, tc and ip; the node, which has no use for them, has none of them', () => {
      for (const tool of TOOLS) {
        assert.ok(existsSync(inside('flink', tool)), tool);
        assert.ok(!existsSync(inside('fnode', tool)), tool);
      }
      for (const rest of ['/var/lib/apt/lists', '/var/cache/apt/archives'])
        assert.deepEqual(
          readdirSync(inside('flink', rest)).filter((name) => /\.deb$|Packages/.test(name)),
          [],
          rest,
        );
    });

    test('is printed without any capability, as nft reads it', { timeout: TEST_MS }, async () => {
      const args = ['firewall', 'print', '--lan', 'lan0', '--wan', 'wan0'];
      const { code, stdout } = await runContainer(imageOf('flink'), args, { capabilities: [], mounts: [] });
      assert.equal(code, 0);
      const file = settings('printed.nft', stdout).split(':')[0] ?? '';
      await must('nft', ['-c', '-f', file]);
      assert.match(stdout, /^table inet flisolator \{$/m);
    });

    test('is in place while flink runs as its user, and gone without a trace at SIGTERM', { timeout: TEST_MS }, (t) => {
      const { args, ...rest } = started('flink', GATEWAY);
      return beside('flink', args, rest, async (container) => {
        assert.equal(await told(container, 'nft', 'list', 'tables'), 'table inet flisolator\n');
        assert.match(await told(container, 'tc', 'qdisc', 'show', 'dev', 'wan0'), /^qdisc (cake|htb) /m);
        assert.match(container.text(), /"event":"applied"/);
        const { uid } = statSync(inside('flink', DEFAULT_STATE_DIR));
        const status = statusOf(container);
        assert.match(status, new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s`, 'm'));
        assert.match(status, /^CapPrm:\s+0+$/m);
        const { code, stdout } = await container.exec(health);
        assert.equal(code, 0, stdout);

        const mirror = await plugIn(container, WAN, MIRROR);
        const client = await plugIn(container, LAN, IDLE);
        t.after(() => Promise.all([mirror.remove(), client.remove()]));
        for (const url of [PACKAGE, PACKAGE, PAST]) assert.equal((await client.run(get(url))).stdout, WHOLE, url);
        const seen = [PACKAGE, PAST].map((url) => `${portOf(url)} 198.51.100.1 ${new URL(url).pathname}`);
        assert.deepEqual(mirror.lines(), ['listening', ...seen], 'intercepted, kept, and what is no HTTP masqueraded');

        await stopped(container);
        assert.match(container.text(), /"event":"removed"/);
        assert.equal(await told(container, 'nft', 'list', 'ruleset'), '');
        assert.match(await told(container, 'tc', 'qdisc', 'show', 'dev', 'wan0'), /^qdisc noqueue 0: root [^\n]*\n$/);
        assert.match(await told(container, 'ip', 'link', 'show', 'ifb-flisolator'), /does not exist/);
      });
    });

    test('stays in place when the engine kills flink', { timeout: TEST_MS }, () => {
      const { args, ...rest } = started('flink', GATEWAY);
      return beside('flink', args, rest, async (container) => {
        container.signal('SIGKILL');
        await container.ended;
        assert.equal(await told(container, 'nft', 'list', 'tables'), 'table inet flisolator\n');
      });
    });

    test('is applied and removed by hand with what the compose file gives', { timeout: TEST_MS }, () =>
      beside('flink', limits().args, limits(), async (container) => {
        const applied = await container.exec([...FLINK, 'firewall', 'apply', '--lan', 'lan0', '--wan', 'wan0']);
        assert.equal(applied.stdout, 'in place: NAT from lan0 to wan0\n', applied.stderr);
        assert.equal(await told(container, 'nft', 'list', 'tables'), 'table inet flisolator\n');
        assert.equal((await container.exec([...FLINK, 'firewall', 'remove'])).stdout, 'removed\n');
        assert.equal(await told(container, 'nft', 'list', 'ruleset'), '');
      }),
    );

    test('where the host does not forward, which no container may change: one sentence with the cure', async () => {
      const { args, ...rest } = started('flink', GATEWAY);
      const { code, stderr } = await runContainer(imageOf('flink'), args, { ...rest, isRouter: false });
      assert.equal(code, 1);
      assert.match(stderr, /^flink: net\.ipv4\.ip_forward cannot be set here: .*on its host\n$/m);
    });
  });

  describe('image flink: proxy', { skip }, () => {
    test('keeps what it fetched in its volume, as its user, for the next container', {
      timeout: TEST_MS,
    }, async (t) => {
      const { args, ...same } = limits();
      await beside('flink', args, same, async (container) => {
        const mirror = await plugIn(container, WAN, MIRROR);
        t.after(() => mirror.remove());
        for (let i = 0; i < 2; i++) assert.equal((await container.inNetwork(byProxy)).stdout, WHOLE);
        assert.equal(mirror.lines().length, 2, mirror.lines().join('\n'));
        const stats = await container.exec([...FLINK, 'cache', 'stats']);
        assert.equal(stats.code, 0, stats.stdout + stats.stderr);
        await stopped(container);
      });
      const { uid } = statSync(inside('flink', DEFAULT_STATE_DIR));
      const volume = volumeOf(same, DEFAULT_CACHE_DIR);
      const kept = readdirSync(volume, { recursive: true, encoding: 'utf8' }).map((name) =>
        statSync(join(volume, name)),
      );
      assert.ok(kept.some((file) => file.size >= PACKAGE_BYTES));
      assert.deepEqual([...new Set(kept.map((file) => file.uid))], [uid]);
      assert.ok(!existsSync(join(volumeOf(same, DEFAULT_STATE_DIR), 'cache')));
      await beside('flink', args, same, async (container) => {
        assert.equal((await container.inNetwork(byProxy)).stdout, WHOLE);
      });
    });

    test('without a volume of its own it keeps beside the state', { timeout: TEST_MS }, async (t) => {
      const { args, ...rest } = limits();
      const mounts = rest.mounts.filter((mount) => mount.split(':')[1] !== DEFAULT_CACHE_DIR);
      await beside('flink', args, { ...rest, mounts }, async (container) => {
        const mirror = await plugIn(container, WAN, MIRROR);
        t.after(() => mirror.remove());
        assert.equal((await container.inNetwork(byProxy)).stdout, WHOLE);
      });
      assert.ok(readdirSync(join(volumeOf(rest, DEFAULT_STATE_DIR), 'cache')).length > 0);
    });
  });
}
