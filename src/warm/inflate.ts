/** Unpacks indexes as they come. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf } from '../core/errors.ts';

/** Takes what is packed. */
export interface Inflater {
  /** Resolves when more is wanted. Rejects where it cannot be unpacked. */
  write(chunk: Buffer): Promise<void>;
  /** Rejects where it breaks off too early. */
  end(): Promise<void>;
  abort(): void;
}

/** Node has no xz, and Debian's archive of security updates has nothing else. */
export function readableCompressions(): ReadonlySet<string> {
  const hasXz = spawnSync('xz', ['--version'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
  return new Set([...(hasXz ? ['.xz'] : []), '.gz', '.zst', '']);
}

/** `take` gets what was packed, and says false where it wants no more of it: then it counts as broken. */
export function inflater(compression: string, take: (chunk: Buffer) => boolean): Inflater {
  if (compression === '') return plain(take);
  if (compression === '.xz') return piped(unxz(), take);
  const stream = compression === '.gz' ? createGunzip() : createZstdDecompress();
  return piped({ writable: stream, readable: stream, ended: async () => {}, abort: () => stream.destroy() }, take);
}

interface Unpacker {
  readonly writable: Writable;
  readonly readable: Readable;
  /** Resolves once it is known to have gone well. */
  readonly ended: () => Promise<void>;
  readonly abort: () => void;
}

function unxz(): Unpacker {
  const child = spawn('xz', ['--decompress', '--stdout', '--memlimit-decompress=256MiB'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exit = once(child, 'close') as Promise<[number | null]>;
  exit.catch(() => {});
  return {
    writable: child.stdin,
    readable: child.stdout,
    ended: async () => {
      const [code] = await exit;
      if (code !== 0) throw new Error('xz could not unpack it');
    },
    abort: () => child.kill('SIGKILL'),
  };
}

function piped({ writable, readable, ended, abort }: Unpacker, take: (chunk: Buffer) => boolean): Inflater {
  const read = (async () => {
    for await (const chunk of readable as AsyncIterable<Buffer>)
      if (!take(chunk)) throw new Error('it is more than any index has');
    await ended();
  })();
  // What goes wrong before anybody waits for the end is told by the next write.
  let broken: unknown;
  read.catch((error: unknown) => {
    broken = error;
    abort();
  });
  writable.on('error', (error) => {
    broken ??= error;
  });
  const check = (): void => {
    if (broken !== undefined) throw new Error(`cannot be unpacked: ${messageOf(broken)}`);
  };
  return {
    write: async (chunk) => {
      check();
      if (!writable.write(chunk)) await Promise.race([once(writable, 'drain'), read.catch(() => {})]).catch(() => {});
      check();
    },
    end: async () => {
      writable.end();
      await read.catch(() => {});
      check();
    },
    abort,
  };
}

function plain(take: (chunk: Buffer) => boolean): Inflater {
  return {
    write: async (chunk) => {
      if (!take(chunk)) throw new Error('it is more than any index has');
    },
    end: async () => {},
    abort: () => {},
  };
}
