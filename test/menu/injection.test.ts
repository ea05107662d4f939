/** Whatever people, files and volume labels are called: a menu's commands are the same as with a harmless name. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the loaders' own syntax
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../src/menu/entries.ts';
import { renderGrub } from '../../src/menu/grub.ts';
import { renderIpxe } from '../../src/menu/ipxe.ts';
import { type Menu, planMenu } from '../../src/menu/plan.ts';
import { renderPxelinux } from '../../src/menu/pxelinux.ts';
import { grubWord } from '../../src/menu/text.ts';
import { INSTALL, LOADERS, SETTINGS, VISIT } from './fixtures.ts';
import { grubCommands, ipxeCommands, ipxeExpansions, pxelinuxCommands } from './parsers.ts';

/** Pieces that mean something to one of the three, mixed with anything. */
const PIECES = [
  '\n',
  '\r',
  '\r\n',
  '\u2028',
  '\u0085',
  '\v',
  '\0',
  '\t',
  ' ',
  '${',
  '}',
  '{',
  '$',
  '${net0/mac}',
  '$prefix',
  '$(',
  '`',
  '&&',
  '||',
  ' && ',
  ' || ',
  '|',
  '&',
  ';',
  ';;',
  '#',
  ' #',
  '"',
  "'",
  "\\'",
  '\\',
  '\\\n',
  '%',
  '^',
  '^a',
  '<',
  '>',
  '[',
  ']',
  ']]>',
  '--',
  ' --gap ',
  '-- ',
  '-',
  ':',
  ':local',
  'goto _shell',
  'ENDTEXT',
  '\nENDTEXT\nLABEL x',
  'MENU END',
  '\nmenuentry x {',
  '}\nreboot\n',
  '\nshell\n',
  'á',
  'ñ',
  '日本',
  '\u202e',
  '😀',
  'A',
  'z9',
  '.',
  '/',
  '..',
  '@',
  '=',
  ',',
  '*',
  '?',
  '!',
  '(',
  ')',
  '+',
  '~',
  'item',
  'done',
  'fi',
  'esac',
];
const nasty = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 12 })
  .map((parts) => parts.join(''));

interface Names {
  readonly title: string;
  readonly group: string;
  readonly note: string;
  readonly word: string;
  readonly menuTitle: string;
  readonly nodeName: string;
}
const names: fc.Arbitrary<Names> = fc.record({
  title: nasty,
  group: nasty,
  note: nasty,
  word: nasty,
  menuTitle: nasty,
  nodeName: nasty,
});
/** The whole list, before any processor was looked at. */
const BIOS = { name: 'default', machine: undefined, transport: 'http' } as const;
const HARMLESS: Names = { title: 'a', group: 'b', note: 'c', word: 'd', menuTitle: 'e', nodeName: 'f' };

function menuOf(n: Names): Menu {
  const { how } = INSTALL;
  assert.ok(how.kind === 'linux');
  const entry: Entry = {
    ...INSTALL,
    title: n.title,
    // With a harmless beginning: a note or group of which nothing is left has no place in the menu at all.
    note: `note ${n.note}`,
    group: `group ${n.group}`,
    how: { ...how, arguments: ['x=1', n.word, 'quiet'] },
  };
  const other: Entry = { ...INSTALL, id: 'other', group: 'Other' };
  return planMenu(
    [entry, other],
    { ...SETTINGS, title: n.menuTitle, nodeName: n.nodeName },
    { visit: VISIT, loaders: LOADERS },
  );
}

/** Commands with their words replaced where a name stands: only the keyword and fixed places remain. */
const pxelinuxShape = (text: string) => pxelinuxCommands(text).map(([keyword]) => keyword);
/** With the options that stand before the first plain word. */
const ipxeShape = (text: string) =>
  ipxeCommands(text).map(([first = '', ...rest]) => {
    const plain = rest.findIndex((word) => !word.startsWith('-'));
    return [first.replace(/^:_group.*/, ':_group'), ...(plain < 0 ? rest : rest.slice(0, plain))].join(' ');
  });
