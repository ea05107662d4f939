/** The generated names: which there are, for whom, and how long an answer stays the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompanionFacts } from '../../src/core/companion.ts';
import type { Content, Visit } from '../../src/core/content.ts';
import type { CatalogImage, Transport } from '../../src/core/image.ts';
import type { Peer } from '../../src/core/swarm.ts';
import { type MenuDeps, type MenuSettings, menuContent } from '../../src/menu/routes.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';
import { folderOf, installerFiles, pattern, SETTINGS, VISIT } from './fixtures.ts';
import { entriesFrom, FEDORA, imageOf, MINT, NETINST, peerOf, SIGNED } from './images.ts';

function node(settings: Partial<MenuSettings> = {}, changes: Partial<MenuDeps> = {}) {
  const files: Record<string, string | number> = installerFiles('/isos/d12/amd64');
  const host: FakeHost = fakeHost();
  let looks = 0;
  const folder = folderOf(files);
  const deps: MenuDeps = {
    ...folder,
    listImages: async (path) => {
      if (path === '/isos') looks++;
      return folder.listImages(path);
    },
    hasLoader: (name) => name === 'chain.c32',
    host,
    ...changes,
  };
  const menu = menuContent(() => ({ ...SETTINGS, ...settings }), deps);
  return { menu, files, host, looks: () => looks };
}

async function contentOf(menu: ReturnType<typeof menuContent>, path: string, visit: Visit = VISIT): Promise<Content> {
  const opened = await menu.open(path, visit);
  assert.ok(opened?.kind === 'file', `${path} is no file`);
  return opened.content;
}

async function textOf(menu: ReturnType<typeof menuContent>, path: string, visit: Visit = VISIT): Promise<string> {
  const content = await contentOf(menu, path, visit);
  const bytes = new Uint8Array(content.sizeBytes);
  assert.equal(await content.read(bytes, 0), bytes.length);
  return new TextDecoder().decode(bytes);
}

const CLIENTS = [{ mac: pattern('52:54:00:77:*'), boot: 'debian-12-amd64' }];
const names = [
  { path: '/boot/pxelinux.cfg/default', want: 'file' },
  { path: '/boot/grub/grub.cfg', want: 'file' },
  { path: '/grub/grub.cfg', want: 'file' },
  { path: '/grub/grub.cfg-01-52:54:00:00:00:01', want: 'file' },
  { path: '/grub/grub.cfg-01-52-54-00-00-00-01', want: 'file' },
  { path: '/boot/boot.ipxe', want: 'file' },
  { path: '/grub/theme.txt', want: 'file' },
  { path: '/boot/grub/theme.txt', want: 'file' },
  { path: '/grub/select_c.png', want: 'file' },
  { path: '/grub/select_n.png', want: 'undefined' },
  { path: '/boot/pxelinux.cfg/01-52-54-00-77-00-01', want: 'file' },
  { path: '/boot/pxelinux.cfg/01-52-54-00-00-00-01', want: 'missing not-found' },
  { path: '/boot/pxelinux.cfg/01-52-54-00-77-00', want: 'undefined' },
  { path: '/boot/pxelinux.cfg/default.i386', want: 'file' },
  { path: '/boot/pxelinux.cfg/default.x86_64', want: 'file' },
  { path: '/boot/pxelinux.cfg/default.arm64', want: 'undefined' },
  { path: '/boot/pxelinux.cfg/01-52-54-00-77-00-01.i386', want: 'file' },
  { path: '/boot/pxelinux.cfg/01-52-54-00-00-00-01.i386', want: 'missing not-found' },
  { path: '/boot/tftp/pxelinux.cfg/default', want: 'file' },
  { path: '/boot/tftp/pxelinux.cfg/01-52-54-00-77-00-01', want: 'file' },
  { path: '/boot/tftp/pxelinux.cfg/01-52-54-00-00-00-01', want: 'missing not-found' },
  { path: '/boot/tftp/boot.ipxe', want: 'undefined' },
  { path: '/boot/pxelinux.cfg/AC1000', want: 'undefined' },
  { path: '/boot/pxelinux.cfg', want: 'undefined' },
  { path: '/grub/x86_64-efi/grub.cfg', want: 'undefined' },
  { path: '/grub/grub.cfg-01-xx', want: 'undefined' },
  { path: '/boot/lpxelinux.0', want: 'undefined' },
  { path: '/isos/x', want: 'undefined' },
];
for (const { path, want } of names) {
  test(`${path}: ${want}`, async () => {
    const opened = await node({ clients: CLIENTS }).menu.open(path, VISIT);
    const shown = opened?.kind === 'missing' ? `missing ${opened.reason}` : `${opened?.kind}`;
    assert.equal(shown, want);
  });
}

test('without rows no client has a menu of its own, and nobody asks for one', async () => {
  const { menu } = node();
  const own = await menu.open('/boot/pxelinux.cfg/01-52-54-00-77-00-01', VISIT);
  assert.deepEqual(own, { kind: 'missing', reason: 'not-found' });
  assert.doesNotMatch(await textOf(menu, '/boot/boot.ipxe'), /chain/);
});

test("a client's menu keeps to its row by whatever way pxelinux comes to it: processor, TFTP alone", async () => {
  const { menu } = node({ clients: CLIENTS }, { hasLoader: () => true });
  const own = '01-52-54-00-77-00-01';
  assert.ok((await textOf(menu, `/boot/pxelinux.cfg/${own}`)).includes(`CONFIG pxelinux.cfg/${own}.x86_64\n`));
  for (const folder of ['/boot', '/boot/tftp']) {
    const text = await textOf(menu, `${folder}/pxelinux.cfg/${own}.x86_64`);
    assert.match(text, /LABEL debian-12-amd64\n.*\n {2}MENU DEFAULT/);
    assert.match(text, /^TIMEOUT 50$/m);
    assert.equal(text.includes('tftp://172.16.0.10/isos/'), folder === '/boot/tftp');
    assert.equal(text.includes('http://172.16.0.10/isos/'), folder === '/boot');
    assert.doesNotMatch(await textOf(menu, `${folder}/pxelinux.cfg/${own}.i386`), /debian-12-amd64/);
  }
});

test('what is shown to the operator is a menu, not the choice by processor', async () => {
  const { menu } = node({}, { hasLoader: () => true });
  assert.match(await menu.render('pxelinux', VISIT), /^UI vesamenu\.c32\n[\s\S]*LABEL debian-12-amd64\n/);
});

test("boot.ipxe?mac= is that client's; a MAC that is none gives the generic one", async () => {
  const { menu } = node({ clients: CLIENTS });
  const ask = (mac: string) => textOf(menu, '/boot/boot.ipxe', { ...VISIT, query: new URLSearchParams({ mac }) });
  assert.match(await ask('52-54-00-77-00-01'), /^set menu-default debian-12-amd64$/m);
  assert.match(await ask('52-54-00-00-00-01'), /^set menu-default local$/m);
  assert.doesNotMatch(await ask('52-54-00-00-00-01'), /chain/);
  assert.match(await ask('zz'), /^chain --replace/m);
});

test('a changed folder shows within two seconds; a hall that starts at once costs one look', async () => {
  const { menu, files, host, looks } = node();
  await Promise.all(Array.from({ length: 200 }, () => textOf(menu, '/boot/boot.ipxe')));
  assert.equal(looks(), 1);
  files['/isos/menu.yaml'] = 'entries:\n  - { title: New one, kernel: d12/amd64/text/debian-installer/amd64/linux }\n';
  host.clock.advance(1999);
  assert.doesNotMatch(await textOf(menu, '/boot/boot.ipxe'), /New one/);
  host.clock.advance(1);
  assert.match(await textOf(menu, '/boot/boot.ipxe'), /New one/);
  assert.equal(looks(), 2);
  assert.equal(host.clock.pendingTimers, 0);
});

test('equal bytes have an equal strong ETag and keep their date; other bytes have another [RFC 9110 §8.8]', async () => {
  const { menu, host } = node();
  const first = await contentOf(menu, '/grub/grub.cfg');
  host.clock.advance(60_000);
  const later = await contentOf(menu, '/grub/grub.cfg');
  assert.match(first.etag, /^"[\da-f]{32}"$/);
  assert.deepEqual([later.etag, later.modifiedMs], [first.etag, first.modifiedMs]);
  const elsewhere = await contentOf(menu, '/grub/grub.cfg', { ...VISIT, localAddress: '10.0.0.1' });
  assert.notEqual(elsewhere.etag, first.etag);
  assert.equal(elsewhere.modifiedMs, first.modifiedMs + 60_000);
  assert.equal((await contentOf(node().menu, '/grub/grub.cfg')).etag, first.etag, 'another node says the same');
});

test('a folder that cannot be read leaves a menu with the local disk, and a fault', async () => {
  const listImages = async () => {
    throw Object.assign(new Error('no'), { code: 'EACCES' });
  };
  const { menu } = node({}, { listImages });
  assert.match(await textOf(menu, '/boot/pxelinux.cfg/default'), /LABEL local/);
  assert.match(menu.faults()[0]?.problem ?? '', /EACCES.*permissions/);
});

test('loaders that cannot be looked at leave the menu as it was, and one line in the log', async () => {
  let isBroken = false;
  const hasLoader = async () => {
    if (isBroken) throw new Error('gone');
    return true;
  };
  const { menu, host } = node({}, { hasLoader });
  const before = await textOf(menu, '/boot/pxelinux.cfg/default');
  isBroken = true;
  host.clock.advance(5000);
  assert.equal(await textOf(menu, '/boot/pxelinux.cfg/default'), before);
  assert.deepEqual(
    host.log.lines.map((line) => line.event),
    ['look-failed'],
  );
});

const YAML = 'entries:\n  - { title: Mine, kernel: d12/amd64/text/debian-installer/amd64/linux }\n';

test('the catalogue is made once a look, and menu files are parsed again only when they or their files change', async () => {
  const { menu, files, host } = node();
  const kernel = '/isos/d12/amd64/text/debian-installer/amd64/linux';
  files['/isos/menu.yaml'] = YAML;
  const first = await menu.entries();
  await textOf(menu, '/boot/pxelinux.cfg/default');
  assert.equal(await menu.entries(), first);
  const mine = async () => {
    host.clock.advance(2000);
    return (await menu.entries()).find(({ id }) => id === 'mine');
  };
  assert.ok(first.includes((await mine()) ?? assert.fail()), 'the next look has the same entry');
  delete files[kernel];
  assert.equal(await mine(), undefined);
  files[kernel] = 1;
  assert.ok(await mine());
  files['/isos/menu.yaml'] = YAML.replace('Mine', 'Other');
  assert.equal(await mine(), undefined);
});

test('a slow look holds up nobody but the first: others get the last menu, then the new one', async () => {
  const folder = folderOf(installerFiles('/isos/d12/amd64'));
  const gate = { wait: Promise.resolve() };
  const listImages: MenuDeps['listImages'] = async (path) => {
    await gate.wait;
    return folder.listImages(path);
  };
  const { menu, host } = node({}, { ...folder, listImages });
  assert.match(await textOf(menu, '/boot/boot.ipxe'), /debian-12-amd64/);
  let open = (): void => {};
  gate.wait = new Promise((resolve) => {
    open = resolve;
  });
  host.clock.advance(5000);
  const impatient = textOf(menu, '/boot/boot.ipxe');
  await new Promise(setImmediate);
  host.clock.advance(250);
  assert.match(await impatient, /debian-12-amd64/);
  assert.match(await textOf(menu, '/boot/boot.ipxe'), /debian-12-amd64/, 'at once from then on');
  open();
  await new Promise(setImmediate);
  assert.equal(host.clock.pendingTimers, 0);
});

test('each mistake in menu files is logged once, and again when it comes back', async () => {
  const { menu, files, host } = node();
  const logged = async (): Promise<readonly unknown[]> => {
    host.clock.advance(2000);
    const before = host.log.lines.length;
    await textOf(menu, '/boot/boot.ipxe');
    return host.log.lines.slice(before).map(({ event, file, line, what }) => `${event} ${file}:${line} ${what}`);
  };
  assert.deepEqual(await logged(), []);
  files['/isos/a.yaml'] = 'entries:\n  - title: x\n';
  const want = 'fault /isos/a.yaml:2 entries[0]: want exactly one of kernel, chain, memdisk, local';
  assert.deepEqual(await logged(), [want]);
  assert.deepEqual(await logged(), []);
  files['/isos/a.yaml'] = `entries:\n${'  - title: x\n'.repeat(30)}`;
  const many = await logged();
  const second = 'fault /isos/a.yaml:3 entries[1]: want exactly one of kernel, chain, memdisk, local';
  assert.deepEqual([many.length, many[0]], [21, second], 'what was told already is not told again');
  assert.equal(many[20], 'more-faults undefined:undefined undefined');
  files['/isos/a.yaml'] = YAML;
  assert.deepEqual(await logged(), []);
  files['/isos/a.yaml'] = 'entries:\n  - title: x\n';
  assert.deepEqual(await logged(), [want], 'the same again, after it was put right');
});

test('faults name menu files and ids that no entry has', async () => {
  const { menu, files } = node({ default: 'typo', clients: [{ mac: pattern('*'), boot: 'none' }] });
  files['/isos/a.yaml'] = 'entries:\n  - title: x\n';
  files['/isos/b.yml'] = 'entries:\n  - { title: Fine, local: true }\n';
  files['/isos/c.yaml'] = 'x'.repeat(300_000);
  files['/isos/notes.txt'] = 'entries: [';
  const ids = (await menu.entries()).map((entry) => entry.id);
  assert.ok(ids.includes('fine'));
  assert.deepEqual(
    menu.faults().map((fault) => `${fault.file ?? ''}:${fault.line ?? ''} ${fault.path}`),
    ['/isos/c.yaml: ', '/isos/a.yaml:2 entries[0]', ': menu.default', ': clients *'],
  );
});

test('two entries of one name get ids of their own', async () => {
  const { menu, files } = node();
  files['/isos/a.yaml'] = 'entries:\n  - { title: Same, local: true }\n  - { title: Same, local: true }\n';
  const ids = (await menu.entries()).map((entry) => entry.id);
  assert.deepEqual(ids.slice(-2), ['same', 'same-2']);
});

test('memory tests stand in the menu when their files are in boot/', async () => {
  const { menu } = node({}, { hasLoader: (name) => name.startsWith('memtest86+x64') });
  const entry = (await menu.entries()).find(({ id }) => id === 'memtest-x64');
  assert.deepEqual(entry?.firmware, ['bios', 'uefi']);
  assert.match(
    await textOf(menu, '/boot/boot.ipxe'),
    /iseq \$\{platform\} efi && set kernel \$\{base\}\/boot\/memtest86\+x64\.efi \|\|/,
  );
});

const ubuntu = imageOf('old/Mint 22.iso', MINT);

test('images stand in the menus as soon as the catalogue has them, without another look at the folder', async () => {
  let images: readonly CatalogImage[] = [];
  const { menu, looks } = node({}, { images: () => images });
  assert.doesNotMatch(await textOf(menu, '/boot/boot.ipxe'), /Mint/);
  images = [ubuntu];
  assert.match(await textOf(menu, '/boot/boot.ipxe'), /^:linux-mint-22-cinnamon-amd64$/m);
  assert.equal(looks(), 1);
});

test('the catalogue of entries stays the same one while look, images and settings do', async () => {
  let images: readonly CatalogImage[] = [ubuntu];
  const { menu } = node({}, { images: async () => images });
  const first = await menu.entries();
  assert.equal(await menu.entries(), first);
  images = [ubuntu];
  assert.notEqual(await menu.entries(), first);
});

test('transports: what is served decides, HTTP and TFTP where nothing is said', async () => {
  const idsWith = async (transports?: MenuSettings['transports']): Promise<readonly string[]> => {
    const { menu } = node(transports ? { transports } : {}, { images: () => [ubuntu] });
    return (await menu.entries()).map(({ id }) => id).filter((id) => id.startsWith('linux-mint'));
  };
  assert.deepEqual(await idsWith(), ['linux-mint-22-cinnamon-amd64']);
  assert.deepEqual(await idsWith(new Set(['nfs', 'http'])), [
    'linux-mint-22-cinnamon-amd64-nfs',
    'linux-mint-22-cinnamon-amd64',
  ]);
});

test('NFS that comes and goes while the node runs is followed at once, also where it is the same set that changes', async () => {
  const transports = new Set<Transport>(['http', 'tftp']);
  const images = [ubuntu];
  const { menu, looks } = node({ transports, default: 'linux-mint-22-cinnamon-amd64-nfs' }, { images: () => images });
  const grub = '/boot/grub/grub.cfg';
  const held = async () => (await menu.offers())[0]?.heldBack.map(({ id }) => id);
  const seen = async () => [(await textOf(menu, grub)).includes('nfsroot='), await held(), menu.faults().length];
  const without = [false, ['linux-mint-22-cinnamon-amd64-nfs'], 1];
  assert.deepEqual(await seen(), without);
  transports.add('nfs');
  assert.deepEqual(await seen(), [true, [], 0]);
  assert.match(await textOf(menu, grub), /^set default='linux-mint-22-cinnamon-amd64-nfs'$/m);
  transports.delete('nfs');
  assert.deepEqual(await seen(), without);
  assert.equal(looks(), 1);
});

test('a companion kernel that is brought while the node runs gives the entry; what is missing is no fault', async () => {
  const there = new Map<string, CompanionFacts>();
  const { menu, host } = node({}, { images: () => [imageOf('d.iso', NETINST)], companions: () => new Map(there) });
  const has = async () => (await menu.entries()).some(({ id }) => id === 'debian-12.5.0-netinst-amd64');
  assert.equal(await has(), false);
  const says = async () => (await menu.offers())[0]?.heldBack.map((held) => held.says).join();
  assert.match((await says()) ?? '', /node dist\/fnode\.js loaders install --for "d\.iso"$/);
  assert.deepEqual(menu.faults(), []);
  there.set('debian-12-amd64', SIGNED);
  host.clock.advance(2000);
  assert.equal(await has(), true);
  assert.equal(await says(), '');
});

const besides = [
  { yaml: '/isos/old/Mint 22.yaml', isTaken: true },
  { yaml: '/isos/old/Mint 22.iso.yaml', isTaken: true },
  { yaml: '/isos/old/Mint 22.yml', isTaken: true },
  { yaml: '/isos/old/mint 22.yaml', isTaken: false },
  { yaml: '/isos/old/other.yaml', isTaken: false },
  { yaml: '/isos/other/Mint 22.yaml', isTaken: false },
  { yaml: '/isos/old/.Mint 22.yaml', isTaken: false },
];
for (const { yaml, isTaken } of besides) {
  test(`${yaml} is ${isTaken ? '' : 'not '}the file of old/Mint 22.iso`, async () => {
    const { menu, files } = node({}, { images: () => [ubuntu] });
    files['/isos/old/Mint 22.iso'] = 1;
    files[yaml] = 'title: Exam\n';
    const entry = (await menu.entries()).find(({ id }) => id === 'linux-mint-22-cinnamon-amd64');
    assert.equal(entry?.title, isTaken ? 'Exam (64-bit): live' : '22 Cinnamon (64-bit): live');
    assert.deepEqual(menu.faults(), []);
  });
}

test('a file beside an image is read again when it changes, and its mistakes are told', async () => {
  const { menu, files, host } = node({}, { images: () => [ubuntu] });
  files['/isos/old/Mint 22.iso'] = 1;
  const titleWith = async (text: string) => {
    files['/isos/old/Mint 22.yaml'] = text;
    host.clock.advance(2000);
    return (await menu.entries()).find(({ id }) => id === 'linux-mint-22-cinnamon-amd64')?.title;
  };
  assert.equal(await titleWith('title: One'), 'One (64-bit): live');
  assert.equal(await titleWith('title: Two'), 'Two (64-bit): live');
  assert.equal(await titleWith('title: [x]'), 'Two (64-bit): live', 'as it was before');
  assert.match(
    menu
      .faults()
      .map((fault) => `${fault.file}:${fault.line} ${fault.problem}`)
      .join(),
    /Mint 22\.yaml:1 want one .*; until then the file counts as it was before$/,
  );
});

test('ids of images can be defaults and stand in the MAC table; entries of others keep theirs', async () => {
  const clients = [{ mac: pattern('52:54:00:77:*'), boot: 'fedora-41-server-amd64' }];
  const { menu, files } = node({ clients }, { images: () => [imageOf('f.iso', FEDORA)] });
  assert.match(
    await textOf(menu, '/boot/pxelinux.cfg/01-52-54-00-77-00-01'),
    /LABEL fedora-41-server-amd64\n.*\n {2}MENU DEFAULT/,
  );
  files['/isos/own.yaml'] = 'entries: [{ id: debian-12-amd64, title: x, local: true }]';
  assert.deepEqual(menu.faults(), []);
  const ids = (await menu.entries()).map(({ id }) => id);
  assert.ok(ids.indexOf('fedora-41-server-amd64') < ids.indexOf('debian-12-amd64'), 'images come first');
});

test('an id that no entry has is told once all images are read: one of them may be meant', async () => {
  let state: CatalogImage['state'] = 'reading';
  const { menu } = node({ default: 'fedora-41' }, { images: () => [imageOf('f.iso', FEDORA, { state })] });
  await menu.entries();
  assert.deepEqual(menu.faults(), []);
  state = 'ready';
  await menu.entries();
  assert.match(
    menu.faults()[0]?.problem ?? '',
    /no entry is called "fedora-41": .*; the nearest are fedora-41-server-amd64, fedora-41-server-amd64-rescue$/,
  );
});

test('images that cannot be asked for leave the menu as it was, and a line in the log', async () => {
  let isBroken = false;
  const images = async () => {
    if (isBroken) throw new Error('gone');
    return [ubuntu];
  };
  const { menu, host } = node({}, { images });
  const before = await textOf(menu, '/boot/boot.ipxe');
  isBroken = true;
  assert.equal(await textOf(menu, '/boot/boot.ipxe'), before);
  assert.deepEqual(
    host.log.lines.map(({ event }) => event),
    ['images-failed'],
  );
});

test("GRUB's picture has the colour of the selected line", async () => {
  const pixel = async (selected: string) => {
    const { menu } = node({ colors: { ...SETTINGS.colors, selected } });
    return (await contentOf(menu, '/grub/select_c.png')).etag;
  };
  assert.equal(await pixel('#112233'), await pixel('#112233'));
  assert.notEqual(await pixel('#112233'), await pixel('#112234'));
});

const FROM_FLINK = [{ mac: '52:54:00:77:*', boot: 'debian-12-amd64' }];

test("a row of flink's makes menus for that client in each format, and the generic ones ask for them", async () => {
  const { menu } = node({ boots: FROM_FLINK });
  const own = await textOf(menu, '/boot/pxelinux.cfg/01-52-54-00-77-00-01');
  assert.match(own, /LABEL debian-12-amd64\n.*\n {2}MENU DEFAULT/);
  assert.match(own, /^TIMEOUT 50$/m);
  assert.equal((await menu.open('/boot/pxelinux.cfg/01-52-54-00-78-00-01', VISIT))?.kind, 'missing');
  assert.match(await textOf(menu, '/grub/grub.cfg'), /configfile/);
  assert.match(await textOf(menu, '/grub/grub.cfg-01-52:54:00:77:00:01'), /^set default='debian-12-amd64'$/m);
  const query = new URLSearchParams({ mac: '52-54-00-77-00-01' });
  assert.match(await textOf(menu, '/boot/boot.ipxe'), /^chain --replace/m);
  assert.match(await textOf(menu, '/boot/boot.ipxe', { ...VISIT, query }), /^set menu-default debian-12-amd64$/m);
});

test("a row of flink's that names what this node lacks leaves the default, and is no mistake of this node's", async () => {
  const { menu } = node({ boots: [{ mac: '*', boot: 'elsewhere' }] });
  assert.match(await textOf(menu, '/grub/grub.cfg-01-52:54:00:77:00:01'), /^set default='local'$/m);
  await menu.entries();
  assert.deepEqual(menu.faults(), []);
});

test('other nodes come and go without another look at the folder', async () => {
  const here = imageOf('old/Mint 22.iso', MINT, { etag: '"e"' });
  let peers: readonly Peer[] = [];
  const host = fakeHost();
  let looks = 0;
  const listImages = async () => {
    looks++;
    return { kind: 'there' as const, seen: [] };
  };
  const deps = { ...folderOf({}), listImages, hasLoader: () => false, images: () => [here], host };
  const menu = menuContent(() => ({ ...SETTINGS, peers }), deps);
  assert.doesNotMatch(await textOf(menu, '/boot/boot.ipxe'), /172\.16\.0\.11/);
  peers = [peerOf('172.16.0.11', entriesFrom([here]))];
  assert.match(await textOf(menu, '/boot/boot.ipxe'), /^set base http:\/\/172\.16\.0\.11$/m);
  assert.equal(looks, 1);
});
