/** The command, a running flink, real apt; then the origin is gone. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entry } from '../cli/support.ts';
import { needs } from '../support/netns.ts';
import { startProxy } from '../support/proxyflink.ts';
import { aptWith } from './aptroot.ts';
import { Archive, Signer } from './archive.ts';
import { Stub } from './stub.ts';

async function originOf(t: TestContext, files: ReadonlyMap<string, Buffer>) {
  const server = http.createServer(({ url = '', method }, response) => {
    const octets = files.get(decodeURIComponent(url).replace('/debian/', ''));
    const head = { 'Content-Length': octets?.length ?? 0, 'Last-Modified': 'Sat, 11 Jul 2026 10:16:37 GMT' };
    response.writeHead(octets ? 200 : 404, head).end(method === 'HEAD' ? undefined : octets);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  t.after(close);
  return { port: (server.address() as AddressInfo).port, close };
}

test('flink cache warm: afterwards apt updates and installs through flink without the origin', async (t) => {
  if (!needs(t, ['apt-get', 'dpkg-deb', 'xz', 'gpg', 'gpgv'])) return;
  const signer = new Signer();
  const archive = new Archive(signer);
  const folder = mkdtempSync(join(tmpdir(), 'warm-'));
  t.after(() => {
    signer.close();
    archive.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const main = [
    { name: 'a', fields: { Depends: 'libc++1', Recommends: 'b' } },
    { name: 'libc++1', version: '1:1~2+3' },
    { name: 'b' },
  ];
  archive.addSuite({ suite: 'bookworm', components: { main }, more: { 'i18n/Translation-en': 'x\n' } });
  const origin = await originOf(t, archive.files);
  const flink = await startProxy(t, { allow: [{ at: { address: '127.0.0.1', port: origin.port } }] });
  const line = `http://127.0.0.1:${origin.port}/debian bookworm main`;
  writeFileSync(join(folder, 'list'), `deb ${line}\ninstall a\n`);
  const warm = () => flink.command('cache', 'warm', '--from', join(folder, 'list'), '--json');
  const first = await warm();
  assert.equal(first.code, 0, first.out + first.err);
  assert.equal(JSON.parse(first.out).failures.length, 0);
  origin.close();
  const again = await warm();
  assert.equal(again.code, 0, again.out + again.err);
  assert.ok(JSON.parse(again.out).staleObjects > 0);

  const apt = aptWith(folder, flink.proxy.port, [`deb [signed-by=${signer.keyring}] ${line}`]);
  assert.doesNotMatch(await apt('update'), /^(W|E|Err)/m);
  assert.match(await apt('--download-only', 'install', 'a'), /3 newly installed/);
});

test('flink cache warm: what cannot be had is named, with exit code 1; mistakes with 2', async (t) => {
  const origin = await originOf(t, new Map());
  const flink = await startProxy(t, { allow: [{ at: { address: '127.0.0.1', port: origin.port } }] });
  const folder = mkdtempSync(join(tmpdir(), 'warm-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'list'), `http://127.0.0.1:${origin.port}/none\n`);
  const missing = await flink.command('cache', 'warm', '--from', join(folder, 'list'));
  assert.equal(missing.code, 1);
  assert.match(missing.err, /missing: http:\/\/127.0.0.1:\d+\/none: 404/);
  assert.match(missing.out, /0 of 1 objects are kept.*1 missing/);
  for (const args of [
    [],
    ['--from', 'x', '--rate', '5'],
    ['--from', 'x', '--jobs', '99'],
    ['--from', 'x', '--proxy', 'y'],
    ['--from', 'nowhere'],
  ])
    assert.equal((await flink.command('cache', 'warm', ...args)).code, 2, args.join(' '));
});

test('flink cache warm: Ctrl-C ends it, and it says how to go on', async (t) => {
  const stub = new Stub();
  await stub.start();
  t.after(() => stub.close());
  for (const name of ['m/1', 'm/2']) stub.outside.set(name, Buffer.alloc(1_000_000));
  const args = [
    'cache',
    'warm',
    '--from',
    '-',
    '--proxy',
    `127.0.0.1:${stub.port}`,
    '--rate',
    '100kbps',
    '--lan',
    'lo',
  ];
  const child = spawn(process.execPath, [entry('flink'), ...args], { stdio: 'pipe' });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  let isKilled = false;
  stub.onRequest = () => {
    if (!isKilled) isKilled = child.kill('SIGINT');
    return false;
  };
  child.stdin.end('http://m/1\nhttp://m/2\n');
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.match(said, /stopped; what is kept stays: the same command goes on from there/);
});
