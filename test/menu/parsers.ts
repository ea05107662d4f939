/**
 * What the loaders see in a menu, read independently of our renderers: each parser is written from the loader's own
 * documentation and returns the commands in order, so a text that adds or changes one shows.
 */

/** syslinux: a keyword, a blank, the rest of the line; TEXT HELP swallows lines up to ENDTEXT. doc/syslinux.txt */
export function pxelinuxCommands(text: string): readonly string[][] {
  const commands: string[][] = [];
  let isHelp = false;
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = raw.trim();
    if (isHelp) {
      if (/^endtext/i.test(line)) isHelp = false;
      continue;
    }
    if (line === '' || line.startsWith('#')) continue;
    const [keyword = '', rest = ''] = split(line);
    if (keyword.toLowerCase() === 'menu') {
      const [menuWord = '', value = ''] = split(rest);
      commands.push([`menu ${menuWord.toLowerCase()}`, value]);
    } else {
      commands.push([keyword.toLowerCase(), rest]);
      if (/^text$/i.test(keyword) && /^help/i.test(rest)) isHelp = true;
    }
  }
  return commands;
}

function split(line: string): [string, string] {
  const at = line.search(/\s/);
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at).trim()];
}

/**
 * iPXE: words parted by whitespace, no quotes; `#` at the start of a word begins a comment; `||` and `&&` as words end a
 * command; `:x` is a label; `${x}` expands anywhere. [ipxe: core/exec.c, image/script.c]
 */
export function ipxeCommands(text: string): readonly string[][] {
  return text.split('\n').flatMap((line) => {
    const words = line.split(/[ \t\v\f\r]+/).filter((word) => word !== '');
    const comment = words.findIndex((word) => word.startsWith('#'));
    const commands: string[][] = [[]];
    for (const word of comment < 0 ? words : words.slice(0, comment)) {
      if (word === '||' || word === '&&') commands.push([word], []);
      else commands.at(-1)?.push(word);
    }
    return commands.filter((command) => command.length > 0);
  });
}

/** Every setting that a script reads. */
export function ipxeExpansions(text: string): readonly string[] {
  return [...text.matchAll(/\$\{[^}]*\}?/g)].map(([expansion]) => expansion);
}

/**
 * GRUB: words of plain, 'single' and "double" quoted parts; `;`, newline, `{` and `}` as words end or nest commands.
 * `<var>` stands where a variable is expanded. grub.info, section 6.1
 */
export function grubCommands(text: string): readonly string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let quote = '';
  const endWord = (): void => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    commands.push([]);
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quote === "'") {
      if (char === "'") quote = '';
      else word += char;
    } else if (quote === '"') {
      if (char === '"') quote = '';
      else if (char === '$') word += '<var>';
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      word = (word ?? '') + (text[++i] ?? '');
    } else if (char === '\n' || char === ';') endCommand();
    else if (char === ' ' || char === '\t') endWord();
    else if (char === '#' && word === undefined) while (i + 1 < text.length && text[i + 1] !== '\n') i++;
    else if ((char === '{' || char === '}') && word === undefined) {
      commands.at(-1)?.push(`<${char}>`);
      endCommand();
    } else word = (word ?? '') + (char === '$' ? '<var>' : char);
  }
  endWord();
  if (quote !== '') throw new Error(`open quote ${quote}`);
  return commands.filter((command) => command.length > 0);
}
