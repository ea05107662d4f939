/** The service on real sockets of 127.0.0.1, read by clients that others wrote. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { LOOPBACK } from '../../src/core/addr.ts';
import type { OpenContent } from '../../src/core/content.ts';
import { folderContent } from '../../src/host/files.ts';
import { systemHost } from '../../src/host/system.ts';
import { TFTP_BOUNDS, tftpService } from '../../src/tftp/server.ts';
import { FakeLog } from '../support/fakes.ts';
import { noise } from '../tftp/world.ts';

const text = 'a line\nand a return\rand both\r\n'.repeat(300);
const files: Readonly<Record<string, Uint8Array>> = {
  empty: new Uint8Array(0),
  whole: noise(5 * 512),
  small: noise(10_001),
  // 65,536 blocks of 512 octets and some: the count of blocks starts over.
  large: noise(65_536 * 512 + 100),
  text: Buffer.from(text),
};

/** From the disk, as a node serves them. */
const served = mkdtempSync(join(tmpdir(), 'tftp-served-'));
for (const [name, bytes] of Object.entries(files)) writeFileSync(join(served, name), bytes);
const onDisk = folderContent(served);
const open: OpenContent = (path) => onDisk.open(path.replace('/boot/', ''));
const log = new FakeLog();
const service = tftpService(() => ({ ...TFTP_BOUNDS, listen: [LOOPBACK], port: 0, httpPort: 80 }), {
  host: systemHost(log),
  open,
});
let folder = '';
let port = 0;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tftp-interop-'));
  await service.start();
  port = service.ports()[0]?.port ?? 0;
});
after(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
  rmSync(served, { recursive: true, force: true });
});

/** Asks for `name`, writes it to `to`; `more` are options of the program. */
type Command = (name: string, to: string, more?: readonly string[]) => readonly [string, readonly string[]];
const clients: Readonly<Record<string, Command>> = {
  tftp: (name, to, more = ['-m', 'binary']) => ['tftp', [...more, LOOPBACK, `${port}`, '-c', 'get', name, to]],
  curl: (name, to, more = []) => ['curl', ['-sS', ...more, '-o', to, `tftp://${LOOPBACK}:${port}/${name}`]],
  busybox: (name, to, more = []) => ['busybox', ['tftp', ...more, '-g', '-r', name, '-l', to, LOOPBACK, `${port}`]],
  atftp: (name, to, more = []) => ['atftp', [...more, '-g', '-r', name, '-l', to, LOOPBACK, `${port}`]],
};

function needs(t: TestContext, program: string): boolean {
  if (spawnSync('sh', ['-c', `command -v ${program}`]).status === 0) return true;
  if (process.env.CI) throw new Error(`needs ${program}`);
  t.skip(`needs ${program}`);
  return false;
}

function run([program, args]: readonly [string, readonly string[]]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder, timeout: 60_000 }, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

async function fetched(command: Command, name: string, more?: readonly string[]): Promise<Buffer> {
  const to = join(folder, 'got');
  rmSync(to, { force: true });
  const said = await run(command(name, to, more));
  try {
    return readFileSync(to);
  } catch {
    throw new Error(`${name}: nothing came: ${said}`);
  }
}

const variants: readonly { readonly client: string; readonly how: string; readonly more?: readonly string[] }[] = [
  { client: 'tftp', how: 'plain' },
  { client: 'curl', how: 'plain' },
  { client: 'curl', how: 'with large blocks', more: ['--tftp-blksize', '65464'] },
  { client: 'curl', how: 'without options', more: ['--tftp-no-options'] },
  { client: 'busybox', how: 'plain' },
  { client: 'busybox', how: 'with large blocks', more: ['-b', '1428'] },
  { client: 'atftp', how: 'plain' },
  {
    client: 'atftp',
    how: 'in windows of 8',
    more: ['--option', 'blksize 1428', '--option', 'windowsize 8', '--option', 'tsize 0'],
  },
  { client: 'atftp', how: 'in windows of 64', more: ['--option', 'windowsize 64'] },
];
for (const { client, how, more } of variants) {
  test(`interop: ${client}, ${how}, gets every octet of every file`, async (t) => {
    const command = clients[client];
    if (!command || !needs(t, client)) return;
    for (const name of ['whole', 'small', 'large']) {
      assert.ok((await fetched(command, name, more)).equals(files[name] ?? Buffer.of()), name);
    }
  });
  // curl takes a tsize of 0, which RFC 2349 §3 gives an empty file, for a fault.
  if (client === 'curl' && !more?.includes('--tftp-no-options')) continue;
  test(`interop: ${client}, ${how}, gets an empty file`, async (t) => {
    const command = clients[client];
    if (!command || !needs(t, client)) return;
    const sentBefore = log.lines.length;
    await run(command('empty', join(folder, 'got'), more));
    const sent = log.lines.slice(sentBefore).find((line) => line.event === 'sent');
    assert.equal(sent?.bytes, 0);
  });
}

test('interop: tftp in its netascii mode gets the text', async (t) => {
  if (!needs(t, 'tftp')) return;
  const got = await fetched(clients.tftp as Command, 'text', ['-m', 'ascii']);
  assert.equal(got.toString('latin1'), text);
});

test('interop: curl asking for text gets netascii', async (t) => {
  if (!needs(t, 'curl')) return;
  const got = await fetched(clients.curl as Command, 'text;mode=netascii');
  assert.equal(
    got.toString('latin1'),
    text.replaceAll(/[\r\n]/g, (c) => (c === '\n' ? '\r\n' : '\r\0')),
  );
});

for (const client of Object.keys(clients)) {
  test(`interop: ${client} understands that a file is not there`, async (t) => {
    const command = clients[client];
    if (!command || !needs(t, client)) return;
    assert.match(await run(command('nothing', join(folder, 'none'))), /not found|curl: \(68\)/i);
  });
}

test('interop: tftp may not write', async (t) => {
  if (!needs(t, 'tftp')) return;
  writeFileSync(join(folder, 'mine'), 'x');
  assert.match(await run(['tftp', [LOOPBACK, `${port}`, '-c', 'put', 'mine']]), /read only/);
});
