/** Menus with a second node: machines go through them while nodes die. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the loaders' own syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, parseMac } from '../../src/core/addr.ts';
import type { Peer } from '../../src/core/swarm.ts';
import type { Entry } from '../../src/menu/entries.ts';
import { renderGrub } from '../../src/menu/grub.ts';
import { insideOf, renamed } from '../../src/menu/inside.ts';
import { renderIpxe } from '../../src/menu/ipxe.ts';
import { entriesOf, type Menu, planMenu } from '../../src/menu/plan.ts';
import { renderPxelinux } from '../../src/menu/pxelinux.ts';
import { ENTRIES, INSTALL, LOADERS, SETTINGS, VISIT } from './fixtures.ts';
import { CASPER_NFS, EACH, entriesFrom, imageOf, MINT, peerOf, UBUNTU_MATE } from './images.ts';
import { type Boot, grubMachine, ipxeMachine, type World } from './machines.ts';

const OWN = '172.16.0.10';
const OTHER = '172.16.0.11';
/** No node: one of the fixtures has its kernel there. */
const ELSEWHERE = '172.16.0.99';
const ALL: readonly Entry[] = [...entriesFrom(EACH), ...ENTRIES.filter(({ macs }) => macs === undefined)];

function menuOf(entries: readonly Entry[], peers: readonly Peer[], client = VISIT.clientAddress): Menu {
  const place = { visit: { ...VISIT, clientAddress: client }, loaders: new Set([...LOADERS, 'wimboot']) };
  return planMenu(entries, { ...SETTINGS, peers }, place);
}

/** Each loader, as a machine that chooses `ids` one after the other. */
const MACHINES = {
  'iPXE, UEFI': (menu: Menu, ids: readonly string[], world: World) => ipxeMachine(renderIpxe(menu), ids, world, 'efi'),
  'iPXE, BIOS': (menu: Menu, ids: readonly string[], world: World) =>
    ipxeMachine(renderIpxe(menu), ids, world, 'pcbios'),
  'GRUB with HTTP': (menu: Menu, ids: readonly string[], world: World) =>
    grubMachine(renderGrub(menu), ids, world, { cpu: 'x86_64', hasHttp: true }),
  'GRUB without HTTP': (menu: Menu, ids: readonly string[], world: World) =>
    grubMachine(renderGrub(menu), ids, world, { cpu: 'x86_64', hasHttp: false }),
} as const;

const hostOf = (url: string): string => /^\w+:\/\/([^/:]+)/.exec(url)?.[1] ?? '';
const whereLives = (...hosts: readonly string[]): World => ({ isThere: (url) => hosts.includes(hostOf(url)) });

/** As far as it lived when the machine got its menu. */
const butOwn: World = { isThere: (url) => hostOf(url) !== OWN || isMenu(url) };
const isMenu = (url: string): boolean => url.endsWith('/grub.cfg');

/** What starts, without what was asked on the way. */
const started = ({ outcome, kernel, words, initrds }: Boot) => ({ outcome, kernel, words, initrds });

/** Of all entries those that `loader` shows on a PC of 64 bits, and can load. */
function chosen(menu: Menu, loader: string): readonly string[] {
  const grub = loader.startsWith('GRUB') ? renderGrub(menu) : undefined;
  return [...menu.top, ...menu.groups.flatMap(entriesOf)]
    .filter(({ id, archs }) => id !== 'local' && archs.includes('x86_64'))
    .filter(({ id }) => grub?.includes(`--id '${id}'`) ?? true)
    .filter(({ id }) => loader !== 'GRUB without HTTP' || id !== 'rescue-stick')
    .map(({ id }) => id);
}

