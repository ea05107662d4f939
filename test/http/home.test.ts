import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CatalogImage, Offer, OfferedEntry, Verdict } from '../../src/core/image.ts';
import { type Home, homeHtml, homeJson, listedImages } from '../../src/http/home.ts';
import { HOME_WORDS } from '../../src/http/homewords.ts';

const hostile = `<img src=x onerror="a()">&'`;
const live: OfferedEntry = {
  ...{ id: 'linux-mint-22-cinnamon-amd64', title: 'Cinnamon 22 (64-bit): live', key: 'live' },
  ...{ archs: ['x86_64'], firmware: ['bios', 'uefi'], memoryMib: 3584, secureBoot: 'debian-signed' },
};
const rescue: OfferedEntry = {
  ...{ id: 'rescue', title: 'Rescue', archs: ['x86_64'], firmware: ['bios'], memoryMib: 2048, secureBoot: 'no' },
};
const mint: Verdict = {
  ...{ family: 'casper', name: 'Linux Mint', version: '22', edition: 'Cinnamon' },
  ...{ archs: ['x86_64'], group: 'Linux Mint', entries: [] },
};
const unknown: Verdict = {
  ...{ family: 'unknown', name: 'X', version: '', archs: [], group: 'X', entries: [] },
  problem: { reason: 'cannot-netboot', says: 'Its initrd has no network.', cure: 'Write it to a stick.' },
};
const image = (path: string, more: Partial<CatalogImage> = {}): CatalogImage => ({
  ...{ path, alias: 'x', suffix: '.iso', sizeBytes: 2_900_000_000, modifiedMs: 0, state: 'ready', verdict: mint },
  ...{ checksum: { kind: 'none' }, ...more },
});
const fresh = (path: string, more: Partial<CatalogImage>): CatalogImage => {
  const { verdict: _, ...rest } = image(path, more);
  return rest;
};
const offer = (path: string, more: Partial<Offer> = {}): Offer => ({
  ...{ path, isHidden: false, entries: [live, rescue], heldBack: [], ...more },
});
const nfs = { key: 'nfs', id: 'mint-nfs', says: 'streams over NFS, which this node does not serve' };
/** What the menus offer of images that have something to start, unless a test says otherwise. */
const offersOf = (images: readonly CatalogImage[]): readonly Offer[] =>
  images.map(({ path, verdict, state, checksum, sameAs }) => {
    const isOffered = state === 'ready' && verdict?.problem === undefined && checksum.kind !== 'wrong' && !sameAs;
    return offer(path, isOffered ? {} : { entries: [] });
  });
const home = (
  images: readonly CatalogImage[],
  language: Home['language'] = 'en',
  offers: readonly Offer[] = offersOf(images),
): Home => ({ nodeName: 'fnode00', url: 'http://172.16.0.10', images, offers, language });
const text = (html: string): string => html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');

/** Elements that are opened and closed one inside the other, as far as a browser insists on it. */
function isBalanced(html: string): void {
  const open: string[] = [];
  for (const [, slash, name = ''] of html
    .replaceAll(/<style>[\s\S]*?<\/style>/g, '')
    .matchAll(/<(\/?)([a-z]\w*)[^>]*>/g)) {
    if (['meta', 'br', 'html'].includes(name)) continue;
    if (slash === '') open.push(name);
    else assert.equal(open.pop(), name, html);
  }
  assert.deepEqual(open, []);
}

test('names the node, its address and how to boot, and runs no script', () => {
  const html = homeHtml(home([image('debian 13.iso')]));
  for (const wanted of ['fnode00', 'http://172.16.0.10/boot/shimx64.efi', 'chain http://172.16.0.10/boot/boot.ipxe']) {
    assert.ok(html.includes(wanted), wanted);
  }
  for (const link of ['/isos/', '/boot/', '/isos/debian%2013.iso', '/tree/debian%2013.iso/'])
    assert.ok(html.includes(`href="${link}"`), link);
  assert.ok(!/<script|src=|http-equiv|onclick/.test(html));
  isBalanced(html);
});

