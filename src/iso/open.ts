/** An image's volume, by whichever file system tells most of it. */
import { ByteReader, latin1, Malformed } from '../core/bytes.ts';
import type { ImageProblem } from '../core/image.ts';
import { bridge } from './bridge.ts';
import { openIso9660 } from './iso9660.ts';
import { openUdf } from './udf.ts';
import type { ReadAt, Volume } from './volume.ts';

/** What is no image at all, in contrast to one that is damaged. */
export class NotAnImage extends Malformed {}

/**
 * The volume on a file of `sizeBytes`, which may be shorter than the volume says it is. Throws `NotAnImage` for a file
 * that is no image, `Malformed` for a damaged one, each with a sentence for people in `what`, and what `read` rejects with.
 */
export async function openVolume(read: ReadAt, sizeBytes: number): Promise<Volume> {
  if (sizeBytes === 0) throw new NotAnImage('not an image: an empty file', 0);
  const iso = await attempt(() => openIso9660(read, sizeBytes), read);
  const udf = await attempt(() => openUdf(read, sizeBytes), read);
  // What is damaged on one side is as if it were not there, unless the other is no more than a word to say so.
  const isMeant = iso.volume?.names === 'rock-ridge' || iso.rootNames > 1 || !udf.fault;
  if (iso.volume && isMeant) return udf.volume ? together(iso.volume, udf.volume) : iso.volume;
  if (udf.volume) return udf.volume;
  throw iso.fault ?? udf.fault ?? new NotAnImage(`not an image: ${await guess(read, sizeBytes)}`, FIRST_DESCRIPTOR_AT);
}
const FIRST_DESCRIPTOR_AT = 32_768;

/** One of an image's file systems, or why it cannot be had; neither where there is none. */
interface Attempt {
  readonly volume?: Volume;
  readonly rootNames: number;
  readonly fault?: Malformed;
}

/** A volume whose root folder cannot be read serves nothing: better known now. */
async function attempt(open: () => Promise<Volume | undefined>, read: ReadAt): Promise<Attempt> {
  try {
    const volume = await open();
    if (!volume) return { rootNames: 0 };
    return { volume, rootNames: (await volume.readFolder(volume.root, read)).length };
  } catch (error) {
    if (error instanceof Malformed) return { rootNames: 0, fault: error };
    throw error;
  }
}

/** On Windows' images the ISO 9660 side holds one readme, so UDF is preferred to names without Rock Ridge. */
function together(iso: Volume, udf: Volume): Volume {
  if (iso.names === 'rock-ridge') return bridge(iso, udf);
  return { ...udf, bootImages: iso.bootImages, declaredBytes: Math.max(iso.declaredBytes, udf.declaredBytes) };
}

/** What people have put into the folder instead, by its first octets. */
const MAGICS: readonly (readonly [string, string])[] = [
  ['PK\x03\x04', 'a ZIP archive; unpack it'],
  ['\x1f\x8b', 'compressed by gzip; unpack it'],
  ['\xfd7zXZ', 'compressed by xz; unpack it'],
  ['BZh', 'compressed by bzip2; unpack it'],
  ['\x28\xb5\x2f\xfd', 'compressed by zstd; unpack it'],
  ["7z\xbc\xaf'\x1c", 'a 7-Zip archive; unpack it'],
  ['\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0', 'raw sectors of a CD (.bin); convert it with bchunk'],
  ['<', 'a web page; the download went wrong'],
];

async function guess(read: ReadAt, sizeBytes: number): Promise<string> {
  const bytes = new Uint8Array(Math.min(sizeBytes, 16));
  await read(bytes, 0);
  const start = latin1(new ByteReader(bytes).rest());
  return MAGICS.find(([magic]) => start.startsWith(magic))?.[1] ?? 'no volume descriptor at sector 16';
}

/** What to tell of an image that `openVolume` or a folder of it refused. */
export function problemOf(error: Malformed): ImageProblem {
  if (error instanceof NotAnImage) return { reason: 'not-an-image', says: `${error.what}.` };
  const cure = 'Copy or download it again, and compare its checksum.';
  return { reason: 'damaged', says: `${error.what}.`, cure };
}
