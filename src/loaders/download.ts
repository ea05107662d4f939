/** Fetches files by HTTP: bounded in size and time, hashed on the way. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Fault, messageOf } from '../core/errors.ts';

export interface DownloadBounds {
  readonly maxBytes: number;
  /** Without one octet. */
  readonly stalledMs: number;
}

const TEXT_BOUNDS: DownloadBounds = { maxBytes: 4096, stalledMs: 30_000 };

/** Writes what `url` gives to the new file `to`; its SHA-256 in lower-case hex. Rejects with a `Fault` in one sentence. */
export async function download(url: string, to: string, bounds: DownloadBounds): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(to, 'wx');
  try {
    await receive(url, bounds, async (chunk) => {
      hash.update(chunk);
      await file.writeFile(chunk);
    });
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

/** A short text. */
export async function downloadText(url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  await receive(url, TEXT_BOUNDS, async (chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks).toString('latin1');
}

async function receive(
  url: string,
  { maxBytes, stalledMs }: DownloadBounds,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error(`nothing came for ${stalledMs / 1000} s`)), stalledMs);
  try {
    const response = await fetch(url, { signal: stalled.signal });
    if (response.status !== 200 || !response.body) throw new Error(`it answers ${response.status}`);
    let left = maxBytes;
    for await (const chunk of response.body) {
      timer.refresh();
      left -= chunk.length;
      if (left < 0) throw new Error(`it is longer than ${maxBytes} octets`);
      await take(chunk);
    }
  } catch (error) {
    // Leaves the connection where the body was not read to its end.
    stalled.abort();
    throw new Fault('loaders-failed', `${url} cannot be fetched (${reasonOf(error)}): ${CURE}`, error);
  } finally {
    clearTimeout(timer);
  }
}

const CURE = 'connect this machine, name another mirror with --mirror, or give a folder that has the files with --from';

/** fetch says "fetch failed", and the reason beneath. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause) || String(cause);
}
