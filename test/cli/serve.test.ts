import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { entry, freePort, isRoot, type Ran, Running, run, runEntry, skipUnlessRoot } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'serve-'));
after(() => rmSync(folder, { recursive: true }));
chmodSync(folder, 0o755);
for (const name of ['isos', 'boot', 'locked']) mkdirSync(join(folder, name));
chmodSync(join(folder, 'locked'), 0o700);

/** An fnode's file with ports that are free now. */
async function fnodeFile(name: string, more = ''): Promise<string> {
  const file = join(folder, name);
  const [tftp, http, nfs, portmap] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const ports = `{ tftp: ${tftp}, http: ${http}, nfs: ${nfs}, portmap: ${portmap} }`;
  const text = `isos: isos\nboot: boot\nlisten: [127.0.0.1]\nstateDir: ${name}.state\nports: ${ports}\n${more}`;
  writeFileSync(file, text);
  chmodSync(file, 0o644);
  return file;
}

const start = (...args: string[]): Running => new Running(process.execPath, [entry('fnode'), ...args]);

/** One sentence for a person: no stack, no second line. */
function isOneSentence({ err, out }: Ran): void {
  assert.equal(err.trimEnd().split('\n').length, 1, err + out);
  assert.doesNotMatch(err, /\n\s+at |Error:/);
}

test('serve: says when it is ready, reloads at SIGHUP, keeps what runs when the file is bad, ends cleanly at SIGTERM', async (t) => {
  const file = await fnodeFile('a.yaml', 'nfs: on\n');
  const fnode = start('--config', file);
  t.after(() => fnode.stop('SIGKILL'));
  const ready = await fnode.next('ready');
  assert.match(String(ready.serves), /TFTP on 127\.0\.0\.1:\d+, HTTP on 127\.0\.0\.1:\d+/);
  assert.equal(
    fnode.lines.find((line) => line.event === 'not-served'),
    undefined,
  );

  const good = readFileSync(file, 'utf8');
  writeFileSync(file, `${good}bogus: 1\n`);
  const refused = fnode.next('reload-refused');
  fnode.child.kill('SIGHUP');
  const line = await refused;
  assert.equal(line.level, 'error');
  assert.match(String(line.error), /a\.yaml:7: bogus: is no known key/);

  writeFileSync(file, `${good}menu: { title: Other }\n`);
  const reloaded = fnode.next('reloaded');
  fnode.child.kill('SIGHUP');
  await reloaded;

  assert.equal(await fnode.stop('SIGTERM'), 0);
  assert.deepEqual(
    fnode.lines.slice(-2).map((l) => l.event),
    ['stopping', 'stopped'],
  );
});

test('serve as root: drops to nobody once the ports are open', { skip: skipUnlessRoot }, async (t) => {
  const fnode = start('--config', await fnodeFile('b.yaml'));
  t.after(() => fnode.stop('SIGKILL'));
  assert.equal((await fnode.next('ready')).user, 'nobody');
  const status = readFileSync(`/proc/${fnode.child.pid}/status`, 'utf8');
  assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
  assert.match(status, /^Gid:\t65534\t65534\t65534\t65534$/m);
  assert.match(status, /^Groups:\t65534 ?$/m);
  assert.match(status, /^CapEff:\t0000000000000000$/m);
  assert.equal(await fnode.stop('SIGINT'), 0);
});

test('serve as root: stays root, with the cure, where only root may read the images', {
  skip: skipUnlessRoot,
}, async (t) => {
  const fnode = start('--config', await fnodeFile('c.yaml'), '--isos', join(folder, 'locked'));
  t.after(() => fnode.stop('SIGKILL'));
  const [warning] = await Promise.all([fnode.next('still-root'), fnode.next('ready')]);
  assert.match(String(warning.why), /^only root may read .*locked: chmod/);
  assert.equal(await fnode.stop(), 0);
});

test('serve as root: becomes the owner of images that nobody else may read', { skip: skipUnlessRoot }, async (t) => {
  const isos = join(folder, 'theirs');
  mkdirSync(isos, { mode: 0o700 });
  chownSync(isos, 12_345, 12_346);
  const fnode = start('--config', await fnodeFile('g.yaml'), '--isos', isos);
  t.after(() => fnode.stop('SIGKILL'));
  assert.equal((await fnode.next('ready')).user, '12345');
  assert.match(readFileSync(`/proc/${fnode.child.pid}/status`, 'utf8'), /^Uid:\t12345\t12345\t12345\t12345$/m);
  assert.equal(await fnode.stop(), 0);
});

test('a state folder of root that holds something is left alone: one sentence', { skip: skipUnlessRoot }, async () => {
  const state = join(folder, 'roots');
  mkdirSync(state, { mode: 0o755 });
  writeFileSync(join(state, 'something'), '');
  const ran = await inOwnNetwork(`${process.execPath} ${entry('flink')} --lan lo --state-dir ${state}`);
  isOneSentence(ran);
  assert.equal(ran.code, 1);
  assert.match(ran.err, /^flink: nobody cannot write in the state folder .*roots \(EACCES\): chown -R nobody/);
});

