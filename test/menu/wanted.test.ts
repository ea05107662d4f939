/** Ids that the configuration names: what is said of one that is in no menu, and what the menu does meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMac } from '../../src/core/addr.ts';
import type { CatalogImage } from '../../src/core/image.ts';
import { nearestIds } from '../../src/menu/nearest.ts';
import { type MenuDeps, type MenuSettings, menuContent } from '../../src/menu/routes.ts';
import { fakeHost } from '../support/fakes.ts';
import { folderOf, pattern, SETTINGS, VISIT } from './fixtures.ts';
import { FEDORA, imageOf, MINT, NETINST } from './images.ts';

const IDS = [
  'local',
  'linux-mint-22-cinnamon-amd64',
  'linux-mint-22-mate-amd64',
  'linux-mint-22-xfce-amd64',
  'linux-mint-21-xfce-amd64',
  'linux-mint-21-mate-amd64',
  'linux-mint-21-cinnamon-amd64',
  'ubuntu-24.04-amd64',
  'ubuntu-mate-22.04.4-amd64',
  'debian-12-amd64',
];
const near = [
  { wanted: 'debain-12-amd64', want: ['debian-12-amd64'] },
  { wanted: 'ubuntu-24-04-amd64', want: ['ubuntu-24.04-amd64', 'ubuntu-mate-22.04.4-amd64'] },
  { wanted: 'locl', want: ['local'] },
  { wanted: 'Debian-12-AMD64', want: ['debian-12-amd64'] },
  { wanted: 'freedos', want: [] },
  { wanted: 'ub', want: ['ubuntu-24.04-amd64', 'ubuntu-mate-22.04.4-amd64'] },
  { wanted: '', want: [] },
];
for (const { wanted, want } of near) {
  test(`meant by ${JSON.stringify(wanted)}: ${want.join(', ') || 'nobody knows'}`, () => {
    if (wanted !== '') assert.deepEqual(nearestIds(wanted, IDS), want);
    else assert.ok(nearestIds(wanted, IDS).length <= 5);
  });
}

test('of many that are near, the five nearest', () => {
  const all = nearestIds('linux-mint-22-cinnamon', IDS);
  assert.deepEqual([all.length, all[0]], [5, 'linux-mint-22-cinnamon-amd64']);
});

const MAC = parseMac('52:54:00:77:00:01');

function node(images: () => readonly CatalogImage[], settings: Partial<MenuSettings>, changes: Partial<MenuDeps> = {}) {
  const host = fakeHost();
  const deps = { ...folderOf({ '/isos/x': 1 }), hasLoader: () => true, images, host, ...changes };
  const menu = menuContent(() => ({ ...SETTINGS, ...settings }), deps);
  const faults = async (): Promise<readonly string[]> => {
    await menu.entries();
    return menu.faults().map(({ path, problem }) => `${path}: ${problem}`);
  };
  const timeout = async (mac = MAC) => /^set menu-timeout (\d+)$/m.exec(await menu.render('ipxe', VISIT, mac))?.[1];
  return { menu, faults, timeout };
}

const ready = [imageOf('f.iso', FEDORA), imageOf('m.iso', MINT), imageOf('d.iso', NETINST)];
const said = [
  {
    name: 'a typo',
    id: 'fedora-41-sever-amd64',
    want: /^menu\.default: no entry is called "fedora-41-sever-amd64": node dist\/fnode\.js isos shows .*; the nearest are fedora-41-server-amd64, fedora/,
  },
  { name: 'nothing like it', id: 'zzz', want: /^menu\.default: no entry is called "zzz": [^;]*$/ },
  {
    name: 'over NFS',
    id: 'linux-mint-22-cinnamon-amd64-nfs',
    want: /^menu\.default: "linux-mint-22-cinnamon-amd64-nfs" of m\.iso exists, but is in no menu: streams over NFS, which this node does not serve: nfs: on in its configuration, then /,
  },
  {
    name: 'without its kernel',
    id: 'debian-12.5.0-netinst-amd64',
    want: /of d\.iso exists, but is in no menu: needs the kernel debian-12-amd64, .* --for "d\.iso"$/,
  },
];
for (const { name, id, want } of said) {
  test(`a default that is in no menu, ${name}: why, in one sentence`, async () => {
    const faults = await node(() => ready, { default: id }).faults();
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? '', want);
  });
}

test('a copy under way may bring it: that is said', async () => {
  const images = () => [imageOf('f.iso', FEDORA), imageOf('new.iso', undefined, { state: 'copying' })];
  assert.match(
    (await node(images, { default: 'zzz' }).faults())[0] ?? '',
    /; unless it is in new\.iso, which is still being copied$/,
  );
});

test('thousands of wrong rows cost little: the first twenty ids are looked up', async () => {
  const clients = Array.from({ length: 3000 }, (_, i) => ({ mac: pattern('*'), boot: `fedora-${i}` }));
  const faults = await node(() => ready, { clients }).faults();
  assert.equal(faults.length, 3000);
  assert.equal(faults.filter((fault) => fault.includes('nearest')).length, 20);
});

const rows = [{ mac: pattern('52:54:00:77:*'), boot: 'linux-mint-22-cinnamon-amd64' }];
const waiting = [
  { name: 'images are read', state: 'reading', settings: { default: 'fedora-41-server-amd64' }, want: '0' },
  { name: 'one is copied', state: 'copying', settings: { default: 'fedora-41-server-amd64' }, want: '0' },
  { name: 'it is there', state: 'ready', settings: { default: 'fedora-41-server-amd64' }, want: '30000' },
  { name: 'it is a typo', state: 'ready', settings: { default: 'fedra' }, want: '30000' },
  { name: 'the local disk is wished', state: 'reading', settings: {}, want: '30000' },
  { name: "the client's own is read", state: 'reading', settings: { clients: rows }, want: '0' },
  { name: "the client's own is there", state: 'ready', settings: { clients: rows }, want: '5000' },
] as const;
for (const { name, state, settings, want } of waiting) {
  test(`time-out where a default is configured and ${name}: ${want === '0' ? 'none' : `${want} ms`}`, async () => {
    const verdicts = state === 'ready' ? [FEDORA, MINT] : [undefined, undefined];
    const images = verdicts.map((verdict, i) => imageOf(`${i}.iso`, verdict, { state }));
    assert.equal(await node(() => images, settings).timeout(), want);
  });
}

test('before the folder was looked through, nobody knows what is in it', async () => {
  let areImagesKnown = false;
  const { faults, timeout } = node(
    () => [],
    { default: 'fedora-41-server-amd64' },
    { areImagesKnown: () => areImagesKnown },
  );
  assert.deepEqual([await timeout(), await faults()], ['0', []]);
  areImagesKnown = true;
  assert.equal(await timeout(), '30000');
  assert.equal((await faults()).length, 1);
});
