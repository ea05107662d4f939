/** Programs that boot scripts fetch with, against the real server. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type Node, pattern, startNode } from '../http/wire.ts';

const run = promisify(execFile);
const image = pattern(3_000_001);
let node: Node;
let url: string;
let target: string;

before(async () => {
  node = await startNode();
  fs.writeFileSync(path.join(node.folder, 'isos', 'a.iso'), image);
  url = `http://127.0.0.1:${node.at.port}`;
  target = path.join(node.folder, 'fetched');
});
after(() => node.stop());

/** Why not, where a program isn't there; in CI it has to be. */
function unless(program: string): string | false {
  const isThere = spawnSync(program, ['--help']).error === undefined;
  return isThere || process.env.CI ? false : `${program} is not installed`;
}

const fetched = (): boolean => fs.readFileSync(target).equals(image);
const half = (): void => fs.writeFileSync(target, image.subarray(0, 1_500_000));

test('curl: whole', { skip: unless('curl') }, async () => {
  await run('curl', ['-fsS', '-o', target, `${url}/isos/a.iso`]);
  assert.ok(fetched());
});

test('curl: resumes', { skip: unless('curl') }, async () => {
  half();
  await run('curl', ['-fsS', '-C', '-', '-o', target, `${url}/isos/a.iso`]);
  assert.ok(fetched());
});

test('curl: archiso probes with one octet', { skip: unless('curl') }, async () => {
  const { stdout } = await run('curl', [
    '-fsS',
    '-r',
    '0-0',
    '-o',
    target,
    '-w',
    '%{http_code} %{size_download}',
    `${url}/isos/a.iso`,
  ]);
  assert.equal(stdout, '206 1');
});

test('curl: miso greps OK in the head', { skip: unless('curl') }, async () => {
  const { stdout } = await run('curl', ['-s', '--head', `${url}/isos/a.iso`]);
  assert.match(stdout, /OK/);
  assert.match(stdout, /Content-Length: 3000001/);
});

test('curl: several ranges come as parts', { skip: unless('curl') }, async () => {
  await run('curl', ['-fsS', '-r', '0-9,1000-1009', '-o', target, `${url}/isos/a.iso`]);
  const parts = fs.readFileSync(target);
  assert.ok(parts.includes(image.subarray(0, 10)) && parts.includes(image.subarray(1000, 1010)));
});

test('curl: what has not changed is not sent again', { skip: unless('curl') }, async () => {
  const tags = path.join(node.folder, 'tags');
  const args = [
    '-fsS',
    '--etag-save',
    tags,
    '--etag-compare',
    tags,
    '-o',
    target,
    '-w',
    '%{http_code}',
    `${url}/isos/a.iso`,
  ];
  assert.equal((await run('curl', args)).stdout, '200');
  assert.equal((await run('curl', args)).stdout, '304');
});

test('curl: a hundred on one connection', { skip: unless('curl') }, async () => {
  const urls = Array.from({ length: 100 }, () => ['-o', target, `${url}/isos/a.iso`]).flat();
  const { stdout } = await run('curl', ['-fsS', '-w', '%{num_connects}', ...urls]);
  assert.equal(stdout, `1${'0'.repeat(99)}`);
  assert.ok(fetched());
});

test('curl: a name that is not here is error 22, so scripts notice', { skip: unless('curl') }, async () => {
  await assert.rejects(run('curl', ['-fsS', `${url}/isos/none.iso`]), { code: 22 });
});

test('busybox wget: whole, and resumed', { skip: unless('busybox') }, async () => {
  fs.rmSync(target, { force: true });
  await run('busybox', ['wget', '-q', '-O', target, `${url}/isos/a.iso`]);
  assert.ok(fetched());
  half();
  await run('busybox', ['wget', '-q', '-c', '-O', target, `${url}/isos/a.iso`]);
  assert.ok(fetched());
});

test('busybox wget: a name beyond ASCII is fetched in its escaped form, RFC 3986 §2.1', {
  skip: unless('busybox'),
}, async () => {
  fs.writeFileSync(path.join(node.folder, 'isos', 'español.txt'), 'eñe');
  await assert.rejects(run('busybox', ['wget', '-q', '-O', '-', `${url}/isos/español.txt`]));
  const { stdout } = await run('busybox', ['wget', '-q', '-O', '-', `${url}/isos/espa%C3%B1ol.txt`]);
  assert.equal(stdout, 'eñe');
});

test('wget: whole, resumed, and not again while it is the same', { skip: unless('wget') }, async () => {
  fs.rmSync(target, { force: true });
  await run('wget', ['-q', '-O', target, `${url}/isos/a.iso`]);
  assert.ok(fetched());
  half();
  await run('wget', ['-q', '-c', '-O', target, `${url}/isos/a.iso`]);
  assert.ok(fetched());
  const inFolder = { cwd: node.folder };
  await run('wget', ['-q', '-N', `${url}/isos/a.iso`], inFolder);
  const { stderr } = await run('wget', ['-N', `${url}/isos/a.iso`], inFolder);
  assert.match(stderr, /304 Not Modified/);
});
