/** Dockerfile, .dockerignore and compose files, held against each other; images.ts runs what they make. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadFnode } from '../../src/config/load.ts';
import { DEFAULT_CACHE_DIR } from '../../src/config/shape.ts';
import { DEFAULT_STATE_DIR } from '../../src/host/user.ts';
import { PROJECT, ROLES, readCompose, serviceOf } from './compose.ts';

const SET = { LAN: 'enp3s0', ISOS: '/data/isos' };
/** Instructions with their continuation lines joined, without comments. */
const dockerfile = readFileSync(`${PROJECT}/Dockerfile`, 'utf8')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => line.trim().replace(/\s+/g, ' '));
const stages = dockerfile.flatMap((line) => /^FROM \S+ AS (\S+)$/.exec(line)?.[1] ?? []);

/** Compose Specification, "Services top-level elements": those that we use; a slip of the pen is none of them. */
const SERVICE_KEYS = new Set([
  'image',
  'build',
  'command',
  'network_mode',
  'cap_drop',
  'cap_add',
  'security_opt',
  'read_only',
  'volumes',
  'restart',
  'stop_grace_period',
  'healthcheck',
  'logging',
]);

for (const role of ROLES) {
  const service = serviceOf(role, SET);

  test(`compose.${role}.yaml: a project of its own, with keys of the Compose Specification only`, () => {
    const file = readCompose(role, SET);
    assert.equal(file.name, role);
    assert.deepEqual(Object.keys(file.services), [role]);
    assert.deepEqual(
      Object.keys(service).filter((key) => !SERVICE_KEYS.has(key)),
      [],
    );
  });

  test(`compose.${role}.yaml builds a stage of the Dockerfile`, () => {
    assert.equal(service.build.context, '.');
    assert.ok(stages.includes(service.build.target), service.build.target);
  });

  test(`compose.${role}.yaml: the host's network, since broadcasts do not pass a bridge`, () => {
    assert.equal(service.network_mode, 'host');
  });

  test(`compose.${role}.yaml: the capabilities it needs, no new privileges, nothing writable but named volumes`, () => {
    assert.deepEqual(service.cap_drop, ['ALL']);
    assert.deepEqual(service.cap_add, [
      'NET_BIND_SERVICE',
      'SETUID',
      'SETGID',
      ...(role === 'flink' ? ['NET_ADMIN'] : []),
    ]);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
    assert.equal(service.read_only, true);
    const writable = service.volumes.filter((volume) => volume.read_only !== true);
    assert.ok(writable.every((volume) => volume.type === 'volume'));
  });

  test(`compose.${role}.yaml: the image's own health check, for images whose format has none`, () => {
    const { test: command, interval, timeout, start_period, retries } = service.healthcheck;
    const flags = `--interval=${interval} --timeout=${timeout} --start-period=${start_period} --retries=${retries}`;
    const words = command.slice(1).map((word) => JSON.stringify(word));
    assert.equal(command[0], 'CMD');
    assert.ok(dockerfile.includes(`HEALTHCHECK ${flags} CMD [${words.join(', ')}]`));
  });

  test(`compose.${role}.yaml: comes back after a failure, keeps logs bounded`, () => {
    assert.equal(service.restart, 'unless-stopped');
    assert.ok(service.logging.options['max-size'] && service.logging.options['max-file']);
  });
}

test('compose.flink.yaml: no start without a LAN, and the sentence says what to set', () => {
  assert.throws(() => readCompose('flink', {}), /LAN=enp3s0/);
  assert.deepEqual(serviceOf('flink', SET).command, ['serve', '--lan', 'enp3s0']);
});

for (const role of ['flink', 'fnode'] as const) {
  test(`compose.${role}.yaml: the state is a named volume at the default folder, which the image gives an owner`, () => {
    const volume = serviceOf(role, SET).volumes.find(({ type }) => type === 'volume');
    assert.deepEqual(volume, { type: 'volume', source: 'state', target: DEFAULT_STATE_DIR });
    assert.ok(Object.hasOwn(readCompose(role, SET).volumes ?? {}, 'state'));
    const owned = `install -d -m 0750 -o flisolator -g flisolator ${DEFAULT_STATE_DIR}`;
    assert.ok(dockerfile.some((line) => line.startsWith('RUN useradd') && line.endsWith(owned)));
  });
}

