/** Reads of a descriptor that are short only at the end of the file. */
import fs from 'node:fs';

/** Fills `into` from `position`; the count is short only at the end of the file. */
export async function readAt(fd: number, into: Uint8Array, position: number): Promise<number> {
  let count = 0;
  while (count < into.length) {
    const got = await readOnce(fd, into, count, position + count);
    if (got === 0) break;
    count += got;
  }
  return count;
}

function readOnce(fd: number, into: Uint8Array, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, into, offset, into.length - offset, position, (error, count) =>
      error ? reject(error) : resolve(count),
    );
  });
}

/** As `readAt`, into one view after the other by one call; the rest of a short count, which is rare, view by view. */
export async function readScatteredAt(fd: number, into: readonly Uint8Array[], position: number): Promise<number> {
  let count = await new Promise<number>((resolve, reject) => {
    fs.readv(fd, into, position, (error, got) => (error ? reject(error) : resolve(got)));
  });
  let viewAt = 0;
  for (const view of into) {
    const missing = viewAt + view.length - count;
    if (count > 0 && missing > 0) {
      const got = await readAt(fd, view.subarray(view.length - missing), position + count);
      count += got;
      if (got < missing) break;
    }
    viewAt += view.length;
  }
  return count;
}
