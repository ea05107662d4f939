/** A log file of JSON lines, read while it grows. */
import { open } from 'node:fs/promises';

export interface LogLine {
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number;
  readonly service: string;
  readonly event: string;
  readonly level?: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The line as our servers write it, or nothing for any other text. */
export function parseLogLine(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const { at, service, event, level, ...fields } = JSON.parse(text) as Record<string, unknown>;
    const atMs = typeof at === 'number' ? at : Date.parse(String(at));
    return { atMs, service: String(service), event: String(event), level: level as string | undefined, fields };
  } catch {
    return undefined;
  }
}

export interface Followed {
  readonly lines: readonly LogLine[];
  stop(): void;
}

const POLL_MS = 100;

/** Collects the lines of `file`, which need not exist yet, and hands each to `onLine` as it comes. */
export function follow(file: string, onLine: (line: LogLine) => void): Followed {
  const lines: LogLine[] = [];
  let offset = 0;
  let isReading = false;
  const poll = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    const text = await readLines(file, offset).catch(() => '');
    isReading = false;
    offset += Buffer.byteLength(text);
    for (const part of text.split('\n')) {
      const line = parseLogLine(part);
      if (!line) continue;
      lines.push(line);
      onLine(line);
    }
  };
  const timer = setInterval(() => void poll(), POLL_MS).unref();
  return { lines, stop: () => clearInterval(timer) };
}

/** The whole lines that stand in `file` from `offset` on, at most a megabyte of them. */
async function readLines(file: string, offset: number): Promise<string> {
  await using handle = await open(file);
  const buffer = Buffer.alloc(1 << 20);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
  const end = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1;
  return buffer.subarray(0, end).toString();
}