const ALIAS = 'linuxmint-22-cinnamon-64bit';
const peers = [
  { name: 'that calls images alike', peer: peerOf(OTHER, ALL), alias: ALIAS },
  { name: 'on another port', peer: { ...peerOf(OTHER, ALL), httpPort: 8080 }, alias: ALIAS },
  { name: 'that calls an image otherwise', peer: peerOf(OTHER, ALL, { [ALIAS]: 'mint-22.1+x' }), alias: 'mint-22.1+x' },
];
for (const { name, peer, alias } of peers) {
  const alone = menuOf(ALL, []);
  const menu = menuOf(ALL, [peer]);
  const authority = peer.httpPort === 80 ? OTHER : `${OTHER}:${peer.httpPort}`;
  /** The same from the other node. */
  const moved = (boot: Boot): unknown =>
    JSON.parse(
      JSON.stringify(started(boot))
        .replaceAll(`http://${OWN}`, `http://${authority}`)
        .replaceAll(OWN, OTHER)
        .replaceAll(ALIAS, alias),
    );
  for (const [loader, machine] of Object.entries(MACHINES)) {
    test(`${loader}: a node ${name} changes nothing while this one lives`, () => {
      for (const id of chosen(menu, loader)) {
        const boot = machine(menu, [id], whereLives(OWN, OTHER, ELSEWHERE));
        assert.deepEqual(started(boot), started(machine(alone, [id], whereLives(OWN, ELSEWHERE))), id);
        assert.deepEqual([boot.outcome, boot.asked.some((url) => hostOf(url) === OTHER)], ['booted', false], id);
      }
    });

    test(`${loader}: this node dead, every entry comes whole from a node ${name}`, () => {
      assert.ok(chosen(menu, loader).length >= 8);
      for (const id of chosen(menu, loader)) {
        const boot = machine(menu, [id], butOwn);
        assert.deepEqual(started(boot), moved(machine(alone, [id], whereLives(OWN, ELSEWHERE))), id);
        assert.equal(boot.outcome, 'booted', id);
      }
    });
  }
}

for (const [loader, machine] of Object.entries(MACHINES)) {
  const menu = menuOf(ALL, [peerOf(OTHER, ALL)]);
  const withInitrd = 'fedora-41-server-amd64';

  test(`${loader}: an initrd that cannot be had brings the kernel, too, from the second node`, () => {
    const boot = machine(menu, [withInitrd], {
      isThere: (url) => hostOf(url) === OTHER || !url.endsWith('initrd.img'),
    });
    const files = [boot.kernel, ...boot.initrds];
    assert.deepEqual([boot.outcome, [...new Set(files.map(hostOf))]], ['booted', [OTHER]]);
    assert.equal(files.length, 2, 'and nothing is left of the first try');
    assert.ok(boot.words.includes(`inst.repo=http://${OTHER}/tree/fedora-server-41.iso`));
  });

  test(`${loader}: nothing that came before a file that is not there stays loaded`, () => {
    const how = { kind: 'linux' as const, kernel: '/isos/k', initrds: ['/isos/a', '/isos/b'], arguments: [] };
    const entries = [{ ...INSTALL, id: 'two', how }];
    const boot = machine(menuOf(entries, [peerOf(OTHER, entries)]), ['two'], {
      isThere: (url) => hostOf(url) === OTHER || !url.endsWith('/isos/b'),
    });
    const urls = [boot.kernel, ...boot.initrds].map((url) => url.replace('tftp:', 'http:'));
    assert.deepEqual(
      urls,
      ['k', 'a', 'b'].map((name) => `http://${OTHER}/isos/${name}`),
    );
  });

  test(`${loader}: both dead, each is asked once and the menu comes back, beginning with its own node`, () => {
    const dead = machine(menu, [withInitrd], { isThere: isMenu });
    assert.equal(dead.outcome, 'menu');
    assert.deepEqual(dead.asked.filter((url) => !isMenu(url)).map(hostOf), [OWN, OTHER]);
    let asked = 0;
    const later: World = { isThere: (url) => isMenu(url) || asked++ >= 2 };
    const boot = machine(menu, [withInitrd, 'memtest-x64'], later);
    assert.deepEqual([boot.outcome, hostOf(boot.kernel)], ['booted', OWN]);
  });

  test(`${loader}: an entry that no other node has is asked for here alone`, () => {
    const own = menuOf(ALL, [
      peerOf(
        OTHER,
        ALL.filter(({ id }) => id !== withInitrd),
      ),
    ]);
    const boot = machine(own, [withInitrd], { isThere: isMenu });
    assert.equal(boot.outcome, 'menu');
    assert.deepEqual([...new Set(boot.asked.map(hostOf))], [OWN]);
    assert.equal(machine(own, ['memtest-x64'], whereLives(OTHER)).outcome, 'booted', 'others still are');
  });
}

