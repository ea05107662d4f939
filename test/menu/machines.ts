/**
 * Machines that go through a menu: interpreters of as much of iPXE's and GRUB's languages as menus use, written from the
 * loaders' own documentation. What a machine asks for may be there or not; an unknown command is a mistake.
 */

/** What a machine does once an entry is chosen. */
export interface Boot {
  /** `menu`: nothing could be started, and it is back there. */
  readonly outcome: 'booted' | 'menu';
  /** URLs in the order of asking. */
  readonly asked: readonly string[];
  /** Of what was started. */
  readonly kernel: string;
  readonly words: readonly string[];
  readonly initrds: readonly string[];
}

export interface World {
  readonly isThere: (url: string) => boolean;
}

class Loaded {
  readonly asked: string[] = [];
  kernel = '';
  words: readonly string[] = [];
  initrds: string[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get(url: string): boolean {
    this.asked.push(url);
    return this.#world.isThere(url);
  }

  free(): void {
    [this.kernel, this.words, this.initrds] = ['', [], []];
  }

  end(outcome: Boot['outcome']): Boot {
    const { asked, kernel, words, initrds } = this;
    return { outcome, asked, kernel, words, initrds };
  }
}

/** Whoever goes round for ever is stopped. */
const MAX_STEPS = 20_000;

/** Chooses `ids`, one each time that a menu is shown; what the last one comes to. [ipxe: core/exec.c, image/script.c] */
export function ipxeMachine(text: string, ids: readonly string[], world: World, platform: 'efi' | 'pcbios'): Boot {
  const lines = text.split('\n');
  const settings = new Map([
    ['platform', platform],
    ['buildarch', platform === 'efi' ? 'x86_64' : 'i386'],
    ['netX/mac:hexhyp', '52-54-00-00-00-01'],
  ]);
  const choices = [...ids];
  let loaded = new Loaded(world);
  let at = 0;
  const go = (label = ''): true => {
    at = lines.indexOf(`:${label}`);
    if (at < 0) throw new Error(`no label ${label}`);
    return true;
  };
  const fetched = (args: readonly string[]): readonly string[] | undefined => {
    const plain = withoutOptions(args, ['--timeout', '--name']);
    return loaded.get(plain[0] ?? '') ? plain : undefined;
  };
  /** Success, failure, or the end. */
  const run = ([command, ...args]: readonly string[]): boolean | Boot => {
    switch (command) {
      case undefined:
      case 'menu':
      case 'item':
      case 'colour':
      case 'cpair':
      case 'echo':
      case 'prompt':
      case 'cpuid':
        return true;
      case 'set':
        settings.set(args[0] ?? '', args.slice(1).join(' '));
        return true;
      case 'iseq':
        return args[0] === args[1];
      case 'goto':
        return go(args[0]);
      case 'choose': {
        const id = choices.shift();
        if (id === undefined) return loaded.end('menu');
        loaded = new Loaded(world);
        settings.set('selected', id);
        return true;
      }
      case 'imgfree':
        loaded.free();
        return true;
      case 'kernel': {
        const plain = fetched(args);
        if (plain) [loaded.kernel, loaded.words] = [plain[0] ?? '', plain.slice(1)];
        return plain !== undefined;
      }
      case 'initrd': {
        const plain = fetched(args);
        if (plain) loaded.initrds.push(plain.join(' '));
        return plain !== undefined;
      }
      case 'shim':
        return fetched(args) !== undefined;
      case 'chain':
      case 'sanboot': {
        const plain = withoutOptions(args, ['--timeout']);
        if (!loaded.get(plain[0] ?? '')) return false;
        loaded.kernel = plain[0] ?? '';
        return loaded.end('booted');
      }
      case 'boot':
        return loaded.kernel === '' ? false : loaded.end('booted');
      default:
        throw new Error(`iPXE: ${command}`);
    }
  };
  for (let step = 0; step < MAX_STEPS; step++) {
    const line = lines[at++];
    if (line === undefined) throw new Error('the script is over');
    if (line.startsWith('#') || line.startsWith(':')) continue;
    const expanded = line.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => settings.get(name) ?? '');
    let isGood: boolean = true;
    let isDue = true;
    let words: string[] = [];
    for (const word of [...expanded.split(' ').filter((each) => each !== ''), undefined]) {
      if (word !== undefined && word !== '||' && word !== '&&') {
        words.push(word);
        continue;
      }
      if (isDue) {
        const result = run(words);
        if (typeof result !== 'boolean') return result;
        isGood = result;
      }
      isDue = word === '&&' ? isGood : !isGood;
      words = [];
    }
    // What ends in `||` has an empty command last, which succeeds.
    if (!isGood && !/\|\|$/.test(line)) throw new Error(`the script ends at: ${line}`);
  }
  throw new Error('it goes round for ever');
}

