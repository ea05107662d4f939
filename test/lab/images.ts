/** Images as people bring them: dropped into the folder of a running fnode, named as they like, whole and not. */
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import type { CatalogImage } from '../../src/core/image.ts';
import type { Gallery } from './gallery.ts';
import type { ClientRow } from './hall.ts';
import { holdSoon, LAB_DIR, type Lab } from './lab.ts';
import { COMPANIONS, fileOf, LAYOUTS, type Layout } from './layouts.ts';
import { must } from './shell.ts';

/** Every layout is recognised: name, version, edition, processor; and whether it boots, or why not. */
export async function recognisesAll(gallery: Gallery): Promise<void> {
  const images = new Map((await gallery.images()).map((image) => [image.path, image]));
  const wrong = LAYOUTS.flatMap((layout) => {
    const [want, got] = [shownLayout(layout), shownImage(images.get(fileOf(layout)))];
    return want === got ? [] : [`want ${want}\n got ${got}`];
  });
  assert.equal(wrong.join('\n'), '');
  const cutOff = images.get('cut-off.iso');
  const isSaid = cutOff?.state === 'copying' || cutOff?.verdict?.problem?.reason === 'damaged';
  assert.ok(isSaid && !cutOff.verdict?.entries.length, 'an image shorter than it says is in no menu');
}

function shownLayout(layout: Layout): string {
  const is = layout.is.filter((part) => part).join(' | ');
  return `${fileOf(layout)}: ${is} (${layout.arch}) ${layout.problem ?? 'boots'}`;
}

function shownImage(image: CatalogImage | undefined): string {
  if (!image?.verdict) return `${image?.path ?? 'nothing'}: ${image?.state ?? 'not in the catalogue'}`;
  const { name, version, edition, archs, entries, problem } = image.verdict;
  const isOffered = entries.some(
    ({ transport, companion }) => transport === 'http' && (companion === undefined || COMPANIONS.includes(companion)),
  );
  const is = [name, version, edition].filter((part) => part).join(' | ');
  return `${image.path}: ${is} (${archs.join()}) ${isOffered ? 'boots' : problem?.reason}`;
}

const LIVE_MACS = { bios: '52:54:00:a4:00:01', uefi: '52:54:00:a4:00:02', 'uefi-http': '52:54:00:a4:00:03' } as const;
/** Of the node whose kernel lines name no serial console. */
export const LIVE_CLIENTS: readonly ClientRow[] = [{ mac: '52:54:00:a4:*', fnode: 'fnode01' }];
const LIVE_FILE = 'debian-lab-live.iso';
/** Idle it takes 40 to 60 s. */
const LIVE_TIMEOUT_SEC = 600;

/**
 * A real Debian live image, with nothing but the copy: BIOS and UEFI boot it to its marker, over HTTP. Signed GRUBs before
 * 2.12 load the kernel by TFTP; by HTTP Boot nothing comes by TFTP at all.
 */
export async function bootsLiveImage(gallery: Gallery): Promise<void> {
  const made = await liveImage(gallery.lab);
  await copyFile(made, path.join(gallery.isos, LIVE_FILE));
  const copiedMs = performance.now();
  const image = (await gallery.images(LIVE_FILE)).find(({ path }) => path === LIVE_FILE);
  assert.ok(image);
  console.log(`        in the catalogue ${((performance.now() - copiedMs) / 1000).toFixed(1)} s after the copy`);
  const id = await gallery.entryOf(image);
  const sent = async (firmware: keyof typeof LIVE_MACS) => bootLive(gallery, firmware, image, id);
  await Promise.all([sent('bios'), sent('uefi')]);
  const byHttp = await sent('uefi-http');
  assert.deepEqual(
    byHttp.filter((line) => line.startsWith('tftp')),
    [],
  );
}

/** Comes back with what it was sent: `http /tree/...`. */
async function bootLive(
  gallery: Gallery,
  firmware: keyof typeof LIVE_MACS,
  image: CatalogImage,
  id: string,
): Promise<readonly string[]> {
  const mac = LIVE_MACS[firmware];
  await gallery.startsBy(mac, id);
  const end = await gallery.boot({
    ...{ name: `live-${firmware}`, firmware, mac, memoryMb: 512 },
    ...{ timeoutSec: LIVE_TIMEOUT_SEC, until: 'LAB-BOOT-OK' },
  });
  assert.equal(end.verdict, 'seen', `${firmware}: its serial console ends:\n${end.transcript.slice(-3000)}`);
  const sent = gallery.fetched(mac).map(({ by, file }) => `${by} ${file}`);
  const medium = `http /tree/${image.alias}${image.suffix}/live/filesystem.squashfs`;
  assert.ok(sent.includes(medium), `${firmware} did not fetch "${medium}" but:\n${sent.join('\n')}`);
  return sent;
}

/** Made once: it takes two minutes, and Debian's packages. Another recipe makes another. */
export async function liveImage(lab: Lab): Promise<string> {
  const script = path.join(LAB_DIR, 'make-live-iso.sh');
  const recipe = (await must('sha256sum', [script])).slice(0, 16);
  const image = path.join(lab.cache, `live-${recipe}.iso`);
  const release = await holdSoon('live-iso');
  try {
    const make = 'test -e "$1" || { rm -f "$LAB_CACHE"/live-*.iso && "$2" "$1.part" && mv "$1.part" "$1"; }';
    await must('sh', ['-c', make, 'sh', image, script], { env: lab.env });
  } finally {
    release();
  }
  return image;
}
