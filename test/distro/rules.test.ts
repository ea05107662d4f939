/** What holds for every command line of every image: the rules of booting over a network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageEntry, Verdict } from '../../src/core/image.ts';
import { PRODUCTS } from '../../src/distro/products.ts';
import { recognise, TABLE_VERSION } from '../../src/distro/recognise.ts';
import { FAMILIES } from '../../src/distro/table.ts';
import { imageView } from './kit.ts';
import { SAMPLES } from './samples.ts';

interface Line {
  readonly id: string;
  readonly verdict: Verdict;
  readonly entry: ImageEntry;
  readonly words: readonly string[];
}

async function allLines(): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const [id, sample] of Object.entries(SAMPLES)) {
    const verdict = await recognise(imageView(sample.image));
    for (const entry of verdict.entries) {
      if (entry.how.kind === 'linux') lines.push({ id, verdict, entry, words: entry.how.arguments });
    }
  }
  return lines;
}

const lines = await allLines();
const each = (name: string, check: (line: Line) => void): void => {
  test(name, () => {
    assert.ok(lines.length > 100);
    for (const line of lines) check(line);
  });
};
const say = (line: Line): string => `${line.id} ${line.entry.key}: ${line.words.join(' ')}`;

each('no word has a space, a control character, a quote, or anything that a loader would take for its own', (line) => {
  for (const word of line.words) assert.match(word, /^[\w.,:/=@+%{}-]+$/, say(line));
});

each('placeholders are those that menus fill in', (line) => {
  for (const word of line.words) {
    for (const [name] of word.matchAll(/\{[^}]*\}?/g))
      assert.match(name, /^\{(http|node|iso|tree|nfs|nfsiso|path)\}$/, say(line));
    assert.doesNotMatch(word, /\$/, say(line));
  }
});

// Rules 1 and 2: the server is there, as an address that the menu knows.
each('what comes over the network names the node', (line) => {
  const names = line.words.filter((word) => /\{/.test(word));
  const needsNone =
    ['slackware', 'tinycore', 'memtest', 'proxmox'].includes(line.verdict.family) || line.entry.companion !== undefined;
  assert.ok(needsNone || names.length > 0, say(line));
});

// Rule 3. A root= of its own kind does the same; archiso and miso download into a tmpfs of their own, linuxrc moves itself into one. [linuxrc: linuxrc.c, lxrc_movetotmpfs]
each('rule 3: whatever downloads into the initramfs has root=, and anaconda never', (line) => {
  const roots = line.words.filter((word) => word.startsWith('root='));
  assert.ok(roots.length <= 1, say(line));
  const downloads = /^(casper|live-boot|systemrescuecd-old|pmagic)$/.test(line.verdict.family) && !line.entry.companion;
  if (downloads && line.entry.transport === 'http') assert.deepEqual(roots, ['root=/dev/ram0'], say(line));
  if (/^(dracut-live|agama|kiwi-live)$/.test(line.verdict.family))
    assert.match(roots[0] ?? '', /^root=live:/, say(line));
  if (/^(anaconda|linuxrc)$/.test(line.verdict.family)) assert.deepEqual(roots, [], say(line));
});

// Rule 4. To Slax any ip= means its own kind of PXE server; the memory test takes no words.
each('rule 4: ip=dhcp', (line) => {
  const isExempt = ['slax', 'memtest'].includes(line.verdict.family);
  assert.equal(line.words.filter((word) => word === 'ip=dhcp').length, isExempt ? 0 : 1, say(line));
  assert.equal(line.words.filter((word) => word.startsWith('ip=')).length, isExempt ? 0 : 1, say(line));
});

each("rule 5: BOOTIF is the loader's, which knows the interface", (line) => {
  assert.ok(!line.words.some((word) => /^bootif=/i.test(word)), say(line));
});

each('rule 8: at most 30 words, and no parameter twice but systemd.mask', (line) => {
  assert.ok(line.words.length <= 30, say(line));
  const keys = line.words.map((word) => word.split('=', 1)[0]).filter((key) => key !== 'systemd.mask' && key !== '---');
  assert.deepEqual(keys, [...new Set(keys)], say(line));
});

each(
  'rule 9: the suffix stands last, {iso} ends its word; archiso and miso want a slash behind {tree}, others none',
  (line) => {
    for (const word of line.words) {
      if (word.includes('{iso}')) assert.ok(word.endsWith('{iso}'), say(line));
      if (/^(archiso|miso)_http_srv=/.test(word)) assert.ok(word.endsWith('={tree}/'), say(line));
      else if (word.includes('{tree}')) assert.ok(!word.endsWith('{tree}/'), say(line));
      assert.doesNotMatch(word, /[?#]/, say(line));
    }
  },
);

each('keys are unique and as promised, kernels and initrds without a slash at the start but companions', (line) => {
  assert.match(line.entry.key, /^[a-z0-9][a-z0-9-]*$/);
  assert.equal(line.verdict.entries.filter((entry) => entry.key === line.entry.key).length, 1, say(line));
  if (line.entry.how.kind !== 'linux') return;
  for (const path of [line.entry.how.kernel, ...line.entry.how.initrds]) {
    assert.match(path, line.entry.companion ? /^\/boot\/companions\/[a-z0-9._-]+\/[a-z.-]+$/ : /^[^/]/, say(line));
  }
});

test('of each use the entry that streams comes before the one that loads into memory', () => {
  for (const { verdict, entry } of lines) {
    const same = verdict.entries.filter((one) => one.use === entry.use && one.archs[0] === entry.archs[0]);
    const first = same[0];
    if (same.some((one) => one.isStreaming)) assert.ok(first?.isStreaming, `${verdict.name} ${entry.key}`);
  }
});

test('every row of the tables says why and where that was read', () => {
  const words = [
    ...FAMILIES.flatMap((family) => [
      ...family.words,
      ...family.ways.flatMap((way) => way.words ?? []),
      ...family.boots.flatMap((boot) => boot.words ?? []),
    ]),
    ...PRODUCTS.flatMap((product) => product.words ?? []),
  ];
  assert.ok(words.length > 80);
  for (const { word, why, from } of words) {
    assert.doesNotMatch(word, /\s/);
    assert.ok(why.length > 8, word);
    assert.match(from, /^(LP #\d+|[\w .-]+ #\d+|[\w.+ -]+: .+)$/, word);
  }
});

test('every family and every product that a family names has its sample', () => {
  const sampled = new Set(Object.values(SAMPLES).map((sample) => sample.family));
  const missing = FAMILIES.map((family) => family.id).filter((id) => !sampled.has(id));
  assert.deepEqual(missing, []);
  const names = new Set(Object.values(SAMPLES).map((sample) => sample.name));
  const unseen = PRODUCTS.map((product) => product.name).filter((name) => !names.has(name));
  assert.deepEqual(unseen, UNSAMPLED);
});

/** Told by one label each, as their neighbours are. */
const UNSAMPLED: readonly string[] = [
  'KDE neon',
  'Linux Lite',
  'Ubuntu GNOME',
  'Bazzite',
  'Ultramarine',
  'Oracle Linux',
  'Proxmox Backup Server',
  'Proxmox Mail Gateway',
  'antiX',
];

test('ids are unique, and families that products name are there', () => {
  const ids = FAMILIES.map((family) => family.id);
  assert.deepEqual(ids, [...new Set(ids)]);
  const products = PRODUCTS.map((product) => product.id);
  assert.deepEqual(products, [...new Set(products)]);
  for (const product of PRODUCTS)
    for (const id of product.families ?? []) assert.ok(ids.includes(id), `${product.id}: ${id}`);
  for (const family of FAMILIES)
    for (const id of family.besides ?? []) assert.ok(ids.includes(id), `${family.id}: ${id}`);
});

test('a verdict is JSON and nothing else', async () => {
  for (const sample of Object.values(SAMPLES)) {
    const verdict = await recognise(imageView(sample.image));
    assert.deepEqual(JSON.parse(JSON.stringify(verdict)), verdict);
  }
});

test('the version of the table is a short word', () => assert.match(TABLE_VERSION, /^\d+-[0-9a-f]{12}$/));
