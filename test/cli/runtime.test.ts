import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from './support.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'runtime-'));
const dist = join(folder, 'dist');
after(() => rmSync(folder, { recursive: true }));

/** A test that waits for something which never comes has failed by then. */
const HUNG_MS = 30_000;

/** As `npm ci` leaves it: built files beside node_modules. */
before(async () => {
  await run(join(project, 'node_modules/.bin/tsc'), ['-p', join(project, 'tsconfig.build.json'), '--outDir', dist]);
  cpSync(join(project, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'bare'));
  cpSync(dist, join(folder, 'bare', 'dist'), { recursive: true });
});

/** An entry that believes to be under an old Node once, then does what `body` says under the bundled one. */
function pretender(name: string, body: string): string {
  const file = join(dist, `${name}.js`);
  const text = `import { withRuntime } from './cli/runtime.js';
const isFirst = process.env.HOPPED === undefined;
process.env.HOPPED = '1';
withRuntime(import.meta.url, async () => { ${body} }, isFirst ? '18.20.0' : process.versions.node);
`;
  writeFileSync(file, text);
  return file;
}

test('under an old Node the entry goes on under the one that npm ci brought, with its arguments and exit code', async () => {
  const file = pretender(
    'arguments',
    'console.log(process.argv.slice(2).join(), process.execPath); process.exitCode = 7;',
  );
  const ran = await run(process.execPath, [file, 'a', '--b=c d']);
  assert.match(ran.out, /^a,--b=c d .*node_modules\/node-linux-[a-z0-9]+\/bin\/node\n$/);
  assert.equal(ran.code, 7);
});

test('the channel keeps no process alive that has nothing left to do', { timeout: HUNG_MS }, async () => {
  const ran = await run(process.execPath, [pretender('idle', 'console.log("done");')]);
  assert.deepEqual([ran.code, ran.out], [0, 'done\n']);
});

test('signals reach the real one; its exit code comes back', async () => {
  const body = "process.on('SIGTERM', () => process.exit(5)); setInterval(() => {}, 1e6); console.log('up');";
  const child = spawn(process.execPath, [pretender('signal', body)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [5, null]);
});

test('a signal that ends the real one ends the first one, too', async () => {
  const body = "setInterval(() => {}, 1e6); console.log('up'); process.kill(process.pid, 'SIGKILL');";
  const ran = await run(process.execPath, [pretender('killed', body)]);
  assert.deepEqual([ran.code, ran.signal], [null, 'SIGKILL']);
});

test('kill -9 of the first one leaves no orphan that holds the ports', { timeout: HUNG_MS }, async (t) => {
  const child = spawn(process.execPath, [pretender('orphan', "setInterval(() => {}, 1e6); console.log('up');")], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  t.after(() => child.stdout.destroy());
  const ended = once(child.stdout, 'end');
  child.kill('SIGKILL');
  // Both have this pipe: it ends when the last of them has.
  await ended;
});

test('descriptors that systemd hands over arrive under the same numbers', async () => {
  const body =
    "const fs = await import('node:fs'); console.log(fs.readFileSync(3, 'utf8') + fs.readFileSync(4, 'utf8'), process.env.LISTEN_PID);";
  for (const name of ['three', 'four']) writeFileSync(join(folder, name), name);
  const fds = ['three', 'four'].map((name) => openSync(join(folder, name), 'r'));
  const child = spawn(process.execPath, [pretender('handed', body)], {
    stdio: ['ignore', 'pipe', 'inherit', ...fds],
    env: { ...process.env, LISTEN_FDS: '2', LISTEN_PID: '1' },
  });
  assert.ok(child.stdout);
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(String(text), 'threefour undefined\n');
  await once(child, 'close');
});

test('without such a Node anywhere: one sentence, exit code 1', async () => {
  const file = join(folder, 'bare', 'dist', 'old.js');
  rmSync(join(folder, 'node_modules'));
  try {
    writeFileSync(
      file,
      "import { withRuntime } from './cli/runtime.js';\nwithRuntime(import.meta.url, async () => {}, '18.20.0');\n",
    );
    writeFileSync(join(folder, 'bare', 'package.json'), '{ "type": "module" }');
    const ran = await run(process.execPath, [file]);
    assert.equal(ran.code, 1);
    assert.equal(
      ran.err,
      "this is Node 18.20.0, and flisolator needs 24 or newer: run npm ci in the project's folder, or install Node 24\n",
    );
  } finally {
    symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  }
});

test('a Node from npm ci that is no newer is tried once, not for ever', async () => {
  const project = join(folder, 'again');
  const bin = join(project, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, 'node'));
  cpSync(join(folder, 'bare', 'dist'), join(project, 'dist'), { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  const file = join(project, 'dist', 'old.js');
  writeFileSync(
    file,
    "import { withRuntime } from './cli/runtime.js';\nwithRuntime(import.meta.url, async () => {}, '18.20.0');\n",
  );
  const ran = await run(process.execPath, [file]);
  assert.equal(ran.code, 1);
  assert.match(ran.err, /^this is Node 18\.20\.0, and flisolator needs 24/);
});

/** A `node` of this machine that is older than we need, if it has one. */
function olderNode(): string | undefined {
  for (const dir of [...(process.env.PATH ?? '').split(':'), '/usr/bin', '/usr/local/bin']) {
    const binary = join(dir, 'node');
    try {
      accessSync(binary, constants.X_OK);
      const version = execFileSync(binary, ['--version'], { encoding: 'utf8' });
      if (Number(/^v(\d+)/.exec(version)?.[1]) < 24) return binary;
    } catch {
      // No node there.
    }
  }
  return undefined;
}

const older = olderNode();
for (const name of ['flink', 'fnode', 'hall']) {
  test(`dist/${name}.js runs under the machine's own older Node`, {
    skip: older ? false : 'no older Node here',
  }, async () => {
    const ran = await run(older ?? '', [join(dist, `${name}.js`), '--version']);
    assert.deepEqual([ran.code, ran.err], [0, '']);
    assert.match(ran.out, /^flisolator /);
  });
}
