/** Entries made from images: which there are, what they are called, where they load from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompanionFacts } from '../../src/core/companion.ts';
import { showConfigFault } from '../../src/core/errors.ts';
import type { CatalogImage, Verdict } from '../../src/core/image.ts';
import type { Entry } from '../../src/menu/entries.ts';
import { parseImageFile } from '../../src/menu/file.ts';
import { type ImageFacts, imageEntries } from '../../src/menu/images.ts';
import { insideOf } from '../../src/menu/inside.ts';
import { WORDS } from '../../src/menu/words.ts';
import { CASPER, CASPER_NFS, FEDORA, imageOf, MINT, NETINST, SIGNED, UBUNTU_MATE, UNKNOWN, WINDOWS } from './images.ts';

const FACTS: ImageFacts = {
  transports: new Set(['http', 'tftp', 'nfs']),
  companions: new Map(),
  loaders: new Set(['memdisk', 'wimboot']),
  words: WORDS.en,
  files: new Map(),
  taken: new Set(['local']),
};

function made(images: readonly CatalogImage[], changes: Partial<ImageFacts> = {}) {
  const { entries, offers, faults } = imageEntries(images, { ...FACTS, ...changes });
  const held = offers.flatMap(({ path, heldBack }) => heldBack.map(({ id, says }) => `${path} ${id}: ${says}`));
  return { entries, offers, held, ids: entries.map(({ id }) => id), faults: faults.map(showConfigFault) };
}

/** With what stands beside an image. */
function withFile(image: CatalogImage, yaml: string, changes: Partial<ImageFacts> = {}) {
  const file = parseImageFile('/isos/x.yaml', yaml, insideOf(image), () => undefined);
  assert.deepEqual(file.faults, []);
  return made([image], { ...changes, files: new Map([[image.path, file]]) });
}

const mint = imageOf('old/Mint 22.iso', MINT);

test('names of the image are below /tree/ALIAS, arguments keep only what a menu fills in', () => {
  const [stream, whole] = made([mint]).entries;
  assert.deepEqual(whole?.how, {
    kind: 'linux',
    kernel: '/tree/mint-22.iso/casper/vmlinuz',
    initrds: ['/tree/mint-22.iso/casper/initrd.lz'],
    arguments: [
      'boot=casper',
      'netboot=url',
      'iso-url={http}/isos/mint-22.iso',
      'root=/dev/ram0',
      'ip=dhcp',
      'quiet',
      'splash',
      '---',
    ],
    shim: '/tree/mint-22.iso/EFI/BOOT/BOOTX64.EFI',
  });
  assert.ok(stream?.how.kind === 'linux');
  assert.deepEqual(stream.how.arguments.slice(1, 3), ['netboot=nfs', 'nfsroot={node}:/tree/mint-22']);
});

const placeholders = [
  { word: 'a={tree}/x', want: 'a={http}/tree/mint-22.iso/x' },
  { word: 'a={iso}', want: 'a={http}/isos/mint-22.iso' },
  { word: 'root=live:{nfs}/LiveOS', want: 'root=live:{node}:/tree/mint-22/LiveOS' },
  { word: 'inst.repo=nfs:{nfsiso}', want: 'inst.repo=nfs:{node}:/isos/mint-22.iso' },
  { word: 'directory={path}', want: 'directory=/tree/mint-22' },
  { word: '{http}{node}{other}{{tree}}', want: '{http}{node}{other}{{http}/tree/mint-22.iso}' },
];
for (const { word, want } of placeholders) {
  test(`argument ${word}`, () => {
    const how = { ...CASPER.how, arguments: [word] } as typeof CASPER.how;
    const [entry] = made([imageOf('Mint 22.iso', { ...MINT, entries: [{ ...CASPER, how }] })]).entries;
    assert.deepEqual(entry?.how.kind === 'linux' && entry.how.arguments, [want]);
  });
}