function withoutOptions(args: readonly string[], withValue: readonly string[]): readonly string[] {
  const plain: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    // Options stand before the first plain word: behind it `--` is the kernel's.
    if (plain.length > 0 || !arg.startsWith('--')) plain.push(arg);
    else if (withValue.includes(arg)) i++;
  }
  return plain;
}

/** Part of a word: text, or a variable, which falls apart at blanks where it stands outside of quotes. */
type Part = string | { readonly name: string; readonly isQuoted: boolean };
type Token = { readonly parts: readonly Part[]; readonly isPlain: boolean } | 'end';
type Command =
  | { readonly kind: 'simple'; readonly words: readonly Word[]; readonly body?: readonly Command[] }
  | { readonly kind: 'if'; readonly test: Command; readonly yes: Commands; readonly no: Commands }
  | { readonly kind: 'for'; readonly name: string; readonly words: readonly Word[]; readonly body: Commands }
  | { readonly kind: 'function'; readonly name: string; readonly body: Commands };
type Commands = readonly Command[];
type Word = readonly Part[];

function grubTokens(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const scanner = /[ \t]+|(\n|;)|#[^\n]*|((?:'[^']*'|"[^"]*"|\\.|\$\w+|[^\s;'"\\$])+)/gy;
  for (const match of text.matchAll(scanner)) {
    const [, end, word] = match;
    if (end !== undefined) tokens.push('end');
    if (word !== undefined) tokens.push({ parts: grubParts(word), isPlain: /^[\w[\]{}]+$/.test(word) });
  }
  return tokens;
}

function grubParts(word: string): readonly Part[] {
  const inside = (text: string, isQuoted: boolean): readonly Part[] =>
    text
      .split(/(\$\w+)/)
      .filter((part) => part !== '')
      .map((part) => (part.startsWith('$') ? { name: part.slice(1), isQuoted } : part));
  return [...word.matchAll(/'([^']*)'|"([^"]*)"|\\(.)|([^'"\\]+)/g)].flatMap(([, single, double, escaped, bare]) => {
    if (double !== undefined) return double === '' ? [''] : inside(double, true);
    return bare === undefined ? [single ?? escaped ?? ''] : inside(bare, false);
  });
}

class GrubParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = grubTokens(text);
  }

  /** Commands up to one of `ends`, which is taken. */
  block(ends: readonly string[]): { readonly commands: Commands; readonly end: string } {
    const commands: Command[] = [];
    for (;;) {
      const word = this.#keyword();
      if (word !== undefined && ends.includes(word)) {
        this.#at++;
        return { commands, end: word };
      }
      if (this.#at >= this.#tokens.length) {
        if (ends.length === 0) return { commands, end: '' };
        throw new Error(`GRUB: no ${ends.join(', ')}`);
      }
      if (this.#tokens[this.#at] === 'end') this.#at++;
      else commands.push(this.#command());
    }
  }

  #keyword(): string | undefined {
    const token = this.#tokens[this.#at];
    return token !== undefined && token !== 'end' && token.isPlain ? String(token.parts[0]) : undefined;
  }

  #words(): readonly Word[] {
    const words: Word[] = [];
    for (; this.#at < this.#tokens.length; this.#at++) {
      const token = this.#tokens[this.#at];
      if (token === 'end' || token === undefined || this.#keyword() === '{') break;
      words.push(token.parts);
    }
    return words;
  }

  #command(): Command {
    const word = this.#keyword();
    if (word === 'if') {
      this.#at++;
      const test = this.block(['then']).commands[0];
      const yes = this.block(['else', 'fi']);
      const no = yes.end === 'else' ? this.block(['fi']).commands : [];
      if (test === undefined) throw new Error('GRUB: if nothing');
      return { kind: 'if', test, yes: yes.commands, no };
    }
    if (word === 'for') {
      this.#at++;
      const [name, , ...words] = this.#words();
      this.#at++;
      if (this.#keyword() !== 'do') throw new Error('GRUB: for without do');
      this.#at++;
      return { kind: 'for', name: String(name?.[0]), words, body: this.block(['done']).commands };
    }
    const words = this.#words();
    const isBlock = this.#keyword() === '{';
    if (isBlock) this.#at++;
    const body = isBlock ? this.block(['}']).commands : undefined;
    if (word === 'function') return { kind: 'function', name: String(words[1]?.[0]), body: body ?? [] };
    return { kind: 'simple', words, ...(body ? { body } : {}) };
  }
}

class Booted extends Error {}

export interface GrubFacts {
  readonly cpu: 'x86_64' | 'i386' | 'arm64';
  /** Debian's 2.12 has it, 2.06 has not. */
  readonly hasHttp: boolean;
}

