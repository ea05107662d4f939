/** What GRUB's configuration starts. It is not run: conditions are not looked at, both their sides count. */
import { type BootLine, bootLine, folderOf, type LoadConfig, pathIn } from './bootline.ts';
import { type Command, commandsOf, type Word } from './grubwords.ts';

/** The menu entries of the file at `path` and of those it reads, in order; none when it isn't there. */
export async function readGrub(path: string, load: LoadConfig): Promise<BootLine[]> {
  const reading = new GrubReading(load);
  await reading.file(path, 0);
  return reading.lines;
}

/** Files that read files that read files. */
const MAX_DEPTH = 8;
/** A constant longer than this is somebody doubling it. */
const MAX_VALUE_LENGTH = 2048;
const MAX_LINES = 256;

interface Entry {
  readonly title: string;
  readonly from: string;
  /** Blocks that are open inside it, itself included. */
  readonly depth: number;
  kernel?: string | undefined;
  arguments: string[];
  initrds?: (string | undefined)[];
}

const CONDITIONS = new Set(['if', 'while', 'until', 'for']);
const ENDS = new Set(['fi', 'done']);
/** After these comes a command. */
const PREFIXES = new Set(['then', 'else', 'do', '!', 'time']);
const LINUX = /^(?:linux(?:16|efi)?|\$\{?linux\w*\}?)$/;
const INITRD = /^(?:initrd(?:16|efi)?|\$\{?initrd\w*\}?)$/;
const SOURCE = /^(?:source|configfile|\.)$/;

class GrubReading {
  readonly lines: BootLine[] = [];
  readonly #load: LoadConfig;
  /** Undefined: it is set, but who can say to what. */
  readonly #variables = new Map<string, string | undefined>();
  #entry: Entry | undefined;
  #blocks = 0;
  #conditions = 0;

  constructor(load: LoadConfig) {
    this.#load = load;
  }

  async file(path: string, depth: number): Promise<void> {
    const text = depth <= MAX_DEPTH ? await this.#load(path) : undefined;
    if (text === undefined) return;
    if (depth === 0) this.#variables.set('prefix', folderOf(path));
    // A file may be read inside an entry, which goes on behind it.
    const outside = { entry: this.#entry, blocks: this.#blocks, conditions: this.#conditions };
    this.#at(undefined, 0, 0);
    for (const command of commandsOf(text)) {
      const next = this.#run(command, path);
      if (next !== undefined) await this.file(next, depth + 1);
      if (this.lines.length >= MAX_LINES) return;
    }
    this.#at(outside.entry, outside.blocks, outside.conditions);
  }

  #at(entry: Entry | undefined, blocks: number, conditions: number): void {
    this.#entry = entry;
    this.#blocks = blocks;
    this.#conditions = conditions;
  }

  /** Does what a command says; gives the file it reads. */
  #run(command: Command, path: string): string | undefined {
    const [first = [], ...rest] = command;
    const name = this.#text(first) ?? sourceOf(first);
    if (PREFIXES.has(name)) return rest.length > 0 ? this.#run(rest, path) : undefined;
    if (CONDITIONS.has(name)) this.#conditions++;
    else if (ENDS.has(name)) this.#conditions = Math.max(0, this.#conditions - 1);
    else if (name === '}') this.#close();
    else if (name === 'set') this.#set(rest);
    else if (/^\w+=/.test(name)) this.#set(command);
    else if (LINUX.test(name)) this.#kernel(rest, path);
    else if (INITRD.test(name)) this.#initrds(rest, path);
    else if (SOURCE.test(name)) return this.#path(rest[0], path);
    if (this.#text(command.at(-1) ?? []) === '{') this.#open(name, rest, path);
    return undefined;
  }

  #open(name: string, rest: Command, from: string): void {
    this.#blocks++;
    if (name !== 'menuentry') return;
    const title = this.#text(
      (rest[0] ?? []).filter((part) => typeof part === 'string' || this.#variables.has(part.variable)),
    );
    this.#entry = { title: title ?? '', from, depth: this.#blocks, arguments: [] };
  }

  #close(): void {
    this.#blocks = Math.max(0, this.#blocks - 1);
    if (!this.#entry || this.#blocks >= this.#entry.depth) return;
    const line = bootLine({ ...this.#entry, kernel: this.#entry.kernel, initrds: this.#entry.initrds ?? [] });
    if (line) this.lines.push(line);
    this.#entry = undefined;
  }

  /** What is set under a condition is known only when it is the same as without it. */
  #set([word = []]: Command): void {
    const [, name] = /^(\w+)=/.exec(sourceOf(word)) ?? [];
    if (name === undefined) return;
    const value = this.#text(word)?.slice(name.length + 1);
    const isCertain = this.#conditions === 0 || this.#variables.get(name) === value;
    this.#variables.set(name, isCertain ? value : undefined);
  }

  /** The first of several counts: the others stand under conditions. */
  #kernel([kernel, ...rest]: Command, path: string): void {
    if (!this.#entry || this.#entry.kernel !== undefined) return;
    this.#entry.kernel = this.#path(kernel, path);
    this.#entry.arguments = rest.flatMap((word) => this.#words(word));
  }

  #initrds(words: Command, path: string): void {
    if (this.#entry) this.#entry.initrds ??= words.map((word) => this.#path(word, path));
  }

  /** A path without its device, which is a variable nearly always. */
  #path(word: Word | undefined, from: string): string | undefined {
    const text = this.#text(withoutDevice(word ?? []));
    return text === undefined ? undefined : pathIn(folderOf(from), text);
  }

  /** A variable of several words is as many words; a word of one that is unknown is none. */
  #words(word: Word): string[] {
    const text = this.#text(word);
    if (text === undefined) return [];
    return word.every((part) => typeof part === 'string') ? [text] : text.split(/\s+/).filter(Boolean);
  }

  /** Undefined when a variable in it is not known. */
  #text(word: Word): string | undefined {
    let text = '';
    for (const part of word) {
      const more = typeof part === 'string' ? part : this.#variables.get(part.variable);
      if (more === undefined) return undefined;
      text += more;
      if (text.length > MAX_VALUE_LENGTH) return undefined;
    }
    return text;
  }
}

/** `$linux`, as it is written. */
function sourceOf(word: Word): string {
  return word.map((part) => (typeof part === 'string' ? part : `\${${part.variable}}`)).join('');
}

/** `($root)/boot` begins with `(`, a variable, and `)/boot`. */
function withoutDevice(word: Word): Word {
  const [open, device, close, ...rest] = word;
  const isDevice = open === '(' && typeof device === 'object' && typeof close === 'string' && close.startsWith(')');
  return isDevice ? [close.slice(1), ...rest] : word;
}
