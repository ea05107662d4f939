/** MOUNT, version 3. RFC 1813 §5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { type Mountable, type MountDeps, type Mounted, mountProgram } from '../../src/nfs/mount.ts';
import { resultsOf, xdr } from '../support/rpc.ts';
import { answered, answerOf, CLIENT, golden, hexOf, replyOf } from './packets.ts';

const HANDLE = Uint8Array.from({ length: 24 }, (_, i) => i);
const FOLDER: Mountable = { kind: 'folder', handle: HANDLE };
const [NULL, MNT, DUMP, UMNT, UMNTALL, EXPORT] = [0, 1, 2, 3, 4, 5];

interface Told {
  readonly program: ReturnType<typeof mountProgram>;
  readonly events: string[];
}

function mounting(deps: Partial<MountDeps> = {}): Told {
  const events: string[] = [];
  const told = (what: string) => (m: Mounted) => void events.push(`${what} ${m.client} ${m.path}`);
  const program = mountProgram({
    resolve: (path) => (path.includes('none') ? { kind: 'refused', reason: 'not-found' } : FOLDER),
    exports: () => ['/isos', '/tree/mint-22'],
    onMount: told('mount'),
    onUnmount: told('unmount'),
    ...deps,
  });
  return { program, events };
}

const ask = async (told: Told, procedure: number, path?: string, address: Ipv4 = CLIENT) =>
  resultsOf(
    await replyOf(
      told.program,
      { version: 3, procedure, ...(path !== undefined && { args: xdr.text(path) }) },
      { address },
    ),
  );

async function mounts(told: Told): Promise<string[]> {
  const r = await ask(told, DUMP);
  const all = r.list(() => `${r.text()}:${r.text()}`);
  r.end();
  return all;
}

/** What was mounted by whom in the packets, and what the server there made of it. */
const ganesha = mountProgram({
  resolve: (path) =>
    path === '/srv/images'
      ? { kind: 'folder', handle: golden('mnt-libnfs-reply').subarray(36, 60) }
      : { kind: 'refused', reason: 'no-permission' },
  exports: () => ['/srv/images'],
});
for (const name of ['dump-showmount', 'mnt-libnfs', 'mnt-refused', 'export-showmount']) {
  test(`golden: ${name} is answered as nfs-ganesha does`, async () => {
    const reply = await answered(golden(name), [ganesha]);
    assert.equal(reply && hexOf(reply), hexOf(golden(`${name}-reply`)));
  });
}

test('NULL does nothing', async () => {
  assert.equal((await ask(mounting(), NULL)).left, 0);
});

test('MNT: the handle, and the flavours of credentials, AUTH_SYS first', async () => {
  const r = await ask(mounting({ resolve: async () => FOLDER }), MNT, '/tree/mint-22');
  assert.equal(r.u32(), 0);
  assert.deepEqual(r.opaque(), Buffer.from(HANDLE));
  assert.deepEqual([r.u32(), r.u32(), r.u32()], [2, 1, 0]);
  r.end();
});

for (const [reason, status] of [
  ['not-found', 2],
  ['io', 5],
  ['no-permission', 13],
  ['not-a-folder', 20],
  ['name-too-long', 63],
] as const) {
  test(`MNT: ${reason} is ${status} (§5.1.5), and nothing behind it`, async () => {
    const told = mounting({ resolve: () => ({ kind: 'refused', reason }) });
    const r = await ask(told, MNT, '/x');
    assert.equal(r.u32(), status);
    r.end();
    assert.deepEqual([told.events, await mounts(told)], [[], []]);
  });
}

test('MNT: the path comes as the client wrote it', async () => {
  const asked: string[] = [];
  const told = mounting({
    resolve: (path) => {
      asked.push(path);
      return FOLDER;
    },
  });
  const paths = ['/tree/mint-22', 'isos/', '', '/..//\u0000\u001b[2J', '/tree/ñandú', '/'.repeat(1024)];
  for (const path of paths) await ask(told, MNT, path);
  assert.deepEqual(asked, paths);
});

for (const procedure of [MNT, UMNT]) {
  test(`procedure ${procedure}: a path of over 1024 octets (MNTPATHLEN), or none, is garbage`, async () => {
    const { program } = mounting();
    for (const octets of [xdr.text('/'.repeat(1025)), Buffer.alloc(3), xdr.u32(8)])
      assert.deepEqual(await answerOf(program, { version: 3, procedure, args: octets }), { kind: 'garbage-arguments' });
  });
}

test('DUMP: who mounted what, each once, the latest last', async () => {
  const told = mounting();
  const other = '172.16.0.51' as Ipv4;
  await ask(told, MNT, '/isos');
  await ask(told, MNT, '/isos', other);
  await ask(told, MNT, '/tree/none');
  await ask(told, MNT, '/tree/mint-22');
  await ask(told, MNT, '//isos/');
  assert.deepEqual(await mounts(told), [`${other}:/isos`, `${CLIENT}:/tree/mint-22`, `${CLIENT}:/isos`]);
  assert.deepEqual(told.events, [
    `mount ${CLIENT} /isos`,
    `mount ${other} /isos`,
    `mount ${CLIENT} /tree/mint-22`,
    `mount ${CLIENT} /isos`,
  ]);
});