const titles: { readonly verdict: Verdict; readonly want: readonly string[] }[] = [
  {
    verdict: MINT,
    want: [
      'Linux Mint | Cinnamon | 22 Cinnamon (64-bit): live, NFS | Linux Mint 22 Cinnamon (64-bit): live, NFS',
      'Linux Mint | Cinnamon | 22 Cinnamon (64-bit): live | Linux Mint 22 Cinnamon (64-bit): live',
    ],
  },
  {
    verdict: { ...UBUNTU_MATE, entries: [CASPER] },
    want: ['Ubuntu | Ubuntu MATE | Ubuntu MATE 24.04.1 LTS (64-bit): live | Ubuntu MATE 24.04.1 LTS (64-bit): live'],
  },
  {
    verdict: { ...MINT, name: 'Ubuntu', version: '24.04', edition: 'Server', group: 'Ubuntu', entries: [CASPER_NFS] },
    want: ['Ubuntu | Server | 24.04 Server (64-bit): live | Ubuntu 24.04 Server (64-bit): live'],
  },
  {
    verdict: FEDORA,
    want: [
      'Fedora | Server | 41 Server (64-bit): install | Fedora 41 Server (64-bit): install',
      'Fedora | Server | 41 Server (64-bit): rescue | Fedora 41 Server (64-bit): rescue',
    ],
  },
  {
    verdict: WINDOWS,
    want: ['Windows | Windows 11 | Windows 11 24H2 (64-bit): WinPE console | Windows 11 24H2 (64-bit): WinPE console'],
  },
  {
    verdict: UNKNOWN,
    want: [
      'Other images | FIRMWARE 3 | FIRMWARE 3 (32-bit): last resort, may not start | FIRMWARE 3 (32-bit): last resort, may not start',
      'Other images | FIRMWARE 3 | FIRMWARE 3 (32-bit, 64-bit): last resort, may not start | FIRMWARE 3 (32-bit, 64-bit): last resort, may not start',
    ],
  },
  {
    verdict: { ...MINT, entries: [{ ...CASPER, variant: 'safe graphics' }] },
    want: [
      'Linux Mint | Cinnamon | 22 Cinnamon (64-bit): live, safe graphics | Linux Mint 22 Cinnamon (64-bit): live, safe graphics',
    ],
  },
];
titles.push(
  {
    verdict: { ...MINT, name: 'Kubuntu', version: '24.04', edition: 'KDE Plasma', group: 'Ubuntu', entries: [CASPER] },
    want: ['Ubuntu | Kubuntu | Kubuntu 24.04 (64-bit): live | Kubuntu 24.04 (64-bit): live'],
  },
  {
    verdict: {
      ...MINT,
      ...{ name: 'Kali', version: '2024.1', edition: 'Live', group: 'Kali' },
      entries: [CASPER, { ...CASPER, key: 'rescue', use: 'rescue' }],
    },
    want: [
      'Kali | Live | Kali 2024.1 (64-bit): live | Kali 2024.1 (64-bit): live',
      'Kali | Live | 2024.1 Live (64-bit): rescue | Kali 2024.1 Live (64-bit): rescue',
    ],
  },
  {
    verdict: { ...MINT, name: 'GParted Live', version: '1.6.0', edition: '', group: 'Tools', entries: [CASPER] },
    want: ['Tools | GParted Live | GParted Live 1.6.0 (64-bit) | GParted Live 1.6.0 (64-bit)'],
  },
  {
    verdict: { ...MINT, name: 'Debian', version: '12.11.0', edition: 'Xfce', group: 'Debian', entries: [CASPER] },
    want: ['Debian | Xfce | 12.11.0 Xfce (64-bit): live | Debian 12.11.0 Xfce (64-bit): live'],
  },
  {
    verdict: { ...MINT, name: 'Debian', version: '', edition: 'Xfce', group: 'Debian', entries: [CASPER] },
    want: ['Debian | Xfce | Xfce (64-bit): live | Debian Xfce (64-bit): live'],
  },
);
for (const { verdict, want } of titles) {
  test(`group, edition and titles of ${verdict.name} ${verdict.edition ?? ''} with ${verdict.entries.length}`, () => {
    const show = (entry: Entry) => [entry.group, entry.edition, entry.title, entry.fullTitle].join(' | ');
    assert.deepEqual(made([imageOf('x.iso', verdict)]).entries.map(show), want);
  });
}

test('tools of images and other tools share a submenu, in each language', () => {
  const tool = imageOf('g.iso', { ...MINT, name: 'GParted Live', edition: '', group: 'Tools', entries: [CASPER] });
  for (const words of [WORDS.en, WORDS.es]) assert.equal(made([tool], { words }).entries[0]?.group, words.tools);
});

