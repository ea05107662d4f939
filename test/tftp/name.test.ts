import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathsOf } from '../../src/tftp/name.ts';

const cases: readonly { readonly name: string; readonly asked: string; readonly want: readonly string[] }[] = [
  { name: 'a bare name is below /boot', asked: 'lpxelinux.0', want: ['/boot/lpxelinux.0'] },
  { name: 'a leading slash changes nothing', asked: '/lpxelinux.0', want: ['/boot/lpxelinux.0'] },
  { name: 'slashes in a row are one', asked: '//grubx64.efi', want: ['/boot/grubx64.efi'] },
  { name: 'a single dot is nothing', asked: './pxelinux.cfg/./default', want: ['/boot/pxelinux.cfg/default'] },
  { name: 'boot/ is itself', asked: 'boot/ipxe.efi', want: ['/boot/ipxe.efi'] },
  { name: 'isos/ is itself', asked: '/isos/a.iso', want: ['/isos/a.iso'] },
  { name: 'tree/ is itself', asked: 'tree/a.iso/casper/vmlinuz', want: ['/tree/a.iso/casper/vmlinuz'] },
  { name: "grub/ is itself: the prefix of Debian's net image", asked: '/grub/grub.cfg', want: ['/grub/grub.cfg'] },
  { name: 'a folder that only begins alike is below /boot', asked: 'bootx/a', want: ['/boot/bootx/a'] },
  { name: 'a top folder alone is a name below /boot', asked: '/isos', want: ['/boot/isos'] },
  { name: 'backslashes are slashes', asked: '\\boot\\ipxe.efi', want: ['/boot/ipxe.efi'] },
  { name: '0xFF ends a name', asked: 'lpxelinux.0\xff', want: ['/boot/lpxelinux.0'] },
  { name: '0xFF ends a name whatever follows', asked: 'lpxelinux.0\xff\x12\xfe', want: ['/boot/lpxelinux.0'] },
  {
    name: 'a name in capitals is tried in lower case after itself',
    asked: 'BOOT\\LPXELINUX.0',
    want: ['/boot/BOOT/LPXELINUX.0', '/boot/lpxelinux.0'],
  },
  {
    name: 'UTF-8 is read as such',
    asked: Buffer.from('isos/españa.iso').toString('latin1'),
    want: ['/isos/españa.iso'],
  },
  { name: 'percent signs mean themselves', asked: '%2e%2e/etc/passwd', want: ['/boot/%2e%2e/etc/passwd'] },
  { name: 'a drive letter means nothing', asked: 'c:\\boot', want: ['/boot/c:/boot'] },
  { name: 'three dots are a name', asked: '...', want: ['/boot/...'] },
];
for (const { name, asked, want } of cases) {
  test(`name: ${name}`, () => assert.deepEqual(pathsOf(asked), want));
}

const bad = [
  { name: 'two dots', asked: '../etc/passwd' },
  { name: 'two dots in the middle', asked: 'boot/../../etc/passwd' },
  { name: 'two dots behind backslashes', asked: '..\\..\\etc\\passwd' },
  { name: 'two dots that stay inside', asked: 'a/../b' },
  { name: 'an empty name', asked: '' },
  { name: 'slashes only', asked: '///' },
  { name: '0xFF only', asked: '\xff' },
  { name: 'a control character', asked: 'a\nb' },
  { name: 'an overlong slash, C0 AF', asked: '..\xc0\xaf..\xc0\xafetc/passwd' },
  { name: 'a lone continuation octet', asked: 'a\x80' },
  { name: '600 octets', asked: 'a'.repeat(600) },
];
for (const { name, asked } of bad) {
  test(`name: ${name} is a bad name`, () => assert.deepEqual(pathsOf(asked), []));
}
