/** Files that were opened a moment ago are found again without waiting, and only while all is as it was. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Content, Opened } from '../../src/core/content.ts';
import { Blocks } from '../../src/host/blocks.ts';
import { FOLDER_LIMITS, type FolderContent, folderContent } from '../../src/host/files.ts';
import { FakeClock } from '../support/fakes.ts';

const base = fs.mkdtempSync(path.join(os.tmpdir(), 'flisolator-again-'));
after(() => fs.rmSync(base, { recursive: true }));

/** A file's times are the system's: to be looked at as one that has stood still, it is looked at from tomorrow. */
const TOMORROW_MS = Date.now() + 86_400_000;
const stand = (t: TestContext): void => t.mock.timers.enable({ apis: ['Date'], now: TOMORROW_MS });

interface Place {
  readonly root: string;
  readonly folder: FolderContent;
  readonly at: (name: string) => string;
}

let places = 0;
function place(): Place {
  const root = path.join(base, `${places++}`);
  fs.mkdirSync(path.join(root, 'sub'), { recursive: true });
  for (const name of ['a', 'b']) fs.writeFileSync(path.join(root, 'sub', name), `octets of ${name}`);
  const memory = { totalBytes: 2 ** 34, availableBytes: () => 2 ** 34 };
  const folder = folderContent(root, FOLDER_LIMITS, new Blocks(1 << 20, memory, new FakeClock()));
  return { root, folder, at: (name) => path.join(root, name) };
}

function contentOf(opened: Opened | undefined): Content {
  assert.ok(opened?.kind === 'file');
  return opened.content;
}

async function visit({ folder }: Place, name: string): Promise<void> {
  await contentOf(await folder.open(name)).close();
}

const untouched = place();
test('again: not before somebody has opened it, by that name', async (t) => {
  stand(t);
  assert.equal(untouched.folder.openNow('sub/a'), undefined);
  await visit(untouched, 'sub/a');
  const content = contentOf(untouched.folder.openNow('sub/a'));
  const into = Buffer.alloc(20);
  assert.equal(into.toString('latin1', 0, await content.read(into, 0)), 'octets of a');
  await content.close();
  for (const name of ['sub/b', 'sub', '', '.', '/sub/a', 'sub//a', 'sub/../sub/a', 'sub/a/', 'a']) {
    assert.equal(untouched.folder.openNow(name), undefined, name);
  }
  assert.equal(untouched.folder.openFiles(), 0);
  await untouched.folder.closeIdle();
});

test('again: a file that was just written is looked at in full', async () => {
  const young = place();
  await visit(young, 'sub/a');
  assert.equal(young.folder.openNow('sub/a'), undefined);
  await young.folder.closeIdle();
});

const changes: readonly { readonly name: string; readonly place: Place; readonly change: (at: Place['at']) => void }[] =
  [
    { name: 'is gone', place: place(), change: (at) => fs.unlinkSync(at('sub/a')) },
    { name: 'was replaced', place: place(), change: (at) => fs.renameSync(at('sub/b'), at('sub/a')) },
    { name: 'was written to', place: place(), change: (at) => fs.appendFileSync(at('sub/a'), '!') },
    { name: 'has another mode', place: place(), change: (at) => fs.chmodSync(at('sub/a'), 0o640) },
    {
      name: 'is a link to itself elsewhere',
      place: place(),
      change: (at) => {
        fs.renameSync(at('sub/a'), at('elsewhere'));
        fs.symlinkSync('../elsewhere', at('sub/a'));
      },
    },
    {
      name: 'is the same behind a link in the way',
      place: place(),
      change: (at) => {
        fs.renameSync(at('sub'), `${at('')}-outside`);
        fs.symlinkSync(`${at('')}-outside`, at('sub'));
      },
    },
  ];
for (const { name, place: where, change } of changes) {
  test(`again: not what ${name}`, async (t) => {
    stand(t);
    for (const file of ['sub/a', 'sub/b']) await visit(where, file);
    await contentOf(where.folder.openNow('sub/a')).close();
    await nextTurn();
    change(where.at);
    assert.equal(where.folder.openNow('sub/a'), undefined);
    await where.folder.closeIdle();
  });
}

const swapped = place();
test('again: what was seen of a folder for one file goes for another in the same turn, and no longer', async (t) => {
  stand(t);
  for (const file of ['sub/a', 'sub/b']) await visit(swapped, file);
  await nextTurn();
  await contentOf(swapped.folder.openNow('sub/a')).close();
  await contentOf(swapped.folder.openNow('sub/b')).close();
  await nextTurn();
  fs.renameSync(swapped.at('sub'), `${swapped.at('')}-outside`);
  fs.symlinkSync(`${swapped.at('')}-outside`, swapped.at('sub'));
  for (const file of ['sub/b', 'sub/a']) assert.equal(swapped.folder.openNow(file), undefined);
  await swapped.folder.closeIdle();
});

const lent = place();
test('again: octets that were lent in the turn of opening are vouched for, those that were read since are looked at', async (t) => {
  stand(t);
  await visit(lent, 'sub/a');
  for (const isRead of [false, true]) {
    const content = contentOf(await lent.folder.open('sub/a'));
    assert.equal(await content.isUnchanged(), true);
    if (isRead) await content.read(Buffer.alloc(5), 0);
    fs.appendFileSync(lent.at('sub/a'), '!');
    if (isRead) assert.equal(await content.isUnchanged(), false);
    await nextTurn();
    assert.equal(await content.isUnchanged(), false);
    await content.close();
  }
  await lent.folder.closeIdle();
});
