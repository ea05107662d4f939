/** A machine's node dies while its menu waits: all that it boots comes from the other one. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, openBench, type Transfer } from './bench.ts';
import { BOOT_TIMEOUT_SEC } from './checks.ts';
import type { Ground } from './ground.ts';
import { FNODES } from './hall.ts';
import { LAB_DIR, openLab } from './lab.ts';
import type { Firmware, MachineEnd } from './machine.ts';
import { pidOf, START_TIMEOUT_MS } from './servers.ts';
import { ownStock } from './stock.ts';
import { stageOfFile } from './story.ts';

interface Fallback {
  readonly name: string;
  readonly title: string;
  readonly firmware: Extract<Firmware, 'bios' | 'uefi'>;
  readonly mac: string;
  /** On the serial line, once the menu waits. */
  readonly menuShown: string;
  /** `killed`: its machine says that nobody listens; `gone`: it says nothing any more. */
  readonly node: 'killed' | 'gone';
  /** What its last file before that must be. */
  readonly menu: string;
}

const ROWS: readonly Fallback[] = [
  {
    ...{ name: 'fallback-ipxe', title: "iPXE's node is killed while its menu waits: all comes from the other" },
    ...{ firmware: 'bios', mac: '52:54:00:b3:00:01', node: 'killed', menu: 'boot.ipxe', menuShown: 'iPXE shell' },
  },
  {
    ...{ name: 'fallback-grub', title: "GRUB's node is killed while its menu waits: all comes from the other" },
    ...{ firmware: 'uefi', mac: '52:54:00:b3:00:02', node: 'killed', menu: 'grub.cfg', menuShown: 'local.disk' },
  },
  {
    ...{ name: 'fallback-gone', title: "GRUB's node loses its cable while its menu waits: all comes from the other" },
    ...{ firmware: 'uefi', mac: '52:54:00:b3:00:03', node: 'gone', menu: 'grub.cfg', menuShown: 'local.disk' },
  },
];

/** Of the image that both nodes have. flink's own table says that it starts by itself, after five seconds. */
const IMAGE = 'debian-live.iso';
const ENTRY = 'debian-12.11.0-xfce-amd64';
const [OWN, OTHER] = FNODES;

export const FALLBACKS = ROWS.map((row) => {
  return { name: row.name, title: row.title, run: (ground: Ground): Promise<void> => fallsBack(ground, row) };
});

async function fallsBack(ground: Ground, row: Fallback): Promise<void> {
  const bench = await openPair(ground, row.mac);
  const { mac, firmware, name } = row;
  await isOnBoth(bench, mac);
  let endedMs = Number.NaN;
  const onStage = (): void => {
    endedMs = Date.now();
    endNode(bench, row.node).catch((error: unknown) => ground.say(`${name}: ${error}`));
  };
  const machine = { name, firmware, mac, memoryMb: 512, timeoutSec: BOOT_TIMEOUT_SEC, stages: { menu: row.menuShown } };
  const end = await bench.boot({ ...machine, until: 'LAB-BOOT-(OK|FAILED) \\S+' }, { onStage });
  hasBooted(end);
  const before = bench.fetched(mac).filter(({ fnode }) => fnode === OWN.name);
  assert.ok(
    before.some(({ file }) => file.includes(row.menu)),
    `${name} got no menu from ${OWN.name}`,
  );
  assert.deepEqual(
    before.filter(isOfSystem).map(({ file }) => file),
    [],
  );
  const after = bench.fetched(mac).filter(({ fnode }) => fnode === OTHER.name);
  const [kernel] = after.filter(isOfSystem);
  assert.ok(
    kernel && after.filter(isOfSystem).length >= 2,
    `${name} got from ${OTHER.name}: ${after.map((t) => t.file)}`,
  );
  const waitedMs = kernel.atMs - kernel.tookMs - endedMs;
  ground.say(
    `${name}: its kernel came from the other node ${(waitedMs / 1000).toFixed(1)} s after its own was ${row.node}`,
  );
  await bench.lab.net('down');
}

/** Two nodes with one image. */
async function openPair({ out, say, cleanup }: Ground, mac: string): Promise<Bench> {
  const lab = await openLab('fallback', cleanup);
  // Half of iPXE's boot would be waiting for an IPv6 router.
  await lab.spawn('br', 'router', [path.join(LAB_DIR, 'router.py'), 'br0']);
  const folders = await ownStock(lab, IMAGE, () => {});
  const clients = [{ mac, fnode: OWN.name, boot: ENTRY }];
  return openBench(lab, out, { ...folders, clients, menu: { title: 'FLISoL', timeout: '60s' }, say }, cleanup);
}

/** Waits until the menu starts the entry by itself, and knows where else it is to be had. */
async function isOnBoth({ lab }: Bench, mac: string): Promise<void> {
  const url = `http://${OWN.ip}/boot/boot.ipxe?mac=${mac.replaceAll(':', '-')}`;
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(200)) {
    const { stdout } = await lab.exec('flink', ['curl', '-s', url]);
    if (stdout.includes(`set menu-default ${ENTRY}\n`) && stdout.includes(`set base http://${OTHER.ip}\n`)) return;
    if (Date.now() > deadline) throw new Error(`${OWN.name} does not know ${OTHER.name}; its menu begins:\n${stdout.slice(0, 400)}`);
  }
}

async function endNode({ lab }: Bench, how: Fallback['node']): Promise<void> {
  if (how === 'killed') process.kill(await pidOf(lab, OWN.name), 'SIGKILL');
  else await lab.exec('br', ['ip', 'link', 'set', `p-${OWN.host}`, 'down']);
}

function hasBooted({ serial, verdict, transcript }: MachineEnd): void {
  assert.ok(
    serial.includes('LAB-BOOT-OK live-boot'),
    `${verdict}; its serial console ends:\n${transcript.slice(-3000)}`,
  );
  const line = /^LAB-CMDLINE (.*?)\r?$/m.exec(serial)?.[1] ?? '';
  assert.match(line, new RegExp(`fetch=http://${OTHER.ip.replaceAll('.', '\\.')}/`));
}

const isOfSystem = ({ file }: Transfer): boolean => ['kernel', 'initrd'].includes(stageOfFile(file) ?? '');