test('in Spanish the use is told in Spanish', () => {
  const { entries } = made([imageOf('x.iso', FEDORA), imageOf('y.iso', UNKNOWN)], { words: WORDS.es });
  assert.deepEqual(
    entries.map(({ title }) => title),
    [
      '41 Server (64 bits): instalar',
      '41 Server (64 bits): rescate',
      'FIRMWARE 3 (32 bits): último recurso, puede no arrancar',
      'FIRMWARE 3 (32 bits, 64 bits): último recurso, puede no arrancar',
    ],
  );
});

const ids: readonly { readonly verdict: Verdict; readonly want: readonly string[] }[] = [
  { verdict: UBUNTU_MATE, want: ['ubuntu-mate-24.04.1-amd64-nfs', 'ubuntu-mate-24.04.1-amd64'] },
  { verdict: MINT, want: ['linux-mint-22-cinnamon-amd64-nfs', 'linux-mint-22-cinnamon-amd64'] },
  { verdict: { ...MINT, entries: [CASPER_NFS] }, want: ['linux-mint-22-cinnamon-amd64'] },
  { verdict: FEDORA, want: ['fedora-41-server-amd64', 'fedora-41-server-amd64-rescue'] },
  { verdict: UNKNOWN, want: ['firmware-3-i386', 'firmware-3'] },
  {
    verdict: { ...MINT, entries: [CASPER, CASPER_NFS, { ...CASPER, key: 'nfs', use: 'rescue' }] },
    want: ['linux-mint-22-cinnamon-amd64-live-nfs', 'linux-mint-22-cinnamon-amd64', 'linux-mint-22-cinnamon-amd64-nfs'],
  },
  {
    verdict: {
      ...MINT,
      entries: [
        { ...CASPER, archs: ['i386'] },
        { ...CASPER, key: 'live-64' },
      ],
    },
    want: ['linux-mint-22-cinnamon-i386', 'linux-mint-22-cinnamon-amd64'],
  },
  { verdict: { ...MINT, name: '日本', edition: '', version: '', entries: [CASPER] }, want: ['image-amd64'] },
  {
    verdict: { ...MINT, name: 'x'.repeat(200), entries: [{ ...CASPER, archs: [] }] },
    want: ['x'.repeat(48)],
  },
];
for (const { verdict, want } of ids) {
  test(`ids ${want.join(', ')}`, () => assert.deepEqual(made([imageOf('x.iso', verdict)]).ids, want));
}

test('an id stays when other images come, transports go and companions are missing', () => {
  const ubuntu = imageOf('zz.iso', UBUNTU_MATE);
  const others = [mint, imageOf('aa.iso', FEDORA), imageOf('d.iso', NETINST)];
  const want = 'ubuntu-mate-24.04.1-amd64';
  assert.ok(made([ubuntu]).ids.includes(want));
  assert.ok(made([...others, ubuntu]).ids.includes(want));
  assert.deepEqual(made([ubuntu], { transports: new Set(['http']) }).ids, [want]);
  assert.deepEqual(made([ubuntu], { transports: new Set(['nfs']) }).ids, [`${want}-nfs`]);
});

const twins: readonly { readonly name: string; readonly images: readonly CatalogImage[]; readonly want: string }[] =
  (() => {
    const fedora = { ...FEDORA, entries: FEDORA.entries.slice(0, 1) };
    const image = (alias: string, changes: Partial<CatalogImage> = {}) => imageOf(`${alias}.iso`, fedora, changes);
    const wrong = { kind: 'wrong', sumsFile: 's', wanted: '0', got: '1' } as const;
    const [plain, late] = ['fedora-41-server-amd64', { modifiedMs: 2 }];
    return [
      { name: 'the older has the id', images: [image('z'), image('a', late)], want: `z ${plain}, a ${plain}-a` },
      { name: 'of one date the alias decides', images: [image('b'), image('a')], want: `a ${plain}, b ${plain}-b` },
      {
        name: 'what is in no menu leaves it to the other, however old it is',
        images: [image('a', { checksum: wrong }), image('z', late)],
        want: `z ${plain}`,
      },
      {
        name: 'what is still read, too',
        images: [image('a', { state: 'reading' }), image('z', late)],
        want: `z ${plain}`,
      },
    ];
  })();
for (const { name, images, want } of twins) {
  test(`two images that are the same thing: ${name}`, () => {
    for (const order of [images, images.toReversed()]) {
      const shown = made(order).offers.flatMap(({ path, entries }) =>
        entries.map(({ id }) => `${path.replace('.iso', '')} ${id}`),
      );
      assert.equal(shown.toSorted((a, b) => a.length - b.length).join(', '), want);
    }
  });
}

