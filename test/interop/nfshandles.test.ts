/** Handles are good for as long as the image is there: through power cuts, on other nodes, whatever the file is called. Forged ones never are. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { hasPrograms, makeIso, makeTree } from '../iso/support.ts';
import { seeded } from '../support/fakes.ts';
import { args3, fsinfo3res, good, link3res, type PROC3, rename3res, wccRes } from '../support/nfs3.ts';
import { pattern } from '../support/nfsimages.ts';
import { NfsAsker, type NfsNode, STATUS, startNfsNode } from '../support/nfsnode.ts';

const KERNEL = pattern(300_000, 3);
const TREE = {
  'live/vmlinuz': KERNEL,
  'live/deep/er/file': 'far down\n',
  'live/kernel': { link: 'vmlinuz' },
  'secret.txt': 'of the image\n',
};

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'nfs-handles-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A folder of images with `mint.iso`, and a home for a node. */
function ground(name: string): { readonly isos: string; readonly home: string } {
  const home = join(folder, name);
  const isos = join(home, 'isos');
  mkdirSync(isos, { recursive: true });
  makeIso('xorriso', ['-R'], makeTree(join(home, 'tree'), TREE), join(isos, 'mint.iso'));
  return { isos, home };
}

async function startedNode(t: TestContext, options: Parameters<typeof startNfsNode>[0]): Promise<NfsNode> {
  const node = await startNfsNode(options);
  t.after(() => node.end());
  return node;
}

async function asker(t: TestContext, node: NfsNode): Promise<NfsAsker> {
  const client = await NfsAsker.to(node);
  t.after(() => client.close());
  return client;
}

let common: Promise<NfsNode> | undefined;
after(async () => (await common?.catch(() => undefined))?.end());

/** Of a node for tests that change nothing. */
async function commonAsker(t: TestContext): Promise<NfsAsker> {
  common ??= startNfsNode(ground('common'));
  return await asker(t, await common);
}

/** Handles of each kind. */
async function handlesOf(client: NfsAsker): Promise<Readonly<Record<string, Uint8Array>>> {
  const root = await client.mount('/tree/mint');
  return {
    '/': await client.mount('/'),
    '/isos': await client.mount('/isos'),
    '/tree': await client.mount('/tree'),
    root,
    image: await client.walk(await client.mount('/isos'), 'mint.iso'),
    folder: await client.walk(root, 'live'),
    file: await client.walk(root, 'live/vmlinuz'),
    deep: await client.walk(root, 'live/deep/er/file'),
    link: await client.walk(root, 'live/kernel'),
  };
}

/** Each of them is still the same thing. */
async function areGood(client: NfsAsker, handles: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [name, handle] of Object.entries(handles)) assert.equal(await client.status(handle), STATUS.ok, name);
  const { file, deep, link, folder: live } = handles;
  assert.ok(file && deep && link && live);
  assert.deepEqual(await client.read(file, 100_000, 65_536), KERNEL.subarray(100_000, 165_536));
  assert.equal((await client.read(deep, 0, 100)).toString(), 'far down\n');
  assert.equal(await client.target(link), 'vmlinuz');
  assert.deepEqual((await client.names(live)).toSorted(), ['.', '..', 'deep', 'kernel', 'vmlinuz']);
}

/** Asks until the status is another than OK, for at most `sec`. */
async function refusalOf(client: NfsAsker, handle: Uint8Array, sec = 10): Promise<number> {
  const lateAtMs = performance.now() + sec * 1000;
  for (;;) {
    const status = await client.status(handle);
    if (status !== STATUS.ok || performance.now() > lateAtMs) return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('handles outlive a power cut: the fnode that is started next honours each of them', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const place = ground('cut');
  const first = await startedNode(t, place);
  const handles = await handlesOf(await asker(t, first));
  await first.end('SIGKILL');
  const second = await startedNode(t, { ...place, ports: first.ports });
  await areGood(await asker(t, second), handles);
});

test('another fnode with the same image honours them, whatever the file is called there, and its attributes are the same', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const one = ground('one');
  const other = { isos: join(folder, 'other', 'isos'), home: join(folder, 'other') };
  mkdirSync(join(other.isos, 'old'), { recursive: true });
  copyFileSync(join(one.isos, 'mint.iso'), join(other.isos, 'old', 'Linux Mint.iso'));
  const clients = [];
  for (const place of [one, other]) clients.push(await asker(t, await startedNode(t, place)));
  const [here, there] = clients;
  assert.ok(here && there);
  const handles = await handlesOf(here);
  await areGood(there, handles);
  for (const name of ['root', 'folder', 'file', 'link'] as const) {
    const handle = handles[name] ?? assert.fail();
    assert.deepEqual(await there.attributes(handle), await here.attributes(handle), name);
  }
});

