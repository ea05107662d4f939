/** An image's volume, by whichever file system tells most of it. */
import { ByteReader, latin1, Malformed } from '../core/bytes.ts';
import type { ImageProblem } from '../core/image.ts';
import { bridge } from './bridge.ts';
import { type Iso9660, openIso9660 } from './iso9660.ts';
import { openUdf, type Udf } from './udf.ts';
import type { ReadAt, Volume } from './volume.ts';

/** What is no image at all, in contrast to one that is damaged. */
export class NotAnImage extends Malformed {
  /** One sentence. */
  readonly cure: string;
  constructor(what: string, offset: number, cure = 'Remove it or copy it again.') {
    super(what, offset);
    this.cure = cure;
  }
}

/**
 * The volume on a file of `sizeBytes`, which may be shorter than the volume says it is. Throws `NotAnImage` for a file
 * that is no image, `Malformed` for a damaged one, each with a sentence for people in `what`, and what `read` rejects with.
 */
export async function openVolume(read: ReadAt, sizeBytes: number): Promise<Volume> {
  if (sizeBytes === 0) throw new NotAnImage('it is an empty file', 0);
  const iso = await attempt(() => openIso9660(read, sizeBytes), read);
  const udf = await attempt(() => openUdf(read, sizeBytes), read);
  // What is damaged on one side is as if it were not there, unless the other is no more than a word to say so.
  const isMeant = iso.volume?.names === 'rock-ridge' || iso.rootNames > 1 || !udf.fault;
  if (iso.volume && isMeant) return udf.volume ? together(iso.volume, udf.volume) : iso.volume;
  if (udf.volume) return udf.volume;
  throw iso.fault ?? udf.fault ?? (await guess(read, sizeBytes));
}
const FIRST_DESCRIPTOR_AT = 32_768;

/** One of an image's file systems, or why it cannot be had; neither where there is none. */
interface Attempt<Found> {
  readonly volume?: Found;
  readonly rootNames: number;
  readonly fault?: Malformed;
}

/** A volume whose root folder cannot be read serves nothing: better known now. */
async function attempt<Found extends Volume>(
  open: () => Promise<Found | undefined>,
  read: ReadAt,
): Promise<Attempt<Found>> {
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
function together(iso: Iso9660, udf: Udf): Volume {
  if (iso.names === 'rock-ridge') return bridge(iso, udf);
  return { ...udf, bootImages: iso.bootImages, declaredBytes: Math.max(iso.declaredBytes, udf.declaredBytes) };
}

/** What people have put into the folder instead, by its first octets, and the cure. */
const MAGICS: readonly (readonly [string, string, string])[] = [
  ['PK\x03\x04', 'it is a ZIP archive', 'Unpack it.'],
  ['\x1f\x8b', 'it is compressed by gzip', 'Unpack it.'],
  ['\xfd7zXZ', 'it is compressed by xz', 'Unpack it.'],
  ['BZh', 'it is compressed by bzip2', 'Unpack it.'],
  ['\x28\xb5\x2f\xfd', 'it is compressed by zstd', 'Unpack it.'],
  ["7z\xbc\xaf'\x1c", 'it is a 7-Zip archive', 'Unpack it.'],
  ['\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0', 'it has the raw sectors of a CD (.bin)', 'Convert it with bchunk.'],
  ['<', 'it is a web page: the download went wrong', 'Download it again.'],
];

async function guess(read: ReadAt, sizeBytes: number): Promise<NotAnImage> {
  const bytes = new Uint8Array(Math.min(sizeBytes, 16));
  await read(bytes, 0);
  const start = latin1(new ByteReader(bytes).rest());
  const [, what = 'it is no ISO image', cure] = MAGICS.find(([magic]) => start.startsWith(magic)) ?? [];
  return new NotAnImage(what, FIRST_DESCRIPTOR_AT, cure);
}

/** What to tell of an image that `openVolume` or a folder of it refused. */
export function problemOf(error: Malformed): ImageProblem {
  const says = `${error.what.charAt(0).toUpperCase()}${error.what.slice(1)}.`;
  if (error instanceof NotAnImage) return { reason: 'not-an-image', says, cure: error.cure };
  return { reason: 'damaged', says, cure: 'Copy or download it again, and compare its checksum.' };
}
