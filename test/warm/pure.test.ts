/** What indexes, relations, versions and lists are read as. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, mismatch } from '../../src/warm/answer.ts';
import { closureOf } from '../../src/warm/closure.ts';
import { recipeFor, SHORT_NAMES } from '../../src/warm/distributions.ts';
import { indexFiles, type Source } from '../../src/warm/indexes.ts';
import { readList } from '../../src/warm/list.ts';
import { Pace } from '../../src/warm/pace.ts';
import { Catalogue, PACKAGE_FIELDS, type Package, packageOf } from '../../src/warm/packages.ts';
import { needsOf } from '../../src/warm/relations.ts';
import { readRelease } from '../../src/warm/release.ts';
import { type Stanza, StanzaReader } from '../../src/warm/stanzas.ts';
import { compareVersions, fulfils } from '../../src/warm/version.ts';

/** From older to newer. Debian Policy §5.6.12, and dpkg's own tests. */
const ORDERED = [
  ...[
    '0~~',
    '0~~a',
    '0~',
    '0',
    '0a',
    '0+',
    '1.0~rc1-1',
    '1.0-1~deb12u1',
    '1.0-1',
    '1.0-1+b1',
    '1.0-2',
    '1.0-10',
    '1.0a',
  ],
  ...['1.0+dfsg', '1.2.3', '1.10', '007.010', '8:0', '08:1', '99999999999999999999:1'],
];

test('versions are ordered as dpkg orders them', () => {
  for (const [i, a] of ORDERED.entries())
    for (const [j, b] of ORDERED.entries())
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
  assert.equal(compareVersions('0:1.0-0', '1.0'), 0);
  assert.ok(fulfils('1.0-1', '>>', '1.0-1~bpo') && !fulfils('1.0', '<<', '1.0') && fulfils('2', '=', '2'));
});

const RELATIONS: readonly (readonly [string, string])[] = [
  ['a', 'a'],
  ['a (>= 1:2~3)', 'a>=1:2~3'],
  ['a:any (<<2) | b [amd64] <!nocheck>, c', 'a<<2|b, c'],
  ['a (> 1), b (< 2)', 'a>=1, b<=2'],
  [' , a | , | b', 'a, b'],
  ['a (is odd), B_c, d', 'd'],
  ['', ''],
];
for (const [field, want] of RELATIONS)
  test(`relations: ${field || 'none'} (Policy §7.1)`, () => {
    const groups = needsOf(field).map((group) =>
      group.map((n) => `${n.name}${n.relation ?? ''}${n.version}`).join('|'),
    );
    assert.equal(groups.join(', '), want);
  });

function stanzas(text: string, chunkBytes = 1_000_000, limits = { maxLineBytes: 200, maxBytes: 10_000 }) {
  const read: Stanza[] = [];
  const reader = new StanzaReader(new Set(['A', 'B']), (stanza) => void read.push(stanza), limits);
  const octets = Buffer.from(text);
  let isTaken = true;
  for (let at = 0; at < octets.length && isTaken; at += chunkBytes)
    isTaken = reader.take(octets.subarray(at, at + chunkBytes));
  reader.end();
  return { read: read.map((stanza) => Object.fromEntries(stanza)), isTaken };
}

test('paragraphs: the same however the octets are cut', () => {
  const text = 'A: é1\nC: x\n\n\nB: 2\n 3\n\t4\nC: no\n gone\nA : odd\nA: 5:6\n\nC: 9';
  const want = [{ A: 'é1' }, { B: '2\n3\n4', A: '5:6' }];
  for (const bytes of [1, 2, 3, 7, 100]) assert.deepEqual(stanzas(text, bytes).read, want);
});

test('paragraphs: a line without end, and a text without end, are given up', () => {
  assert.equal(stanzas(`A: ${'x'.repeat(500)}`).isTaken, false);
  assert.equal(stanzas('A: x\n\n'.repeat(3000), 100).isTaken, false);
});

