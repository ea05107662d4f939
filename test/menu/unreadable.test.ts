/** What cannot be read now, or not understood, changes nothing: nobody sees what was not meant for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CatalogImage } from '../../src/core/image.ts';
import type { Looked } from '../../src/menu/probe.ts';
import { type MenuDeps, menuContent } from '../../src/menu/routes.ts';
import { fakeHost } from '../support/fakes.ts';
import { folderOf, installerFiles, SETTINGS, VISIT } from './fixtures.ts';
import { FEDORA, imageOf, MINT } from './images.ts';

const mint = imageOf('exams/mint.iso', MINT);

/** A node whose folder and files answer as `trouble` has it for a while, and otherwise as they are. */
function node(files: Record<string, string | number>, changes: Partial<MenuDeps> = {}) {
  const host = fakeHost();
  const folder = folderOf(files);
  const trouble = { reason: undefined as string | undefined, paths: /./ };
  const unless =
    <Seen>(look: (path: string, maxBytes: number) => Promise<Looked<Seen>>) =>
    async (path: string, maxBytes = 0): Promise<Looked<Seen>> => {
      if (trouble.reason === undefined || !trouble.paths.test(path)) return look(path, maxBytes);
      if (trouble.reason === 'gone') return { kind: 'gone' };
      if (trouble.reason === 'EIO') throw Object.assign(new Error('no'), { code: 'EIO' });
      return { kind: 'unknown', reason: trouble.reason };
    };
  const menu = menuContent(() => SETTINGS, {
    listImages: unless(folder.listImages),
    readImage: unless(folder.readImage),
    hasLoader: () => (trouble.reason === undefined ? true : undefined),
    images: () => [mint, imageOf('f.iso', FEDORA)],
    host,
    ...changes,
  });
  const ids = async (): Promise<readonly string[]> => {
    host.clock.advance(2000);
    return (await menu.entries()).map(({ id, macs }) => (macs ? `${id} for some` : id));
  };
  return { menu, host, files, trouble, ids, faults: () => menu.faults().map(({ problem }) => problem) };
}

const FOLDER = (): Record<string, string | number> => ({
  ...installerFiles('/isos/d12/amd64'),
  '/isos/f.iso': 1,
  '/isos/f.yaml': 'macs: ["52:54:00:*"]\n',
  '/isos/exams/mint.iso': 1,
  '/isos/exams/mint.yaml': 'hidden: true\n',
  '/isos/own.yaml': 'entries: [{ title: Ours, local: true }]\n',
});

