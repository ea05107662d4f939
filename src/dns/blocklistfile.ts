/** Reads a blocklist from its file, in slices: nobody who asks meanwhile waits for it. */
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { errnoOf, Fault, messageOf, shellWord } from '../core/errors.ts';
import { readBlockLine } from './blockline.ts';
import { type Blocklist, BlocklistBuilder } from './blocklist.ts';

export interface BlocklistFile {
  readonly list: Blocklist;
  /** Lines that are in none of the formats; the first of them as `17: <html>`. */
  readonly unread: { readonly lines: number; readonly first: readonly string[] };
}

/** The largest list that people publish has a million names, 30 MB. */
export const MAX_BLOCKLIST_BYTES = 64 * 2 ** 20;
export const MAX_BLOCKLIST_NAMES = 2_000_000;
/** Some thousand lines, a few milliseconds. */
const SLICE_BYTES = 32 * 1024;
const DOMAINS_A_SLICE = 5000;
const MAX_LINE_CHARS = 16 * 1024;

/** Rejects with a `Fault`: one sentence with the cure, without the file's name. */
export async function readBlocklistFile(file: string): Promise<BlocklistFile> {
  let handle: FileHandle | undefined;
  try {
    // A pipe would keep us waiting for somebody who writes.
    handle = await open(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Fault('config', 'is no file: name one with a domain a line');
    if (stat.size > MAX_BLOCKLIST_BYTES) throw tooLarge();
    return await readLines(handle, stat.size);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('config', problemOf(error, file), error);
  } finally {
    await handle?.close();
  }
}

/** The list of these domains, which are names already. */
export async function blocklistOf(domains: readonly string[]): Promise<Blocklist> {
  const builder = new BlocklistBuilder();
  for (const [i, domain] of domains.entries()) {
    builder.add(domain);
    if (i % DOMAINS_A_SLICE === DOMAINS_A_SLICE - 1) await setImmediate();
  }
  return buildInSteps(builder);
}

async function readLines(handle: FileHandle, sizeBytes: number): Promise<BlocklistFile> {
  const lines = new LineReader(sizeBytes);
  const slice = Buffer.alloc(SLICE_BYTES);
  const decoder = new TextDecoder();
  for (let total = 0; ; ) {
    // Whoever waits for the file gives way to others.
    const { bytesRead } = await handle.read(slice, 0, SLICE_BYTES, null);
    if (bytesRead === 0) break;
    total += bytesRead;
    if (total > MAX_BLOCKLIST_BYTES) throw tooLarge();
    lines.read(decoder.decode(slice.subarray(0, bytesRead), { stream: true }));
  }
  lines.read(`${decoder.decode()}\n`);
  const { builder, unread } = lines;
  if (builder.names === 0 && unread.lines > 0) {
    throw new Fault('config', `has no domain in it (line ${unread.first[0]}): want one a line, like ads.example`);
  }
  return { list: await buildInSteps(builder), unread };
}

async function buildInSteps(builder: BlocklistBuilder): Promise<Blocklist> {
  const steps = builder.build(randomInt(2 ** 32));
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await setImmediate();
  }
}

const SHOWN_LINES = 3;
const SHOWN_CHARS = 60;

/** Lines in pieces of any length. */
class LineReader {
  readonly builder: BlocklistBuilder;
  readonly unread: { lines: number; readonly first: string[] } = { lines: 0, first: [] };
  #number = 0;
  /** The beginning of a line whose end has not come. */
  #begun = '';

  constructor(sizeBytes: number) {
    this.builder = new BlocklistBuilder(sizeBytes);
  }

  /** Throws a `Fault` where there are too many names. */
  read(piece: string): void {
    const lines = (this.#begun + piece).split('\n');
    // Of a line that is too long to be one the beginning says so as well.
    this.#begun = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    for (const line of lines) this.#line(line);
    if (this.builder.names > MAX_BLOCKLIST_NAMES) {
      throw new Fault('config', `has more than ${MAX_BLOCKLIST_NAMES} names: take a shorter list`);
    }
  }

  #line(line: string): void {
    this.#number += 1;
    const isRead = line.length < MAX_LINE_CHARS && readBlockLine(line, (domain) => this.builder.add(domain));
    if (isRead) return;
    this.unread.lines += 1;
    if (this.unread.first.length >= SHOWN_LINES) return;
    const shown = line.trim().slice(0, SHOWN_CHARS).replaceAll(/\p{C}/gu, '?');
    this.unread.first.push(`${this.#number}: ${shown}`);
  }
}

function tooLarge(): Fault {
  return new Fault('config', `is larger than ${MAX_BLOCKLIST_BYTES / 2 ** 20} MiB: name a list of domains`);
}

function problemOf(error: unknown, file: string): string {
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return 'is not there: bring it, or leave dns.blocklist out';
  if (errno === 'EACCES') return `may not be read by this user: chmod a+r ${shellWord(file)}`;
  if (errno === 'EISDIR' || errno === 'ENXIO') return 'is no file: name one with a domain a line';
  return `cannot be read: ${messageOf(error)}`;
}
