/** A file inside an image, as content like any other: its extents, read out of the image's own content. */
import type { Content } from '../core/content.ts';
import type { Extent, Node } from './volume.ts';

/** What is lent where nothing was ever written. */
const ZEROS = new Uint8Array(64 << 10);
/** The last moment of the year 9999: HTTP dates have four digits for a year. RFC 9110 §5.6.7. */
const MAX_DATE_MS = 253_402_300_799_999;

/** `file` of `image`; whoever closes it closes the image. Both tags are made of the image's, so nodes agree on them. */
export function fileContent(file: Node, image: Content): Content {
  const { sizeBytes, place } = file;
  const mark = `${place.toString(36)}.${sizeBytes.toString(36)}`;
  const runs = runsOf(file.extents);
  const { readScattered, borrow } = image;
  return {
    sizeBytes,
    modifiedMs: dateOf(file),
    etag: `"${image.etag.slice(1, -1)}.${mark}"`,
    identity: `${image.identity ?? image.etag} ${mark}`,
    read: (into, position) => readRuns(runs, position, [into], (views, at) => image.read(views[0] ?? ZEROS, at)),
    ...(readScattered && {
      readScattered: (into, position) =>
        readRuns(runs, position, into, (views, at) => readScattered.call(image, views, at)),
    }),
    ...(borrow && {
      borrow: (position, maxBytes) => {
        const run = runAt(runs, position);
        if (!run || maxBytes <= 0) return ZEROS.subarray(0, 0);
        const max = Math.min(maxBytes, run.endAt - position);
        if (run.position === undefined) return ZEROS.subarray(0, max);
        return borrow.call(image, run.position + position - run.startAt, max);
      },
    }),
    isUnchanged: () => image.isUnchanged(),
    close: () => image.close(),
  };
}

/** When it was written last; 1970 where what the image says is no date that can be shown. */
export function dateOf({ modifiedMs }: Node): number {
  return modifiedMs >= 0 && modifiedMs <= MAX_DATE_MS ? modifiedMs : 0;
}

/** An extent with its place in the file. */
interface Run {
  readonly startAt: number;
  readonly endAt: number;
  /** In the image; nothing for zeros. */
  readonly position: number | undefined;
}

function runsOf(extents: readonly Extent[]): readonly Run[] {
  let endAt = 0;
  return extents
    .filter(({ lengthBytes }) => lengthBytes > 0)
    .map(({ position, lengthBytes }) => {
      const startAt = endAt;
      endAt += lengthBytes;
      return { startAt, endAt, position };
    });
}

/** The run with the octet at `position`, found by halves: files on UDF may be in thousands of pieces. */
function runAt(runs: readonly Run[], position: number): Run | undefined {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((runs[middle]?.endAt ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return position < 0 ? undefined : runs[low];
}

type ReadViews = (views: readonly Uint8Array[], position: number) => Promise<number>;

/** Fills `into` run by run; the count is short at the end of the file, and where the image's read is. */
async function readRuns(
  runs: readonly Run[],
  position: number,
  into: readonly Uint8Array[],
  read: ReadViews,
): Promise<number> {
  let left = into.filter((view) => view.length > 0);
  let count = 0;
  for (let run = runAt(runs, position); run && left.length > 0; run = runAt(runs, position + count)) {
    const at = position + count;
    const { now, later } = splitViews(left, run.endAt - at);
    const wanted = now.reduce((sum, view) => sum + view.length, 0);
    const isHole = run.position === undefined;
    if (isHole) for (const view of now) view.fill(0);
    const got = isHole ? wanted : await read(now, (run.position ?? 0) + at - run.startAt);
    count += got;
    if (got < wanted) break;
    left = later;
  }
  return count;
}

/** The first `bytes` octets of the views, and the rest of them. */
function splitViews(views: readonly Uint8Array[], bytes: number): { now: Uint8Array[]; later: Uint8Array[] } {
  const now: Uint8Array[] = [];
  const later: Uint8Array[] = [];
  let room = bytes;
  for (const view of views) {
    if (room > 0) now.push(view.subarray(0, room));
    if (room < view.length) later.push(view.subarray(Math.max(0, room)));
    room -= view.length;
  }
  return { now, later };
}
