/** The images of a folder and what the menus offer of them, as lines for people. */
import type { CatalogImage, OfferedEntry, SecureBoot } from '../core/image.ts';
import { heldBackBySentence, type OfferedImage, offeredImages, problemBeside } from '../core/offer.ts';
import { productName } from '../core/product.ts';
import { showBytes, showMemory } from '../core/units.ts';
import type { Terminal } from './command.ts';
import type { ListedImages } from './role.ts';

/** A block for each image: its file, what it is, the entries that it has in the menus, then what keeps others out. */
export function showImages(listed: ListedImages, folder: string): readonly string[] {
  const rows = offeredImages(listed.images, listed.offers);
  if (rows.length === 0) return [`no images in ${folder}: put ISO files into it`];
  const heads = inColumns(rows.map((row) => [plain(row.image.path), showBytes(row.image.sizeBytes), whatItIs(row)]));
  const entries = rows.map(({ offer }) => offer.entries);
  const lines = inColumns(entries.flat().map(entryRow)).values();
  const blocks = rows.flatMap((row, i) => {
    const own = (entries[i] ?? []).map(() => lines.next().value ?? '');
    const more = [...remarks(row), ...showChecksum(row.image.checksum, listed.nodeUrl)].map(plain);
    return [heads[i] ?? '', ...[...own, ...more].map((line) => `  ${line}`)];
  });
  const { nodeUrl } = listed;
  const node =
    nodeUrl === undefined ? [] : [`The node at ${nodeUrl} verifies by itself: its page shows how far it is.`];
  return [...blocks, '', summary(rows), ...node];
}

/** For programs: each image with what the menus offer of it. */
export function imagesJson(listed: ListedImages): readonly unknown[] {
  return offeredImages(listed.images, listed.offers).map(({ image, offer }) => ({ ...image, offer }));
}

function whatItIs({ image: { state, verdict, sizeBytes, declaredBytes }, offer }: OfferedImage): string {
  if (state === 'copying') {
    return declaredBytes === undefined
      ? 'is being copied'
      : `is being copied: ${showBytes(sizeBytes)} of ${showBytes(declaredBytes)}`;
  }
  if (state === 'reading' || !verdict) return 'is being read';
  const title = offer.title ?? productName(verdict);
  return plain(verdict.archs.length === 0 ? title : `${title} (${verdict.archs.join(', ')})`);
}

const SECURE_BOOT: Readonly<Record<SecureBoot, string>> = {
  'debian-signed': 'Secure Boot on or off',
  'own-shim': 'Secure Boot only through iPXE 2',
  no: 'Secure Boot off',
  unknown: 'Secure Boot perhaps',
};

function entryRow({ id, title, memoryMib, firmware, secureBoot }: OfferedEntry): readonly string[] {
  return [
    plain(id),
    plain(title),
    memoryMib === undefined ? '' : showMemory(memoryMib),
    firmware.map((kind) => kind.toUpperCase()).join('+'),
    firmware.includes('uefi') ? SECURE_BOOT[secureBoot] : '',
  ];
}

/** What else there is to know, each with its cure. */
function remarks(row: OfferedImage): readonly string[] {
  const { standing } = row;
  const problem = problemBeside(row);
  return [
    ...(problem ? [problem.cure === undefined ? problem.says : `${problem.says} ${problem.cure}`] : []),
    ...heldBackBySentence(row).map(({ ids, says }) => ['in no menu', ids.join(', '), says].filter(Boolean).join(': ')),
    ...(standing.kind === 'hidden' ? ['in no menu: the file beside it hides it'] : []),
    ...(standing.kind === 'twin' ? [`in no menu: the same as ${standing.of}; one of them will do`] : []),
  ];
}

function showChecksum(checksum: CatalogImage['checksum'], nodeUrl: string | undefined): readonly string[] {
  switch (checksum.kind) {
    case 'none':
      return [];
    case 'right':
      return [`checksum right, by ${checksum.sumsFile}`];
    case 'wrong':
      return [`CHECKSUM WRONG, by ${checksum.sumsFile}: it is in no menu; copy it again`];
    case 'waiting':
      return [
        `checksum not verified yet (${checksum.sumsFile})${nodeUrl === undefined ? '; --verify does it now' : ''}`,
      ];
    case 'checking':
      return [`checksum being verified (${checksum.sumsFile})`];
  }
}

function summary(rows: readonly OfferedImage[]): string {
  const count = (isMeant: (row: OfferedImage) => boolean): number => rows.filter(isMeant).length;
  const wrong = count(({ image }) => image.checksum.kind === 'wrong');
  const lame = count(({ standing }) => standing.kind === 'attention') - wrong;
  const waiting = count(({ image }) => image.state !== 'ready');
  const offered = count(({ standing }) => standing.kind === 'offered');
  const parts = [
    `${offered} of ${rows.length} image${rows.length === 1 ? '' : 's'} in the menus`,
    ...(lame > 0 ? [`${lame} that cannot be booted yet`] : []),
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(waiting > 0 ? [`${waiting} not ready yet`] : []),
  ];
  return parts.join(', ');
}

/** Says how far verifying is: in one line that changes, else in a line for each image that is done. */
export function verifyProgress(
  terminal: Pick<Terminal, 'err' | 'progress'>,
): (images: readonly CatalogImage[]) => void {
  const pending = new Set<string>();
  let shown = '';
  return (images) => {
    for (const { path, checksum } of images) {
      if (checksum.kind === 'waiting' || checksum.kind === 'checking') pending.add(path);
      else if (pending.delete(path) && checksum.kind !== 'none' && !terminal.progress)
        terminal.err(plain(`${path}: checksum ${checksum.kind}`));
    }
    const line = plain(progressLine(images, pending.size));
    if (line !== shown) terminal.progress?.(line);
    shown = line;
  };
}

function progressLine(images: readonly CatalogImage[], left: number): string {
  const now = images.flatMap(({ path, sizeBytes, checksum }) =>
    checksum.kind === 'checking'
      ? [`verifying ${path}: ${Math.floor((100 * checksum.doneBytes) / Math.max(1, sizeBytes))} %`]
      : [],
  );
  return now.length === 0 ? '' : [...now, ...(left > 1 ? [`${left} left`] : [])].join(', ');
}

/** Volume labels and file names come from anywhere: nothing in them may steer a terminal. */
function plain(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?');
}

/** Cells side by side, each column as wide as its widest cell. */
function inColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .filter((_, i) => widths[i] !== 0)
      .join('  ')
      .trimEnd(),
  );
}
