/** From argv to a command and its options; whatever doesn't fit is refused with the nearest thing that does. */
import { parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';
import { Fault } from '../core/errors.ts';
import type { Command, Input, OptionSpec, OptionTable, Program } from './command.ts';

export type Asked =
  | { readonly kind: 'run'; readonly command: Command; readonly input: Input }
  | { readonly kind: 'help'; readonly command: Command | undefined }
  | { readonly kind: 'version' };

/** These two are understood everywhere. */
export const GENERAL_OPTIONS: OptionTable = {
  help: { help: 'Says what there is, and ends.' },
  version: { help: 'Prints the version, and ends.' },
};

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

/** Throws a `Fault` of code `usage`. */
export function readArguments(program: Program, argv: readonly string[]): Asked {
  const known = Object.assign({}, GENERAL_OPTIONS, ...program.commands.map((c) => c.options)) as OptionTable;
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(Object.entries(known).map(([name, spec]) => [name, { type: typeOf(spec) }])),
      help: { type: 'boolean', short: 'h' },
    },
  });
  // Options first: the value of one that is mistyped would look like a command.
  for (const token of tokens) if (token.kind === 'option') inspectOption(program, token, known);
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const isHelp = words[0] === 'help' || tokens.some((t) => t.kind === 'option' && t.name === 'help');
  if (words[0] === 'help') words.shift();
  const found = words.length === 0 ? undefined : commandFor(program, words);
  const command = found?.command;
  if (isHelp) return { kind: 'help', command };
  if (tokens.some((t) => t.kind === 'option' && t.name === 'version')) return { kind: 'version' };
  const chosen = command ?? program.commands[0];
  if (!chosen) throw new Fault('usage', `${program.name} has no commands`);
  const operand = found?.operand ?? '';
  if (chosen.operand !== undefined && operand === '') {
    const usage = `${program.name} ${chosen.name} ${chosen.operand}`;
    throw new Fault('usage', `${chosen.name} wants a ${chosen.operand}: ${usage}`);
  }
  return { kind: 'run', command: chosen, input: { ...readOptions(program, chosen, tokens), operand } };
}

const typeOf = (spec: OptionSpec): 'string' | 'boolean' => (spec.value === undefined ? 'boolean' : 'string');

interface Found {
  readonly command: Command;
  readonly operand?: string | undefined;
}

function commandFor(program: Program, words: readonly string[]): Found {
  const typed = words.join(' ');
  const found = program.commands.find((command) => command.name === typed);
  if (found) return { command: found };
  const front = words.slice(0, -1).join(' ');
  const taking = program.commands.find(({ name, operand }) => operand !== undefined && name === front);
  if (taking) return { command: taking, operand: words.at(-1) };
  const names = program.commands.map((command) => command.name);
  const begun = names.find((name) => name.startsWith(`${typed} `) || typed.startsWith(`${name} `));
  const half = names.find((name) => name.endsWith(` ${words[0]}`));
  const meant = begun ?? half ?? nearest(typed, names) ?? nearest(words[0] ?? '', names);
  const hint = meant === undefined ? `want one of ${names.join(', ')}` : `did you mean "${meant}"?`;
  throw new Fault('usage', `there is no command ${JSON.stringify(typed)}: ${hint}`);
}

function readOptions(program: Program, command: Command, tokens: readonly Token[]): Omit<Input, 'operand'> {
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(command.options, token.name)) throw foreignOption(program, command, token);
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? '']);
  }
  return {
    has: (option) => values.has(option),
    text: (option) => values.get(option)?.at(-1),
    texts: (option) => values.get(option) ?? [],
  };
}

type OptionToken = Extract<Token, { kind: 'option' }>;

/** Throws a `Fault` for what no command understands. */
function inspectOption(program: Program, token: OptionToken, known: OptionTable): void {
  const spec = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
  const { rawName, value } = token;
  if (!spec) throw unknownOption(program, token, known);
  if (spec.value === undefined) {
    if (value !== undefined) throw new Fault('usage', `${rawName} takes no value: write it alone`);
  } else if (value === undefined || value === '' || (!token.inlineValue && value !== '-' && value.startsWith('-'))) {
    throw new Fault('usage', `${rawName} wants a value: ${rawName} ${spec.value}`);
  } else if (spec.choices && !spec.choices.includes(value)) {
    const want = `want one of ${spec.choices.join(', ')}`;
    throw new Fault('usage', `${rawName}: ${want}, got ${JSON.stringify(value)}`);
  }
}

function unknownOption(program: Program, { name, rawName }: OptionToken, known: OptionTable): Fault {
  const meant = nearest(name, Object.keys(known));
  const hint = meant === undefined ? `see ${program.name} --help` : `did you mean --${meant}?`;
  return new Fault('usage', `there is no option ${rawName}: ${hint}`);
}

function foreignOption(program: Program, command: Command, { name, rawName }: OptionToken): Fault {
  const owners = program.commands.filter((c) => Object.hasOwn(c.options, name)).map((c) => c.name);
  return new Fault('usage', `${rawName} is no option of "${command.name}": it belongs to "${owners.join('", "')}"`);
}
