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

type Loader = 'ipxe' | 'grub';

interface Fallback {
  readonly name: string;
  readonly title: string;
  readonly loader: Loader;
  readonly mac: string;
  /** `killed`: its machine says that nobody listens; `gone`: it says nothing any more. */
  readonly node: 'killed' | 'gone';
}

const ROWS: readonly Fallback[] = [
  {
    ...{ name: 'fallback-ipxe', loader: 'ipxe', mac: '52:54:00:b3:00:01', node: 'killed' },
    title: "iPXE's node is killed while its menu waits: kernel, initrd and medium come from the other",
  },
  {
    ...{ name: 'fallback-grub', loader: 'grub', mac: '52:54:00:b3:00:02', node: 'killed' },
    title: "GRUB's node is killed while its menu waits: the same",
  },
  {
    ...{ name: 'fallback-gone', loader: 'grub', mac: '52:54:00:b3:00:03', node: 'gone' },
    title: "GRUB's node loses its cable while its menu waits: the same",
  },
];

interface LoaderRow {
  readonly firmware: Extract<Firmware, 'bios' | 'uefi'>;
  /** The last that it gets of its own node. */
  readonly menu: string;
  /** What its serial line shows when it begins to load. */
  readonly loads: string;
  /** When its node dies: the menu waits, and is known to count rightly. */
  readonly dies: 'menu' | 'three';
  /** About. */
  readonly sec: number;
}

const LOADERS: Readonly<Record<Loader, LoaderRow>> = {
  ipxe: { firmware: 'bios', menu: 'boot.ipxe', loads: 'http://172.16.0.10/tree/', dies: 'menu', sec: 30 },
  grub: { firmware: 'uefi', menu: 'grub.cfg', loads: 'Loading', dies: 'three', sec: 75 },
};

/** Of the image that both nodes have. flink's own table says that it starts by itself, after five seconds. */
const IMAGE = 'debian-live.iso';
const ENTRY = 'debian-12.11.0-xfce-amd64';
const [OWN, OTHER] = FNODES;

export const FALLBACKS = ROWS.map((row) => {
  return {
    name: row.name,
    title: row.title,
    sec: LOADERS[row.loader].sec,
    run: (ground: Ground): Promise<void> => fallsBack(ground, row),
  };
});

async function fallsBack(ground: Ground, row: Fallback): Promise<void> {
  const bench = await openPair(ground, row.mac);
  await isOnBoth(bench, row.mac);
  const { name, mac, loader } = row;
  const { menu } = LOADERS[loader];
  const atSec = new Map<string, number>();
  let end = await boot(bench, row, atSec);
  for (let tries = 1; end.verdict === 'stopped' && tries < MAX_TRIES; tries++) end = await boot(bench, row, atSec);
  hasBooted(end);
  const from = ({ name }: { readonly name: string }) => bench.fetched(mac).filter(({ fnode }) => fnode === name);
  const shown = bench.fetched(mac).map(({ fnode, file }) => `${fnode} ${file}`);
  assert.ok(
    from(OWN).some(({ file }) => file.includes(menu)),
    `no menu from ${OWN.name}:\n${shown.join('\n')}`,
  );
  assert.ok(!from(OWN).some(isOfSystem), `something from ${OWN.name} after its menu:\n${shown.join('\n')}`);
  assert.ok(from(OTHER).filter(isOfSystem).length >= 2, `too little from ${OTHER.name}:\n${shown.join('\n')}`);
  ground.say(`${name}: ${waited(atSec)}`);
  await bench.lab.net('down');
}

/** GRUB's, of which it says each second. */
const COUNTDOWN = { four: 'automatically in 4s', three: 'automatically in 3s', one: 'automatically in 1s' } as const;
/**
 * GRUB takes the speed of its clock at its start, within a millisecond: without KVM its seconds can last a minute where other
 * work came in between. Whose menu has not counted two of them in this time starts anew.
 */
const COUNTED_MS = 6000;
const MAX_TRIES = 6;

/** Until the system runs, or until its loader is seen to count wrongly. `atSec`: when it reached each stage. */
function boot(bench: Bench, { name, mac, loader, node }: Fallback, atSec: Map<string, number>): Promise<MachineEnd> {
  const { firmware, loads, dies } = LOADERS[loader];
  atSec.clear();
  let late: NodeJS.Timeout | undefined;
  const onStage = (stage: string, sec: number, stop: () => void): void => {
    atSec.set(stage, sec);
    if (stage === 'menu') late = setTimeout(stop, COUNTED_MS);
    if (stage !== dies) return;
    clearTimeout(late);
    endNode(bench, node).catch((error: unknown) => console.log(`        ${name}: ${error}`));
  };
  const stages = { menu: 'local.disk', ...COUNTDOWN, loads, other: 'trying another one' };
  const machine = { name, firmware, mac, stages, memoryMb: 512, timeoutSec: BOOT_TIMEOUT_SEC };
  return bench.boot({ ...machine, until: 'LAB-BOOT-(OK|FAILED) \\S+' }, { onStage });
}

/** In seconds of this machine and of GRUB, which may still differ by a little. */
function waited(atSec: ReadonlyMap<string, number>): string {
  const between = (from: string, to: string): number => (atSec.get(to) ?? Number.NaN) - (atSec.get(from) ?? Number.NaN);
  const sec = between('loads', 'other');
  const ownSec = (sec * 3) / between('four', 'one');
  const own = Number.isNaN(ownSec) ? '' : `, ${ownSec.toFixed(1)} s by its own clock`;
  return `the loader went to the other node after ${sec.toFixed(1)} s${own}`;
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
    const [, entry = ''] = stdout.split(`\n:${ENTRY}\n`);
    const [kernel = ''] = entry.split('\n');
    if (stdout.includes(`set menu-default ${ENTRY}\n`) && kernel.endsWith(`goto _from-${OTHER.ip}`)) return;
    if (Date.now() > deadline)
      throw new Error(`${OWN.name} does not know ${OTHER.name}; its menu begins:\n${stdout.slice(0, 400)}`);
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
