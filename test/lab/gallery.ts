/** A hall whose fnodes serve every image of `make-fake-isos.sh`, and what there is to know of them. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CatalogImage } from '../../src/core/image.ts';
import { idsOf } from '../../src/menu/label.ts';
import { type Bench, openBench } from './bench.ts';
import type { Cleanup } from './cleanup.ts';
import { type BootRow, type ClientRow, FNODES, type FnodeName, stock } from './hall.ts';
import { holdSoon, LAB_DIR, type Lab, openLab } from './lab.ts';
import { must, run } from './shell.ts';

export interface Gallery extends Bench {
  /** The folder of images. */
  readonly isos: string;
  /** All images as fnode00 sees them, once `isSettled` agrees. */
  images(isSettled?: (images: readonly CatalogImage[]) => boolean): Promise<readonly CatalogImage[]>;
  /** Id of the image's first entry that loads over HTTP; rejects when the menus lack it. */
  entryOf(image: CatalogImage): Promise<string>;
  /** Has that entry start by itself on that machine. */
  startsBy(mac: string, entryId: string): Promise<void>;
  /** Hexadecimal SHA-256 of a file inside an image, by libarchive; of the image itself for ''. */
  sumOf(file: string, inside: string): Promise<string>;
}

/** Also while other machines boot: reading 56 images takes some seconds. */
const SETTLE_MS = 120_000;

export async function openGallery(
  out: string,
  clients: readonly ClientRow[],
  say: (text: string) => void,
  cleanup: Cleanup,
): Promise<Gallery> {
  const lab = await openLab('gallery', cleanup);
  const { isos, boot } = await ownStock(lab, say);
  const menu = { title: 'FLISoL', timeout: '60s', default: 'local' };
  const bench = await openBench(lab, out, { clients, menu, say, isos, boot }, cleanup);
  const { hall } = bench;
  const rows = new Map<string, BootRow>();
  let changes: Promise<void> = Promise.resolve();
  return {
    ...bench,
    isos,
    images: (isSettled = everyReady) => settled(bench, isSettled),
    entryOf: (image) => entryOf(bench, image),
    startsBy: (mac, boot) => {
      rows.set(mac, { mac, boot });
      // One after the other: a reload must not read half a file.
      changes = changes.catch(() => {}).then(() => hall.setBoots([...rows.values()]));
      return changes;
    },
    sumOf: (file, inside) => sumOf(path.join(isos, file), inside),
  };
}

/** One of them is cut off, and waits for its rest for ever. */
const everyReady = (images: readonly CatalogImage[]): boolean =>
  images.every(({ state, declaredBytes }) => state === 'ready' || declaredBytes !== undefined);

/** Folders of this lab's own, made of links to what was made once; companion kernels are beside the loaders. */
async function ownStock(lab: Lab, say: (text: string) => void): Promise<Record<'isos' | 'boot', string>> {
  const shared = await stock(lab, say);
  say('the images are made, if they are not there yet (20 s)');
  const release = await holdSoon('fake-isos');
  try {
    const made = (await must(path.join(LAB_DIR, 'make-fake-isos.sh'), ['--cached'], { env: lab.env })).trim();
    const [isos, boot] = [path.join(lab.state, 'isos'), path.join(lab.state, 'boot')];
    await must('cp', ['-al', path.join(made, 'isos'), isos]);
    await must('cp', ['-al', shared.boot, boot]);
    await must('cp', ['-al', path.join(made, 'companions'), boot]);
    return { isos, boot };
  } finally {
    release();
  }
}

async function settled(
  { lab }: Bench,
  isSettled: (images: readonly CatalogImage[]) => boolean,
): Promise<readonly CatalogImage[]> {
  const url = `http://${addressOf('fnode00')}/`;
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const { stdout } = await lab.exec('client', ['curl', '-sf', '-H', 'Accept: application/json', url]);
    const images = imagesIn(stdout);
    if (images.length > 0 && isSettled(images)) return images;
    if (Date.now() > deadline) throw new Error(`the catalogue does not settle:\n${stdout.slice(0, 2000)}`);
    await sleep(500);
  }
}

function imagesIn(text: string): readonly CatalogImage[] {
  if (text === '') return [];
  return (JSON.parse(text) as { readonly images: readonly CatalogImage[] }).images;
}

export const addressOf = (name: FnodeName): string => FNODES.find((fnode) => fnode.name === name)?.ip ?? '';

async function entryOf(bench: Bench, image: CatalogImage): Promise<string> {
  const known = (await settled(bench, everyReady)).flatMap((one) =>
    one.verdict ? [{ ...one, verdict: one.verdict }] : [],
  );
  const key = image.verdict?.entries.find(({ transport }) => transport === 'http')?.key;
  const id = idsOf(known, new Set())
    .get(image.alias)
    ?.get(key ?? '');
  // Labels of iPXE's script are ids.
  const script = await bench.hall.askFnode('fnode00', 'menu', '--format', 'ipxe');
  if (id === undefined || !script.includes(`\n:${id}\n`))
    throw new Error(`no entry of ${image.path} in the menu (${id})`);
  return id;
}

async function sumOf(image: string, inside: string): Promise<string> {
  const read = inside === '' ? ['cat', image] : ['bsdtar', '-xOf', image, inside];
  const { code, stdout, stderr } = await run('sh', ['-c', '"$@" | sha256sum', 'sh', ...read]);
  if (code !== 0 || stderr !== '') throw new Error(`${inside} of ${image}: ${stderr}`);
  return stdout.slice(0, 64);
}
