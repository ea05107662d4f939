/**
 * Builds both images without an engine and runs them as their compose files say. Takes minutes (a Debian, npm's packages
 * and the boot loaders are downloaded) and 15 GB in LAB_CACHE, so it is no part of `npm test`:
 *
 *   node --test test/docker/images.ts
 */
import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { beside, folder, imageOf, inside, isos, limitsOf, settings, skip, started, TEST_MS } from './built.ts';
import { PROJECT, ROLES, type RoleName, serviceOf } from './compose.ts';
import { type Container, runContainer } from './container.ts';
import { GATEWAY, testGateway } from './gateway.ts';

const ANYBODY = 1000;

/** Sends one octet to everybody on the LAN's DHCP port. */
const BROADCAST = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.bind({ address: '172.16.0.1' }, () => {
    socket.setBroadcast(true);
    socket.send('x', 67, '255.255.255.255', () => socket.close());
  });`;

/** Prints the port of a program with the portmapper, and how many octets a call of none of its procedures, NULL, is answered with there. RFC 5531 §9, RFC 1833 §3. */
const ask = (program: number): readonly string[] => [
  process.execPath,
  '-e',
  `
  const call = (port, ...words) => new Promise((resolve, reject) => {
    const octets = Buffer.alloc(4 * words.length + 4);
    [0x80000000 + 4 * words.length, ...words].forEach((word, i) => octets.writeUInt32BE(word, 4 * i));
    const socket = require('node:net').connect(port, '172.16.0.1', () => socket.write(octets));
    socket.once('data', (bytes) => { socket.destroy(); resolve(bytes); });
    socket.once('error', reject);
  });
  const head = (program, version, procedure) => [1, 0, 2, program, version, procedure, 0, 0, 0, 0];
  (async () => {
    const port = (await call(111, ...head(100000, 2, 3), ${program}, 3, 6, 0)).readUInt32BE(28);
    process.stdout.write(port + ' ' + (await call(port, ...head(${program}, 3, 0))).length);
  })();`,
];

/** Prints status and length of what fnode answers. */
const get = (path: string): readonly string[] => [
  process.execPath,
  '-e',
  `fetch('http://172.16.0.1${path}').then(async (r) => process.stdout.write(r.status + ' ' + (await r.bytes()).length))`,
];

interface Complaint {
  readonly says: RegExp;
  readonly isFatal: boolean;
  /** A file of settings with which it is needed; without one, it is needed always. */
  readonly settings?: string;
}
const noPort: Complaint = { says: /needs privilege/, isFatal: true };
/** Root that may not become the owner of flink's volume may not write there, either. */
const noState: Complaint = { says: /cannot write in the state folder/, isFatal: true };
const noRules: Complaint = { says: /add CAP_NET_ADMIN/, isFatal: true, settings: GATEWAY };
const noUser: Complaint = { says: /"event":"still-root"/, isFatal: false };
/** What is said where one capability is missing. */
const COMPLAINTS: Readonly<Record<RoleName, Readonly<Record<string, Complaint>>>> = {
  flink: { NET_ADMIN: noRules, NET_BIND_SERVICE: noPort, SETUID: noState, SETGID: noState },
  fnode: { NET_BIND_SERVICE: noPort, SETUID: noUser, SETGID: noUser },
};

/** A line of what the kernel tells of a process. */
function statusOf(container: Container, field: string): string {
  const text = readFileSync(`/proc/${container.pid()}/status`, 'utf8');
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
}

for (const role of ROLES) {
  const service = serviceOf(role, { LAN: 'lan0', ISOS: isos });
  const health = service.healthcheck.test.slice(1);

  describe(`image ${role}`, { skip }, () => {
    test('answers --help, with nothing mounted and no capability', { timeout: TEST_MS }, async () => {
      const { code, stdout } = await runContainer(imageOf(role), ['--help'], { capabilities: [], mounts: [] });
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^Usage: ${role} `, 'm'));
    });

    test('has the runtime of the lock file, and neither npm nor compiler, headers, sources', () => {
      const program = '/opt/flisolator';
      const lock = JSON.parse(readFileSync(`${PROJECT}/package-lock.json`, 'utf8'));
      const runtime = `node_modules/node-${process.platform}-${process.arch}`;
      const got = JSON.parse(readFileSync(inside(role, `${program}/${runtime}/package.json`), 'utf8'));
      assert.equal(got.version, lock.packages[runtime].version);
      const useless = ['src', 'node_modules/typescript', 'node_modules/@biomejs/biome', `${runtime}/include`];
      for (const path of [...useless.map((p) => `${program}/${p}`), '/usr/local/bin/npm', '/usr/local/bin/node']) {
        assert.ok(!existsSync(inside(role, path)), path);
      }
    });

    test(
      'serves as an unprivileged user without any capability, and ends with 0 at SIGTERM',
      { timeout: TEST_MS },
      () =>
        beside(role, service.command, limitsOf(role, service), async (container) => {
          for (const field of ['Uid', 'Gid', 'Groups']) assert.doesNotMatch(statusOf(container, field), /\b0\b/, field);
          assert.match(statusOf(container, 'CapPrm'), /^0+$/);
          assert.equal(statusOf(container, 'NoNewPrivs'), '1');
          container.signal('SIGTERM');
          assert.equal(await container.ended, 0, container.text());
        }),
    );

    test('is healthy while it works, and not while it hangs', { timeout: TEST_MS }, () =>
      beside(role, service.command, limitsOf(role, service), async (container) => {
        const well = await container.exec(health);
        assert.equal(well.code, 0, well.stdout + well.stderr);
        container.signal('SIGSTOP');
        await container.inNetwork([process.execPath, '-e', BROADCAST]);
        const ill = await container.exec(health);
        assert.equal(ill.code, 1, ill.stdout + ill.stderr);
        assert.match(ill.stdout, role === 'flink' ? /nobody reads .* 67/ : /timeout/);
        container.signal('SIGCONT');
        assert.equal((await container.exec(health)).code, 0);
      }),
    );
  });

  for (const name of service.cap_add) {
    test(`image ${role} needs the capability ${name}`, { skip, timeout: TEST_MS }, async () => {
      const capabilities = service.cap_add.filter((other) => other !== name);
      const complaint = COMPLAINTS[role][name];
      assert.ok(complaint, `${name}: why is it there?`);
      const { args, mounts } = started(role, complaint.settings);
      const limits = { capabilities, mounts };
      if (complaint.isFatal) {
        const { code, stderr } = await runContainer(imageOf(role), args, limits);
        assert.equal(code, 1);
        assert.match(stderr, complaint.says);
        return;
      }
      await beside(role, args, limits, async (container) => assert.match(container.text(), complaint.says));
    });
  }
}