test('UMNT: the one that is named, of the client that asks; of others nobody is told', async () => {
  const told = mounting();
  const other = '172.16.0.51' as Ipv4;
  await ask(told, MNT, '/isos');
  await ask(told, MNT, '/tree/a');
  await ask(told, UMNT, '/isos', other);
  assert.equal((await mounts(told)).length, 2);
  assert.equal((await ask(told, UMNT, '/isos/')).left, 0);
  assert.equal((await ask(told, UMNT, '/isos')).left, 0);
  assert.deepEqual(await mounts(told), [`${CLIENT}:/tree/a`]);
  assert.deepEqual(told.events.slice(2), [`unmount ${CLIENT} /isos`]);
});

test('UMNTALL: all of the client that asks', async () => {
  const told = mounting();
  const other = '172.16.0.51' as Ipv4;
  await ask(told, MNT, '/isos');
  await ask(told, MNT, '/isos', other);
  await ask(told, MNT, '/tree/a');
  assert.equal((await ask(told, UMNTALL)).left, 0);
  assert.deepEqual(await mounts(told), [`${other}:/isos`]);
  assert.deepEqual(told.events.slice(3), [`unmount ${CLIENT} /isos`, `unmount ${CLIENT} /tree/a`]);
});

test('1024 mounts are remembered, the oldest leave', async () => {
  const told = mounting();
  for (let n = 0; n < 1500; n++) await ask(told, MNT, `/tree/${n}`);
  const all = await mounts(told);
  assert.equal(all.length, 1024);
  assert.equal(all[0], `${CLIENT}:/tree/476`);
  assert.equal(all.at(-1), `${CLIENT}:/tree/1499`);
});

test('EXPORT: what there is, each for everyone (its list of groups is empty)', async () => {
  const r = await ask(mounting({ exports: async () => ['/isos', '/tree/linux mint'] }), EXPORT);
  assert.deepEqual(
    r.list(() => [r.text(), r.list(() => r.text())]),
    [
      ['/isos', []],
      ['/tree/linux mint', []],
    ],
  );
  r.end();
});

test('what a terminal would obey is shown as ?, in EXPORT and DUMP', async () => {
  const told = mounting({ exports: () => ['/tree/\u001b[31mred\u0007\u202e\u009b ñ'] });
  const r = await ask(told, EXPORT);
  assert.deepEqual(
    r.list(() => [r.text(), r.bool()]),
    [['/tree/?[31mred??? ñ', false]],
  );
  await ask(told, MNT, '/isos\n172.16.0.1:/etc');
  assert.deepEqual(await mounts(told), [`${CLIENT}:/isos?172.16.0.1:/etc`]);
});

const long: readonly { name: string; procedure: number; item: (n: number) => string }[] = [
  { name: 'EXPORT', procedure: EXPORT, item: (n) => `/tree/${String(n).padStart(200, 'x')}` },
  { name: 'DUMP', procedure: DUMP, item: (n) => `/tree/${String(n).padStart(1000, 'x')}` },
];
for (const c of long) {
  for (const [transport, most] of [
    ['udp', 1400],
    ['tcp', 262_144 + 24],
  ] as const) {
    test(`${c.name} over ${transport}: ${most} octets at most, whole entries, and an end`, async () => {
      const all = Array.from({ length: 5000 }, (_, n) => c.item(n));
      const told = mounting({ exports: () => all });
      for (const path of all.slice(0, 1024)) await ask(told, MNT, path);
      const reply = await replyOf(told.program, { version: 3, procedure: c.procedure }, { transport });
      const r = resultsOf(reply);
      const bytes = r.left + 24;
      const got = r.list(() => (c.procedure === DUMP ? [r.text(), r.text()] : [r.text(), r.bool()]));
      r.end();
      assert.ok(bytes <= most && bytes > most - 1100, `${bytes} octets`);
      assert.ok(got.every(([a, b], n) => [a, b].includes(c.item(n))));
    });
  }
}

test('another version is told which there is, another procedure that there is none', async () => {
  const { program } = mounting();
  for (const version of [1, 2, 4])
    assert.deepEqual(await answerOf(program, { version, procedure: 0 }), { kind: 'version-mismatch', low: 3, high: 3 });
  for (const procedure of [6, 7, 2 ** 32 - 1])
    assert.deepEqual(await answerOf(program, { version: 3, procedure }), { kind: 'procedure-unavailable' });
});

test('a bug of whoever resolves paths comes through', async () => {
  const { program } = mounting({ resolve: async () => Promise.reject(new TypeError('bug')) });
  await assert.rejects(answerOf(program, { version: 3, procedure: MNT, args: xdr.text('/') }), TypeError);
});
