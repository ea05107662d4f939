/** A hall whose fnodes serve every image of `make-fake-isos.sh`, and what there is to know of them. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CatalogImage, Transport } from '../../src/core/image.ts';
import { idsOf } from '../../src/menu/label.ts';
import { type Bench, openBench } from './bench.ts';
import type { Ground } from './ground.ts';
import { type BootRow, type ClientRow, FNODES, type FnodeName } from './hall.ts';
import { LAB_DIR, type Lab, openLab } from './lab.ts';
import { run } from './shell.ts';
import { ownStock } from './stock.ts';

export interface Gallery extends Bench {
  /** The folder of images. */
  readonly isos: string;
  /** All images as fnode00 has them, once it has read each; of `path` too, which it may not have found yet. */
  images(path?: string): Promise<readonly CatalogImage[]>;
  /** Id of the image's first entry that loads over HTTP, or NFS; rejects when the menus lack it. */
  entryOf(image: CatalogImage, transport?: Transport): Promise<string>;
  /** Has that entry start by itself on that machine. */
  startsBy(mac: string, entryId: string): Promise<void>;
  /** Hexadecimal SHA-256 of a file inside an image, by libarchive; of the image itself for ''. */
  sumOf(file: string, inside: string): Promise<string>;
}

/** Also while other machines boot: reading 58 images takes some seconds. */
const SETTLE_MS = 120_000;

export interface GalleryOptions {
  /** Of the lab. */
  readonly name: string;
  /** Which of the fake images it has: patterns of a shell. */
  readonly images: string;
  readonly clients: readonly ClientRow[];
}

export async function openGallery(
  { name, images: patterns, clients }: GalleryOptions,
  { out, say, cleanup }: Ground,
): Promise<Gallery> {
  const lab = await openLab(name, cleanup);
  // Half of every boot through iPXE would be waiting for an IPv6 router.
  await lab.spawn('br', 'router', [path.join(LAB_DIR, 'router.py'), 'br0']);
  const { isos, boot } = await ownStock(lab, patterns, say);
  const menu = { title: 'FLISoL', timeout: '60s', default: 'local' };
  const bench = await openBench(lab, out, { clients, menu, say, isos, boot }, cleanup);
  const { hall } = bench;
  const images = imagesOf(bench);
  const rows = new Map<string, BootRow>();
  let changes: Promise<void> = Promise.resolve();
  return {
    ...bench,
    isos,
    images,
    entryOf: async (image, transport = 'http') => entryOf(bench, await images(), image, transport),
    startsBy: (mac, boot) => {
      rows.set(mac, { mac, boot });
      // One after the other: a reload must not read half a file.
      changes = changes.catch(() => {}).then(() => hall.setBoots([...rows.values()]));
      return changes;
    },
    sumOf: (file, inside) => sumOf(path.join(isos, file), inside),
  };
}

/** What the node's front page says of an image, as far as it matters here. */
interface Listed {
  readonly name: string;
  readonly state: CatalogImage['state'];
  readonly declaredBytes?: number;
}

/** One of them is cut off, and waits for its rest for ever. */
const isRead = ({ state, declaredBytes }: Listed): boolean => state === 'ready' || declaredBytes !== undefined;

/** Waits for the running node to have read them; what it knows of them, the command says. */
function imagesOf(bench: Bench): Gallery['images'] {
  let known: Promise<readonly CatalogImage[]> | undefined;
  const read = async (path: string | undefined): Promise<readonly CatalogImage[]> => {
    await settled(bench, (listed) => listed.every(isRead) && listed.some(({ name }) => name === (path ?? name)));
    return JSON.parse(await bench.hall.askFnode('fnode00', 'isos', '--json')) as readonly CatalogImage[];
  };
  return async (path) => {
    known ??= read(path);
    const before = await known;
    if (path !== undefined && !before.some((image) => image.path === path)) known = read(path);
    return known;
  };
}

async function settled({ lab }: Bench, isSettled: (images: readonly Listed[]) => boolean): Promise<void> {
  for (const deadline = Date.now() + SETTLE_MS; ; await sleep(500)) {
    const text = await page(lab, '/', 'application/json');
    const { images } = text === '' ? { images: [] } : (JSON.parse(text) as { readonly images: readonly Listed[] });
    if (images.length > 0 && isSettled(images)) return;
    if (Date.now() > deadline) throw new Error(`the catalogue does not settle:\n${text.slice(0, 2000)}`);
  }
}

/** What fnode00 answers, empty if it doesn't. */
async function page(lab: Lab, path: string, accept = '*/*'): Promise<string> {
  const command = ['curl', '-sf', '-H', `Accept: ${accept}`, `http://${addressOf('fnode00')}${path}`];
  return (await lab.exec('flink', command)).stdout;
}

export const addressOf = (name: FnodeName): string => FNODES.find((fnode) => fnode.name === name)?.ip ?? '';

async function entryOf(
  { lab }: Bench,
  images: readonly CatalogImage[],
  image: CatalogImage,
  wanted: Transport,
): Promise<string> {
  const known = images.flatMap((one) => (one.verdict ? [{ ...one, verdict: one.verdict }] : []));
  const key = image.verdict?.entries.find(({ transport }) => transport === wanted)?.key;
  const id = idsOf(known, new Set())
    .get(image.alias)
    ?.get(key ?? '');
  // Labels of iPXE's script are ids.
  const script = await page(lab, '/boot/boot.ipxe');
  if (id === undefined || !script.includes(`\n:${id}\n`))
    throw new Error(`${image.path} has no entry ${id} in the menu`);
  return id;
}

async function sumOf(image: string, inside: string): Promise<string> {
  const read = inside === '' ? ['cat', image] : ['bsdtar', '-xOf', image, inside];
  const { code, stdout, stderr } = await run('sh', ['-c', '"$@" | sha256sum', 'sh', ...read]);
  if (code !== 0 || stderr !== '') throw new Error(`${inside} of ${image}: ${stderr}`);
  return stdout.slice(0, 64);
}
