/** What is remembered of images from run to run: by the bytes on disk, so that nothing is read twice. */
import type { Verdict } from '../core/image.ts';
import { identityOf, isSameBody, type Known, type Recalled, type SeenFile } from './images.ts';
import { ALGORITHMS, type Digests } from './sums.ts';

/** A file as it was, and what its bytes are. */
export interface ImageRecord {
  readonly seen: SeenFile;
  readonly known: Known;
}

/** Bounds file and memory: several times what a folder of images holds. */
export const MAX_RECORDS = 2000;
export const MAX_RECORD_FILE_BYTES = 32 << 20;
const FORMAT = 1;

/** By path; the oldest gives way. A record outlives its file for as long as there is room: sticks come and go. */
export class Records {
  readonly #byPath = new Map<string, ImageRecord>();
  #byInode = new Map<number | undefined, ImageRecord[]>();

  get all(): readonly ImageRecord[] {
    return [...this.#byPath.values()];
  }

  put(record: ImageRecord): void {
    const { path } = record.seen;
    this.#byPath.delete(path);
    this.#byPath.set(path, record);
    const [oldest] = this.#byPath.keys();
    if (this.#byPath.size > MAX_RECORDS && oldest !== undefined) this.#byPath.delete(oldest);
    this.#byInode.clear();
  }

  /**
   * What is known of `seen`: of the same file as it was, or as it was called before. Renaming moves `changedMs`, and so
   * does writing to a file and dating it back: it was a renaming if the old name no longer has that inode. Changing its
   * rights, too, which cannot be told from dating it back: not for sure.
   */
  recall(seen: SeenFile, inodeAt: (path: string) => number | undefined): Recalled | undefined {
    const own = this.#byPath.get(seen.path);
    if (own && identityOf(own.seen) === identityOf(seen)) return { known: own.known, isSure: true };
    if (seen.inode === undefined) return undefined;
    const bodies = this.#sharing(seen.inode).filter((record) => isSameBody(record.seen, seen));
    const sure = bodies.find(
      (record) =>
        identityOf(record.seen) === identityOf(seen) ||
        (record.seen.path !== seen.path && inodeAt(record.seen.path) !== seen.inode),
    );
    const best = sure ?? own ?? bodies[0];
    if (best === undefined || !isSameBody(best.seen, seen)) return undefined;
    return { known: best.known, isSure: sure !== undefined };
  }

  #sharing(inode: number): readonly ImageRecord[] {
    if (this.#byInode.size === 0) this.#byInode = Map.groupBy(this.#byPath.values(), ({ seen }) => seen.inode);
    return this.#byInode.get(inode) ?? [];
  }
}

/** `tableVersion` says by what the verdicts were reached. */
export function formatRecords(records: readonly ImageRecord[], tableVersion: string): string {
  return `${JSON.stringify({ format: FORMAT, tableVersion, records })}\n`;
}

/**
 * What `formatRecords` wrote; nothing for a text that it never writes. Records that are not whole are left out; verdicts
 * that another table reached, too, but not the digests: those are the bytes' own.
 */
export function parseRecords(text: string, tableVersion: string): readonly ImageRecord[] | undefined {
  const parsed = parseJson(text);
  if (!isObject(parsed) || parsed.format !== FORMAT || !Array.isArray(parsed.records)) return undefined;
  const isCurrent = parsed.tableVersion === tableVersion;
  return parsed.records.slice(0, MAX_RECORDS).flatMap((value: unknown) => {
    const seen = isObject(value) ? seenOf(value.seen) : undefined;
    return seen && isObject(value) ? [{ seen, known: knownOf(value.known, isCurrent) }] : [];
  });
}

function seenOf(value: unknown): SeenFile | undefined {
  if (!isObject(value)) return undefined;
  const { path, sizeBytes, modifiedMs, changedMs, inode } = value;
  if (typeof path !== 'string' || !isNumber(sizeBytes) || !isNumber(modifiedMs) || !isNumber(changedMs))
    return undefined;
  return { path, sizeBytes, modifiedMs, changedMs, inode: isNumber(inode) ? inode : undefined };
}

function knownOf(value: unknown, isCurrent: boolean): Known {
  if (!isObject(value)) return { digests: {} };
  const { verdict, etag, declaredBytes } = value;
  const digests = digestsOf(value.digests);
  if (!isCurrent || !isVerdict(verdict) || typeof etag !== 'string' || !isNumber(declaredBytes)) return { digests };
  return { digests, verdict, etag, declaredBytes };
}

function digestsOf(value: unknown): Digests {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    ALGORITHMS.flatMap((algorithm) => {
      const digest = value[algorithm];
      return typeof digest === 'string' ? [[algorithm, digest]] : [];
    }),
  );
}

/** Whether others can work with it: a file that somebody else has written must not stop a menu. */
function isVerdict(value: unknown): value is Verdict {
  if (!isObject(value)) return false;
  const { family, name, version, group, archs, entries, problem, codename, edition } = value;
  return (
    [family, name, version, group].every(isText) &&
    [codename, edition].every(isTextOrAbsent) &&
    isList(archs, isText) &&
    isList(entries, isEntry) &&
    (problem === undefined ||
      (isObject(problem) && isText(problem.reason) && isText(problem.says) && isTextOrAbsent(problem.cure)))
  );
}

function isEntry(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { key, use, transport, isStreaming, archs, firmware, how, memoryMib, secureBoot } = value;
  return (
    [key, use, transport, secureBoot].every(isText) &&
    [value.variant, value.companion, value.companionVersion, value.unattended].every(isTextOrAbsent) &&
    typeof isStreaming === 'boolean' &&
    (memoryMib === undefined || isNumber(memoryMib)) &&
    isList(archs, isText) &&
    isList(firmware, isText) &&
    isHow(how)
  );
}

function isHow(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { kind, kernel, initrds, shim, imageAs, index } = value;
  if (kind === 'linux') {
    const isWhole = isText(kernel) && isList(initrds, isText) && isList(value.arguments, isText);
    return isWhole && [shim, imageAs].every(isTextOrAbsent);
  }
  if (kind === 'wimboot') return isList(value.files, isNamedFile) && (index === undefined || isNumber(index));
  return kind === 'memdisk' || kind === 'sanboot';
}

function isNamedFile(value: unknown): boolean {
  return isObject(value) && isText(value.name) && isText(value.file);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || isText(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isList(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
