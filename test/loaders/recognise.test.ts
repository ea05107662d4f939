import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recognise } from '../../src/loaders/recognise.ts';

const cases = [
  { name: 'our own names', files: ['lpxelinux.0', 'ipxe.efi'], want: ['lpxelinux.0<lpxelinux.0', 'ipxe.efi<ipxe.efi'] },
  {
    name: "Debian's names",
    files: ['shimx64.efi.signed', 'grubnetx64.efi.signed', 'mmx64.efi.signed'],
    want: ['shimx64.efi<shimx64.efi.signed', 'grubx64.efi<grubnetx64.efi.signed', 'mmx64.efi<mmx64.efi.signed'],
  },
  {
    name: "not the disk's GRUB",
    files: ['grubx64.efi.signed', 'gcdx64.efi.signed', 'grubnetx64-installer.efi'],
    want: [],
  },
  {
    name: "a net image goes before a file of our name, which may be the disk's",
    files: ['grubx64.efi', 'grubnetx64.efi.signed'],
    want: ['grubx64.efi<grubnetx64.efi.signed'],
  },
  {
    name: "Fedora's iPXE",
    files: ['ipxe-x86_64.efi', 'ipxe-snponly-x86_64.efi'],
    want: ['ipxe.efi<ipxe-x86_64.efi', 'snponly.efi<ipxe-snponly-x86_64.efi'],
  },
  {
    name: 'a signed release of iPXE',
    files: ['ipxe-shimx64.efi', 'ipxe.efi'],
    want: ['ipxe.efi<ipxe.efi', 'ipxe-shimx64.efi<ipxe-shimx64.efi'],
  },
  { name: 'upper case, as on FAT', files: ['SHIMX64.EFI'], want: ['shimx64.efi<SHIMX64.EFI'] },
  { name: 'the exact spelling first', files: ['IPXE.EFI', 'ipxe.efi', 'Ipxe.efi'], want: ['ipxe.efi<ipxe.efi'] },
  { name: 'nothing else', files: ['README', 'vmlinuz', '.ipxe.efi', 'ipxe.efi.bak'], want: [] },
];
for (const c of cases) {
  test(`a folder's files are known by name: ${c.name}`, () => {
    assert.deepEqual(
      recognise(c.files).map((r) => `${r.loader.name}<${r.file}`),
      c.want,
    );
  });
}