test('an image that is dropped in later takes no id that a default may name', () => {
  const old = imageOf('ubuntu-22.04.iso', UBUNTU_MATE, { modifiedMs: 1 });
  const dropped = imageOf('new-image.iso', UBUNTU_MATE, { modifiedMs: 2 });
  const idsIn = (images: readonly CatalogImage[]) =>
    made(images)
      .offers.find(({ path }) => path === old.path)
      ?.entries.map(({ id }) => id);
  assert.deepEqual(idsIn([old, dropped]), idsIn([old]));
});

test('two images that would look the same in the menu say which file each is', () => {
  const [row] = FEDORA.entries;
  const verdict = { ...FEDORA, entries: row ? [row] : [] };
  const images = [imageOf('Fedora-dvd.iso', verdict), imageOf('Fedora-net.iso', verdict), imageOf('m.iso', MINT)];
  assert.deepEqual(
    made(images).entries.map(({ title }) => title),
    [
      '41 Server (64-bit): install, fedora-dvd',
      '41 Server (64-bit): install, fedora-net',
      '22 Cinnamon (64-bit): live, NFS',
      '22 Cinnamon (64-bit): live',
    ],
  );
});

test('what a node does not serve is no fault', () => {
  const says = { reason: 'needs-nfs', says: 'x' } as const;
  assert.deepEqual(
    made([imageOf('x.iso', { ...MINT, entries: [CASPER_NFS], problem: says })], { transports: new Set(['http']) })
      .faults,
    [],
  );
});

test('an id that something else has is left to it', () => {
  const { ids } = made([imageOf('d.iso', FEDORA)], { taken: new Set(['fedora-41-server-amd64']) });
  assert.deepEqual(ids, ['fedora-41-server-amd64-d', 'fedora-41-server-amd64-d-rescue']);
});

interface Left {
  readonly name: string;
  readonly image: CatalogImage;
  /** What `offers` says of its entry; none has no verdict. */
  readonly says?: RegExp;
  readonly isFault?: true;
}
const left: readonly Left[] = [
  { name: 'is still copied', image: imageOf('x.iso', MINT, { state: 'copying' }), says: /is still being copied/ },
  { name: 'is read anew', image: imageOf('x.iso', MINT, { state: 'reading' }), says: /is still being read/ },
  { name: 'was never read', image: imageOf('x.iso', undefined) },
  {
    name: 'is not what its sums file says',
    image: imageOf('x.iso', MINT, { checksum: { kind: 'wrong', sumsFile: 's', wanted: '0', got: '1' } }),
    says: /^x\.iso \S+: is not what s says: copy it again$/,
  },
  {
    name: 'needs a kernel from elsewhere',
    image: imageOf('old/d 12.iso', NETINST),
    says: /needs the kernel debian-12-amd64, which is not there: node dist\/fnode\.js loaders install --for "old\/d 12\.iso"$/,
  },
  {
    name: 'starts only by what is not served',
    image: imageOf('x.iso', { ...MINT, entries: [CASPER_NFS] }),
    says: /: streams over NFS, which this node does not serve: nfs: on in its configuration, .*doctor says what else/,
  },
  {
    name: 'has a kernel with a blank in its name',
    image: imageOf('x.iso', {
      ...MINT,
      entries: [{ ...CASPER, how: { kind: 'linux', kernel: 'live/vm linuz', initrds: [], arguments: [] } }],
    }),
    isFault: true,
    says: /cannot take the name "\/tree\/x\.iso\/live\/vm linuz", only letters.*: copy it .* name it in x\.yaml$/,
  },
  {
    name: 'would leave its tree',
    image: imageOf('x.iso', {
      ...MINT,
      entries: [{ ...CASPER, how: { kind: 'linux', kernel: '../../etc/passwd', initrds: [], arguments: [] } }],
    }),
    isFault: true,
    says: /cannot take the name/,
  },
  {
    name: 'has arguments that a loader would expand',
    image: imageOf('x.iso', {
      ...MINT,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE's
      entries: [{ ...CASPER, how: { kind: 'linux', kernel: 'k', initrds: [], arguments: ['a=${b}'] } }],
    }),
    isFault: true,
    says: /: the kernel arguments of live are too long or hold/,
  },
  {
    name: 'has endless arguments',
    image: imageOf('x.iso', {
      ...MINT,
      entries: [{ ...CASPER, how: { kind: 'linux', kernel: 'k', initrds: [], arguments: ['x'.repeat(1600)] } }],
    }),
    isFault: true,
    says: /too long/,
  },
];
for (const { name, image, says, isFault } of left) {
  test(`an image that ${name} is in no menu${isFault ? ', and a fault says so' : ''}`, () => {
    const { ids: got, faults, held } = made([image], { transports: new Set(['http', 'tftp']) });
    assert.deepEqual(got, []);
    if (says) assert.match(held[0] ?? '', says);
    else assert.deepEqual(held, []);
    assert.equal(faults.length, isFault ? 1 : 0, faults.join('\n'));
    if (isFault && says) assert.match(faults.join(), says);
  });
}

