/** A folder of images that exists in memory, and the catalogue that watches it. */
import { createHash } from 'node:crypto';
import type { ImageLook } from '../../src/catalog/look.ts';
import { type CatalogOptions, type CatalogService, catalogService } from '../../src/catalog/server.ts';
import type { RecordStore } from '../../src/catalog/store.ts';
import { nameImages } from '../../src/core/alias.ts';
import type { FolderEntry, Opened } from '../../src/core/content.ts';
import type { CatalogImage, ImageView, Verdict } from '../../src/core/image.ts';
import { fakeHost } from '../support/fakes.ts';

export interface FakeFile {
  bytes: Uint8Array;
  modifiedMs: number;
  changedMs: number;
  inode: number;
}

export const verdictOf = (name: string): Verdict => ({
  family: 'casper',
  name,
  version: '24.04',
  archs: ['x86_64'],
  group: 'Ubuntu',
  entries: [
    {
      ...{ key: 'live', use: 'live', transport: 'http', isStreaming: true, archs: ['x86_64'] },
      ...{ firmware: ['bios', 'uefi'], memoryMib: 2048, secureBoot: 'debian-signed' },
      how: { kind: 'linux', kernel: 'casper/vmlinuz', initrds: ['casper/initrd'], arguments: ['boot=casper'] },
    },
  ],
});

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Files by path below the folder; a path in `broken` cannot be read: listed if it is a folder, else opened. */
export class FakeFolder {
  readonly files = new Map<string, FakeFile>();
  readonly broken = new Set<string>();
  /** Folders that nobody has time to list now. */
  readonly busy = new Set<string>();
  /** Paths that were looked into, in order. */
  readonly looked: string[] = [];
  readonly openedWhole: string[] = [];
  /** What a look says instead of recognising; by path. */
  readonly answers = new Map<string, ImageLook>();
  /** How long the volume says it is, where that is not the file's size. */
  readonly declared = new Map<string, number>();
  lookingNow = 0;
  mostLooking = 0;
  #nextInode = 100;
  readonly #date: () => number;
  constructor(date: () => number) {
    this.#date = date;
  }

  /** As a program writes it: into the file that is there, or a new one. */
  write(path: string, content: string | Uint8Array): FakeFile {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const inode = this.files.get(path)?.inode ?? this.#nextInode++;
    const file = { bytes, modifiedMs: this.#date(), changedMs: this.#date(), inode };
    this.files.set(path, file);
    return file;
  }

  rename(from: string, to: string): void {
    const file = this.files.get(from);
    if (!file) throw new Error(`no ${from}`);
    this.files.delete(from);
    this.files.set(to, { ...file, changedMs: this.#date() });
  }

  list = async (path: string): Promise<readonly FolderEntry[] | 'busy' | undefined> => {
    if (this.busy.has(path)) return 'busy';
    if (this.broken.has(path)) return undefined;
    const prefix = path === '' ? '' : `${path}/`;
    const entries = new Map<string, FolderEntry>();
    for (const [name, { bytes, ...times }] of this.files) {
      if (!name.startsWith(prefix)) continue;
      const [first = '', ...rest] = name.slice(prefix.length).split('/');
      if (rest.length > 0) entries.set(first, { name: first, kind: 'folder', sizeBytes: 0, modifiedMs: 0 });
      else entries.set(first, { name: first, kind: 'file', sizeBytes: bytes.length, ...times });
    }
    return [...entries.values()];
  };

  open = async (path: string): Promise<Opened> => {
    const file = this.files.get(path);
    if (!file || this.broken.has(path)) return { kind: 'missing', reason: 'damaged' };
    this.openedWhole.push(path);
    const content = {
      ...{ sizeBytes: file.bytes.length, modifiedMs: file.modifiedMs, etag: `"${sha256(file.bytes)}"` },
      read: async (into: Uint8Array, position: number) => {
        const part = file.bytes.subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      isUnchanged: async () => this.files.get(path) === file,
      close: async () => {},
    };
    return { kind: 'file', content };
  };

  look = async (path: string): Promise<ImageLook> => {
    this.looked.push(path);
    this.lookingNow += 1;
    this.mostLooking = Math.max(this.mostLooking, this.lookingNow);
    const file = this.files.get(path);
    const answer = this.answers.get(path);
    if (answer || !file) {
      this.lookingNow -= 1;
      return answer ?? { kind: 'missing', reason: 'not-found' };
    }
    const view: ImageView = {
      ...{ fileName: path, format: 'iso9660', label: '', systemId: '', sizeBytes: file.bytes.length, bootImages: [] },
      list: async () => undefined,
      read: async () => undefined,
    };
    return {
      ...{ kind: 'view', view, declaredBytes: this.declared.get(path) ?? file.bytes.length },
      etag: `"${sha256(file.bytes)}"`,
      isUnchanged: async () => this.files.get(path) === file,
      close: async () => {
        this.lookingNow -= 1;
      },
    };
  };
}

const NOWHERE: RecordStore = { load: async () => [], save: async () => {} };

export interface World {
  readonly host: ReturnType<typeof fakeHost>;
  readonly folder: FakeFolder;
  readonly catalog: CatalogService;
  /** Time goes by in steps of half a second, and all that is due gets done. */
  pass(ms: number): Promise<void>;
  image(path: string): CatalogImage | undefined;
  events(event: string): readonly Record<string, unknown>[];
}

export interface WorldOptions {
  readonly verify?: CatalogOptions['verify'];
  readonly store?: RecordStore;
  readonly host?: ReturnType<typeof fakeHost>;
  readonly folder?: FakeFolder;
}

export function world({ verify = 'at-once', store = NOWHERE, ...before }: WorldOptions = {}): World {
  const host = before.host ?? fakeHost();
  const folder = before.folder ?? new FakeFolder(() => host.clock.date());
  const { list, open, look } = folder;
  const recognise = async (view: ImageView): Promise<Verdict> => verdictOf(view.fileName);
  const catalog = catalogService({ verify }, { host, list, open, look, recognise, names: nameImages, store });
  return {
    ...{ host, folder, catalog },
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= 500) {
        await turns();
        host.clock.advance(500);
      }
      await turns();
    },
    image: (path) => catalog.images().find((image) => image.path === path),
    events: (event) => host.log.lines.filter((line) => line.event === event),
  };
}

/** Lets everything run that needs no time. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A folder whose files have been as they are for a day. */
export async function started(files: Readonly<Record<string, string>>, options: WorldOptions = {}): Promise<World> {
  const made = world(options);
  for (const [path, text] of Object.entries(files)) made.folder.write(path, text);
  made.host.clock.advance(86_400_000);
  await made.catalog.start();
  await turns();
  return made;
}
