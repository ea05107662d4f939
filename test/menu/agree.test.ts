/** pxelinux, GRUB and iPXE say the same: read back by parsers of their own languages and laid beside each other. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the loaders' own syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry, Machine } from '../../src/menu/entries.ts';
import { renderGrub } from '../../src/menu/grub.ts';
import { renderIpxe } from '../../src/menu/ipxe.ts';
import { type Menu, planMenu } from '../../src/menu/plan.ts';
import { renderPxelinux } from '../../src/menu/pxelinux.ts';
import { WORDS } from '../../src/menu/words.ts';
import { ENTRIES, LOADERS, SETTINGS, VISIT } from './fixtures.ts';
import {
  CASPER,
  CASPER_NFS,
  entriesFrom,
  FEDORA,
  imageOf,
  MINT,
  NETINST,
  UBUNTU_MATE,
  UNKNOWN,
  WINDOWS,
} from './images.ts';
import { grubCommands, ipxeCommands, pxelinuxCommands } from './parsers.ts';

const BASE = 'http://172.16.0.10';

function menuOf(entries: readonly Entry[]): Menu {
  return planMenu(entries, SETTINGS, { visit: VISIT, loaders: new Set([...LOADERS, 'ifcpu64.c32', 'wimboot']) });
}

interface Seen {
  readonly path: string;
  readonly id: string;
  title: string;
  /** How a Linux system is loaded; empty for others. */
  linux: string;
}

/** Without what only one loader says of Secure Boot, or has room for. */
const bare = (title = ''): string =>
  title.replace(/ - (Secure Boot.*|[\d.]+ [KMGT]?B)$/, '').replace(/ \(..-bit\)/, '');
const show = (kernel: string, initrds: readonly string[], words: readonly string[], hasBootif: boolean): string =>
  [kernel, ...initrds, hasBootif ? 'BOOTIF' : '', ...words].join(' ');

function inPxelinux(menu: Menu, machine: 'bios-x86_64' | 'bios-i386'): readonly Seen[] {
  const seen: Seen[] = [];
  const path: string[] = [];
  let parts = { kernel: '', initrds: [] as string[], words: [] as string[], hasBootif: false };
  let entry: Seen | undefined;
  for (const [word, value = ''] of pxelinuxCommands(
    renderPxelinux(menu, { name: 'default', machine, transport: 'http' }),
  )) {
    const strip = (url: string) => url.replace(BASE, '');
    if (word === 'menu begin') {
      path.push(value);
      entry = undefined;
    } else if (word === 'menu end') path.pop();
    else if (word === 'label') {
      entry = value.endsWith('-back') ? undefined : { path: path.join('/'), id: value, title: '', linux: '' };
      parts = { kernel: '', initrds: [], words: [], hasBootif: false };
      if (entry) seen.push(entry);
    } else if (word === 'menu label' && entry) entry.title = bare(value);
    else if (word === 'linux') parts.kernel = strip(value);
    else if (word === 'initrd') parts.initrds = value.split(',').map(strip);
    else if (word === 'sysappend') parts.hasBootif = value === '2';
    else if (word === 'append') parts.words = value.split(' ');
    if (entry && parts.kernel.startsWith('/')) {
      entry.linux = show(parts.kernel, parts.initrds, parts.words, parts.hasBootif);
    }
  }
  return seen;
}