test('a way that is not served is no fault where the image has another', () => {
  const { ids: got, faults, held } = made([mint], { transports: new Set(['http']) });
  assert.deepEqual([got, faults], [['linux-mint-22-cinnamon-amd64'], []]);
  assert.deepEqual(held, [
    'old/Mint 22.iso linux-mint-22-cinnamon-amd64-nfs: streams over NFS, which this node does not serve: nfs: on in its configuration, then node dist/fnode.js doctor says what else is missing',
  ]);
});

test('a companion kernel is named where it lies, once it is there', () => {
  const { entries, faults } = made([imageOf('d.iso', NETINST)], { companions: new Map([['debian-12-amd64', SIGNED]]) });
  assert.deepEqual(faults, []);
  const [entry] = entries;
  assert.ok(entry?.how.kind === 'linux');
  assert.deepEqual(
    [entry.id, entry.how.kernel, ...entry.how.initrds],
    [
      'debian-12.5.0-netinst-amd64',
      '/boot/companions/debian-12-amd64/linux',
      '/boot/companions/debian-12-amd64/initrd.gz',
    ],
  );
  assert.equal(entry.how.arguments[1], 'mirror/http/directory=/tree/d');
});

test('who signed a companion, and whether it is for the BIOS alone, its own kernel says', () => {
  const cases: readonly (readonly [Partial<CompanionFacts>, string, string])[] = [
    [{}, 'debian-signed', 'bios,uefi'],
    [{ secureBoot: 'no' }, 'no', 'bios,uefi'],
    [{ secureBoot: 'unknown' }, 'unknown', 'bios,uefi'],
    [{ secureBoot: 'no', isBiosOnly: true }, 'no', 'bios'],
  ];
  for (const [facts, secureBoot, firmware] of cases) {
    const companions = new Map([['debian-12-amd64', { ...SIGNED, ...facts }]]);
    const [entry] = made([imageOf('d.iso', NETINST)], { companions }).entries;
    assert.deepEqual([entry?.secureBoot, entry?.firmware.join()], [secureBoot, firmware]);
  }
});

test("modules on the image fit the companion's kernel only if it is the very same one", () => {
  const [row] = NETINST.entries;
  assert.ok(row);
  const exact: Verdict = {
    ...NETINST,
    entries: [row, { ...row, key: 'install-image', companionVersion: '6.1.0-37-amd64' }],
  };
  const keys = (version: string | undefined): number =>
    made([imageOf('d.iso', exact)], {
      companions: new Map([
        ['debian-12-amd64', { secureBoot: 'no', isBiosOnly: false, ...(version ? { version } : {}) }],
      ]),
    }).entries.length;
  assert.deepEqual([keys('6.1.0-37-amd64'), keys('6.1.0-38-amd64'), keys(undefined)], [2, 1, 1]);
});

test('the cure is a command that a shell takes as it is, whatever the image is called', () => {
  const cases = [
    ['a b.iso', '"a b.iso"'],
    ["it's.iso", '"it\'s.iso"'],
    ['$(reboot).iso', "'$(reboot).iso'"],
    ['a"`b\'.iso', `'a"\`b'\\''.iso'`],
  ] as const;
  for (const [path, want] of cases) assert.ok(made([imageOf(path, NETINST)]).held[0]?.endsWith(` --for ${want}`), path);
});

test('three entries of a name that no loader takes are one fault', () => {
  const how = { kind: 'linux', kernel: 'k k', initrds: [], arguments: [] } as const;
  const entries = ['a', 'b', 'c'].map((key) => ({ ...CASPER, key, how }));
  const { faults, held } = made([imageOf('d.iso', { ...MINT, entries })]);
  assert.deepEqual([faults.length, held.length], [1, 3]);
});

