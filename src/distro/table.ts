/** All families, in the order in which they are tried: the first whose mark is there is what the image is. */
import { createHash } from 'node:crypto';
import { ARCHISO, MISO } from './archiso.ts';
import { CASPER } from './casper.ts';
import { DEBIAN_INSTALLER, UBUNTU_INSTALLER } from './debianinstaller.ts';
import { AGAMA, DRACUT_LIVE, KIWI_LIVE } from './dracut.ts';
import { ALPINE, ANACONDA, LINUXRC, PROXMOX, SLACKWARE } from './installers.ts';
import { FREEBSD, FREEDOS, UNKNOWN, WINDOWS } from './lastresort.ts';
import { LIVE_BOOT } from './liveboot.ts';
import { MEMTEST, PMAGIC, PORTEUS, SLAX, SYSTEMRESCUECD, TINYCORE } from './others.ts';
import { PRODUCTS } from './products.ts';
import type { Family } from './row.ts';
import { CANNOT } from './unable.ts';

export const FAMILIES: readonly Family[] = [
  // Tails is live-boot too, but cannot be started over the network.
  ...CANNOT,
  // A live image may hold an installer besides: it comes as a further entry.
  CASPER,
  LIVE_BOOT,
  ARCHISO,
  MISO,
  // A DVD of release 7 has LiveOS/squashfs.img as the installer's second stage.
  ANACONDA,
  DRACUT_LIVE,
  AGAMA,
  KIWI_LIVE,
  // Beside a live system it comes as a further entry.
  WINDOWS,
  LINUXRC,
  UBUNTU_INSTALLER,
  DEBIAN_INSTALLER,
  PROXMOX,
  ALPINE,
  SLACKWARE,
  SYSTEMRESCUECD,
  PMAGIC,
  SLAX,
  PORTEUS,
  TINYCORE,
  MEMTEST,
  FREEDOS,
  FREEBSD,
  UNKNOWN,
];

/** Raised when what the code makes of the tables changes. */
const REVISION = 3;

/** Verdicts of another version are out of date. */
export const TABLE_VERSION = `${REVISION}-${fingerprint()}`;

function fingerprint(): string {
  const text = JSON.stringify([FAMILIES, PRODUCTS], (_key, value: unknown) =>
    value instanceof RegExp ? String(value) : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