function inGrub(menu: Menu, machine: Machine): readonly Seen[] {
  const seen: Seen[] = [];
  const open: { readonly isOn: boolean; readonly group?: string; readonly entry?: Seen }[] = [];
  const strip = (file = '') => file.replace('<var>base', '');
  let kernel: readonly string[] = [];
  for (const raw of renderGrub(menu).split('\n')) {
    const line = raw.trim();
    const [block, title, , id = ''] = /^(menuentry|submenu) /.test(line) ? (grubCommands(line)[0] ?? []) : [];
    if (line.startsWith('if ') && !line.endsWith('; fi')) {
      open.push({ isOn: !line.includes('"$machine" =') || line.includes(`"$machine" = "${machine}"`) });
    } else if (block === 'submenu') open.push({ isOn: true, group: id });
    else if (block === 'menuentry') {
      const isOn = open.every((each) => each.isOn) && id !== 'firmware-setup';
      const path = open.flatMap(({ group }) => group ?? []).join('/');
      const entry = { path, id, title: bare(title), linux: '' };
      if (isOn) seen.push(entry);
      open.push({ isOn: true, entry });
    } else if (line === 'fi' || line === '}') open.pop();
    const entry = open.at(-1)?.entry;
    const [command, ...words] = grubCommands(line)[0] ?? [];
    if (entry && command === 'linux') kernel = words;
    if (entry && (command === 'linux' || command === 'initrd')) {
      const [file, ...rest] = kernel;
      const initrds = command === 'initrd' ? words.map(strip) : [];
      const plain = rest.filter((word) => word !== '<var>bootif');
      entry.linux = show(strip(file), initrds, plain, plain.length < rest.length);
    }
  }
  return seen;
}

function inIpxe(menu: Menu, machine: Machine): readonly Seen[] {
  const text = renderIpxe(menu);
  const sections = new Map<string, string[]>();
  let section: string[] = [];
  for (const line of text.split('\n')) {
    section.push(line);
    if (!line.startsWith(':')) continue;
    section = [];
    sections.set(line.slice(1), section);
  }
  const strip = (url = '') => url.replace('${base}', '');
  const linuxOf = (id: string): string => {
    const commands = ipxeCommands((sections.get(id) ?? []).join('\n'));
    const [, file, ...words] = commands.find(([word]) => word === 'kernel') ?? [];
    if (file === undefined || file.includes('memdisk') || file.includes('wimboot')) return '';
    const chosen = commands.find(([word, name]) => word === 'set' && name === 'kernel')?.[2];
    const initrds = commands.filter(([word]) => word === 'initrd').map((words) => strip(words[3]));
    const plain = words.filter((word) => !/^(initrd|BOOTIF)=/.test(word));
    return show(
      strip(chosen ?? file),
      initrds,
      plain,
      words.some((word) => word.startsWith('BOOTIF=01-${netX/mac')),
    );
  };
  const walk = (label: string, path: readonly string[]): readonly Seen[] =>
    (sections.get(label) ?? []).flatMap((line) => {
      const only = /^iseq \$\{machine\} (\S+) && /.exec(line)?.[1];
      const [, id = '', title = ''] = /(?:^|&& )item (?!--gap)(\S+) (.*?)(?: \|\|)?$/.exec(line) ?? [];
      if (id === '' || id === '_shell' || title === WORDS.en.back || (only !== undefined && only !== machine))
        return [];
      if (id.startsWith('_')) return walk(id, [...path, id.slice(1)]);
      return [{ path: path.join('/'), id, title: bare(title), linux: linuxOf(id) }];
    });
  return walk('_start', []);
}

const MANY = ['Cinnamon', 'MATE', 'Xfce'].flatMap((edition) =>
  [22, 21, 20].map((n) => imageOf(`mint-${n}-${edition}.iso`, { ...MINT, edition, version: `${n}` })),
);
const IMAGES = [
  ...MANY,
  imageOf('u.iso', UBUNTU_MATE),
  imageOf('d.iso', NETINST),
  imageOf('f.iso', FEDORA),
  imageOf('w.iso', WINDOWS),
  imageOf('x.iso', UNKNOWN),
  imageOf('old.iso', { ...MINT, version: '19', entries: [{ ...CASPER, archs: ['i386'] }, CASPER_NFS] }),
];
const MENU = menuOf([...entriesFrom(IMAGES), ...ENTRIES]);
/** What one loader alone can start, and an entry whose UEFI kernel is another file. */
const isShared = ({ id, linux }: Seen): boolean =>
  (linux !== '' || id === 'local' || id === 'freedos') && id !== 'memtest-x64' && id !== 'rescue-stick';

