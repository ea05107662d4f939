/** Every image that can boot, through every loader, and by NFS: what its initramfs was told, and what it got. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { CatalogImage, Transport } from '../../src/core/image.ts';
import { addressOf, type Gallery } from './gallery.ts';
import type { ClientRow } from './hall.ts';
import { type Boots, fileOf, LAYOUTS, type Layout, WHOLE } from './layouts.ts';
import type { Firmware, MachineEnd } from './machine.ts';
import { must } from './shell.ts';

interface LoaderRow {
  readonly name: 'ipxe' | 'pxelinux' | 'grub' | 'nfs';
  readonly firmware: Firmware;
  /** Fourth octet of the machines' MACs: the MAC table tells by it who gets which loader. */
  readonly octet: string;
  readonly memoryMb: number;
  /** How the system comes that it starts. */
  readonly transport: Transport;
}

const LOADERS: readonly LoaderRow[] = [
  { name: 'ipxe', firmware: 'bios', octet: 'a1', memoryMb: 192, transport: 'http' },
  { name: 'pxelinux', firmware: 'bios', octet: 'a2', memoryMb: 192, transport: 'http' },
  { name: 'grub', firmware: 'uefi', octet: 'a3', memoryMb: 320, transport: 'http' },
  // Started by iPXE, too.
  { name: 'nfs', firmware: 'bios', octet: 'a5', memoryMb: 192, transport: 'nfs' },
];

/** Rows of flink: which loader, and that all machines boot from the fnode that is asked what it has. */
export const MATRIX_CLIENTS: readonly ClientRow[] = LOADERS.map(({ name, octet }) => ({
  mac: `52:54:00:${octet}:*`,
  fnode: 'fnode00',
  ...(name === 'pxelinux' ? { loader: 'lpxelinux.0' } : {}),
}));

export interface MatrixBoot {
  /** `grub:ubuntu-24.04`. */
  readonly name: string;
  readonly title: string;
  /** Of those that must pass every time; the others run when named, or all of them with --matrix. */
  readonly isChosen: boolean;
  readonly run: (gallery: Gallery) => Promise<void>;
}

/** Other work on the machine multiplies the 15 to 25 s of an idle one. */
const TIMEOUT_SEC = 300;

export const MATRIX: readonly MatrixBoot[] = LOADERS.flatMap((loader) =>
  LAYOUTS.flatMap((layout, i): readonly MatrixBoot[] => {
    const boots = waysOf(layout)[loader.transport];
    // UEFI of 64 bits starts no kernels of 32.
    if (!boots || (layout.arch === 'i386' && loader.firmware === 'uefi')) return [];
    // iPXE is the fastest, so it starts everything by HTTP; the others one of each family, and the name with spaces.
    const first = LAYOUTS.find((other) => waysOf(other)[loader.transport]?.family === boots.family);
    const isChosen = loader.name === 'ipxe' || layout === first || layout.file !== undefined;
    const mac = `52:54:00:${loader.octet}:00:${(i + 1).toString(16).padStart(2, '0')}`;
    const run = (gallery: Gallery): Promise<void> => boot(gallery, layout, boots, { loader, mac });
    return [{ name: `${loader.name}:${layout.name}`, title: `${loader.name} ${fileOf(layout)}`, isChosen, run }];
  }),
);

function waysOf({ boots, streams }: Layout): Partial<Record<Transport, Boots | undefined>> {
  return { http: boots, nfs: streams };
}

interface Machine {
  readonly loader: LoaderRow;
  readonly mac: string;
}

async function boot(gallery: Gallery, layout: Layout, boots: Boots, { loader, mac }: Machine): Promise<void> {
  const image = (await gallery.images()).find((one) => one.path === fileOf(layout));
  assert.ok(image, `${fileOf(layout)} is not in the catalogue`);
  await gallery.startsBy(mac, await gallery.entryOf(image, loader.transport));
  const end = await gallery.boot({
    ...{ name: `${loader.name}-${layout.name}`, firmware: loader.firmware, mac },
    ...{ memoryMb: loader.memoryMb, timeoutSec: TIMEOUT_SEC, until: 'LAB-BOOT-(OK|FAILED) \\S+' },
  });
  assert.ok(end.serial.includes(`LAB-BOOT-OK ${boots.family}`), shown(end));
  told(end, image, boots, mac);
  await got(gallery, end, image, { boots, transport: loader.transport });
}

function shown({ verdict, serial, transcript, complaints }: MachineEnd): string {
  const lab = serial.split('\n').filter((line) => line.startsWith('LAB-'));
  return `${verdict}\n${lab.length > 0 ? lab.join('\n') : transcript.slice(-1500)}\n${complaints}`;
}

/** The kernel's command line has every word that is wanted, once filled in. */
function told(end: MachineEnd, image: CatalogImage, boots: Boots, mac: string): void {
  const line = /^LAB-CMDLINE (.*?)\r?$/m.exec(end.serial)?.[1] ?? '';
  const words = line.split(' ');
  for (const word of boots.words) {
    assert.ok(words.includes(filled(word, image)), `the command line lacks ${filled(word, image)}:\n${line}`);
  }
  const bootif = words.findLast((word) => word.startsWith('BOOTIF='))?.replaceAll(':', '-');
  assert.equal(bootif, `BOOTIF=01-${mac.replaceAll(':', '-')}`, line);
}

const NODE = addressOf('fnode00');
const NODE_URL = `http://${NODE}`;

function filled(word: string, { alias, suffix }: CatalogImage): string {
  return word
    .replaceAll('{tree}', `${NODE_URL}/tree/${alias}${suffix}`)
    .replaceAll('{iso}', `${NODE_URL}/isos/${alias}${suffix}`)
    .replaceAll('{nfs}', `${NODE}:/tree/${alias}`)
    .replaceAll('{node}{path}', `${NODE}/tree/${alias}`);
}

interface Way {
  readonly boots: Boots;
  readonly transport: Transport;
}

/** All files that are wanted came, no others, and each is octet for octet what the image has. */
async function got(gallery: Gallery, end: MachineEnd, image: CatalogImage, way: Way): Promise<void> {
  const lines = end.serial.matchAll(/^LAB-GOT (\S+) \d+ ([0-9a-f]{64}) /gm);
  const sums = new Map([...lines].map(([, url = '', sum = '']) => [url, sum]));
  const wanted = await Promise.all(
    way.boots.gets.map(
      async (name) => [urlOf(name, image, way.transport), await wantedSum(gallery, name, image)] as const,
    ),
  );
  const sorted = (entries: Iterable<readonly [string, string]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(sorted(sums), sorted(wanted), 'what the initramfs read');
}

function urlOf(name: string, image: CatalogImage, transport: Transport): string {
  if (transport === 'nfs') return `nfs://${NODE}/tree/${image.alias}/${name}`;
  if (name.startsWith('/')) return `${NODE_URL}${name}`;
  return name === WHOLE ? filled('{iso}', image) : `${filled('{tree}', image)}/${name}`;
}

async function wantedSum(gallery: Gallery, name: string, image: CatalogImage): Promise<string> {
  if (!name.startsWith('/boot/')) return gallery.sumOf(image.path, name);
  const file = path.join(path.dirname(gallery.isos), name);
  return (await must('sha256sum', [file])).slice(0, 64);
}
