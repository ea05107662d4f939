/** Whatever people, files and volume labels are called: a menu's commands are the same as with a harmless name. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the loaders' own syntax
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { Peer } from '../../src/core/swarm.ts';
import { type Entry, isEntryId, isSourceSafe, sourcesOf } from '../../src/menu/entries.ts';
import { parseImageFile } from '../../src/menu/file.ts';
import { renderGrub } from '../../src/menu/grub.ts';
import { imageEntries } from '../../src/menu/images.ts';
import { renderIpxe } from '../../src/menu/ipxe.ts';
import { entriesOf, type Menu, planMenu } from '../../src/menu/plan.ts';
import { renderPxelinux } from '../../src/menu/pxelinux.ts';
import { grubWord } from '../../src/menu/text.ts';
import { WORDS } from '../../src/menu/words.ts';
import { INSTALL, LOADERS, SETTINGS, VISIT } from './fixtures.ts';
import { CASPER, CASPER_NFS, entriesFrom, imageOf, MINT, WINDOWS } from './images.ts';
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

/** All that an image or the file beside it can say: volume label, names, versions, file names, arguments, YAML. */
interface ImageTexts {
  readonly name: string;
  readonly version: string;
  readonly edition: string;
  readonly group: string;
  readonly variant: string;
  readonly path: string;
  readonly kernel: string;
  readonly word: string;
  readonly yaml: { readonly title: string; readonly note: string; readonly group: string; readonly arguments: string };
}
const imageTexts: fc.Arbitrary<ImageTexts> = fc.record({
  name: nasty,
  version: nasty,
  edition: nasty,
  group: nasty,
  variant: nasty,
  path: nasty,
  kernel: nasty,
  word: nasty,
  yaml: fc.record({ title: nasty, note: nasty, group: nasty, arguments: nasty }),
});

/** An image that says `t`, and one of Windows, whose file names iPXE gets as words. */
function imagesMenu(t: ImageTexts): Menu {
  const how = {
    kind: 'linux' as const,
    kernel: 'k',
    initrds: ['i'],
    arguments: ['a=1', t.word, 'iso={iso}'],
    shim: 's',
  };
  const verdict = {
    ...MINT,
    name: t.name,
    version: t.version,
    edition: t.edition,
    group: t.group,
    entries: [
      { ...CASPER, variant: t.variant },
      { ...CASPER_NFS, how },
      { ...CASPER, key: 'odd', how: { ...how, kernel: t.kernel } },
    ],
  };
  const image = imageOf('x.iso', verdict, { path: t.path });
  const file = parseImageFile('f', JSON.stringify(t.yaml), '/tree/x.iso', () => undefined);
  const { entries } = imageEntries([image, imageOf('w.iso', { ...WINDOWS, name: t.name })], {
    transports: new Set(['http', 'nfs']),
    companions: new Map(),
    loaders: new Set(['wimboot']),
    words: WORDS.en,
    files: new Map([[image.path, file]]),
    taken: new Set(),
  });
  return planMenu(entries, SETTINGS, { visit: VISIT, loaders: new Set([...LOADERS, 'wimboot']) });
}

/** The first words of all commands that a menu may hold, and what it may expand. */
const KNOWN = {
  pxelinux: new Set('ui prompt timeout label linux initrd append sysappend com32 text endtext menu'.split(' ')),
  grub: new Set(
    'set if then elif fi else export [ echo linux initrd menuentry submenu for do done regexp chainloader boot sleep exit fwsetup cpuid terminal_output loadfont } <}>'.split(
      ' ',
    ),
  ),
  ipxe: new Set(
    '#!ipxe set iseq cpuid colour cpair menu item choose goto kernel initrd boot shim imgfree echo prompt shell sanboot exit || &&'.split(
      ' ',
    ),
  ),
};

