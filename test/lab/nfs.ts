/** A real live image that is read by NFS as it runs: with less memory than it is large, and through the end of its node. */
import assert from 'node:assert/strict';
import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport } from '../../src/core/image.ts';
import { type Gallery, openGallery } from './gallery.ts';
import type { Ground } from './ground.ts';
import { type Again, FNODES } from './hall.ts';
import { liveImage } from './images.ts';
import { holdSoon, LAB_DIR, type Lab, type LabHost } from './lab.ts';
import type { Firmware, MachineEnd } from './machine.ts';
import { pidOf } from './servers.ts';
import { must } from './shell.ts';

const MAC = { nfs: '52:54:00:a7:00:01', http: '52:54:00:a7:00:02', restart: '52:54:00:a7:00:03' } as const;
const LIVE_FILE = 'large-live.iso';
/** The squashfs alone has 450. */
const MEMORY_MB = 512;
/** Idle it takes 40 to 70 s. */
const TIMEOUT_SEC = 600;
const [NODE] = FNODES;

/** By NFS it boots; by HTTP the same machine has no room for it. */
export async function bootsWithLittleMemory(ground: Ground): Promise<void> {
  const gallery = await openHall(ground, 'live-nfs');
  const [streamed, fetched] = await Promise.all([
    boot(gallery, 'nfs', { mac: MAC.nfs, firmware: 'bios' }),
    boot(gallery, 'http', { mac: MAC.http, firmware: 'bios' }),
  ]);
  hasBooted(streamed);
  ground.say(`live-nfs: ${/^LAB-MEM (.*?)\r?$/m.exec(streamed.serial)?.[1] ?? 'its memory is not known'}`);
  const { verdict, serial, transcript } = fetched;
  assert.ok(serial.includes(GAVE_UP), `by HTTP: ${verdict}; its serial console ends:\n${transcript.slice(-3000)}`);
  await gallery.lab.net('down');
}

/** What a node has sent by NFS when it is ended: the machine is in the middle of its start then, twice. */
const ENDS_AT_BYTES = [4_000_000, 12_000_000] as const;

/** Its node is killed and started again; then it is killed for good, and another machine with a copy of the image has its address. */
export async function outlivesItsNode(ground: Ground): Promise<void> {
  const gallery = await openHall(ground, 'nfs-restart');
  const { lab, hall } = gallery;
  await countNfs(lab, NODE.host);
  await countNfs(lab, 'client');
  const booted = boot(gallery, 'nfs', { mac: MAC.restart, firmware: 'uefi' });
  const isOver = booted.then(() => true);
  const first = await sentBytes(lab, NODE.host, ENDS_AT_BYTES[0], isOver);
  await end(lab, NODE.name);
  await sleep(1000);
  await hall.startAgain(NODE.name, { daemon: 'fnode-again' });
  const both = await sentBytes(lab, NODE.host, ENDS_AT_BYTES[1], isOver);
  await end(lab, 'fnode-again');
  await movesTo(gallery, 'client', 'fnode-other');
  hasBooted(await booted);
  const other = await sentBytes(lab, 'client', 1_000_000, isOver);
  const parts = [first, both - first, other].map((bytes) => (bytes / 1e6).toFixed(1));
  ground.say(`nfs-restart: the three fnodes of that boot sent ${parts.join(', ')} MB by NFS`);
  await lab.net('down');
}

/** With the serial line as the last console, live-boot tells there why it gave up. */
const BESIDE = JSON.stringify({ arguments: 'console=ttyS0,115200n8' });
const GAVE_UP = 'Unable to find a live file system on the network';

/** A hall with that image alone, or nearly. */
async function openHall(ground: Ground, name: string): Promise<Gallery> {
  const clients = [{ mac: '52:54:00:a7:*', fnode: NODE.name }];
  const gallery = await openGallery({ name, images: 'freedos.iso', clients }, ground);
  await writeFile(path.join(gallery.isos, LIVE_FILE.replace('.iso', '.yaml')), BESIDE);
  await link(await largeImage(gallery.lab), path.join(gallery.isos, LIVE_FILE));
  return gallery;
}