/** Chooses `ids` one after the other, in the menu that stays open; what the last one comes to. */
export function grubMachine(text: string, ids: readonly string[], world: World, facts: GrubFacts): Boot {
  const functions = new Map<string, Commands>();
  const entries = new Map<string, { readonly body: Commands; readonly variables: Variables }>();
  let loaded = new Loaded(world);
  const start = { grub_cpu: facts.cpu, net_default_mac: '52:54:00:00:00:01' };
  const url = (file: string): string => file.replace(/^\((http|tftp),([^)]*)\)/, '$1://$2');
  const reach = (file: string): boolean =>
    (facts.hasHttp || !file.startsWith('(http')) && /^\((http|tftp),/.test(file) && loaded.get(url(file));

  class Variables {
    readonly values: Map<string, string>;
    readonly exported: Set<string>;
    constructor(values: Iterable<readonly [string, string]>, exported: Iterable<string>) {
      this.values = new Map(values);
      this.exported = new Set(exported);
    }
    /** A submenu sees what was exported alone. */
    inner(): Variables {
      return new Variables(
        [...this.values].filter(([name]) => this.exported.has(name)),
        this.exported,
      );
    }
  }

  const expand = (words: readonly Word[], variables: Variables): readonly string[] =>
    words.flatMap((parts) => {
      const shown = parts.map((part) => (typeof part === 'string' ? part : (variables.values.get(part.name) ?? '')));
      const isNothing = parts.every((part, i) => typeof part !== 'string' && !part.isQuoted && shown[i] === '');
      return isNothing ? [] : [shown.join('')];
    });

  const isTrue = (args: readonly string[]): boolean => {
    const or = args.indexOf('-o');
    if (or >= 0) return isTrue(args.slice(0, or)) || isTrue(args.slice(or + 1));
    const [first = '', second = '', third] = args;
    if (first === '-n') return second !== '';
    if (first === '-s') return reach(second);
    if (first === '-f') return false;
    if (second !== '=') throw new Error(`GRUB: [ ${args.join(' ')} ]`);
    return first === third;
  };

  const simple = (words: readonly string[], body: Commands | undefined, variables: Variables): boolean => {
    const [command = '', ...args] = words;
    switch (command) {
      case 'set': {
        const [name = '', value = ''] = /^(\w+)=(.*)$/.exec(args[0] ?? '')?.slice(1) ?? [];
        variables.values.set(name, value);
        return true;
      }
      case 'export':
        for (const name of args) variables.exported.add(name);
        return true;
      case '[':
        return isTrue(args.slice(0, -1));
      case 'menuentry':
        entries.set(args[args.indexOf('--id') + 1] ?? '', { body: body ?? [], variables });
        return true;
      case 'submenu':
        run(body ?? [], variables.inner());
        return true;
      case 'linux': {
        loaded.free();
        const isLoaded = reach(args[0] ?? '');
        if (isLoaded) [loaded.kernel, loaded.words] = [url(args[0] ?? ''), args.slice(1)];
        return isLoaded;
      }
      case 'initrd':
        if (loaded.kernel === '') return false;
        for (const file of args) {
          if (!reach(file)) return false;
          loaded.initrds.push(url(file));
        }
        return true;
      case 'chainloader':
        if (!reach(args[0] ?? '')) return false;
        loaded.kernel = url(args[0] ?? '');
        return true;
      case 'boot':
        if (loaded.kernel !== '') throw new Booted();
        return false;
      case 'cpuid':
        return true;
      case 'loadfont':
        return false;
      case 'echo':
      case 'sleep':
      case 'exit':
      case 'regexp':
      case 'fwsetup':
      case 'serial':
      case 'terminal_input':
      case 'terminal_output':
        return true;
      default: {
        const called = functions.get(command);
        if (!called) throw new Error(`GRUB: can't find command ${command}`);
        return run(called, variables);
      }
    }
  };

  const run = (commands: Commands, variables: Variables): boolean => {
    let isGood = true;
    for (const command of commands) {
      if (command.kind === 'function') functions.set(command.name, command.body);
      else if (command.kind === 'if') {
        run(run([command.test], variables) ? command.yes : command.no, variables);
      } else if (command.kind === 'for') {
        for (const value of expand(command.words, variables)) {
          variables.values.set(command.name, value);
          run(command.body, variables);
        }
      } else isGood = simple(expand(command.words, variables), command.body, variables);
    }
    return isGood;
  };

  run(new GrubParser(text).block([]).commands, new Variables(Object.entries(start), []));
  for (const id of ids) {
    loaded = new Loaded(world);
    const entry = entries.get(id);
    if (!entry) throw new Error(`no entry ${id}`);
    try {
      run(entry.body, entry.variables);
      // What is loaded when an entry ends is started, in the end.
      if (loaded.kernel !== '') return loaded.end('booted');
    } catch (error) {
      if (!(error instanceof Booted)) throw error;
      return loaded.end('booted');
    }
  }
  return loaded.end('menu');
}