const MINTS = entriesFrom([imageOf('mint.iso', MINT, { etag: '"a"' })]);
const [MINT_NFS, MINT_LIVE] = MINTS;
assert.ok(MINT_NFS && MINT_LIVE);

/** Every spelling of a folder over NFS that the tables have. */
const SPELLINGS = [
  'nfsroot={nfs}',
  'root=live:nfs://{node}{path}/LiveOS/squashfs.img',
  'inst.repo=nfs:nfsvers=3:{nfs}',
  'install=nfs://{node}{path}',
  'netboot=nfs://{nfs}',
];
for (const [loader, machine] of Object.entries(MACHINES)) {
  test(`${loader}: what streams is read from the node that its kernel came from, by that node's name for the image`, () => {
    const how = { ...CASPER_NFS.how, arguments: SPELLINGS } as typeof CASPER_NFS.how;
    const image = imageOf('mint.iso', { ...MINT, entries: [{ ...CASPER_NFS, how }] }, { etag: '"a"' });
    const entries = entriesFrom([image]);
    const menu = menuOf(entries, [{ ...peerOf(OTHER, entries, { mint: 'mint-22.3' }), httpPort: 8080 }]);
    const wordsFrom = (world: World): readonly string[] =>
      machine(menu, [entries[0]?.id ?? ''], world).words.filter((word) => word.includes('nfs'));
    const at = (node: string, alias: string): readonly string[] =>
      SPELLINGS.map((word) =>
        word.replace('{nfs}', '{node}:{path}').replace('{node}', node).replace('{path}', `/tree/${alias}`),
      );
    assert.deepEqual(wordsFrom(whereLives(OWN, OTHER)), at(OWN, 'mint'));
    assert.deepEqual(wordsFrom(butOwn), at(OTHER, 'mint-22.3'));
  });

  test(`${loader}: a node that does not serve NFS is no second one for what streams, and is for the rest`, () => {
    const images = [imageOf('mint.iso', MINT, { etag: '"a"' })];
    const menu = menuOf(MINTS, [peerOf(OTHER, entriesFrom(images, 'en', new Set(['http', 'tftp'])))]);
    const [streams, whole] = [MINT_NFS.id, MINT_LIVE.id].map((id) => machine(menu, [id], butOwn));
    assert.deepEqual([streams?.outcome, whole?.outcome], ['menu', 'booted']);
    assert.ok(!streams?.asked.some((url) => hostOf(url) === OTHER));
  });
}

test('GRUB and iPXE start the same from the second node, on UEFI', () => {
  const menu = menuOf(ALL, [peerOf(OTHER, ALL, { win11: 'w' })]);
  for (const id of chosen(menu, 'GRUB with HTTP')) {
    const theirs = MACHINES['GRUB with HTTP'](menu, [id], whereLives(OTHER, ELSEWHERE));
    const ours = MACHINES['iPXE, UEFI'](menu, [id], whereLives(OTHER, ELSEWHERE));
    const bare = ({ kernel, words, initrds }: Boot) => ({
      kernel: kernel.replace(/^tftp/, 'http'),
      words: words.filter((word) => !/^(initrd|BOOTIF)=/.test(word)),
      initrds: initrds.map((file) => file.replace(/^tftp/, 'http')),
    });
    assert.deepEqual(bare(theirs), bare(ours), id);
  }
});

test('the menu of pxelinux is the same with and without other nodes', () => {
  const client = { name: 'default', machine: undefined, transport: 'http' } as const;
  assert.equal(renderPxelinux(menuOf(ALL, [peerOf(OTHER, ALL)]), client), renderPxelinux(menuOf(ALL, []), client));
});