/** Made once. */
async function largeImage(lab: Lab): Promise<string> {
  const script = path.join(LAB_DIR, 'enlarge-live-iso.sh');
  const live = await liveImage(lab);
  const recipe = (await must('sha256sum', [script])).slice(0, 16);
  const image = path.join(lab.cache, `large-${recipe}-${path.basename(live)}`);
  const release = await holdSoon('large-iso');
  try {
    const make = 'test -e "$1" || { rm -f "$LAB_CACHE"/large-*.iso && "$2" "$3" "$1.part" && mv "$1.part" "$1"; }';
    await must('sh', ['-c', make, 'sh', image, script, live], { env: lab.env });
  } finally {
    release();
  }
  return image;
}

interface Machine {
  readonly mac: string;
  readonly firmware: Firmware;
}

async function boot(gallery: Gallery, transport: Transport, { mac, firmware }: Machine): Promise<MachineEnd> {
  const image = (await gallery.images(LIVE_FILE)).find(({ path }) => path === LIVE_FILE);
  assert.ok(image);
  await gallery.startsBy(mac, await gallery.entryOf(image, transport));
  return gallery.boot({
    ...{ name: `live-${transport}`, firmware, mac, memoryMb: MEMORY_MB },
    ...{ timeoutSec: TIMEOUT_SEC, until: `LAB-BOOT-OK|${GAVE_UP}` },
  });
}

function hasBooted({ serial, verdict, transcript }: MachineEnd): void {
  assert.ok(serial.includes('LAB-BOOT-OK'), `${verdict}; its serial console ends:\n${transcript.slice(-3000)}`);
  assert.match(serial, /^LAB-CMDLINE .*netboot=nfs nfsroot=/m);
}

/** Has the kernel of that host count what leaves it by NFS. */
async function countNfs(lab: Lab, host: LabHost): Promise<void> {
  const table =
    'table ip lab-nfs { counter sent { }; chain out { type filter hook output priority 0; tcp sport 2049 counter name sent; }; }';
  const { code, stderr } = await lab.exec(host, ['nft', table]);
  assert.equal(code, 0, stderr);
}

/** Waits until the host has sent so many octets by NFS, and comes back with their number. Rejects if the machine is at its end before. */
async function sentBytes(lab: Lab, host: LabHost, wanted: number, isOver: Promise<boolean>): Promise<number> {
  for (let isLast = false; ; ) {
    const { stdout } = await lab.exec(host, ['nft', 'list', 'counter', 'ip', 'lab-nfs', 'sent']);
    const sent = Number(/bytes (\d+)/.exec(stdout)?.[1]);
    if (sent >= wanted) return sent;
    assert.ok(!isLast, `${host} has sent ${sent} octets by NFS until the machine's end, not ${wanted}`);
    isLast = await Promise.race([isOver, sleep(100, false)]);
  }
}

async function end(lab: Lab, daemon: string): Promise<void> {
  process.kill(await pidOf(lab, daemon), 'SIGKILL');
}

/** The node's address, and a copy of its image, go to another machine, whose fnode never saw the client. */
async function movesTo({ lab, hall, isos }: Gallery, host: LabHost, daemon: Again['daemon']): Promise<void> {
  const copies = path.join(lab.state, 'copies');
  await mkdir(copies);
  await copyFile(path.join(isos, LIVE_FILE), path.join(copies, LIVE_FILE));
  const run = async (on: LabHost, ...command: string[]): Promise<void> => {
    const { code, stderr } = await lab.exec(on, command);
    assert.equal(code, 0, `${command.join(' ')}: ${stderr}`);
  };
  await run(NODE.host, 'ip', 'addr', 'flush', 'dev', 'eth0');
  await run(host, 'ip', 'addr', 'add', `${NODE.ip}/16`, 'dev', 'eth0');
  await hall.startAgain(NODE.name, { daemon, host, isos: copies });
  await run(host, 'busybox', 'arping', '-U', '-c', '2', '-I', 'eth0', NODE.ip);
}
