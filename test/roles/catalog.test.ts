/** The catalogue over a real folder: what a real file system tells of copies, renames and changes. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CatalogService } from '../../src/catalog/server.ts';
import { loadFnode } from '../../src/config/load.ts';
import type { CatalogImage } from '../../src/core/image.ts';
import { folderContent } from '../../src/host/files.ts';
import { systemClock } from '../../src/host/system.ts';
import { imageTrees } from '../../src/iso/routes.ts';
import { nodeCatalog } from '../../src/roles/catalog.ts';
import { listImages } from '../../src/roles.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';

interface World {
  readonly isos: string;
  readonly stateDir: string;
  readonly host: FakeHost;
  /** A catalogue that is stopped at the end, and how often it has looked into an image. */
  open(): { readonly catalog: CatalogService; readonly looked: string[] };
  /** As time goes by: the catalogue looks at the folder. */
  pass(isMet: () => boolean): Promise<void>;
}

function hasXorriso(t: TestContext): boolean {
  if (spawnSync('xorriso', ['-version']).status === 0) return true;
  if (process.env.CI) throw new Error('needs xorriso');
  t.skip('needs xorriso');
  return false;
}

function world(t: TestContext): World {
  const folder = mkdtempSync(join(tmpdir(), 'catalog-'));
  const [isos, stateDir] = [join(folder, 'isos'), join(folder, 'state')];
  for (const path of [isos, stateDir, join(folder, 'tree')]) mkdirSync(path);
  writeFileSync(join(folder, 'tree', 'README'), 'x'.repeat(100_000));
  const host = fakeHost();
  host.clock.jump(Date.now() - host.clock.date());
  const running: CatalogService[] = [];
  t.after(async () => {
    for (const catalog of running) await catalog.stop();
    rmSync(folder, { recursive: true });
  });
  execFileSync(
    'xorriso',
    ['-as', 'mkisofs', '-quiet', '-V', 'LIVE_1', '-o', join(folder, 'made'), join(folder, 'tree')],
    {
      stdio: 'ignore',
    },
  );
  cpSync(join(folder, 'made'), join(isos, 'a.iso'));
  return {
    ...{ isos, stateDir, host },
    open: () => {
      const looked: string[] = [];
      const content = folderContent(isos);
      const trees = imageTrees({ openImage: content.open });
      const view = (path: string) => {
        looked.push(path);
        return trees.view(path);
      };
      const catalog = nodeCatalog({ stateDir }, host, { isos: content, trees: { view }, verify: 'at-once' });
      running.push(catalog);
      return { catalog, looked };
    },
    pass: async (isMet) => {
      // Bounded by the test's own time: how many turns the disk takes is its own affair.
      for (let turn = 0; !isMet() && !t.signal.aborted; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (turn % 20 === 0) host.clock.advance(500);
      }
    },
  };
}

test('a real image is read once: not after a rename, nor after a restart; again when it has grown', {
  timeout: 20_000,
}, async (t) => {
  if (!hasXorriso(t)) return;
  const { isos, open, pass } = world(t);
  const first = open();
  const state = (path: string) => first.catalog.images().find((image) => image.path === path)?.state;
  await first.catalog.start();
  await pass(() => state('a.iso') === 'ready');
  renameSync(join(isos, 'a.iso'), join(isos, 'b.iso'));
  await pass(() => state('b.iso') === 'ready');
  assert.deepEqual(first.looked, ['a.iso']);
  await first.catalog.stop();

  const second = open();
  await second.catalog.start();
  await second.catalog.settled();
  assert.deepEqual(
    second.catalog.images().map(({ path, verdict }) => [path, verdict?.name]),
    [['b.iso', 'LIVE_1']],
  );
  assert.deepEqual(second.looked, []);
  appendFileSync(join(isos, 'b.iso'), 'more');
  await pass(() => second.catalog.images()[0]?.state === 'copying');
  await pass(() => second.catalog.images()[0]?.state === 'ready');
  assert.deepEqual(second.looked, ['b.iso']);
});

test('a file that was written to and dated back is read again: its change time cannot be set', {
  timeout: 20_000,
}, async (t) => {
  if (!hasXorriso(t)) return;
  const { isos, open, pass } = world(t);
  const file = join(isos, 'a.iso');
  utimesSync(file, 1_000_000, 1_000_000);
  const { catalog, looked } = open();
  await catalog.start();
  await pass(() => catalog.images()[0]?.state === 'ready');
  writeFileSync(file, readFileSync(file));
  utimesSync(file, 1_000_000, 1_000_000);
  await pass(() => looked.length === 2 && catalog.images()[0]?.state === 'ready');
});

test('a copy that ends too early waits, and says so when it goes on', { timeout: 20_000 }, async (t) => {
  if (!hasXorriso(t)) return;
  const { isos, open, pass } = world(t);
  const file = join(isos, 'a.iso');
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, 200_000));
  const { catalog } = open();
  await catalog.start();
  const declared = () => catalog.images()[0]?.declaredBytes;
  await pass(() => declared() !== undefined);
  // Not its state: on a busy machine the test's own time may pass a minute within one look, after which it counts as cut off.
  assert.equal(declared(), whole.length);
  appendFileSync(file, whole.subarray(200_000));
  await pass(() => catalog.images()[0]?.state === 'ready' && declared() === undefined);
  assert.deepEqual([declared(), catalog.images()[0]?.state], [undefined, 'ready']);
});

test('listImages: verified at once, remembered in the state folder, nothing left open', {
  timeout: 20_000,
}, async (t) => {
  if (!hasXorriso(t)) return;
  const { isos, stateDir, host } = world(t);
  const sum = execFileSync('sha256sum', ['a.iso'], { cwd: isos, encoding: 'utf8' });
  writeFileSync(join(isos, 'SHA256SUMS'), sum);
  // By the real clock, on which the copy has been quiet for a minute.
  const clock = { ...systemClock, date: () => Date.now() + 60_000 };
  const { config } = loadFnode({ overrides: [], file: undefined, workingDir: isos });
  const seen: (string | undefined)[] = [];
  const onProgress = (images: readonly CatalogImage[]) => void seen.push(images[0]?.checksum.kind);
  const here = { ...config, isos, stateDir, boot: join(isos, 'none') };
  const listed = await listImages(here, { verify: true, onProgress }, { ...host, clock });
  const [image] = listed.images;
  assert.deepEqual([image?.state, image?.checksum], ['ready', { kind: 'right', sumsFile: 'SHA256SUMS' }]);
  assert.ok(seen.includes('checking') && seen.at(-1) === 'right', seen.join());
  assert.deepEqual(
    listed.offers.map(({ path, heldBack, entries }) => [path, heldBack.length + entries.length > 0]),
    [['a.iso', (image?.verdict?.entries.length ?? 0) > 0]],
  );
  assert.match(readdirSync(stateDir).join(), /^images-[0-9a-f]{12}\.json$/);
});

test('100 images in a real folder: the second time nothing is read', { timeout: 20_000 }, async (t) => {
  if (!hasXorriso(t)) return;
  const { isos, open, pass } = world(t);
  for (let i = 0; i < 99; i++) cpSync(join(isos, 'a.iso'), join(isos, `copy ${i}.iso`));
  const first = open();
  const ready = (catalog: CatalogService) => catalog.images().filter(({ state }) => state === 'ready').length;
  await first.catalog.start();
  await pass(() => ready(first.catalog) === 100);
  assert.equal(first.looked.length, 100);
  await first.catalog.stop();
  const second = open();
  await second.catalog.start();
  await second.catalog.settled();
  assert.deepEqual([ready(second.catalog), second.looked], [100, []]);
});