test('an image that is renamed goes on; one that is removed is STALE within seconds, and good again once it is back', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const place = ground('gone');
  const client = await asker(t, await startedNode(t, place));
  const handles = await handlesOf(client);
  const file = handles.file ?? assert.fail();
  renameSync(join(place.isos, 'mint.iso'), join(place.isos, 'Linux Mint 22.iso'));
  // Longer than the old name is believed in.
  for (let i = 0; i < 15; i++) {
    assert.equal(await client.status(file), STATUS.ok);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await areGood(client, handles);
  renameSync(join(place.isos, 'Linux Mint 22.iso'), join(place.home, 'away'));
  assert.equal(await refusalOf(client, file), STATUS.stale);
  for (const name of ['root', 'folder', 'image', 'link'])
    assert.equal(await refusalOf(client, handles[name] ?? assert.fail()), STATUS.stale, name);
  renameSync(join(place.home, 'away'), join(place.isos, 'mint.iso'));
  for (let tries = 0; tries < 50 && (await client.status(file)) !== STATUS.ok; tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  await areGood(client, handles);
});

test('an image that is replaced by another of its name is STALE, and never gives octets of the new one', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const place = ground('replaced');
  const client = await asker(t, await startedNode(t, place));
  const { file } = await handlesOf(client);
  assert.ok(file);
  const tree = makeTree(join(place.home, 'new'), { ...TREE, 'live/vmlinuz': pattern(300_000, 99) });
  const fresh = makeIso('xorriso', ['-R'], tree, join(place.home, 'new.iso'));
  utimesSync(fresh, 1_700_000_000, 1_700_000_000);
  renameSync(fresh, join(place.isos, 'mint.iso'));
  const lateAtMs = performance.now() + 10_000;
  let isStale = false;
  while (!isStale && performance.now() < lateAtMs) {
    try {
      assert.deepEqual(await client.read(file, 0, 65_536), KERNEL.subarray(0, 65_536));
    } catch (error) {
      if (!(error instanceof Error) || error.message !== `status ${STATUS.stale}`) throw error;
      isStale = true;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(isStale);
  const again = await client.walk(await client.mount('/tree/mint'), 'live/vmlinuz');
  assert.deepEqual(await client.read(again, 0, 65_536), pattern(300_000, 99).subarray(0, 65_536));
});

const FORGED: readonly number[] = [STATUS.stale, STATUS.badHandle];

test('a handle with any one bit turned over is refused, whatever it was for', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const client = await commonAsker(t);
  for (const [name, handle] of Object.entries(await handlesOf(client))) {
    const forged = Array.from({ length: handle.length * 8 }, (_, bit) => {
      const copy = Buffer.from(handle);
      copy.writeUInt8((copy.at(bit >> 3) ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      return copy;
    });
    const statuses = await Promise.all(forged.map((each) => client.status(each)));
    for (const [bit, status] of statuses.entries())
      assert.ok(FORGED.includes(status), `${name}, bit ${bit}: ${status}`);
  }
});

test('handles of no octets, of any other length and of chance are refused, by every procedure that takes one', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const client = await commonAsker(t);
  const { file, root } = await handlesOf(client);
  assert.ok(file && root);
  const random = seeded(1813);
  const chance = (bytes: number) => Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
  const forged = [
    ...Array.from({ length: 65 }, (_, bytes) => chance(bytes)),
    ...Array.from({ length: 500 }, () => chance(file.length)),
    ...Array.from({ length: file.length }, (_, bytes) => file.subarray(0, bytes)),
    Buffer.concat([file, Buffer.alloc(4)]),
    // What one names, with the check of another.
    ...Array.from({ length: file.length }, (_, at) => Buffer.concat([file.subarray(0, at), root.subarray(at)])),
  ].filter((each) => !root.every((octet, i) => octet === each[i]));
  for (const handle of forged)
    assert.ok(FORGED.includes(await client.status(handle)), Buffer.from(handle).toString('hex'));
  const askings = {
    lookup: args3.lookup(chance(32), 'live'),
    access: args3.access(chance(32), 63),
    readlink: args3.readlink(chance(32)),
    read: args3.read(chance(32), 0, 100),
    readdir: args3.readdir(chance(32), 0, 4096),
    readdirplus: args3.readdirplus(chance(32), 0, { dircount: 4096, maxcount: 8192 }),
    fsstat: args3.fsstat(chance(32)),
    fsinfo: args3.fsinfo(chance(32)),
    pathconf: args3.pathconf(chance(32)),
  };
  for (const [procedure, octets] of Object.entries(askings)) {
    const results = Buffer.from(await client.results(procedure as keyof typeof askings, octets));
    assert.ok(FORGED.includes(results.readUInt32BE()), procedure);
  }
});

test('with a secret of the hall, handles sealed without it or with another are refused, and with the same honoured', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const place = ground('secret');
  const secret = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const [mine, theirs] = [secret('mine', 'a'.repeat(64)), secret('theirs', 'b'.repeat(64))];
  const clientOf = async (home: string, secretFile?: string): Promise<NfsAsker> => {
    const options = { isos: place.isos, home: join(place.home, home), ...(secretFile && { secretFile }) };
    return await asker(t, await startedNode(t, options));
  };
  const open = await clientOf('open');
  const guarded = await clientOf('guarded', mine);
  const sealed = await handlesOf(guarded);
  for (const other of [await handlesOf(open), await handlesOf(await clientOf('foreign', theirs))])
    for (const [name, handle] of Object.entries(other))
      assert.ok(FORGED.includes(await guarded.status(handle)), `${name} is believed`);
  for (const handle of Object.values(sealed)) assert.ok(FORGED.includes(await open.status(handle)));
  await areGood(await clientOf('same', mine), sealed);
});

test('every procedure that would write is told ROFS, in the shape of its own results (RFC 1813 §3.3)', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const client = await commonAsker(t);
  const { file, root, '/isos': isos, '/tree': tree, image } = await handlesOf(client);
  const WRITING = {
    ...{ setattr: wccRes, write: wccRes, create: wccRes, mkdir: wccRes, symlink: wccRes, mknod: wccRes },
    ...{ remove: wccRes, rmdir: wccRes, commit: wccRes, rename: rename3res, link: link3res },
  };
  for (const handle of [file, root, isos, tree, image]) {
    assert.ok(handle);
    for (const [procedure, decode] of Object.entries(WRITING)) {
      const name = procedure as keyof typeof WRITING & keyof typeof PROC3;
      const res = decode(await client.results(name, args3[name](handle)));
      assert.ok(!res.ok && res.status === STATUS.rofs, `${procedure}: ${JSON.stringify(res)}`);
    }
  }
  assert.deepEqual(await client.read(file ?? assert.fail(), 0, 1000), KERNEL.subarray(0, 1000));
});

test('a WRITE of as much as FSINFO takes is heard, and refused', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const client = await commonAsker(t);
  const file = await client.walk(await client.mount('/tree/mint'), 'live/vmlinuz');
  const { wtmax } = good(fsinfo3res(await client.results('fsinfo', args3.fsinfo(file))));
  const told = wccRes(await client.results('write', args3.write(file, new Uint8Array(wtmax))));
  assert.equal(!told.ok && told.status, STATUS.rofs);
});