test('images: whatever labels, versions, file names, arguments and YAML say, menus hold known commands alone', () => {
  const variables = new Set<string>();
  fc.assert(
    fc.property(imageTexts, (t) => {
      const menu = imagesMenu(t);
      for (const [word = ''] of pxelinuxCommands(renderPxelinux(menu, BIOS))) {
        assert.ok(KNOWN.pxelinux.has(word.replace(/^menu .*/, 'menu')), `pxelinux ${word}`);
      }
      for (const [word = ''] of grubCommands(renderGrub(menu))) assert.ok(KNOWN.grub.has(word), `GRUB ${word}`);
      for (const [word = ''] of ipxeCommands(renderIpxe(menu)).filter(([first]) => !first?.startsWith(':'))) {
        assert.ok(KNOWN.ipxe.has(word), `iPXE ${word}`);
      }
      for (const setting of ipxeExpansions(renderIpxe(menu))) variables.add(setting);
    }),
    { numRuns: 1000 },
  );
  assert.deepEqual(
    [...variables].filter((setting) => !OWN_SETTINGS.includes(setting)),
    [],
  );
});
const OWN_SETTINGS = [
  '${buildarch}',
  '${platform}',
  '${machine}',
  '${menu-timeout}',
  '${menu-default}',
  '${selected}',
  '${base}',
  '${netX/mac:hexhyp}',
  '${efi/SecureBoot:int8}',
];

test('images: ids and sources are fit for every loader, and each id is there once', () => {
  fc.assert(
    fc.property(imageTexts, (t) => {
      const menu = imagesMenu(t);
      const entries = [...menu.top, ...menu.groups.flatMap(entriesOf)];
      for (const { id, how } of entries) {
        assert.ok(isEntryId(id), id);
        for (const source of sourcesOf(how)) assert.ok(isSourceSafe(source), source);
      }
      assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
    }),
    { numRuns: 500 },
  );
});

const [MINE] = entriesFrom([imageOf('x.iso', { ...MINT, entries: [CASPER] }, { etag: '"e"' })]);
assert.ok(MINE);

/** What another node says of itself, by way of flink: of one entry's image, with whatever the wire brings. */
const peerTexts: fc.Arbitrary<Peer> = fc.record({
  name: nasty,
  address: fc.oneof(nasty, fc.constantFrom('172.16.0.11', '172.16.0.12')).map((text) => text as Ipv4),
  httpPort: fc.oneof(fc.integer(), fc.double(), fc.constantFrom(80, 8080)),
  entries: fc.array(
    fc.record({
      id: fc.oneof(nasty, fc.constantFrom(MINE.id)),
      alias: fc.oneof(nasty, fc.constantFrom('x', 'other', 'mint-22.1+x')),
      etag: fc.oneof(nasty, fc.constantFrom('"e"')),
    }),
    { maxLength: 3 },
  ),
});

test('other nodes: whatever they say, menus hold known commands, and read no setting but our own', () => {
  let withSecond = 0;
  fc.assert(
    fc.property(fc.array(peerTexts, { maxLength: 3 }), (peers) => {
      const menu = planMenu([MINE], { ...SETTINGS, peers }, { visit: VISIT, loaders: LOADERS });
      const [grub, ipxe] = [renderGrub(menu), renderIpxe(menu)];
      if (menu.seconds.size > 0) withSecond++;
      for (const text of [grub, ipxe]) assert.match(text, /^[\x20-\x7e\n]*$/);
      const functions = [...grub.matchAll(/^function (from(?:_\d+)+) \{$/gm)].map(([, name]) => name);
      assert.equal(functions.length, menu.seconds.size * 2);
      for (const [word = ''] of grubCommands(grub)) {
        assert.ok(KNOWN.grub.has(word) || word === 'function' || word === '<var>node', `GRUB ${word}`);
      }
      for (const [word = ''] of ipxeCommands(ipxe).filter(([first]) => !first?.startsWith(':'))) {
        assert.ok(KNOWN.ipxe.has(word), `iPXE ${word}`);
      }
      for (const setting of ipxeExpansions(ipxe)) {
        assert.ok([...OWN_SETTINGS, '${node}', '${alias}'].includes(setting), setting);
      }
    }),
    { numRuns: 1000 },
  );
  assert.ok(withSecond > 10, `${withSecond}`);
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
  fc.assert(
    fc.property(imageTexts, (t) => {
      execFileSync(CHECK, { input: renderGrub(imagesMenu(t)), stdio: ['pipe', 'ignore', 'pipe'] });
    }),
    { numRuns: 25 },
  );
});