const good = peerOf(OTHER, MINTS);
const listed = (change: object): Peer => ({ ...good, entries: good.entries.map((entry) => ({ ...entry, ...change })) });
const refused: readonly { readonly name: string; readonly peer: Peer; readonly entries?: readonly Entry[] }[] = [
  { name: 'lists nothing', peer: { ...good, entries: [] } },
  { name: 'lists another entry', peer: listed({ id: 'other' }) },
  { name: 'has another image of that name', peer: listed({ etag: '"b"' }) },
  { name: 'does not know its ETag yet', peer: listed({ etag: undefined }) },
  {
    name: 'and this one do not know their ETags yet',
    peer: listed({ etag: undefined }),
    entries: entriesFrom([imageOf('mint.iso', MINT)]),
  },
  { name: 'does not say what it calls the image', peer: listed({ alias: undefined }) },
  { name: 'has an image where this one has none', peer: listed({ id: INSTALL.id }), entries: [INSTALL] },
  { name: 'is this one', peer: { ...good, address: OWN as Ipv4 } },
  { name: 'has no port', peer: { ...good, httpPort: 0 } },
  { name: 'has a port that is none', peer: { ...good, httpPort: 80.5 } },
  { name: 'has no address', peer: { ...good, address: '${x}' as Ipv4 } },
  ...['', '.', '..', 'a b', 'a\nshell', '${x}', '$x', '"', "'", '{alias}', '/etc', 'x'.repeat(200)].map((alias) => ({
    name: `calls the image ${JSON.stringify(alias.slice(0, 20))}`,
    peer: listed({ alias }),
  })),
];
for (const { name, peer, entries = MINTS } of refused) {
  test(`no second node is one that ${name}`, () => {
    const menu = menuOf(entries, [peer]);
    assert.equal(menu.seconds.size, 0);
    assert.equal(renderIpxe(menu), renderIpxe(menuOf(entries, [])));
    assert.equal(renderGrub(menu), renderGrub(menuOf(entries, [])));
  });
}

test('a second node is of no use for the local disk, and for what comes from elsewhere whole', () => {
  const how = { kind: 'linux' as const, kernel: 'http://172.16.0.99/vmlinuz', initrds: [], arguments: ['quiet'] };
  const entries: readonly Entry[] = [
    { ...INSTALL, id: 'own-disk', how: { kind: 'local' } },
    { ...INSTALL, id: 'elsewhere', how },
    { ...INSTALL, id: 'half', how: { ...how, arguments: ['preseed={http}/isos/x.cfg'] } },
  ];
  assert.deepEqual([...menuOf(entries, [peerOf(OTHER, entries)]).seconds.keys()], ['half']);
});

test('the first node that has an entry is its second one, each entry for itself', () => {
  const half = [peerOf('172.16.0.12', [MINT_NFS]), peerOf('172.16.0.13', [MINT_LIVE])];
  const { seconds } = menuOf(MINTS, half);
  assert.deepEqual(
    MINTS.map(({ id }) => seconds.get(id)?.address),
    ['172.16.0.12', '172.16.0.13'],
  );
});

test('clients spread over the other nodes, and each hears the same again', () => {
  const nodes = [11, 12, 13, 14].map((n) => peerOf(`172.16.0.${n}`, MINTS));
  const secondOf = (client: string, among = nodes) =>
    menuOf(MINTS, among, client as Ipv4).seconds.get(MINT_LIVE.id)?.address;
  const clients = Array.from({ length: 200 }, (_, i) => `172.16.1.${i}`);
  const shares = Map.groupBy(clients, (client) => secondOf(client));
  assert.equal(shares.size, 4);
  for (const [node, share] of shares) assert.ok(share.length >= 30 && share.length <= 70, `${node}: ${share.length}`);
  for (const client of clients) assert.equal(secondOf(client, nodes.toReversed()), secondOf(client), 'in any order');
  const [gone] = nodes;
  for (const client of clients) {
    const before = secondOf(client);
    if (before !== gone?.address)
      assert.equal(secondOf(client, nodes.slice(1)), before, 'only those of a dead one move');
  }
});

