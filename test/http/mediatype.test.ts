import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mediaTypeOf } from '../../src/http/mediatype.ts';

const cases = [
  ['/boot/shimx64.efi', 'application/efi'],
  ['/boot/SHIMX64.EFI', 'application/efi'],
  ['/isos/disk.img', 'application/vnd.efi-img'],
  ['/isos/debian-13.1.iso', 'application/x-iso9660-image'],
  ['/boot/grub/grub.cfg', 'text/plain; charset=utf-8'],
  ['/boot/boot.ipxe', 'text/plain; charset=utf-8'],
  ['/boot/LOADERS.json', 'application/json'],
  ['/boot/lpxelinux.0', 'application/octet-stream'],
  ['/boot/linux', 'application/octet-stream'],
  ['/boot/initrd.gz', 'application/gzip'],
  ['/isos/x.constructor', 'application/octet-stream'],
  ['/isos.iso/linux', 'application/octet-stream'],
] as const;
for (const [path, want] of cases) test(`media type of ${path}`, () => assert.equal(mediaTypeOf(path), want));