test('a package that could not be fetched, or whose path leads elsewhere, is none', () => {
  const good = { Package: 'a', Version: '1', Filename: './pool/a.deb', Size: '5', SHA256: 'ab'.repeat(32) };
  const of = (more: object) => packageOf(new Map(Object.entries({ ...good, ...more })), 'http://m');
  assert.equal(of({})?.url, 'http://m/pool/a.deb');
  for (const Filename of ['../a.deb', '/a.deb', 'a//b', 'a?b', 'a b', 'a\r\nb', 'http://x/', '']) {
    const read = of({ Filename });
    assert.ok(read === undefined || read.url.startsWith('http://m/'), Filename);
  }
  for (const more of [{ Size: '-1' }, { Size: '1e9' }, { Package: 'a b' }, { Filename: 'a/../b' }])
    assert.equal(of(more), undefined);
  assert.equal(of({ SHA256: 'x' })?.sha256, undefined);
});

const package_ = (name: string, fields: Partial<Package> = {}): Package => ({
  ...{ name, version: '1', url: `http://m/${name}`, sizeBytes: 1, sha256: undefined, depends: '', recommends: '' },
  ...{ provides: '', priority: 'optional', tasks: '' },
  ...fields,
});

const HUGE = 100_000_000;
const CLOSURES: readonly {
  readonly rule: string;
  readonly of: readonly Package[];
  readonly wish: readonly string[];
  readonly bare?: boolean;
  readonly want: string;
  readonly unknown?: string;
}[] = [
  {
    rule: 'what it needs comes along',
    of: [package_('a', { depends: 'b, c' }), package_('b', { depends: 'a' }), package_('c')],
    wish: ['a'],
    want: 'a b c',
  },
  {
    rule: 'recommended packages, too',
    of: [package_('a', { recommends: 'b' }), package_('b')],
    wish: ['a'],
    want: 'a b',
  },
  {
    rule: 'unless told not to',
    of: [package_('a', { recommends: 'b' }), package_('b')],
    wish: ['a'],
    bare: true,
    want: 'a',
  },
  {
    rule: 'the first alternative that there is',
    of: [package_('a', { depends: 'x | b | c' }), package_('b'), package_('c')],
    wish: ['a'],
    want: 'a b',
  },
  {
    rule: 'of the wanted version',
    of: [package_('a', { depends: 'b (>= 2) | c' }), package_('b'), package_('c')],
    wish: ['a'],
    want: 'a c',
  },
  {
    rule: 'an alternative that is there anyway instead of a big one',
    of: [package_('a', { depends: 'b | c, c' }), package_('b', { sizeBytes: HUGE }), package_('c')],
    wish: ['a'],
    want: 'a c',
  },
  {
    rule: 'a small first alternative is there to be safe',
    of: [package_('a', { depends: 'b | c, c' }), package_('b'), package_('c')],
    wish: ['a'],
    want: 'a b c',
  },
  {
    rule: 'of those that provide a name the most important',
    of: [
      package_('a', { depends: 'v' }),
      package_('b', { provides: 'v' }),
      package_('c', { provides: 'v', priority: 'important' }),
    ],
    wish: ['a'],
    want: 'a c',
  },
  {
    rule: 'a wanted version is provided only where one is said',
    of: [
      package_('a', { depends: 'v (>= 2)' }),
      package_('b', { provides: 'v' }),
      package_('c', { provides: 'v (= 3)' }),
    ],
    wish: ['a'],
    want: 'a c',
  },
  {
    rule: 'priorities, tasks, names that begin so',
    of: [package_('a', { priority: 'standard' }), package_('b', { tasks: 'x, t' }), package_('f-1'), package_('g')],
    wish: ['priority:standard', 't^', 'f-*'],
    want: 'a b f-1',
  },
  {
    rule: 'what is in no index is said, unless it is dispensable',
    of: [package_('a')],
    wish: ['a', 'b', '?c', 'priority:x'],
    want: 'a',
    unknown: 'b',
  },
];
for (const { rule, of, wish, bare, want, unknown = '' } of CLOSURES)
  test(`closure: ${rule}`, () => {
    const catalogue = new Catalogue();
    for (const each of of) catalogue.add(each, false);
    const closure = closureOf({ names: wish, withRecommends: bare !== true }, catalogue);
    assert.equal(
      [...closure.packages]
        .map((p) => p.name)
        .toSorted()
        .join(' '),
      want,
    );
    assert.equal(closure.unknown.join(' '), unknown);
  });