test('a known MAC decides, wherever the machine asks from', () => {
  const nodes = [11, 12, 13, 14].map((n) => peerOf(`172.16.0.${n}`, MINTS));
  const [first, ...more] = ['172.16.1.1', '172.16.1.2', '172.16.1.3', '172.16.1.4'].map((clientAddress) => {
    const place = { visit: { ...VISIT, clientAddress: clientAddress as Ipv4 }, loaders: LOADERS };
    return planMenu(MINTS, { ...SETTINGS, peers: nodes }, place, parseMac('52:54:00:00:00:01')).seconds;
  });
  for (const seconds of more) assert.deepEqual(seconds, first);
});

test('of a hundred nodes the most suitable are considered', () => {
  const nodes = Array.from({ length: 100 }, (_, i) => peerOf(`172.16.0.${i + 11}`, MINTS));
  const seen = new Set<string | undefined>();
  for (let i = 0; i < 200; i++)
    seen.add(menuOf(MINTS, nodes, `172.16.1.${i}` as Ipv4).seconds.get(MINT_LIVE.id)?.address);
  assert.deepEqual(
    [...seen].sort(),
    nodes
      .slice(0, 16)
      .map(({ address }) => address)
      .sort(),
  );
});

test('menus of sixty images grow by a third at most', () => {
  const images = Array.from({ length: 60 }, (_, i) =>
    imageOf(`some-distribution-${i}-desktop-amd64.iso`, { ...UBUNTU_MATE, version: `${i}.04` }, { etag: `"${i}"` }),
  );
  const entries = entriesFrom(images);
  const [alone, both] = [menuOf(entries, []), menuOf(entries, [peerOf(OTHER, entries)])];
  assert.equal(both.seconds.size, 120);
  for (const render of [renderGrub, renderIpxe]) {
    const [before, after] = [render(alone).length, render(both).length];
    assert.ok(after < before * 1.34 && after < 128 * 1024, `${before} -> ${after}`);
  }
});

const LONG = { alias: 'mint-22', suffix: '.iso' };
const renames = [
  { word: 'iso-url={http}/isos/mint-22.iso', want: 'iso-url={http}/isos/other.iso' },
  { word: 'nfsroot={node}:/tree/mint-22', want: 'nfsroot={node}:/tree/other' },
  { word: 'mirror/http/directory=/tree/mint-22', want: 'mirror/http/directory=/tree/other' },
  { word: 'x={http}/tree/mint-22.iso/a/b', want: 'x={http}/tree/other.iso/a/b' },
  { word: 'x={http}/tree/mint-22/a/b', want: 'x={http}/tree/other/a/b' },
  { word: '{http}/isos/mint-22.iso,{http}/isos/mint-22.iso', want: '{http}/isos/other.iso,{http}/isos/other.iso' },
  { word: 'x={http}/isos/mint-22.1.iso', want: 'x={http}/isos/mint-22.1.iso' },
  { word: 'x={http}/isos/mint-22.isos', want: 'x={http}/isos/mint-22.isos' },
  { word: 'x={http}/isos/mint-22-beta.iso', want: 'x={http}/isos/mint-22-beta.iso' },
  { word: 'x={http}/isos/old-mint-22.iso', want: 'x={http}/isos/old-mint-22.iso' },
  { word: 'x=http://172.16.0.99/isos/mint-22.iso', want: 'x=http://172.16.0.99/isos/mint-22.iso' },
  { word: 'x=http://mirror.lan/isos/mint-22.iso', want: 'x=http://mirror.lan/isos/mint-22.iso' },
];
for (const { word, want } of renames) {
  test(`an image by another name: ${word}`, () => {
    const how = { kind: 'linux' as const, kernel: `${insideOf(LONG)}/k`, initrds: [], arguments: [word] };
    assert.deepEqual(renamed(how, LONG, 'other'), { ...how, kernel: '/tree/other.iso/k', arguments: [want] });
  });
}
