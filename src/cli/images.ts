/** The catalogue as lines for people. */
import type { CatalogImage, ImageEntry, SecureBoot } from '../core/image.ts';
import { showBytes, showMemory } from '../core/units.ts';

/** A block for each image: its file, what it is, then how it starts or why it does not. */
export function showImages(images: readonly CatalogImage[], folder: string): readonly string[] {
  if (images.length === 0) return [`no images in ${folder}: put ISO files into it`];
  const heads = inColumns(images.map((image) => [plain(image.path), showBytes(image.sizeBytes), whatItIs(image)]));
  const entries = images.map((image) => image.verdict?.entries ?? []);
  const rows = inColumns(entries.flat().map(entryRow)).values();
  const blocks = images.flatMap((image, i) => {
    const own = (entries[i] ?? []).map(() => rows.next().value ?? '');
    return [heads[i] ?? '', ...[...own, ...remarks(image)].map((line) => `  ${line}`)];
  });
  return [...blocks, '', summary(images)];
}

function whatItIs({ state, verdict, sizeBytes, declaredBytes }: CatalogImage): string {
  if (state === 'copying') {
    return declaredBytes === undefined
      ? 'is being copied'
      : `is being copied: ${showBytes(sizeBytes)} of ${showBytes(declaredBytes)}`;
  }
  if (state === 'reading' || !verdict) return 'is being read';
  const { name, version, edition, archs } = verdict;
  const title = [name, version, edition].filter(Boolean).join(' ');
  return plain(archs.length === 0 ? title : `${title} (${archs.join(', ')})`);
}

const SECURE_BOOT: Readonly<Record<SecureBoot, string>> = {
  'debian-signed': 'Secure Boot on or off',
  'own-shim': 'Secure Boot only through iPXE 2',
  no: 'Secure Boot off',
  unknown: 'Secure Boot perhaps',
};

function entryRow(entry: ImageEntry): readonly string[] {
  const { key, variant, transport, isStreaming, memoryMib, firmware, secureBoot } = entry;
  return [
    plain(key),
    `by ${transport.toUpperCase()}, ${isStreaming ? 'streamed' : 'loaded whole'}`,
    memoryMib === undefined ? '' : showMemory(memoryMib),
    firmware.map((kind) => kind.toUpperCase()).join('+'),
    firmware.includes('uefi') ? SECURE_BOOT[secureBoot] : '',
    plain([variant, entry.companion && `with ${entry.companion}`].filter(Boolean).join(', ')),
  ];
}

/** What else there is to know, each with its cure. */
function remarks({ verdict, checksum, sameAs }: CatalogImage): readonly string[] {
  const problem = verdict?.problem;
  return [
    ...(problem ? [plain(problem.cure === undefined ? problem.says : `${problem.says} ${problem.cure}`)] : []),
    ...(sameAs === undefined ? [] : [plain(`the same as ${sameAs}: one of them will do`)]),
    ...showChecksum(checksum),
  ];
}

function showChecksum(checksum: CatalogImage['checksum']): readonly string[] {
  switch (checksum.kind) {
    case 'none':
      return [];
    case 'right':
      return [plain(`checksum right, by ${checksum.sumsFile}`)];
    case 'wrong':
      return [plain(`CHECKSUM WRONG, by ${checksum.sumsFile}: it is in no menu; copy it again`)];
    case 'waiting':
      return [plain(`checksum not verified yet (${checksum.sumsFile}); --verify does it now`)];
    case 'checking':
      return [plain(`checksum being verified (${checksum.sumsFile})`)];
  }
}

function summary(images: readonly CatalogImage[]): string {
  const lame = images.filter(({ state, verdict }) => state === 'ready' && verdict?.entries.length === 0).length;
  const waiting = images.filter(({ state }) => state !== 'ready').length;
  const wrong = images.filter(({ checksum }) => checksum.kind === 'wrong').length;
  const parts = [
    `${images.length} image${images.length === 1 ? '' : 's'}`,
    ...(lame > 0 ? [`${lame} without an entry`] : []),
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(waiting > 0 ? [`${waiting} not ready yet`] : []),
  ];
  return parts.join(', ');
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