for (const machine of ['bios-x86_64', 'bios-i386'] as const) {
  test(`pxelinux and iPXE: same entries, same order, same titles and kernel arguments on ${machine}`, () => {
    const [theirs, ours] = [inPxelinux(MENU, machine), inIpxe(MENU, machine)];
    assert.deepEqual(theirs.filter(isShared), ours.filter(isShared));
    assert.ok(theirs.filter(({ linux }) => linux !== '').length > (machine === 'bios-i386' ? 1 : 20));
  });
}
for (const machine of ['uefi-x86_64', 'uefi-i386', 'uefi-arm64'] as const) {
  test(`GRUB and iPXE: same entries, same order, same titles and kernel arguments on ${machine}`, () => {
    const [theirs, ours] = [inGrub(MENU, machine), inIpxe(MENU, machine)];
    assert.deepEqual(theirs.filter(isShared), ours.filter(isShared));
    assert.ok(theirs.filter(({ linux }) => linux !== '').length >= (machine === 'uefi-x86_64' ? 20 : 1));
  });
}

test('every Linux entry with an initrd carries BOOTIF, in each (rule 5)', () => {
  const all = [inPxelinux(MENU, 'bios-x86_64'), inGrub(MENU, 'uefi-x86_64'), inIpxe(MENU, 'uefi-x86_64')].flat();
  const systems = all.filter(({ linux }) => linux.includes('initrd'));
  assert.ok(systems.length > 60);
  for (const { linux, id } of systems) assert.match(linux, / BOOTIF /, id);
});

test('a large group is parted by edition, in each; a small one is not', () => {
  const paths = [inPxelinux(MENU, 'bios-x86_64'), inGrub(MENU, 'uefi-x86_64'), inIpxe(MENU, 'uefi-x86_64')].map(
    (seen) => [...new Set(seen.filter(({ id }) => /^linux-mint|^fedora/.test(id)).map(({ path }) => path))],
  );
  const want = [
    'group-2-fedora',
    'group-3-linux-mint/group-3-linux-mint-1',
    'group-3-linux-mint/group-3-linux-mint-2',
    'group-3-linux-mint/group-3-linux-mint-3',
  ];
  assert.deepEqual(paths, [want, want, want]);
});

test('pxelinux and GRUB name nothing that only iPXE can start', () => {
  for (const text of [
    renderPxelinux(MENU, { name: 'default', machine: 'bios-x86_64', transport: 'http' }),
    renderGrub(MENU),
  ]) {
    assert.doesNotMatch(text, /windows|winpe|wimboot|sanboot|LABEL firmware-3$/im);
  }
});

test('menus of sixty images stay small enough to load at once', () => {
  const images = Array.from({ length: 60 }, (_, i) =>
    imageOf(`some-distribution-${i}-desktop-amd64.iso`, { ...UBUNTU_MATE, version: `${i}.04` }),
  );
  const menu = menuOf(entriesFrom(images));
  const texts = [
    renderPxelinux(menu, { name: 'default', machine: undefined, transport: 'http' }),
    renderGrub(menu),
    renderIpxe(menu),
  ];
  for (const text of texts) assert.ok(text.length < 128 * 1024, `${text.length}`);
  assert.equal(inIpxe(menu, 'uefi-x86_64').length, 121);
});

test('Spanish menus have no English in them', () => {
  const entries = entriesFrom(IMAGES, 'es');
  const menu = planMenu(entries, { ...SETTINGS, language: 'es' }, { visit: VISIT, loaders: LOADERS });
  const texts = [
    renderPxelinux(menu, { name: 'default', machine: undefined, transport: 'http' }),
    renderGrub(menu),
    renderIpxe(menu),
  ];
  for (const text of texts) assert.doesNotMatch(text, /\b(live,|from \d|install\b(?!er)|last resort|Back|Image of)/);
  assert.match(texts[0] ?? '', /en vivo, NFS - desde 2 GB de RAM/);
  assert.match(texts[1] ?? '', /Secure Boot: solo iPXE/);
});
