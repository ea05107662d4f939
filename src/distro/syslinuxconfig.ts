/** What the configuration of syslinux and isolinux starts. syslinux: doc/syslinux.txt, doc/menu.txt. */
import { type BootLine, bootLine, folderOf, type LoadConfig, pathIn, wordsOf } from './bootline.ts';

/** The labels of the file at `path` that start a kernel, and of those it includes, in order. */
export async function readSyslinux(path: string, load: LoadConfig): Promise<BootLine[]> {
  const reading = new SyslinuxReading(load, folderOf(path));
  await reading.file(path, 0);
  reading.finish();
  return reading.lines;
}

const MAX_DEPTH = 8;
const MAX_LINES = 256;

interface Label {
  readonly from: string;
  title: string;
  kernel?: string;
  append?: string;
  initrd?: string;
}

/** Modules of syslinux, and boot sectors: no kernels. */
const NO_KERNEL = /\.(?:c32|com|cbt|bs|bss|0|img)$/i;
/** Menus, whose arguments are configuration files. */
const MENU = /(?:^|\/)(?:vesa)?menu\.c32$/i;

class SyslinuxReading {
  readonly lines: BootLine[] = [];
  readonly #load: LoadConfig;
  /** Kernels' names are relative to where the first file is. */
  readonly #folder: string;
  #append = '';
  #label: Label | undefined;
  #isHelp = false;

  constructor(load: LoadConfig, folder: string) {
    this.#load = load;
    this.#folder = folder;
  }

  /** Beside the file at `by`, which includes it, too: `CONFIG` of archiso changes the folder. */
  async file(name: string, depth: number, by = name): Promise<void> {
    if (depth > MAX_DEPTH) return;
    for (const path of [pathIn(folderOf(by), name), pathIn(this.#folder, name)]) {
      const text = path === undefined ? undefined : await this.#load(path);
      if (path !== undefined && text !== undefined) return await this.#lines(text, path, depth);
    }
  }

  async #lines(text: string, path: string, depth: number): Promise<void> {
    for (const line of text.split(/\r?\n/)) {
      const [, keyword = '', value = ''] = /^\s*(\S+)(.*)$/.exec(line) ?? [];
      const next = this.#line(keyword.toLowerCase(), value.trim(), path);
      if (next !== undefined) await this.file(next, depth + 1, path);
      // An included file's last label goes on in this one, as syslinux has it; that of another menu doesn't.
      if (next !== undefined && !/^(?:include|menu)$/i.test(keyword)) this.#next({ from: path, title: '' });
      if (this.lines.length >= MAX_LINES) return;
    }
  }

  /** Ends the label that is open. */
  finish(): void {
    const label = this.#label;
    this.#label = undefined;
    if (label?.kernel === undefined) return;
    const [kernel = '', ...before] = wordsOf(label.kernel);
    if (NO_KERNEL.test(kernel)) return;
    const append = label.append ?? this.#append;
    const words = [...before, ...(append === '-' ? [] : wordsOf(append))];
    const named = words.find((word) => word.startsWith('initrd='))?.slice('initrd='.length);
    const initrds = (label.initrd ?? named ?? '').split(',').filter(Boolean);
    const line = bootLine({
      ...label,
      kernel: pathIn(this.#folder, kernel),
      initrds: initrds.map((name) => pathIn(this.#folder, name)),
      arguments: words.filter((word) => !word.startsWith('initrd=')),
    });
    if (line) this.lines.push(line);
  }

  #next(label: Label): void {
    this.finish();
    this.#label = label;
  }

  /** Does what a line says; gives the file it includes. */
  #line(keyword: string, value: string, from: string): string | undefined {
    if (this.#isHelp) this.#isHelp = keyword !== 'endtext';
    else if (keyword === 'text') this.#isHelp = /^help$/i.test(value);
    else if (keyword === 'label') this.#next({ from, title: value });
    else if (keyword === 'include' || keyword === 'config') return firstOf(value);
    else if (keyword === 'menu') return this.#menu(value);
    else if (!this.#label && keyword === 'append') this.#append = value;
    else if (this.#label && keyword === 'append') {
      this.#label.append = value;
      if (MENU.test(this.#label.kernel ?? '')) return firstOf(value);
    } else if (this.#label && (keyword === 'kernel' || keyword === 'linux')) this.#label.kernel = value;
    else if (this.#label && keyword === 'initrd') this.#label.initrd = value;
    return undefined;
  }

  /** `MENU INCLUDE file`, and `MENU LABEL` with `^` before the letter that chooses it. */
  #menu(value: string): string | undefined {
    const [, keyword = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(value) ?? [];
    if (keyword.toLowerCase() === 'include') return firstOf(rest);
    if (keyword.toLowerCase() === 'label' && this.#label) this.#label.title = rest.replace('^', '');
    return undefined;
  }
}

/** The first of several words. */
function firstOf(value: string): string | undefined {
  return value.split(/\s+/)[0] || undefined;
}