test('serve as root: a named user who may not read the images is refused', { skip: skipUnlessRoot }, async () => {
  const args = ['--config', await fnodeFile('d.yaml'), '--isos', join(folder, 'locked'), '--user', 'nobody'];
  const ran = await runEntry('fnode', args);
  isOneSentence(ran);
  assert.equal(ran.code, 1);
  assert.match(ran.err, /^fnode: user nobody may not read .*locked: chmod it, or give another --user$/m);
});

test('--user without being root, or of nobody there is', async () => {
  const ran = await runEntry('fnode', ['--config', await fnodeFile('e.yaml'), '--user', 'no-such-user']);
  isOneSentence(ran);
  assert.equal(ran.code, isRoot ? 2 : 1);
});

test('a port in use: one sentence, exit code 1', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const file = join(folder, 'f.yaml');
  const tftp = await freePort();
  writeFileSync(file, `isos: isos\nboot: boot\nlisten: [127.0.0.1]\nports: { tftp: ${tftp}, http: ${port} }\n`);
  const ran = await runEntry('fnode', ['--config', file]);
  isOneSentence(ran);
  assert.equal(ran.code, 1);
  assert.match(ran.err, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use`));
});

const sentences = [
  { args: ['flink', '--lan', 'lo0typo'], code: 2, want: /^flink: no interface is called "lo0typo": .*lo/ },
  { args: ['flink'], code: 2, want: /^flink: which interface is the LAN\? Give --lan, one of .*lo/ },
  {
    args: ['flink', '--lan', 'lo', '--config', '/no/such.yaml'],
    code: 2,
    want: /^\/no\/such\.yaml: there is no such file/,
  },
  { args: ['flink', '--lan', 'lo', '--config', '/'], code: 2, want: /^\/: is a folder/ },
  { args: ['fnode', '--isos', '/no/such'], code: 2, want: /^fnode: there is no folder "\/no\/such": make it/ },
  { args: ['fnode', '--isos', '/', '--boot', '/no/such'], code: 2, want: /^fnode: there is no folder "\/no\/such"/ },
  { args: ['fnode', '--isos', '/etc/passwd'], code: 2, want: /^fnode: "\/etc\/passwd" is no folder/ },
  {
    args: ['fnode', '--listen', 'localhost'],
    code: 2,
    want: /^--listen: want an IPv4 address like 172\.16\.0\.1, got "localhost"/,
  },
  { args: ['flink', 'chek'], code: 2, want: /^flink: there is no command/ },
  { args: ['hall', '--lan', 'lo0typo'], code: 2, want: /no interface is called "lo0typo"/ },
] as const;
for (const { args, code, want } of sentences) {
  test(`one sentence and exit code ${code}: ${args.join(' ')}`, async () => {
    const [name, ...rest] = args;
    const ran = await runEntry(name, rest);
    isOneSentence(ran);
    assert.match(ran.err, want);
    assert.equal(ran.code, code);
  });
}

test('an unreadable file: one sentence', { skip: skipUnlessRoot }, async () => {
  const file = join(folder, 'secret.yaml');
  writeFileSync(file, '');
  chmodSync(file, 0);
  // root may read everything: without that capability it is like others.
  const bounds = ['--bounding-set=-dac_override,-dac_read_search', process.execPath, entry('flink')];
  const ran = await run('setpriv', [...bounds, '--lan', 'lo', '--config', file]);
  isOneSentence(ran);
  assert.equal(ran.code, 2);
  assert.match(ran.err, /secret\.yaml: may not be read by this user/);
});

/** In a network of its own, where nothing is heard outside. */
const inOwnNetwork = (script: string): Promise<Ran> =>
  run('unshare', ['-n', 'sh', '-c', `ip link set lo up; ${script}`]);

test('no privilege for port 67: one sentence, exit code 1', { skip: skipUnlessRoot }, async () => {
  const bare = 'setpriv --bounding-set=-net_bind_service';
  const state = join(folder, 'state1');
  const ran = await inOwnNetwork(`${bare} ${process.execPath} ${entry('flink')} --lan lo --state-dir ${state}`);
  isOneSentence(ran);
  assert.equal(ran.code, 1);
  assert.match(ran.err, /^flink: UDP port 67 on \S+ needs privilege: run as root/);
});

test('flink serves a LAN, keeps state in a folder of its user, ends at SIGTERM', {
  skip: skipUnlessRoot,
}, async (t) => {
  const state = join(folder, 'state2');
  const file = join(folder, 'language.yaml');
  writeFileSync(file, 'language: es\n');
  const args = `--config ${file} --lan lo --state-dir ${state}`;
  const command = `ip link set lo up; exec ${process.execPath} ${entry('flink')} ${args}`;
  const flink = new Running('unshare', ['-n', 'sh', '-c', command]);
  t.after(() => flink.stop('SIGKILL'));
  const ready = await flink.next('ready');
  assert.match(String(ready.serves), /DHCP/);
  assert.equal(ready.user, 'nobody');
  const warning = flink.lines.find((line) => line.event === 'not-served');
  assert.deepEqual([warning?.level, warning?.keys], ['warn', 'language']);
  assert.equal(await flink.stop(), 0);
  const { out } = await run('stat', ['-c', '%a %U', state]);
  assert.equal(out, '750 nobody\n');
});
