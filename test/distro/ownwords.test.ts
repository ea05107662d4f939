/** What of an image's own command line is taken over: nothing that the network line replaces, and no more than a kernel carries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownWords } from '../../src/distro/ownwords.ts';

const own = (words: string, placed = ''): string =>
  ownWords(words.split(' '), placed === '' ? [] : placed.split(' ')).join(' ');

const cases: readonly (readonly [string, string, string])[] = [
  [
    'casper',
    'boot=casper iso-scan/filename=/x.iso uuid=1-2 file=/cdrom/preseed/x.seed quiet splash ---',
    'file=/cdrom/preseed/x.seed quiet splash',
  ],
  [
    'live-boot',
    'boot=live findiso=/x.iso fromiso=/dev/sda1/x.iso toram persistence-label=x components username=user',
    'components username=user',
  ],
  [
    'archiso',
    'archisobasedir=arch archisolabel=A archisodevice=/dev/x archisosearchuuid=1 archisosearchfilename=/b img_dev=/d img_loop=/x.iso copytoram cow_spacesize=1G',
    'cow_spacesize=1G',
  ],
  ['miso', 'misobasedir=manjaro misolabel=M misodevice=/dev/x driver=free', 'driver=free'],
  [
    'dracut and anaconda',
    'root=live:CDLABEL=F inst.stage2=hd:LABEL=F inst.repo=cdrom inst.ks=x rd.live.check rd.live.overlay.size=8 rd.live.image quiet',
    'rd.live.overlay.size=8 rd.live.image quiet',
  ],
  [
    'boot loaders',
    'BOOT_IMAGE=/k initrd=/i BOOTIF=01-00 ip=dhcp root=/dev/ram0 console=ttyS0 ipv6.disable=1',
    'ipv6.disable=1',
  ],
  ['what is twice', 'quiet splash quiet', 'quiet splash'],
  [
    'what may stand there several times',
    'systemd.mask=a.mount systemd.mask=b.mount modprobe.blacklist=x',
    'systemd.mask=a.mount systemd.mask=b.mount modprobe.blacklist=x',
  ],
  [
    'layers and names',
    'layerfs-path=minimal.squashfs hostname=mint driver=nonfree',
    'layerfs-path=minimal.squashfs hostname=mint driver=nonfree',
  ],
  ['dashes, quotes, what loaders would expand', '--- -- a"b c;d ocs="x" e={tree}', 'ocs=x'],
];
for (const [name, words, want] of cases) test(`own words: ${name}`, () => assert.equal(own(words), want));

test("the tables' value of what there is one of holds; another value of the rest is added", () => {
  const placed = 'username=user systemd.mask=tmp.mount fsck.mode=skip';
  assert.equal(
    own('username=live systemd.mask=tmp.mount systemd.mask=x.mount fsck.mode=force quiet', placed),
    'systemd.mask=x.mount quiet',
  );
});

const many = (count: number, suffix = ''): string =>
  Array.from({ length: count }, (_, i) => `w${i}${suffix}`).join(' ');

// linux, init/main.c: MAX_INIT_ARGS and MAX_INIT_ENVS are 32 each, some are taken already.
test('of either kind that the kernel does not know 24 fit; its own parameters and those of modules do not count', () => {
  assert.equal(own(many(30)).split(' ').length, 24);
  assert.equal(own(many(30, '=1')).split(' ').length, 24);
  assert.equal(own(many(30), many(20)).split(' ').length, 4, 'placed ones count, and are not told twice');
  assert.equal(own(`${many(24)} quiet a.b=c a.d nomodeset`).split(' ').length, 28);
  assert.equal(own(many(60, '.x')).split(' ').length, 40);
});

test('what the system does not start without comes through, wherever it stands', () => {
  const kept = own(`${many(30, '=1')} layerfs-path=a.squashfs`).split(' ');
  assert.deepEqual([kept.length, kept.at(-1)], [24, 'layerfs-path=a.squashfs']);
});

test('a long line ends before menus would refuse it', () => {
  const kept = own(Array.from({ length: 20 }, (_, i) => `a${i}.b=${'x'.repeat(100)}`).join(' '));
  assert.ok(kept.length > 800 && kept.length < 1200, `${kept.length}`);
});
