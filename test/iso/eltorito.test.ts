import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readBootImages } from '../../src/iso/eltorito.ts';
import { openVolume } from '../../src/iso/open.ts';
import { bytesOf, hasPrograms, makeIso, makeTree, openImage, readerOf, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const SECTOR = 2048;

/** A catalogue of records at sector 1, and the boot record that names it. El Torito 1.0 figure 2 */
function imageWith(records: readonly (readonly number[])[]): { bytes: Uint8Array; bootRecord: Uint8Array } {
  const bytes = new Uint8Array(40 * SECTOR);
  for (const [i, record] of records.entries()) bytes.set(record, SECTOR + i * 32);
  const bootRecord = new Uint8Array(SECTOR);
  bootRecord.set(Buffer.from('\0CD001\x01EL TORITO SPECIFICATION'));
  bootRecord[0x47] = 1;
  return { bytes, bootRecord };
}

function validation(platform: number, checksum = (0x10000 - (0x01 + platform * 256 + 0xaa55)) & 0xffff): number[] {
  const record = new Array<number>(32).fill(0);
  record.splice(0, 2, 0x01, platform);
  record.splice(28, 4, checksum % 256, Math.floor(checksum / 256), 0x55, 0xaa);
  return record;
}

function entry(bootable: number, media: number, sectors: number, lba: number): number[] {
  const record = new Array<number>(32).fill(0);
  record.splice(0, 2, bootable, media);
  record.splice(6, 6, sectors % 256, Math.floor(sectors / 256), lba % 256, Math.floor(lba / 256), 0, 0);
  return record;
}

function header(kind: number, platform: number, count: number): number[] {
  return [kind, platform, count, 0, ...new Array<number>(28).fill(0)];
}

const bios = { platform: 'bios', emulation: 'none', position: 20 * SECTOR, lengthBytes: 2048 };
const uefi = { platform: 'uefi', emulation: 'none', position: 30 * SECTOR, lengthBytes: 5120 };
const cases = [
  {
    name: 'the initial entry has the platform of the validation entry',
    records: [validation(0), entry(0x88, 0, 4, 20)],
    want: [bios],
  },
  {
    name: 'a section has a platform of its own',
    records: [validation(0), entry(0x88, 0, 4, 20), header(0x91, 0xef, 1), entry(0x88, 0, 10, 30)],
    want: [bios, uefi],
  },
  { name: 'a medium for UEFI alone', records: [validation(0xef), entry(0x88, 0, 10, 30)], want: [uefi] },
  {
    name: 'a platform of another kind',
    records: [validation(2), entry(0x88, 0, 4, 20)],
    want: [{ ...bios, platform: 'other' }],
  },
  { name: 'nothing is bootable', records: [validation(0), entry(0x00, 0, 4, 20)], want: [] },
  {
    name: 'a floppy is as long as its kind, whatever is loaded of it',
    records: [validation(0), entry(0x88, 2, 1, 20)],
    want: [{ ...bios, emulation: 'floppy', lengthBytes: 1_474_560 }],
  },
  { name: 'a hard disk', records: [validation(0), entry(0x88, 4, 4, 20)], want: [{ ...bios, emulation: 'hard-disk' }] },
  { name: 'an image outside the image is left out', records: [validation(0), entry(0x88, 0, 4, 40)], want: [] },
  { name: 'a wrong checksum', records: [validation(0, 1), entry(0x88, 0, 4, 20)], want: [] },
  { name: 'zeros', records: [], want: [] },
  {
    name: 'what follows the last section is not read',
    records: [
      validation(0),
      entry(0x88, 0, 4, 20),
      header(0x91, 0xef, 0),
      header(0x91, 0xef, 1),
      entry(0x88, 0, 10, 30),
    ],
    want: [bios],
  },
];
for (const { name, records, want } of cases) {
  test(`boot catalogue: ${name}`, async () => {
    const { bytes, bootRecord } = imageWith(records);
    assert.deepEqual(await readBootImages(readerOf(bytes), bytes.length, [bootRecord]), want);
  });
}

test('boot catalogue: one behind the end of the file, or of another system, gives nothing', async () => {
  const { bytes, bootRecord } = imageWith([validation(0), entry(0x88, 0, 4, 20)]);
  assert.deepEqual(await readBootImages(readerOf(bytes), bytes.length, [bootRecord.with(0x48, 9)]), []);
  assert.deepEqual(await readBootImages(readerOf(bytes), bytes.length, [bootRecord.with(7, 0x58)]), []);
});

for (const by of ['xorriso', 'genisoimage'] as const) {
  test(`boot catalogue: BIOS and UEFI as ${by} writes them`, async (t) => {
    if (!hasPrograms(t, [by])) return;
    const source = makeTree(join(folder, by), {
      'isolinux/isolinux.bin': Buffer.alloc(4096, 'isolinux'),
      'boot/efi.img': Buffer.alloc(20_480, 'efi'),
    });
    const boot = ['-b', 'isolinux/isolinux.bin', '-c', 'isolinux/boot.cat', '-no-emul-boot', '-boot-load-size', '4'];
    const efi = ['-eltorito-alt-boot', '-e', 'boot/efi.img', '-no-emul-boot'];
    const path = makeIso(by, ['-R', ...boot, ...efi], source, join(folder, `${by}.iso`));
    const image = openImage(path);
    t.after(() => image.close());
    const { bootImages } = await openVolume(image.read, image.sizeBytes);
    assert.deepEqual(
      bootImages.map(({ platform, emulation, lengthBytes }) => [platform, emulation, lengthBytes]),
      [
        ['bios', 'none', 2048],
        ['uefi', 'none', 20_480],
      ],
    );
    const starts = bootImages.map(({ position }) =>
      Buffer.from(bytesOf(path).subarray(position, position + 3)).toString(),
    );
    assert.deepEqual(starts, ['iso', 'efi']);
  });
}
