/** Images that bear several marks, and what wins. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageEntry, Verdict } from '../../src/core/image.ts';
import { recognise } from '../../src/distro/recognise.ts';
import { type Fill, imageView, kernel, type MadeImage, MIB } from './kit.ts';

const vmlinuz = kernel({ version: '6.1.0-37-amd64', signer: 'Debian Secure Boot CA' });
const look = (image: MadeImage): Promise<Verdict> => recognise(imageView(image));
const argumentsOf = (entry: ImageEntry | undefined): readonly string[] =>
  entry?.how.kind === 'linux' ? entry.how.arguments : [];

const LIVE: Readonly<Record<string, Fill>> = {
  'live/vmlinuz': vmlinuz,
  'live/initrd.img': MIB,
  'live/filesystem.squashfs': 900 * MIB,
};
const CD: Readonly<Record<string, Fill>> = { 'install.amd/vmlinuz': vmlinuz, 'dists/bookworm/Release': 'x' };
const ISOLINUX: Readonly<Record<string, Fill>> = {
  'images/pxeboot/vmlinuz': vmlinuz,
  'images/pxeboot/initrd.img': MIB,
  'LiveOS/squashfs.img': 500 * MIB,
};
const KIWI: Readonly<Record<string, Fill>> = {
  'boot/x86_64/loader/linux': vmlinuz,
  'boot/x86_64/loader/initrd': MIB,
  'LiveOS/squashfs.img': 500 * MIB,
};
const CASPER: Readonly<Record<string, Fill>> = {
  'casper/vmlinuz': vmlinuz,
  'casper/initrd': MIB,
  'casper/filesystem.squashfs': MIB,
};

const cases: readonly { readonly name: string; readonly image: MadeImage; readonly want: string }[] = [
  {
    name: 'a live system with an installer beside it is live',
    image: { files: { ...LIVE, ...CD } },
    want: 'live-boot',
  },
  {
    name: 'casper with an installer and a pool beside it is casper',
    image: { files: { ...CASPER, ...CD } },
    want: 'casper',
  },
  {
    name: 'Tails is live-boot, but starts from sticks only',
    image: { files: { ...LIVE, 'live/Tails.module': 'x' } },
    want: 'tails',
  },
  {
    name: "stage 2 in LiveOS with .treeinfo is an installer: release 7's DVD",
    image: {
      label: 'CentOS 7 x86_64',
      files: { ...ISOLINUX, '.treeinfo': '[general]\nfamily = CentOS\nversion = 7\n' },
    },
    want: 'anaconda',
  },
  { name: 'LiveOS without .treeinfo is live', image: { label: 'Foo-Live', files: ISOLINUX }, want: 'dracut-live' },
  {
    name: "Fedora's live images have kiwi's layout since 42 and start as before",
    image: { label: 'Fedora-WS-Live-43', files: KIWI },
    want: 'dracut-live',
  },
  {
    name: "SUSE's live images of that layout are kiwi's",
    image: { label: 'openSUSE_Leap_Live', files: KIWI },
    want: 'kiwi-live',
  },
  { name: "and its installers are Agama's", image: { label: 'Install-Leap-16.0', files: KIWI }, want: 'agama' },
  {
    name: 'Windows is Windows, whatever lies beside its boot.wim',
    image: { format: 'udf', files: { ...LIVE, 'sources/boot.wim': MIB } },
    want: 'windows',
  },
  {
    name: 'a memory test beside a live system is not what the image is',
    image: { files: { ...CASPER, 'boot/memtest86+x64.bin': MIB } },
    want: 'casper',
  },
  {
    name: 'letter case of the names does not matter',
    image: { files: { 'CASPER/VMLINUZ': vmlinuz, 'CASPER/INITRD.LZ': MIB, 'CASPER/FILESYSTEM.SQUASHFS': MIB } },
    want: 'casper',
  },
  {
    name: 'a folder that is called casper alone says nothing',
    image: { files: { 'casper/readme': 'x' } },
    want: 'unknown',
  },
];
for (const { name, image, want } of cases) {
  test(name, async () => assert.equal((await look(image)).family, want));
}

test('names are as stored on the image, not as in the table', async () => {
  const verdict = await look({
    files: { 'CASPER/VMLINUZ': vmlinuz, 'CASPER/INITRD.LZ': MIB, 'CASPER/A.SQUASHFS': MIB },
  });
  const [entry] = verdict.entries;
  assert.ok(entry?.how.kind === 'linux');
  assert.deepEqual([entry.how.kernel, entry.how.initrds], ['CASPER/VMLINUZ', ['CASPER/INITRD.LZ']]);
});

test('an installer beside a live system comes after it, and only as far as it can be started', async () => {
  const info = { '.disk/info': 'Debian GNU/Linux 12.11.0 "Bookworm" - Official amd64 LIVE/INSTALL Binary' };
  const verdict = await look({ files: { ...info, ...LIVE, ...CD } });
  assert.deepEqual(
    verdict.entries.map((entry) => [entry.key, entry.companion ?? '']),
    [
      ['live-nfs', ''],
      ['live', ''],
      ['install', 'debian-12-amd64'],
      ['expert-install', 'debian-12-amd64'],
      ['rescue', 'debian-12-amd64'],
    ],
  );
  assert.equal(verdict.problem, undefined);
});

test('one kernel under two names gives one entry, two kernels give two', async () => {
  const twice = { ...LIVE, 'live/vmlinuz-6.1.0-37-amd64': vmlinuz, 'live/initrd.img-6.1.0-37-amd64': MIB };
  assert.deepEqual(
    (await look({ files: twice })).entries.map((entry) => entry.variant),
    [undefined, undefined],
  );
  const other = kernel({ version: '6.12.0-1-amd64', signer: 'Debian Secure Boot CA', sizeBytes: 13 * MIB });
  const two = { ...LIVE, 'live/vmlinuz-6.12.0-1-amd64': other, 'live/initrd.img-6.12.0-1-amd64': 2 * MIB };
  assert.deepEqual(
    (await look({ files: two })).entries.map((entry) => [entry.key, entry.variant]),
    [
      ['live-nfs', '6.1.0-37-amd64'],
      ['live', '6.1.0-37-amd64'],
      ['live-nfs-2', '6.12.0-1-amd64'],
      ['live-2', '6.12.0-1-amd64'],
    ],
  );
});

test('a kernel without its initrd gives no entry, and the verdict says so', async () => {
  const verdict = await look({ files: { 'casper/vmlinuz': vmlinuz, 'casper/filesystem.squashfs': MIB } });
  assert.deepEqual([verdict.entries, verdict.problem?.reason], [[], 'cannot-netboot']);
});

test('an image without packages is a second stage, one with packages a repository', async () => {
  const installer = { ...ISOLINUX, '.treeinfo': '[general]\nfamily = Fedora\nversion = 44\n' };
  const bare = await look({ label: 'Fedora-E-dvd-x86_64-44', files: installer });
  const full = await look({ label: 'Fedora-E-dvd-x86_64-44', files: { ...installer, 'repodata/repomd.xml': 'x' } });
  assert.deepEqual(
    bare.entries.map(argumentsOf).map((words) => words[1]),
    ['inst.stage2=nfs:{nfs}', 'inst.stage2={tree}'],
  );
  assert.deepEqual(
    full.entries.map(argumentsOf).map((words) => words[1]),
    ['inst.repo=nfs:{nfs}', 'inst.repo={tree}'],
  );
});

// casper 1.472 is Ubuntu 22.10's; what is based on a release that nobody knows gets the words of both.
const versions: readonly (readonly [string, readonly string[]])[] = [
  ['Ubuntu 19.04 "Disco Dingo" - Release amd64', []],
  ['Ubuntu 19.10 "Eoan Ermine" - Release amd64', ['url={iso}', 'cloud-config-url=/dev/null']],
  ['Ubuntu 22.04.4 LTS "Jammy Jellyfish" - Release amd64', ['url={iso}', 'cloud-config-url=/dev/null']],
  ['Ubuntu 22.10 "Kinetic Kudu" - Release amd64', ['iso-url={iso}']],
  ['Linux Mint 21.3 "Virginia" - Release amd64', ['url={iso}', 'cloud-config-url=/dev/null']],
  ['Linux Mint 22.1 "Xia" - Release amd64', ['iso-url={iso}']],
  ['Zorin OS 18 "Noble Numbat" - Release amd64', ['iso-url={iso}']],
  ['Something 3.2 "Else" - Release amd64', ['iso-url={iso}', 'url={iso}', 'cloud-config-url=/dev/null']],
];
for (const [info, want] of versions) {
  test(`casper: how ${info.split(' "')[0]} fetches the image`, async () => {
    const verdict = await look({ files: { ...CASPER, '.disk/info': info } });
    const words = argumentsOf(verdict.entries.find((entry) => entry.transport === 'http'));
    assert.deepEqual(
      words.filter((word) => /url=/.test(word)),
      want,
    );
  });
}

test('the kernel itself says who signed it, whatever the distribution is', async () => {
  const signers = [
    ['none', 'no'],
    ['Debian Secure Boot CA', 'debian-signed'],
    ['Canonical Ltd. Secure Boot Signing', 'own-shim'],
  ] as const;
  for (const [signer, want] of signers) {
    const verdict = await look({
      files: { ...CASPER, 'casper/vmlinuz': kernel({ version: '6.8.0-1-generic', signer }) },
    });
    assert.deepEqual([...new Set(verdict.entries.map((entry) => entry.secureBoot))], [want]);
  }
  // No kernel that can be read: the table.
  const stub = await look({ files: { ...CASPER, 'casper/vmlinuz': 'no kernel' } });
  assert.equal(stub.entries[0]?.secureBoot, 'own-shim');
});

test('a kernel that is no EFI program is for BIOS machines alone', async () => {
  const verdict = await look({ files: { ...CASPER, 'casper/vmlinuz': kernel({ version: '3.2.0-23-generic' }) } });
  assert.deepEqual(verdict.entries[0]?.firmware, ['bios']);
});

test('what is called boot loader is a shim only with its partner beside it', async () => {
  const shimOf = async (files: Readonly<Record<string, Fill>>): Promise<string | undefined> => {
    const how = (await look({ files: { ...CASPER, 'casper/vmlinuz': 'x', ...files } })).entries[0]?.how;
    return how?.kind === 'linux' ? how.shim : undefined;
  };
  assert.equal(await shimOf({ 'EFI/BOOT/BOOTX64.EFI': 900_000, 'EFI/BOOT/grubx64.efi': MIB }), 'EFI/BOOT/BOOTX64.EFI');
  assert.equal(await shimOf({ 'EFI/BOOT/BOOTX64.EFI': 900_000 }), undefined);
});

test('memory: the image, the file systems, twice where they are copied', async () => {
  const memory = async (image: MadeImage, key: string): Promise<number | undefined> =>
    (await look(image)).entries.find((entry) => entry.key === key)?.memoryMib;
  const arch = {
    'arch/boot/x86_64/vmlinuz-linux': vmlinuz,
    'arch/boot/x86_64/initramfs-linux.img': MIB,
    'arch/x86_64/airootfs.sfs': 800 * MIB,
  };
  assert.equal(await memory({ sizeBytes: 1000 * MIB, files: CASPER }, 'live'), 2560);
  assert.equal(await memory({ files: LIVE }, 'live'), 1664);
  assert.equal(await memory({ files: arch }, 'live'), 2112);
  assert.equal(await memory({ files: arch }, 'live-nfs'), 1024);
});

test('an image that is too large for memory is not offered to memdisk', async () => {
  const keys = async (sizeBytes: number): Promise<readonly string[]> =>
    (await look({ sizeBytes, boots: ['bios'] })).entries.map((entry) => entry.key);
  assert.deepEqual(await keys(500 * MIB), ['last-resort-memdisk', 'last-resort-sanboot']);
  assert.deepEqual(await keys(501 * MIB), ['last-resort-sanboot']);
});

test("of the image's own menu what looks for a disk, or keeps changes on the medium, is left out; the rest stays", async () => {
  const menu =
    'menuentry "Live" {\n linux /boot/x86_64/loader/linux root=live:CDLABEL=X rd.live.image rd.live.overlay.persistent ' +
    'rd.live.overlay.cowfs=ext4 rd.live.check console=ttyS0 toram ip=off keep=this "bad word" splash=silent ---\n initrd /boot/x86_64/loader/initrd\n}\n';
  const verdict = await look({ label: 'openSUSE_Leap_15.6_KDE_Live', files: { ...KIWI, 'boot/grub2/grub.cfg': menu } });
  assert.deepEqual(argumentsOf(verdict.entries[0]).slice(4), ['rd.live.image', 'keep=this', 'splash=silent']);
});

test("a kernel that only the image's own menu knows is started, if it is there", async () => {
  const menu = (kernelPath: string): string =>
    `menuentry "Live" {\n linux ${kernelPath} quiet\n initrd /live/odd.img\n}\n`;
  const files = { 'live/filesystem.squashfs': MIB, 'live/odd': vmlinuz, 'live/odd.img': MIB };
  const kernels = async (path: string): Promise<readonly string[]> =>
    (await look({ files: { ...files, 'boot/grub/grub.cfg': menu(path) } })).entries.flatMap((entry) =>
      entry.how.kind === 'linux' ? [entry.how.kernel] : [],
    );
  assert.deepEqual(await kernels('/live/odd'), ['live/odd', 'live/odd']);
  assert.deepEqual(await kernels('/live/missing'), []);
  assert.deepEqual(await kernels('/live/../../etc/passwd'), []);
  assert.deepEqual(await kernels('/live/*'), []);
});
