/** Registration with a real rpcbind, as a node that gave up root does it; rpcinfo is who looks. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Registered } from '../../src/nfs/register.ts';
import { needs } from '../support/netns.ts';

const TOOLS = ['unshare', 'nsenter', 'ip', 'rpcbind', 'rpcinfo'];
const REGISTRAR = fileURLToPath(new URL('registrar.ts', import.meta.url));
const FNODE = fileURLToPath(new URL('../../src/fnode.ts', import.meta.url));
const SOCKET = '/run/rpcbind.sock';
const [NOBODY, SOMEBODY] = [65_534, 1234];
const OURS = ['100003 3 tcp', '100005 3 tcp', '100005 3 udp'];

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

/** A machine of its own on which rpcbind runs: a network, and a `/run`. */
class Machine {
  readonly #rpcbind: ChildProcess;
  readonly #t: TestContext;

  private constructor(t: TestContext, rpcbind: ChildProcess) {
    this.#t = t;
    this.#rpcbind = rpcbind;
  }

  static async start(t: TestContext): Promise<Machine> {
    const script = 'mount -t tmpfs none /run && ip link set lo up && exec rpcbind -f';
    const rpcbind = spawn('unshare', ['--mount', '--net', 'sh', '-c', script], { stdio: 'ignore' });
    t.after(() => end(rpcbind));
    const machine = new Machine(t, rpcbind);
    for (let i = 0; i < 200; i++) {
      if (machine.run('rpcinfo', '-p', '127.0.0.1').includes('portmapper')) return machine;
      await pause(50);
    }
    throw new Error('rpcbind does not come up');
  }

