/** How far each client of this node has come, told by the files that it gets: what the next announcement says of it. */
import type { Ipv4 } from '../core/addr.ts';
import type { Fetched, FetchStage } from '../core/swarm.ts';

/** Taste: a hall has hundreds of machines; a forged crowd must not cost memory. */
const MAX_CLIENTS = 4096;
/** In one announcement, which must stay below its own bound; the others wait for the next. */
const MAX_AT_ONCE = 1024;
/** Names of files inside images may be longer; what stands first tells the image. */
const MAX_PATH_CHARS = 200;

const ORDER: readonly FetchStage[] = ['loader', 'menu', 'system'];

/** Written for one client: pxelinux's, GRUB's and iPXE's menus, GRUB's theme and its bar. */
const MENU = /^\/boot\/(?:pxelinux\.cfg\/|boot\.ipxe$)|\/grub\.cfg(?:-[^/]*)?$|\/grub\/(?:theme\.txt|select_c\.png)$/;
/** Below /boot, what a menu starts: kernels and their first file system, the memory test, what carries an image. */
const STARTED =
  /\/(?:vmlinu|linux$|linux[.-]?\d|initr|kernel|bzimage|memtest|memdisk|wimboot)[^/]*$|\.(?:img|iso|wim|gz|xz|zst)$/i;

/** What getting `path`, a name that was found, says of a machine. */
export function stageOf(path: string): FetchStage {
  if (/^\/(?:isos|tree)\//.test(path)) return 'system';
  const plain = path.replace(/^\/boot\/tftp\//, '/boot/');
  if (plain.startsWith('/boot/companions/')) return 'system';
  if (MENU.test(plain)) return 'menu';
  return STARTED.test(plain) && !plain.endsWith('.c32') ? 'system' : 'loader';
}

interface Entry {
  stage: FetchStage;
  path: string;
  sentBytes: number;
}

/** What clients got since the last announcement that arrived. Bounded: whoever was heard longest ago goes. */
export class FetchedTable {
  /** Those heard last stand last. */
  readonly #clients = new Map<Ipv4, Entry>();
  /** On their way to flink. */
  #told: readonly Fetched[] = [];

  get size(): number {
    return this.#clients.size;
  }

  /** `client` gets `path`, or got `sentBytes` more of it. */
  note(client: Ipv4, path: string, sentBytes: number): void {
    const known = this.#clients.get(client);
    if (known?.path === path) {
      known.sentBytes += sentBytes;
      return;
    }
    this.#merge({ client, stage: stageOf(path), path: path.slice(0, MAX_PATH_CHARS), sentBytes }, known, 'later');
  }

  /** What to announce; what was taken before and never confirmed is among it. */
  take(): readonly Fetched[] {
    for (const told of this.#told) this.#merge(told, this.#clients.get(told.client), 'earlier');
    this.#told = [...this.#clients].slice(0, MAX_AT_ONCE).map(([client, entry]) => ({ client, ...entry }));
    for (const { client } of this.#told) this.#clients.delete(client);
    return this.#told;
  }

  /** flink has what was taken. */
  confirm(): void {
    this.#told = [];
  }

  #merge({ client, stage, path, sentBytes }: Fetched, known: Entry | undefined, when: 'earlier' | 'later'): void {
    this.#clients.delete(client);
    if (this.#clients.size >= MAX_CLIENTS) {
      const [oldest] = this.#clients.keys();
      if (oldest !== undefined) this.#clients.delete(oldest);
    }
    this.#clients.set(client, {
      stage: known ? further(known.stage, stage) : stage,
      path: known && when === 'earlier' ? known.path : path,
      sentBytes: sentBytes + (known?.sentBytes ?? 0),
    });
  }
}

function further(one: FetchStage, other: FetchStage): FetchStage {
  return ORDER.indexOf(one) > ORDER.indexOf(other) ? one : other;
}