test('wimboot, memdisk and sanboot: kinds, and the loader that each needs', () => {
  const images = [imageOf('w.iso', WINDOWS), imageOf('f.img', UNKNOWN)];
  assert.deepEqual(
    made(images).entries.map(({ how }) => how),
    [
      { kind: 'memdisk', image: '/isos/f.img', isCd: false },
      { kind: 'sanboot', image: '/isos/f.img' },
      {
        kind: 'wimboot',
        files: [
          { name: 'bootmgfw.efi', file: '/tree/w.iso/efi/boot/bootx64.efi' },
          { name: 'BCD', file: '/tree/w.iso/efi/microsoft/boot/bcd' },
          { name: 'boot.sdi', file: '/tree/w.iso/boot/boot.sdi' },
          { name: 'boot.wim', file: '/tree/w.iso/sources/boot.wim' },
        ],
        index: 1,
      },
    ],
  );
  const without = made(images, { loaders: new Set() });
  assert.deepEqual(without.ids, ['firmware-3']);
  assert.deepEqual(without.faults, []);
  assert.deepEqual(without.held, [
    'w.iso windows-11-24h2-amd64: needs wimboot, which is not in the folder of boot loaders: put it there, from ipxe.org/wimboot',
    'f.img firmware-3-i386: needs memdisk, which is not in the folder of boot loaders: node dist/fnode.js loaders install',
  ]);
});

const equals: readonly {
  readonly name: string;
  readonly dates: readonly [number, number];
  readonly yaml: string;
  readonly want: string;
}[] = [
  { name: 'the older is offered', dates: [2, 1], yaml: '', want: 'b' },
  { name: 'of one date, the first by alias', dates: [1, 1], yaml: '', want: 'a' },
  { name: 'the one with a file beside it, however young', dates: [1, 2], yaml: 'b', want: 'b' },
  { name: 'each that has a file', dates: [1, 2], yaml: 'a b', want: 'a b' },
];
for (const { name, dates, yaml, want } of equals) {
  test(`the same bytes under two names: ${name}`, () => {
    const images = [
      imageOf('a.iso', MINT, { modifiedMs: dates[0] }),
      imageOf('b.iso', MINT, { modifiedMs: dates[1], sameAs: 'a.iso' }),
    ];
    const files = new Map(
      yaml
        .split(' ')
        .map((stem) => [`${stem}.iso`, parseImageFile('y', `title: Exam ${stem}`, '/tree/x', () => undefined)]),
    );
    const { offers, held } = made(images, { files: yaml === '' ? new Map() : files });
    const shown = offers.filter(({ entries }) => entries.length > 0).map(({ path }) => path.replace('.iso', ''));
    assert.equal(shown.join(' '), want);
    assert.equal(held.length, want === 'a b' ? 0 : 2);
    if (held[0]) assert.match(held[0], new RegExp(`has the same bytes as ${want}\\.iso: one of the two will do$`));
  });
}

test('equal bytes: whoever hides or restricts the image under one name has done so under all', () => {
  const images = [imageOf('a.iso', MINT), imageOf('b.iso', MINT, { sameAs: 'a.iso' })];
  const hidden = parseImageFile('y', 'hidden: true', '/tree/b.iso', () => undefined);
  assert.deepEqual(made(images, { files: new Map([['b.iso', hidden]]) }).ids, []);
});

test('a copy whose first is gone, or is not what its sum says, stands', () => {
  const copy = imageOf('copy.iso', MINT, { sameAs: mint.path });
  const broken = { ...mint, checksum: { kind: 'wrong', sumsFile: 's', wanted: '0', got: '1' } } as const;
  assert.equal(made([copy]).ids.length, 2);
  assert.equal(made([broken, copy]).ids.length, 2);
});

test('groups and editions by name, the newest version first, numbers as numbers', () => {
  const only = (changes: Partial<Verdict>) => ({ ...MINT, entries: [CASPER], ...changes });
  const images = [
    imageOf('a.iso', only({ version: '9' })),
    imageOf('b.iso', only({ version: '22.1' })),
    imageOf('c.iso', only({ version: '22.1', edition: 'Xfce' })),
    imageOf('d.iso', only({ version: '10' })),
    imageOf('e.iso', only({ name: 'Alpine', edition: '', version: '3.20', group: 'Alpine' })),
  ];
  assert.deepEqual(
    made(images).entries.map(({ title }) => title),
    [
      'Alpine 3.20 (64-bit): live',
      '22.1 Cinnamon (64-bit): live',
      '10 Cinnamon (64-bit): live',
      '9 Cinnamon (64-bit): live',
      '22.1 Xfce (64-bit): live',
    ],
  );
});