test('a node without images says what to do', () => {
  assert.match(homeHtml(home([])), /None yet: put ISO files/);
  assert.match(homeHtml(home([], 'es')), /Todavía ninguna: copia archivos ISO/);
});

test('an image: what it is, its size, its entries with id, memory, firmware and Secure Boot', () => {
  const said = text(homeHtml(home([image('m.iso')])));
  for (const wanted of [
    'Linux Mint 22 Cinnamon',
    'x86_64 · 2.9 GB',
    '2 entries · Memory: 2 GB',
    'Cinnamon 22 (64-bit): live linux-mint-22-cinnamon-amd64 3.5 GB BIOS, UEFI on or off',
    'Rescue rescue 2 GB BIOS –',
  ]) {
    assert.ok(said.includes(wanted), `${wanted} in ${said}`);
  }
});

test('what is held back is no entry: it stands below, each reason once, with its ids', () => {
  const other = { ...nfs, key: 'nfs2', id: 'mint-nfs-safe' };
  const images = [image('m.iso')];
  const html = homeHtml(home(images, 'en', [offer('m.iso', { entries: [live], heldBack: [nfs, other] })]));
  assert.match(text(html), /1 entry · Memory: 3\.5 GB/);
  const below = '</table><p class="soft">In no menu: <code>mint-nfs</code>, <code>mint-nfs-safe</code>: ';
  assert.ok(html.includes(`${below}<span lang="en">${nfs.says}</span></p>`), html);
  assert.doesNotMatch(html, /<tr><td>[^<]*<br><code>mint-nfs/);
});

test('an image of which nothing is in the menus needs attention; so does none that is hidden or there twice', () => {
  const images = ['none.iso', 'hidden.iso', 'twin.iso', 'm.iso'].map((path) =>
    image(path, path === 'twin.iso' ? { sameAs: 'm.iso' } : {}),
  );
  const offers = [
    offer('none.iso', { entries: [], heldBack: [nfs] }),
    offer('hidden.iso', { entries: [], isHidden: true, heldBack: [{ ...nfs, says: 'the file beside it hides it' }] }),
    offer('twin.iso', { entries: [], heldBack: [{ ...nfs, says: 'has the same bytes as m.iso' }] }),
    offer('m.iso', { title: 'For the kids' }),
  ];
  const said = text(homeHtml(home(images, 'en', offers)));
  assert.match(
    said,
    /1 of 4 images in the menus · needing attention: 1 Needs attention Linux Mint 22 Cinnamon .*none\.iso/,
  );
  assert.match(said, /none\.iso In no menu: streams over NFS.* Linux Mint .*In no menu: the file beside it hides/);
  assert.match(said, /For the kids .* m\.iso 2 entries/);
  assert.doesNotMatch(said, /same bytes/);
  assert.match(said, /The same as m\.iso: one of them will do\./);
});

test('of equal images the one that the menus have counts, whichever comes first', () => {
  const images = [image('a.iso'), image('b.iso', { sameAs: 'a.iso' })];
  const offers = [offer('a.iso', { entries: [] }), offer('b.iso')];
  const said = text(homeHtml(home(images, 'en', offers)));
  assert.doesNotMatch(said, /attention/);
  assert.match(said, /a\.iso The same as b\.iso/);
});

test('the page loads itself again while something is copied, read or verified, and not else', () => {
  const refresh = /<meta http-equiv="refresh" content="10">/;
  const sums = { sumsFile: 's' };
  const still = [image('a.iso'), image('b.iso', { checksum: { kind: 'waiting', ...sums } })];
  assert.doesNotMatch(homeHtml(home(still)), /http-equiv/);
  for (const moving of [
    fresh('c.iso', { state: 'copying' }),
    fresh('c.iso', { state: 'reading' }),
    image('c.iso', { checksum: { kind: 'checking', ...sums, doneBytes: 1 } }),
  ])
    assert.match(homeHtml(home([...still, moving])), refresh);
});