const grubShape = (text: string) => grubCommands(text).map((c) => `${c[0]} ${c.at(-1) === '<{>' ? '{' : ''}`);

/** What GRUB would expand: `$` within single quotes is no variable. */
const variablesOf = (text: string) =>
  grubCommands(text)
    .flat()
    .join('\n')
    .match(/<var>\w*/g);

test('pxelinux: no name adds, drops or changes a command', () => {
  const want = pxelinuxShape(renderPxelinux(menuOf(HARMLESS), BIOS));
  fc.assert(
    fc.property(names, (n) => {
      const menu = menuOf(n);
      assert.deepEqual(pxelinuxShape(renderPxelinux(menu, BIOS)), want);
    }),
    { numRuns: 1000 },
  );
});

test('iPXE: no name adds, drops or changes a command, or reads a setting', () => {
  const harmless = renderIpxe(menuOf(HARMLESS));
  const want = ipxeShape(harmless);
  const settings = ipxeExpansions(harmless);
  fc.assert(
    fc.property(names, (n) => {
      const menu = menuOf(n);
      const text = renderIpxe(menu);
      assert.deepEqual(ipxeShape(text), want);
      assert.deepEqual(ipxeExpansions(text), settings);
    }),
    { numRuns: 1000 },
  );
});

test('GRUB: no name adds, drops or changes a command, or reads a variable', () => {
  const harmless = renderGrub(menuOf(HARMLESS));
  const want = grubShape(harmless);
  const variables = variablesOf(harmless);
  fc.assert(
    fc.property(names, (n) => {
      const menu = menuOf(n);
      const text = renderGrub(menu);
      assert.deepEqual(grubShape(text), want);
      assert.deepEqual(variablesOf(text), variables);
    }),
    { numRuns: 1000 },
  );
});

test('GRUB: a quoted word comes back as it was, without what is not printable ASCII', () => {
  fc.assert(
    fc.property(nasty, (word) => {
      assert.deepEqual(grubCommands(`x ${grubWord(word)}`), [['x', word.replace(/[^\x20-\x7e]/g, '')]]);
    }),
    { numRuns: 2000 },
  );
});

test('every menu is printable ASCII in lines of at most 2048 characters', () => {
  fc.assert(
    fc.property(names, (n) => {
      for (const text of [renderPxelinux(menuOf(n), BIOS), renderGrub(menuOf(n)), renderIpxe(menuOf(n))]) {
        assert.match(text, /^[\x20-\x7e\n]*$/);
        for (const line of text.split('\n')) assert.ok(line.length <= 2048);
      }
    }),
    { numRuns: 300 },
  );
});

test('an entry whose id or file could not stand in a script is left out', () => {
  const bad: readonly Partial<Entry>[] = [
    { id: 'UPPER' },
    { id: 'a b' },
    { id: '_start' },
    { id: 'local' },
    { id: '' },
    { how: { kind: 'chain', file: '/isos/a b' } },
    { how: { kind: 'chain', file: '/isos/a,b' } },
    { how: { kind: 'chain', file: '/isos/${x}' } },
    { how: { kind: 'chain', file: '/isos/../etc' } },
    { how: { kind: 'chain', file: 'http://evil.example/x' } },
    { how: { kind: 'chain', file: 'http://1.2.3.4:80/x y' } },
    { how: { kind: 'chain', file: `/isos/${'x'.repeat(300)}` } },
  ];
  for (const change of bad) {
    const menu = planMenu([{ ...INSTALL, ...change }], SETTINGS, { visit: VISIT, loaders: LOADERS });
    assert.deepEqual([menu.top.map((entry) => entry.id), menu.groups], [['local'], []], JSON.stringify(change));
  }
});

const CHECK = '/usr/bin/grub-script-check';
const isThere = existsSync(CHECK) || process.env.CI !== undefined;
test('grub-script-check takes menus with hostile names', {
  skip: isThere ? false : 'grub-common is not installed',
}, () => {
  fc.assert(
    fc.property(names, (n) => {
      execFileSync(CHECK, { input: renderGrub(menuOf(n)), stdio: ['pipe', 'ignore', 'pipe'] });
    }),
    { numRuns: 25 },
  );
});