  /** What is left when its package is removed, or stopped. */
  stopRpcbind(): Promise<void> {
    return end(this.#rpcbind);
  }

  run(command: string, ...args: readonly string[]): string {
    return spawnSync('nsenter', this.#within(command, ...args), { encoding: 'utf8', timeout: 10_000 }).stdout;
  }

  /** `100003 3 tcp 0.0.0.0.8.1 65534`, in the order in which they came; rpcbind's own left out. */
  listed(): readonly string[] {
    const rows = this.run('rpcinfo').split('\n').slice(1);
    const columns = rows.map((row) => row.trim().split(/\s+/)).filter(([program]) => /^10000[35]$/.test(program ?? ''));
    return columns.map(([program, version, netid, address, _service, owner]) =>
      [program, version, netid, address, owner].join(' '),
    );
  }

  async node(port: number, uid: number, door: string): Promise<Node> {
    const argv = this.#within(process.execPath, REGISTRAR, `${port}`, `${uid}`, door);
    const child = spawn('nsenter', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#t.after(() => end(child));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'listening');
    return {
      tell: async (word) => {
        child.stdin.write(`${word}\n`);
        return JSON.parse((await lines.next()).value ?? '"it has ended"');
      },
      kill: () => end(child),
    };
  }

  /** A whole fnode, as root starts it: ready when it says so. */
  async fnode(
    folder: string,
  ): Promise<{ readonly lines: readonly Line[]; stop(signal: NodeJS.Signals): Promise<void> }> {
    const folders = ['--isos', folder, '--boot', folder, '--state-dir', join(folder, 'state'), '--flink', 'none'];
    const argv = this.#within(process.execPath, FNODE, ...folders, '--log-format', 'json');
    const child = spawn('nsenter', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#t.after(() => end(child));
    const lines: Line[] = [];
    for await (const text of createInterface({ input: child.stdout })) {
      lines.push(JSON.parse(text));
      if (lines.at(-1)?.event === 'ready') break;
    }
    return { lines, stop: (signal) => end(child, signal) };
  }

  #within(...command: readonly string[]): readonly string[] {
    return [`--target=${this.#rpcbind.pid}`, '--mount', '--net', ...command];
  }
}

interface Line {
  readonly event: string;
  readonly why?: string;
  readonly serves?: string;
  readonly user?: string;
}

interface Node {
  tell(word: 'register' | 'unregister' | 'foresee'): Promise<Registered>;
  kill(): Promise<void>;
}

const at = (address: string, owner: number | string): readonly string[] =>
  OURS.map((program) => `${program} ${address} ${owner}`);

test('rpcbind: a node that gave up root registers, is found by version 2 too, and takes itself out', async (t) => {
  if (!needs(t, TOOLS)) return;
  const machine = await Machine.start(t);
  const node = await machine.node(2049, NOBODY, SOCKET);
  assert.deepEqual(await node.tell('foresee'), { kind: 'registered' });
  assert.deepEqual(machine.listed(), []);
  assert.deepEqual(await node.tell('register'), { kind: 'registered' });
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.1', NOBODY));
  const portmap = machine.run('rpcinfo', '-p', '127.0.0.1');
  for (const row of [/100003 +3 +tcp +2049 /, /100005 +3 +tcp +2049 /, /100005 +3 +udp +2049 /])
    assert.match(portmap, row);
  assert.deepEqual(await node.tell('register'), { kind: 'registered' });
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.1', NOBODY));
  await node.tell('unregister');
  assert.deepEqual(machine.listed(), []);
});

test('rpcbind: what was left by kill -9 is replaced; beside one that lives, nothing is', async (t) => {
  if (!needs(t, TOOLS)) return;
  const machine = await Machine.start(t);
  const first = await machine.node(2049, NOBODY, SOCKET);
  await first.tell('register');
  const second = await machine.node(2050, NOBODY, SOCKET);
  for (const word of ['foresee', 'register'] as const) {
    const told = await second.tell(word);
    assert.deepEqual(told.kind === 'failed' && told.reason, 'taken');
  }
  await second.tell('unregister');
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.1', NOBODY));
  await first.kill();
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.1', NOBODY));
  assert.deepEqual(await second.tell('register'), { kind: 'registered' });
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.2', NOBODY));
});

test('rpcbind: what another user left is refused, and the command in the sentence cures it', async (t) => {
  if (!needs(t, TOOLS)) return;
  const machine = await Machine.start(t);
  const theirs = await machine.node(2049, SOMEBODY, SOCKET);
  await theirs.tell('register');
  await theirs.kill();
  const node = await machine.node(2050, NOBODY, SOCKET);
  const told = await node.tell('register');
  assert.ok(told.kind === 'failed');
  assert.equal(told.reason, 'refused');
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.1', SOMEBODY));
  machine.run('sh', '-c', /: (rpcinfo .*) as root,/.exec(told.what)?.[1] ?? 'false');
  assert.deepEqual(machine.listed(), []);
  assert.deepEqual(await node.tell('register'), { kind: 'registered' });
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.2', NOBODY));
});

test('rpcbind: a node that is back at the same port as another user has its place', async (t) => {
  if (!needs(t, TOOLS)) return;
  const machine = await Machine.start(t);
  const before = await machine.node(2049, SOMEBODY, SOCKET);
  await before.tell('register');
  await before.kill();
  const node = await machine.node(2049, NOBODY, SOCKET);
  assert.deepEqual(await node.tell('register'), { kind: 'registered' });
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.1', SOMEBODY));
});

test('rpcbind over TCP, as from a container: in and out, or refused with the cure', async (t) => {
  if (!needs(t, TOOLS)) return;
  const machine = await Machine.start(t);
  const node = await machine.node(2049, NOBODY, 'tcp');
  const told = await node.tell('register');
  assert.deepEqual(await node.tell('foresee'), told);
  if (told.kind === 'failed') {
    assert.equal(told.reason, 'refused');
    assert.match(told.what, /takes nothing from this process: stop rpcbind .*, or set nfs: off$/);
    return;
  }
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.1', 'unknown'));
  await node.tell('unregister');
  assert.deepEqual(machine.listed(), []);
});

test('rpcbind: gone, its socket left behind', async (t) => {
  if (!needs(t, TOOLS)) return;
  const machine = await Machine.start(t);
  const node = await machine.node(2049, NOBODY, SOCKET);
  await machine.stopRpcbind();
  const told = await node.tell('register');
  assert.deepEqual(told.kind === 'failed' && told.reason, 'no-portmapper');
});

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'rpcbind-'));
  chmodSync(folder, 0o755);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('rpcbind: a whole fnode registers when it is root no longer, again after kill -9, and leaves nothing at its end', async (t) => {
  if (!needs(t, TOOLS)) return;
  const machine = await Machine.start(t);
  const folder = emptyFolder(t);
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const { lines, stop } = await machine.fnode(folder);
    assert.equal(lines.at(-1)?.user, 'nobody');
    assert.match(lines.at(-1)?.serves ?? '', /NFS on 0\.0\.0\.0:2049/);
    assert.deepEqual(machine.listed(), at('0.0.0.0.8.1', NOBODY));
    await stop(signal);
  }
  assert.deepEqual(machine.listed(), []);
});

test('rpcbind: where another NFS server is registered, fnode goes on without NFS, and says why once', async (t) => {
  if (!needs(t, TOOLS)) return;
  const machine = await Machine.start(t);
  const other = await machine.node(2050, SOMEBODY, SOCKET);
  await other.tell('register');
  const { lines, stop } = await machine.fnode(emptyFolder(t));
  const said = lines.filter(({ event }) => event === 'not-served');
  assert.equal(said.length, 1);
  assert.match(said[0]?.why ?? '', /^another program is registered as 100003, version 3: stop it /);
  assert.match(lines.at(-1)?.serves ?? '', /TFTP on .*, HTTP on [^N]*;/);
  await stop('SIGTERM');
  assert.deepEqual(machine.listed(), at('0.0.0.0.8.2', SOMEBODY));
});
