/** GRUB's script, cut into commands and words. GRUB manual §6.1 (Writing full configuration files directly). */

/** What a word is made of: text, and variables that are not known yet. */
export type Part = string | { readonly variable: string };
export type Word = readonly Part[];
/** `{` that opens a block is the last word of its command, `}` a command of its own. */
export type Command = readonly Word[];

/** What a script may come to; distributions' are of some hundred. */
const MAX_COMMANDS = 20_000;

/** Tried in order wherever a word may go on. No two of them begin alike, so nothing is tried twice. */
const TOKENS = new RegExp(
  [
    '(?<joined>\\\\\\r?\\n)',
    '(?<blank>[ \\t\\r]+)',
    '(?<end>[\\n;&|])',
    "'(?<literal>[^']*)'",
    '\\$?"(?<quoted>(?:[^"\\\\]|\\\\.)*)"',
    '\\$\\{(?<braced>\\w+)\\}',
    '\\$(?<variable>\\w+)',
    '\\\\(?<escaped>.)',
    '(?<plain>[^\\s\'"\\\\$;&|]+|.)',
  ].join('|'),
  'suy',
);

/** The commands of a script in order, whatever conditions they stand under. Never throws. */
export function commandsOf(text: string): Command[] {
  const commands: Command[] = [];
  let command: Word[] = [];
  let word: Part[] | undefined;
  const endWord = (): void => {
    if (word) command.push(word);
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    if (command.length > 0) commands.push(command);
    command = [];
  };
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < text.length && commands.length < MAX_COMMANDS) {
    const at = TOKENS.lastIndex;
    if (word === undefined && text.startsWith('#', at)) {
      const line = text.indexOf('\n', at);
      TOKENS.lastIndex = line < 0 ? text.length : line;
      continue;
    }
    const groups = TOKENS.exec(text)?.groups;
    if (!groups) break;
    const isWhole = word === undefined && /^[\s;]?$/.test(text.charAt(TOKENS.lastIndex));
    if (groups.joined !== undefined) continue;
    if (groups.blank !== undefined) endWord();
    else if (groups.end !== undefined) endCommand();
    else if (isWhole && (groups.plain === '{' || (groups.plain === '}' && command.length === 0))) {
      command.push([groups.plain]);
      endCommand();
    } else {
      word ??= [];
      for (const part of partsOf(groups)) word.push(part);
    }
  }
  endCommand();
  return commands;
}

function partsOf({ literal, quoted, braced, variable, escaped, plain }: Partial<Record<string, string>>): Part[] {
  if (quoted !== undefined) return quotedParts(quoted);
  const name = braced ?? variable;
  return name === undefined ? [literal ?? escaped ?? plain ?? ''] : [{ variable: name }];
}

/** Between double quotes a backslash only stands before what would mean something. */
function quotedParts(text: string): Part[] {
  const parts = text.matchAll(
    /\\\n|\\(?<escaped>["$\\])|\$\{(?<braced>\w+)\}|\$(?<variable>\w+)|(?<plain>[^\\$]+|.)/gsu,
  );
  return [...parts].flatMap(({ groups = {} }) => partsOf(groups));
}
