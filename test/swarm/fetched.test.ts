import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, ipv4FromNumber } from '../../src/core/addr.ts';
import type { FetchStage } from '../../src/core/swarm.ts';
import { FetchedTable, stageOf } from '../../src/swarm/fetched.ts';

const stages: Readonly<Record<FetchStage, readonly string[]>> = {
  loader: [
    '/boot/shimx64.efi',
    '/boot/grubx64.efi',
    '/boot/lpxelinux.0',
    '/boot/undionly.kpxe',
    '/boot/ipxe.lkrn',
    '/boot/ldlinux.c32',
    '/boot/linux.c32',
    '/boot/tftp/ldlinux.c32',
    '/boot/grub/x86_64-efi/normal.mod',
    '/boot/grub/fonts/unicode.pf2',
  ],
  menu: [
    '/boot/pxelinux.cfg/default',
    '/boot/tftp/pxelinux.cfg/01-52-54-00-12-34-56',
    '/boot/boot.ipxe',
    '/boot/grub/grub.cfg',
    '/grub/grub.cfg',
    '/grub/grub.cfg-01-52:54:00:12:34:56',
    '/boot/grub/theme.txt',
    '/boot/grub/select_c.png',
  ],
  system: [
    '/isos/debian-12.iso',
    '/tree/debian-12.iso/live/vmlinuz',
    '/tree/debian-12.iso/boot/grub/grub.cfg',
    '/boot/companions/debian-12-amd64/linux',
    '/boot/memtest86+x64.efi',
    '/boot/memdisk',
    '/boot/debian/linux',
    '/boot/debian/initrd.gz',
    '/boot/vmlinuz-6.1',
    '/boot/rescue.img',
  ],
};
for (const [stage, paths] of Object.entries(stages))
  for (const path of paths) test(`fetched: ${path} is a ${stage}`, () => assert.equal(stageOf(path), stage));

const A = '172.16.0.50' as Ipv4;
const B = '172.16.0.51' as Ipv4;

test('fetched: of each client the furthest stage, the last path and all octets', () => {
  const table = new FetchedTable();
  table.note(A, '/boot/grub/grub.cfg', 0);
  table.note(A, '/boot/grub/grub.cfg', 900);
  table.note(A, '/boot/memdisk', 100);
  table.note(A, '/boot/ldlinux.c32', 50);
  table.note(B, '/boot/lpxelinux.0', 0);
  assert.deepEqual(table.take(), [
    { client: A, stage: 'system', path: '/boot/ldlinux.c32', sentBytes: 1050 },
    { client: B, stage: 'loader', path: '/boot/lpxelinux.0', sentBytes: 0 },
  ]);
});

test('fetched: what flink has is not said again, what it may not have is, with what came since', () => {
  const table = new FetchedTable();
  table.note(A, '/boot/boot.ipxe', 10);
  table.note(B, '/isos/a.iso', 1);
  table.take();
  table.note(A, '/boot/shimx64.efi', 5);
  assert.deepEqual(table.take(), [
    { client: A, stage: 'menu', path: '/boot/shimx64.efi', sentBytes: 15 },
    { client: B, stage: 'system', path: '/isos/a.iso', sentBytes: 1 },
  ]);
  table.note(B, '/isos/a.iso', 2);
  table.confirm();
  assert.deepEqual(table.take(), [{ client: B, stage: 'system', path: '/isos/a.iso', sentBytes: 2 }]);
  table.confirm();
  assert.deepEqual(table.take(), []);
});

test('fetched: a forged crowd costs no more than a hall, and is told in parts', () => {
  const table = new FetchedTable();
  for (let n = 0; n < 10_000; n++) table.note(ipv4FromNumber(n), `/isos/${'x'.repeat(4000)}`, 1);
  assert.equal(table.size, 4096);
  const told = new Set<string>();
  for (let n = 0; n < 4; n++) {
    const part = table.take();
    assert.ok(JSON.stringify(part).length < 512 << 10);
    for (const { client } of part) told.add(client);
    table.confirm();
  }
  assert.deepEqual([told.size, table.size, told.has(ipv4FromNumber(9999))], [4096, 0, true]);
});