test('of a name the newest counts; backports only where nobody else has it (NotAutomatic)', () => {
  const catalogue = new Catalogue();
  for (const [version, isReluctant] of [
    ['2', false],
    ['10', false],
    ['9', false],
    ['99', true],
  ] as const)
    catalogue.add(package_('a', { version }), isReluctant);
  catalogue.add(package_('b', { version: '3' }), true);
  catalogue.add(package_('b', { version: '1' }), false);
  assert.deepEqual([catalogue.find('a')?.version, catalogue.find('b')?.version], ['10', '1']);
});

const H = { a: 'a'.repeat(64), b: 'b'.repeat(64), m: 'c'.repeat(32), s: 'd'.repeat(128) };
const RELEASE = `Architectures: all amd64
Acquire-By-Hash: yes
No-Support-for-Architecture-all: Packages
MD5Sum:
 ${H.m} 10 main/binary-amd64/Packages.xz
SHA256:
 ${H.a} 10 main/binary-amd64/Packages.xz
 ${H.b} 20 main/binary-amd64/Packages.gz
 ${H.b} 20 main/binary-all/Packages.xz
 ${H.b} 9 main/i18n/Translation-es.bz2
 ${H.b} 9 ../../escape
 zz 9 main/odd
`;
const SOURCE: Source = {
  ...{
    root: 'http://m/debian',
    suite: 'bookworm',
    components: ['main'],
    architectures: ['amd64'],
    languages: ['es', 'en'],
  },
  ...{ hasSources: true, hasInstaller: false, hasExtras: true, isBase: true },
};
const shownFiles = (text: string, source = SOURCE, readable = ['.xz', '.gz']) => {
  const release = readRelease(text);
  assert.ok(release);
  return indexFiles(release, source, new Set(readable)).map(
    ({ url, role }) => `${role} ${url.replace('http://m/debian/dists/bookworm/', '')}`,
  );
};