test('compose.flink.yaml: what the proxy keeps is a named volume at the default folder, which the image gives an owner', () => {
  const [, volume] = serviceOf('flink', SET).volumes;
  assert.deepEqual(volume, { type: 'volume', source: 'cache', target: DEFAULT_CACHE_DIR });
  assert.ok(Object.hasOwn(readCompose('flink', SET).volumes ?? {}, 'cache'));
  const owned = `install -d -m 0750 -o flisolator -g flisolator ${DEFAULT_CACHE_DIR}`;
  assert.ok(dockerfile.some((line) => line.endsWith(owned)));
});

test('the tools of the firewall are in the image of flink alone, without what is only recommended', () => {
  const installs = dockerfile.flatMap((line, at) => (line.includes('apt-get install') ? [{ line, at }] : []));
  assert.equal(installs.length, 1);
  assert.match(installs[0]?.line ?? '', / apt-get install -y --no-install-recommends nftables iproute2 &&/);
  const stage = dockerfile.slice(0, installs[0]?.at).findLast((line) => line.startsWith('FROM '));
  assert.equal(stage, 'FROM runtime AS flink');
  assert.ok(!dockerfile.some((line) => /^FROM flink /.test(line)));
});

test('the image of fnode says the ports of every protocol that it serves', () => {
  const { tftp, http, nfs, portmap } = loadFnode({ file: undefined, overrides: [], workingDir: PROJECT }).config.ports;
  const wanted = [`${tftp}/udp`, `${http}/tcp`, ...[portmap, nfs].flatMap((port) => [`${port}/tcp`, `${port}/udp`])];
  assert.deepEqual(
    dockerfile
      .filter((line) => line.startsWith('EXPOSE '))
      .map((line) => line.split(' ').slice(1))
      .at(-1),
    wanted,
  );
});

test('compose.fnode.yaml: images are read-only, and a folder that is not there is an error', () => {
  const [volume] = serviceOf('fnode', SET).volumes;
  assert.deepEqual(volume, {
    type: 'bind',
    source: '/data/isos',
    target: '/srv/isos',
    read_only: true,
    bind: { create_host_path: false },
  });
  assert.equal(serviceOf('fnode', {}).volumes[0]?.source, '/srv/isos');
});

test('.dockerignore lets through what the Dockerfile copies, and nothing else', () => {
  const lines = readFileSync(`${PROJECT}/.dockerignore`, 'utf8').split('\n');
  const [first, ...rest] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(first, '*');
  assert.ok(rest.every((line) => line.startsWith('!')));
  const copied = dockerfile
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1));
  assert.deepEqual([...new Set(copied)].sort(), rest.map((line) => line.slice(1)).sort());
  for (const path of copied) assert.ok(existsSync(`${PROJECT}/${path}`), path);
});

test('the Dockerfile names no other base than Node and Debian, each by release', () => {
  const bases = dockerfile.flatMap((line) => /^FROM (\S+) AS/.exec(line)?.[1] ?? []);
  const outside = bases.filter((base) => !stages.includes(base));
  assert.deepEqual(outside, ['node:24-bookworm-slim', 'debian:bookworm-slim']);
});

test('the health check imports what the sources export', async () => {
  const text = readFileSync(`${PROJECT}/docker/health.js`, 'utf8');
  const imports = [...text.matchAll(/^import \{ (.+) \} from '\.\.\/dist\/(.+)\.js';$/gm)];
  assert.ok(imports.length > 0);
  for (const [, names = '', file] of imports) {
    const exported = Object.keys(await import(`${PROJECT}/src/${file}.ts`));
    for (const name of names.split(', ')) assert.ok(exported.includes(name), `${file}: ${name}`);
  }
});