const places = [
  { name: 'the folder of images', paths: /./ },
  { name: 'a folder in it', paths: /^\/isos\/exams/ },
  { name: "the images' files", paths: /\.yaml$/ },
  { name: "an installer's version", paths: /version\.info$/ },
];
for (const { name, paths } of places) {
  for (const reason of ['busy', 'no-permission', 'damaged', 'EIO', 'gone']) {
    if (reason === 'gone' && name !== 'the folder of images') continue;
    test(`${name}: while it answers ${reason}, the menus stay as they were`, async () => {
      const { ids, trouble, faults } = node(FOLDER());
      const before = await ids();
      assert.ok(before.includes('fedora-41-server-amd64 for some') && before.includes('ours'));
      assert.ok(!before.some((id) => id.startsWith('linux-mint')));
      Object.assign(trouble, { reason, paths });
      assert.deepEqual(await ids(), before);
      assert.deepEqual(await ids(), before, 'and at the look after it');
      if (reason === 'busy') assert.deepEqual(faults(), []);
      else if (!name.includes('version')) assert.match(faults().join('\n'), /cannot be read \(/);
      trouble.reason = undefined;
      assert.deepEqual(await ids(), before);
      assert.deepEqual(faults(), []);
    });
  }
}

for (const { name, paths } of places.slice(0, 3)) {
  test(`${name}: nothing is known of it yet, so the images that it may speak of are in no menu`, async () => {
    const { menu, ids, trouble } = node(FOLDER());
    Object.assign(trouble, { reason: 'busy', paths });
    assert.deepEqual(
      (await ids()).filter((id) => id.startsWith('linux-mint')),
      [],
    );
    const held = (await menu.offers())[0]?.heldBack[0];
    assert.match(held?.says ?? '', /^waits until (its folder|\/isos\/exams\/mint\.yaml) can be read/);
    trouble.reason = undefined;
    assert.ok((await ids()).includes('fedora-41-server-amd64 for some'));
  });
}

test('a first look that fails as a whole shows no image', async () => {
  const hasLoader = () => {
    throw new Error('gone');
  };
  assert.deepEqual(await node(FOLDER(), { hasLoader }).ids(), []);
});

test('what is really gone goes: entries with their file, what a file said of an image with it', async () => {
  const { ids, files } = node(FOLDER());
  await ids();
  delete files['/isos/own.yaml'];
  delete files['/isos/f.yaml'];
  const now = await ids();
  assert.ok(!now.includes('ours') && now.includes('fedora-41-server-amd64'));
});

const mistakes = [
  { name: 'no YAML', text: 'hidden: [' },
  { name: 'a key that there is not', text: 'hiden: true' },
  { name: 'a wrong value', text: 'macs: [x]' },
  { name: 'a wrong list of entries', text: 'hidden: true\nentries: 1' },
  { name: 'far too much', text: `hidden: true\n#${'x'.repeat(300_000)}` },
];
for (const { name, text } of mistakes) {
  test(`${name} in the file beside an image: as it was before, and nothing of the image if it never was right`, async () => {
    const { ids, files, menu, faults } = node({ ...FOLDER(), '/isos/f.yaml': text });
    const shown = async () => (await ids()).filter((id) => id.startsWith('fedora'));
    assert.deepEqual(await shown(), []);
    assert.equal(faults().length, 1);
    assert.match(
      (await menu.offers())[1]?.heldBack[0]?.says ?? '',
      /^waits until (the file beside it is put right: |\/isos\/f\.yaml can be read)/,
    );
    files['/isos/f.yaml'] = 'macs: ["52:54:00:*"]';
    const some = ['fedora-41-server-amd64 for some', 'fedora-41-server-amd64-rescue for some'];
    assert.deepEqual(await shown(), some);
    files['/isos/f.yaml'] = text;
    assert.deepEqual(await shown(), some);
    assert.equal(faults().length, 1);
  });
}

test('the fault says what counts meanwhile', async () => {
  const { ids, files, faults } = node({ ...FOLDER(), '/isos/f.yaml': 'hiden: true' });
  await ids();
  assert.match(faults()[0] ?? '', /^unknown key hiden: .*; until then nothing of the image is in the menus$/);
  files['/isos/f.yaml'] = 'hidden: true';
  await ids();
  files['/isos/f.yaml'] = 'hiden: true';
  await ids();
  assert.match(faults()[0] ?? '', /; until then the file counts as it was before$/);
});

test('a mistake in one entry costs that entry alone', async () => {
  const { ids } = node({
    ...FOLDER(),
    '/isos/f.yaml': 'hidden: true\nentries: [{ title: A, kernel: k }, { title: B }]',
  });
  assert.deepEqual(
    (await ids()).filter((id) => /^(a|b|fedora.*)$/.test(id)),
    ['a'],
  );
});

test('loaders that nobody can look at now are there as they were', async () => {
  const { menu, host, trouble } = node(FOLDER());
  const text = () => menu.render('pxelinux', VISIT);
  assert.match(await text(), /COM32 chain\.c32/);
  Object.assign(trouble, { reason: 'busy', paths: /nothing/ });
  host.clock.advance(2000);
  assert.match(await text(), /COM32 chain\.c32/);
});

const OWN = (kernel: string): string => `entries: [{ id: fedora-41-server-amd64, title: Ours, kernel: ${kernel} }]`;

test('a name that is not in the image replaces nothing, and is a fault; asked once for each image as it is', async () => {
  let fedora: CatalogImage = imageOf('f.iso', FEDORA);
  const asked: string[] = [];
  const isInImage: MenuDeps['isInImage'] = async ({ image, inside }) => {
    asked.push(`${image} ${inside}`);
    return inside === 'images/pxeboot/vmlinuz';
  };
  const { menu, ids, files, faults } = node(
    { ...FOLDER(), '/isos/f.yaml': OWN('images/vmlinux') },
    {
      images: () => [fedora],
      isInImage,
    },
  );
  const title = async () => {
    await ids();
    return (await menu.entries()).find(({ id }) => id === 'fedora-41-server-amd64')?.title;
  };
  assert.equal(await title(), '41 Server (64-bit): install');
  assert.match(
    faults()[0] ?? '',
    /^\/tree\/f\.iso\/images\/vmlinux is not there: put the file there or correct the name$/,
  );
  await ids();
  assert.deepEqual(asked, ['f.iso images/vmlinux']);
  files['/isos/f.yaml'] = OWN('images/pxeboot/vmlinuz');
  assert.equal(await title(), 'Ours');
  assert.deepEqual(faults(), []);
  assert.equal(asked.length, 2);
  fedora = { ...fedora, modifiedMs: 5 };
  assert.equal(await title(), 'Ours');
  assert.equal(asked.length, 3, 'another image may hold something else');
});

test('an image that cannot be looked into now keeps the entries that are written for it', async () => {
  const answers: (boolean | undefined | Error)[] = [undefined, new Error('EIO'), undefined];
  const isInImage = async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const { ids, faults } = node({ ...FOLDER(), '/isos/f.yaml': `hidden: true\n${OWN('k')}` }, { isInImage });
  for (let look = 0; look < 3; look++) assert.ok((await ids()).includes('fedora-41-server-amd64'));
  assert.deepEqual(faults(), []);
  assert.deepEqual(answers, []);
});