describe('image flink', { skip }, () => {
  const service = serviceOf('flink', { LAN: 'lan0' });

  test('the health check follows ports of a file of settings', { timeout: TEST_MS }, async () => {
    const limits = limitsOf('flink', service);
    const mounts = [...limits.mounts, settings('flink.yaml', 'lan: lan0\nports: { dhcp: 6767 }\n')];
    const args = ['serve', '--config', '/etc/flisolator/flink.yaml'];
    await beside('flink', args, { ...limits, mounts }, async (container) => {
      const { code, stdout } = await container.exec(service.healthcheck.test.slice(1));
      assert.equal(code, 0, stdout);
      assert.match(stdout, /6767/);
    });
  });

  test('an interface that is not there is one sentence', { timeout: TEST_MS }, async () => {
    const { code, stderr } = await runContainer(imageOf('flink'), ['--lan', 'lan7'], limitsOf('flink', service));
    assert.equal(code, 2);
    assert.match(stderr, /^flink: no interface is called "lan7".*\n$/);
  });
});

describe('image fnode', { skip }, () => {
  const service = serviceOf('fnode', { ISOS: isos });

  test('has the boot loaders in it, and serves them and the images', { timeout: TEST_MS }, () =>
    beside('fnode', service.command, limitsOf('fnode', service), async (container) => {
      for (const name of ['lpxelinux.0', 'shimx64.efi', 'grubx64.efi', 'shimaa64.efi', 'ipxe.efi', 'LOADERS.json']) {
        const { stdout } = await container.inNetwork(get(`/boot/${name}`));
        assert.equal(stdout, `200 ${statSync(inside('fnode', `/srv/boot/${name}`)).size}`, name);
      }
      assert.equal((await container.inNetwork(get('/isos/tiny.iso'))).stdout, '200 21');
      assert.doesNotMatch(container.text(), /"service":"loaders"/);
    }),
  );

  test('serves NFS and mounts, and a portmapper that leads there', { timeout: TEST_MS }, () =>
    beside('fnode', service.command, limitsOf('fnode', service), async (container) => {
      for (const program of [100_003, 100_005]) {
        const { stdout, stderr } = await container.inNetwork(ask(program));
        assert.equal(stdout, '2049 28', stderr);
      }
    }),
  );

  test('the health check follows address and port of flags and settings', { timeout: TEST_MS }, async () => {
    const limits = limitsOf('fnode', service);
    const mounts = [...limits.mounts, settings('fnode.yaml', 'isos: /srv/isos\nports: { tftp: 6969, http: 8080 }\n')];
    const args = ['serve', '--config', '/etc/flisolator/fnode.yaml', '--listen', '172.16.0.1'];
    await beside('fnode', args, { ...limits, mounts }, async (container) => {
      const { code, stdout } = await container.exec(service.healthcheck.test.slice(1));
      assert.equal(code, 0, stdout);
      assert.match(stdout, /http:\/\/172\.16\.0\.1:8080\/healthz/);
    });
  });

  test('images that only their owner may read are one sentence with the cure', { timeout: TEST_MS }, async () => {
    const locked = join(folder, 'locked');
    mkdirSync(locked, { mode: 0o700 });
    chownSync(locked, ANYBODY, ANYBODY);
    const limits = { capabilities: service.cap_add, mounts: [`${locked}:/srv/isos:ro`] };
    const { code, stderr } = await runContainer(imageOf('fnode'), service.command, limits);
    assert.equal(code, 1);
    assert.match(stderr, /^fnode: may not read "\/srv\/isos": chmod it.*\n$/);
  });
});

testGateway();
