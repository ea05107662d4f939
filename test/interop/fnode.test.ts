/** A whole fnode as a process of its own, under siege and short of descriptors. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entry, freePort } from '../cli/support.ts';
import { seeded } from '../support/fakes.ts';

const ADDRESS = '127.0.0.1';
const DESCRIPTORS = 64;
const file = randomBytes(300_000);
const digest = createHash('sha256').update(file).digest('hex');

let folder = '';
let ports = { tftp: 0, http: 0 };
let fnode: ChildProcess;
let said = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fnode-siege-'));
  for (const name of ['isos', 'boot']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'boot', 'loader.bin'), file);
  ports = { tftp: await freePort(), http: await freePort() };
  writeFileSync(
    join(folder, 'fnode.yaml'),
    `isos: isos\nboot: boot\nstateDir: state\nflink: none\nports: { tftp: ${ports.tftp}, http: ${ports.http} }\n`,
  );
  // The default listen, which looks at the interfaces again and again.
  const command = `ulimit -n ${DESCRIPTORS}; exec "$0" "$@"`;
  const args = [
    '-c',
    command,
    process.execPath,
    entry('fnode'),
    '--config',
    join(folder, 'fnode.yaml'),
    '--log-format',
    'json',
  ];
  fnode = spawn('sh', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [fnode.stdout, fnode.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const late = AbortSignal.timeout(20_000);
  while (!said.includes('"event":"ready"')) {
    if (fnode.exitCode !== null || late.aborted) throw new Error(`no fnode: ${said}`);
    await Promise.race([once(fnode.stdout ?? fnode, 'data', { signal: late }), once(fnode, 'exit')]).catch(() => {});
  }
});
after(async () => {
  if (fnode.exitCode === null && fnode.signalCode === null) {
    fnode.kill('SIGTERM');
    await once(fnode, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

/** By curl, tried again as clients do: a server that is short of something answers the next time. */
function isServed(url: string): boolean {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      const got = execFileSync('curl', ['-sf', '--max-time', '8', url], {
        maxBuffer: 1 << 20,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      if (createHash('sha256').update(got).digest('hex') === digest) return true;
    } catch {
      // Once more.
    }
  }
  return false;
}
const servesBoth = (): void => {
  assert.equal(fnode.exitCode, null, said.slice(-2000));
  assert.ok(isServed(`http://${ADDRESS}:${ports.http}/boot/loader.bin`), `HTTP: ${said.slice(-2000)}`);
  assert.ok(isServed(`tftp://${ADDRESS}:${ports.tftp}/loader.bin`), `TFTP: ${said.slice(-2000)}`);
};

/** Sends them in portions that the loopback's buffers hold. */
async function datagrams(
  count: number,
  make: (i: number) => Uint8Array,
  sockets: readonly dgram.Socket[],
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const socket = sockets[i % sockets.length];
    await new Promise((resolve) => socket?.send(make(i), ports.tftp, ADDRESS, resolve));
  }
}

test('fnode: 10,000 random datagrams at the TFTP port, and both doors serve the next client', async () => {
  const random = seeded(69);
  const sockets = [dgram.createSocket('udp4')];
  const noise = () => Uint8Array.from({ length: Math.floor(random() * 600) }, () => Math.floor(random() * 256));
  await datagrams(10_000, noise, sockets);
  for (const socket of sockets) socket.close();
  servesBoth();
});

test('fnode: more transfers and connections than descriptors, for longer than a look at the interfaces takes', async () => {
  const sockets = Array.from({ length: 150 }, () => dgram.createSocket('udp4'));
  const request = Buffer.from('\0\x01loader.bin\0octet\0blksize\x292\0', 'latin1');
  const connections = Array.from({ length: 150 }, () => net.connect(ports.http, ADDRESS).on('error', () => {}));
  await datagrams(150, () => request, sockets);
  // The interfaces are looked at every three seconds.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  for (const connection of connections) connection.destroy();
  for (const socket of sockets) socket.close();
  servesBoth();
});