const remarks: readonly { readonly name: string; readonly image: CatalogImage; readonly want: string }[] = [
  {
    name: 'a copy',
    image: fresh('a.iso', { state: 'copying', sizeBytes: 1e9 }),
    want: 'is being copied: 1.0 GB so far',
  },
  {
    name: 'a copy whose end is known',
    image: fresh('a.iso', { state: 'copying', sizeBytes: 1e9, declaredBytes: 3.4e9 }),
    want: 'is being copied: 1.0 GB of 3.4 GB',
  },
  { name: 'one that is read', image: fresh('a.iso', { state: 'reading' }), want: 'is being read' },
  {
    name: 'one without an entry, with what would help',
    image: image('a.iso', { verdict: unknown }),
    want: 'Cannot boot over the network. Its initrd has no network. Write it to a stick.',
  },
  {
    name: 'progress of the checksum',
    image: image('a.iso', { checksum: { kind: 'checking', sumsFile: 's', doneBytes: 1_450_000_000 } }),
    want: 'verifying the checksum: 50 %',
  },
  {
    name: 'a right checksum',
    image: image('a.iso', { checksum: { kind: 'right', sumsFile: 's' } }),
    want: 'checksum right',
  },
  {
    name: 'a wrong checksum, with the cure',
    image: image('a.iso', { checksum: { kind: 'wrong', sumsFile: 'SHA256SUMS', wanted: 'a', got: 'b' } }),
    want: 'Wrong checksum. It is in no menu: copy it again. Compared with SHA256SUMS.',
  },
];
for (const { name, image: shown, want } of remarks) {
  test(`says so: ${name}`, () => {
    const html = homeHtml(home([shown]));
    assert.ok(text(html).includes(want), text(html));
    isBalanced(html);
  });
}

test('what somebody has to see to stands first, the rest by group', () => {
  const debian = image('d.iso', { verdict: { ...mint, name: 'Debian', group: 'Debian' } });
  const html = homeHtml(home([image('m.iso'), debian, image('bad.iso', { verdict: unknown })]));
  const heads = [...html.matchAll(/<h3>(.*?)<\/h3>/g)].map(([, head]) => head);
  assert.deepEqual(heads, ['Needs attention', 'Debian', 'Linux Mint']);
  assert.match(text(html), /2 of 3 images in the menus · needing attention: 1/);
});