test('a name that pxelinux cannot load is told, and stays for the other loaders [syslinux: doc/pxelinux.txt]', () => {
  const alias = 'x'.repeat(80);
  const how = { kind: 'linux', kernel: `${'y'.repeat(50)}/k`, initrds: [], arguments: [] } as const;
  const { ids: got, faults } = made([imageOf(`${alias}.iso`, { ...MINT, entries: [{ ...CASPER, how }] })]);
  assert.equal(got.length, 1);
  assert.match(faults.join('\n'), /is longer than pxelinux can load: BIOS machines .* shorter name$/);
});

test("what stands beside an image: its name, group, memory, note, MACs and arguments are the operator's", () => {
  const { entries } = withFile(
    mint,
    'title: Exam\ngroup: Exams\nedition: Rooms\nmemory: 3GB\nnote: Ask first\nmacs: "52:54:00:*"\narguments: lang=es seed={tree}/s\n',
  );
  const [, entry] = entries;
  assert.ok(entry?.how.kind === 'linux');
  assert.deepEqual(
    [entry.id, entry.title, entry.fullTitle, entry.group, entry.edition, entry.memoryMib, entry.note],
    [
      'linux-mint-22-cinnamon-amd64',
      'Exam (64-bit): live',
      'Exam (64-bit): live',
      'Exams',
      'Linux Mint Rooms',
      3072,
      'Ask first',
    ],
  );
  assert.equal(entry.macs?.length, 1);
  assert.deepEqual(entry.how.arguments.slice(-3), ['---', 'lang=es', 'seed={http}/tree/mint-22.iso/s']);
});

const OWN = `entries:
  - id: linux-mint-22-cinnamon-amd64
    title: Our live system
    kernel: casper/vmlinuz
    initrd: [casper/initrd.lz, /isos/ours.cpio]
    arguments: boot=casper iso-url={iso} x={nfs}
  - title: Text only
    kernel: casper/vmlinuz
`;
test('entries of the file name files in the image; one with the id of a generated one replaces it', () => {
  const { entries, ids: got } = withFile(mint, OWN);
  assert.deepEqual(got, ['linux-mint-22-cinnamon-amd64-nfs', 'linux-mint-22-cinnamon-amd64', 'text-only']);
  assert.deepEqual(entries[1]?.how, {
    kind: 'linux',
    kernel: '/tree/mint-22.iso/casper/vmlinuz',
    initrds: ['/tree/mint-22.iso/casper/initrd.lz', '/isos/ours.cpio'],
    arguments: ['boot=casper', 'iso-url={http}/isos/mint-22.iso', 'x={node}:/tree/mint-22'],
  });
  assert.deepEqual([entries[1]?.title, entries[1]?.group], ['Our live system', 'Linux Mint']);
});

test('hidden: only the entries of the file are left', () => {
  assert.deepEqual(withFile(mint, `hidden: true\n${OWN}`).ids, ['linux-mint-22-cinnamon-amd64', 'text-only']);
  const { ids: none, offers } = withFile(mint, 'hidden: true');
  assert.deepEqual([none, offers[0]?.isHidden, offers[0]?.heldBack.length], [[], true, 2]);
});

test('a file can give entries to an image in which nothing was found', () => {
  const strange = imageOf('s.iso', { ...UNKNOWN, entries: [], problem: { reason: 'unknown', says: 'x' } });
  assert.deepEqual(withFile(strange, 'entries: [{ title: Ours, kernel: k }]').ids, ['ours']);
});

test('more entries than anybody would look through are cut off, and that is told', () => {
  const images = Array.from({ length: 600 }, (_, i) => imageOf(`x${i}.iso`, { ...FEDORA, version: `${i}` }));
  const { ids: got, faults, held } = made(images);
  assert.equal(got.length, 1000);
  assert.match(faults.join('\n'), /more than 1000 entries/);
  assert.equal(held.length, 200);
  assert.equal(new Set(got).size, 1000);
});