test('indexes: by the strongest hash, xz first, only what is listed', () => {
  const want = [`packages main/binary-amd64/by-hash/SHA256/${H.a}`, `other main/i18n/by-hash/SHA256/${H.b}`];
  assert.deepEqual(shownFiles(RELEASE), want);
  const signed = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${RELEASE}-----BEGIN PGP SIGNATURE-----\n\nxyz\n`;
  assert.deepEqual(shownFiles(signed), want);
});

test('indexes: where xz cannot be read here, a form that can be comes besides', () => {
  const want = [`other main/binary-amd64/by-hash/SHA256/${H.a}`, `packages main/binary-amd64/by-hash/SHA256/${H.b}`];
  assert.deepEqual(shownFiles(RELEASE, SOURCE, ['.gz']).slice(0, 2), want);
});

test('indexes: without by-hash by name; SHA512 where there is one; an index of all architectures where it is supported', () => {
  assert.equal(shownFiles(RELEASE.replace('By-Hash: yes', 'By-Hash: no'))[0], 'packages main/binary-amd64/Packages.xz');
  const strong = shownFiles(`${RELEASE}SHA512:\n ${H.s} 10 main/binary-amd64/Packages.xz\n`)[0];
  assert.equal(strong, `packages main/binary-amd64/by-hash/SHA512/${H.s}`);
  const all = shownFiles(RELEASE.replace(/No-Support.*\n/, ''));
  assert.ok(all.includes(`packages main/binary-all/by-hash/SHA256/${H.b}`));
});

test('a Release that lists nothing is none', () => {
  for (const text of ['', '<html>', 'SHA256:\n', `SHA256:\n ${H.a} x y\n`]) assert.equal(readRelease(text), undefined);
});

const CHOICES = { tasks: [], mirror: undefined, architecture: undefined, languages: [] };

test('a list: URLs, short names with tasks, sources and what is installed from them', () => {
  const text = `# ours
http://a.example/x#frag   # one
debian-12 gnome
deb [arch=amd64,i386 lang=es_CO] http://m/debian/ bookworm main contrib
deb-src http://m/debian bookworm main contrib
install --no-install-recommends vim nano* x^
`;
  const { urls, recipes, faults } = readList(text, 'ours', CHOICES);
  assert.deepEqual(faults, []);
  assert.deepEqual(urls, ['http://a.example/x']);
  assert.deepEqual(
    recipes.map(({ name }) => name),
    ['debian-12', 'ours'],
  );
  assert.ok(recipes[0]?.steps.at(-1)?.names.includes('task-gnome-desktop'));
  const [source, ...more] = recipes[1]?.sources ?? [];
  assert.deepEqual(more, []);
  assert.deepEqual(source?.architectures, ['amd64', 'i386']);
  assert.deepEqual(source?.languages, ['es_CO', 'es', 'en']);
  assert.ok(source?.hasSources && source.hasExtras && source.root === 'http://m/debian');
  assert.deepEqual(recipes[1]?.steps, [{ names: ['vim', 'nano*', 'x^'], withRecommends: false, isBase: false }]);
});

const FAULTY: readonly (readonly [string, RegExp])[] = [
  ['https://a/b', /https/],
  ['http://', /want a URL/],
  ['http://u@a/b', /want a URL/],
  ['http://a/b c', /one URL a line/],
  ['debain-12', /want a URL, "deb/],
  ['deb http://m', /sources.list/],
  ['deb https://m x main', /https/],
  ['deb http://m ../x main', /sources.list/],
  ['deb http://m x ../main', /sources.list/],
  ['install vim', /no repository/],
  ['install --purge vim', /--no-install-recommends/],
  ['install rm;', /package's name/],
  ['x'.repeat(20_000), /characters/],
];
for (const [line, problem] of FAULTY)
  test(`a list: ${line.slice(0, 30)} is refused with the cure`, () => {
    assert.match(readList(line, 'x', CHOICES).faults[0]?.problem ?? '', problem);
  });

test('every short name has sources that the proxy can keep, a base and an end', () => {
  for (const name of SHORT_NAMES) {
    const recipe = recipeFor(name, { ...CHOICES, tasks: ['xfce'], mirror: 'http://m/x', languages: ['pt_BR'] });
    assert.ok(
      recipe?.sources.some(({ root, isBase }) => isBase && root === 'http://m/x'),
      name,
    );
    assert.ok(
      recipe?.sources.every(({ root }) => /^http:\/\/[^/].*[^/]$/.test(root)),
      name,
    );
    assert.ok(
      recipe?.steps.at(-1)?.names.some((each) => /xfce|xubuntu/.test(each)),
      name,
    );
  }
  assert.equal(recipeFor('toString', CHOICES), undefined);
});

const ANSWERS: readonly (readonly [string, number, string | undefined, string | undefined, string])[] = [
  ['kept before', 200, '1.1 flisolator', 'flisolator; hit; ttl=5', 'kept'],
  ['stale', 200, '1.1 flisolator', 'flisolator; hit; detail=stale', 'stale'],
  ['brought and kept', 200, '1.1 flisolator', 'flisolator; fwd=miss; stored', 'brought'],
  ['asked about', 200, '1.1 flisolator', 'flisolator; fwd=stale; fwd-status=304', 'brought'],
  ['shared', 200, '1.1 flisolator', 'flisolator; fwd=miss; collapsed', 'brought'],
  ['nothing said', 200, '1.1 flisolator-x', undefined, 'unsure'],
  ['a cache before us had it', 200, '1.1 x, 1.1 flisolator', 'squid; hit, flisolator; fwd=miss', 'unsure'],
  ['not to be kept', 200, '1.1 flisolator', 'flisolator; fwd=bypass', 'failed for good'],
  ['somebody else', 200, '1.1 squid', undefined, 'foreign'],
  ['not there', 404, '1.1 flisolator', undefined, 'failed for good'],
  ['overloaded', 503, '1.1 flisolator', undefined, 'failed'],
  ['moved', 302, '1.1 flisolator', undefined, 'failed for good'],
];
for (const [rule, status, via, cacheStatus, want] of ANSWERS)
  test(`an answer: ${rule}`, () => {
    const judged = judge({ status, via, cacheStatus, sizeBytes: 1, says: '' });
    const shown =
      judged.kind === 'came'
        ? judged.from
        : judged.kind === 'foreign'
          ? 'foreign'
          : judged.isFinal
            ? 'failed for good'
            : 'failed';
    assert.equal(shown, want);
  });

test('what came is held against the index', () => {
  const got = { bytes: 5, sha256: H.a };
  assert.equal(mismatch({ sizeBytes: 5, sha256: H.a }, got), undefined);
  assert.equal(mismatch({ sizeBytes: undefined, sha256: undefined }, got), undefined);
  assert.match(mismatch({ sizeBytes: 6, sha256: H.a }, got) ?? '', /5 octets instead of the 6/);
  assert.match(mismatch({ sizeBytes: 5, sha256: H.b }, got) ?? '', /SHA-256/);
});

test('the rate holds on average, whatever the pieces', () => {
  const pace = new Pace(8_000_000);
  let nowMs = 1000;
  for (let i = 0; i < 100; i++) nowMs += pace.came(100_000, nowMs);
  // Ten megabytes at one a second, half a second ahead.
  assert.ok(Math.abs(nowMs - 1000 - 9500) < 1, String(nowMs));
  assert.equal(new Pace(undefined).came(1e9, 0), 0);
});

/** Reproducible chance (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SEED_TEXTS = [
  RELEASE,
  'Package: a\nVersion: 1:2-3\nDepends: b (>= 1) | c, d:any\nProvides: v (= 2)\nFilename: pool/a.deb\nSize: 5\n\nPackage: b\nFilename: x\nSize: 1\n',
  'deb [arch=amd64 lang=es] http://m/debian bookworm main\ninstall vim nano\nhttp://a/b\ndebian-12 gnome\n',
];

test('octets changed at random: nothing is thrown, no path leaves its repository', () => {
  const random = chance(6);
  for (let run = 0; run < 3000; run++) {
    const octets = Buffer.from(SEED_TEXTS[run % SEED_TEXTS.length] ?? '');
    for (let i = 0; i < 1 + random() * 8; i++)
      octets[Math.floor(random() * octets.length)] = Math.floor(random() * 256);
    const text = octets.toString('utf8');
    const release = readRelease(text);
    for (const { url } of release ? indexFiles(release, SOURCE, new Set(['.xz'])) : [])
      assert.ok(new URL(url).href.startsWith('http://m/debian/dists/bookworm/'), url);
    const catalogue = new Catalogue();
    const reader = new StanzaReader(PACKAGE_FIELDS, (stanza) => {
      const read = packageOf(stanza, 'http://m/debian');
      if (!read) return;
      assert.ok(new URL(read.url).href.startsWith('http://m/debian/'), read.url);
      catalogue.add(read, false);
    });
    reader.take(octets);
    reader.end();
    closureOf({ names: ['a', 'b', 'v'], withRecommends: true }, catalogue);
    for (const { sources } of readList(text, 'x', CHOICES).recipes)
      for (const { root } of sources) assert.ok(URL.canParse(root), root);
  }
});

test('a million lines, and a package that a hundred thousand others need, take moments', () => {
  const reader = new StanzaReader(PACKAGE_FIELDS, (stanza) => {
    const read = packageOf(stanza, 'http://m');
    if (read) catalogue.add(read, false);
  });
  const catalogue = new Catalogue();
  for (let i = 0; i < 100_000; i++)
    reader.take(
      Buffer.from(
        `Package: p${i}\nVersion: 1\nFilename: p\nSize: 1\nDepends: p${i + 1} | q, v\nProvides: v${i}\nA: 1\nB: 2\nC: 3\n\n`,
      ),
    );
  reader.end();
  assert.equal(closureOf({ names: ['p0'], withRecommends: true }, catalogue).packages.size, 100_000);
  assert.ok(compareVersions(`1${'0'.repeat(100_000)}`, `1${'0'.repeat(99_999)}1`) < 0);
});