test('an image that needs a companion kernel needs attention until that is there; the menus know the cure', () => {
  const problem = { reason: 'needs-companion', says: 'No network drivers.', cure: 'Bring the kernel.' } as const;
  const netinst = [image('d.iso', { verdict: { ...mint, problem } })];
  const heldBack = [{ ...nfs, says: 'needs the kernel debian-12-amd64: loaders install --for "d.iso"' }];
  const without = text(homeHtml(home(netinst, 'en', [offer('d.iso', { entries: [], heldBack })])));
  assert.match(without, /Needs attention .*No network drivers\. .*--for &#34;d\.iso&#34;/);
  assert.doesNotMatch(without, /Bring the kernel/);
  const html = text(homeHtml(home(netinst, 'en', [offer('d.iso')])));
  assert.doesNotMatch(html, /Needs attention|No network drivers/);
});

test('an image whose last resort is in the menus keeps what recognition says of it', () => {
  const html = text(homeHtml(home([image('x.iso', { verdict: unknown })], 'en', [offer('x.iso')])));
  assert.match(html, /Its initrd has no network\. Write it to a stick\. 2 entries/);
  assert.doesNotMatch(html, /attention/);
});

test('a copy has neither a link to its inside nor a group', () => {
  const html = homeHtml(home([fresh('a.iso', { state: 'copying' })]));
  assert.doesNotMatch(html, /\/tree\/|<h3>/);
});

test('Spanish throughout, but for what recognition says, which is marked as English', () => {
  const html = homeHtml(home([image('a.iso'), image('b.iso', { verdict: unknown })], 'es'));
  assert.match(html, /<html lang="es">/);
  assert.match(text(html), /1 de 2 imágenes en los menús · por atender: 1 .*amd64 3\.5 GB BIOS, UEFI sí o no/);
  assert.match(html, /<b>No puede arrancar por la red\.<\/b> <span lang="en">Its initrd/);
  for (const english of HOME_WORDS.en.steps) assert.ok(!html.includes(english), english);
});

test('both languages say the same things with the same places to fill in', () => {
  const places = (words: unknown): unknown =>
    JSON.stringify(words, (_, value: unknown) =>
      typeof value === 'string' ? (value.match(/%s/g) ?? []).length : value,
    );
  assert.equal(places(HOME_WORDS.es), places(HOME_WORDS.en));
});

test('names, labels and reasons are never markup', () => {
  const entries = [{ ...live, id: hostile, title: hostile }];
  const heldBack = [{ key: hostile, id: hostile, says: hostile }];
  const verdict = {
    ...{ ...mint, name: hostile, version: hostile, edition: hostile, group: hostile },
    problem: { reason: 'unknown', says: hostile, cure: hostile },
  } as const;
  const checksum = { kind: 'wrong', sumsFile: hostile, wanted: hostile, got: hostile } as const;
  const images = [
    image(`${hostile}.iso`, { verdict, checksum, sameAs: hostile }),
    ...['x.iso', 'y.iso'].map((path) => image(path, { verdict })),
  ];
  const offers = images.map(({ path }) =>
    offer(path, { entries, heldBack, ...(path === 'y.iso' ? { title: hostile } : {}) }),
  );
  for (const language of ['en', 'es'] as const) {
    const html = homeHtml({ ...home(images, language, offers), nodeName: hostile, url: `http://${hostile}` });
    assert.ok(!/<img|onerror="/.test(html));
    isBalanced(html);
  }
});

test('a hundred images make a page that any phone takes', () => {
  const html = homeHtml(home(Array.from({ length: 100 }, (_, i) => image(`image-${i}.iso`))));
  assert.equal(html.match(/<article>/g)?.length, 100);
  assert.ok(html.length < 300_000, `${html.length}`);
  isBalanced(html);
});

test('JSON: whole URLs, what each image is, its entries, checksum and problem', () => {
  const { images, ...node } = JSON.parse(homeJson({ ...home([image('old/a b.iso')]), url: 'http://1.2.3.4:8080' }));
  assert.deepEqual(node, { name: 'fnode00', boot: 'http://1.2.3.4:8080/boot/', isos: 'http://1.2.3.4:8080/isos/' });
  const [{ entries, ...first }] = images;
  assert.deepEqual(first, {
    name: 'old/a b.iso',
    sizeBytes: 2_900_000_000,
    url: 'http://1.2.3.4:8080/isos/old/a%20b.iso',
    tree: 'http://1.2.3.4:8080/tree/old/a%20b.iso/',
    alias: 'x',
    modified: '1970-01-01T00:00:00.000Z',
    state: 'ready',
    checksum: { kind: 'none' },
    title: 'Linux Mint 22 Cinnamon',
    menus: 'offered',
    heldBack: [],
    is: { name: 'Linux Mint', version: '22', edition: 'Cinnamon', archs: ['x86_64'], group: 'Linux Mint' },
  });
  assert.deepEqual(entries, [live, rescue]);
});

test('without a catalogue the files of the folder are the images', () => {
  const file = (name: string) => ({ name, kind: 'file', sizeBytes: 5, modifiedMs: 0 }) as const;
  const images = listedImages([file('a.iso'), file('b.txt'), file('c.IMG'), { ...file('d.iso'), kind: 'folder' }]);
  assert.deepEqual(
    images.map(({ path, suffix }) => [path, suffix]),
    [
      ['a.iso', '.iso'],
      ['c.IMG', '.img'],
    ],
  );
});
