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
const ALPINE: Readonly<Record<string, Fill>> = { 'boot/vmlinuz-lts': vmlinuz, 'boot/modloop-lts': MIB, 'apks/': 0 };
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
    name: 'a live system with Windows beside it is live',
    image: { format: 'udf', files: { ...LIVE, 'sources/boot.wim': MIB, bootmgr: MIB } },
    want: 'live-boot',
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
    ['inst.stage2=nfs:nfsvers=3:{nfs}', 'inst.stage2={tree}'],
  );
  assert.deepEqual(
    full.entries.map(argumentsOf).map((words) => words[1]),
    ['inst.repo=nfs:nfsvers=3:{nfs}', 'inst.repo={tree}'],
  );
});

// casper 1.472 is Ubuntu 22.10's; what is based on a release that nobody knows counts as the newest.
const versions: readonly (readonly [string, readonly string[]])[] = [
  ['Ubuntu 19.04 "Disco Dingo" - Release amd64', []],
  ['Ubuntu 19.10 "Eoan Ermine" - Release amd64', ['url={iso}', 'cloud-config-url=/dev/null']],
  ['Ubuntu 22.04.4 LTS "Jammy Jellyfish" - Release amd64', ['url={iso}', 'cloud-config-url=/dev/null']],
  ['Ubuntu 22.10 "Kinetic Kudu" - Release amd64', ['iso-url={iso}']],
  ['Linux Mint 21.3 "Virginia" - Release amd64', ['url={iso}', 'cloud-config-url=/dev/null']],
  ['Linux Mint 22.1 "Xia" - Release amd64', ['iso-url={iso}']],
  ['Zorin OS 18 "Noble Numbat" - Release amd64', ['iso-url={iso}']],
  ['Rescuezilla 2.5 "jammy" - Release amd64', ['url={iso}', 'cloud-config-url=/dev/null']],
  ['Rescuezilla 2.6 "noble" - Release amd64', ['iso-url={iso}']],
  ['Something 3.2 "Else" - Release amd64', ['iso-url={iso}']],
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

const SHIM = { 'EFI/BOOT/BOOTX64.EFI': 900_000, 'EFI/BOOT/grubx64.efi': MIB };
const signers: readonly (readonly [string, Fill, Readonly<Record<string, Fill>>, string])[] = [
  ['signed by nobody', kernel({ signer: 'none' }), SHIM, 'no'],
  ["with Debian's signature", vmlinuz, {}, 'debian-signed'],
  [
    "with another one's, its shim on the image",
    kernel({ signer: 'Canonical Ltd. Secure Boot Signing' }),
    SHIM,
    'own-shim',
  ],
  ["with another one's, without a shim", kernel({ signer: 'Canonical Ltd. Secure Boot Signing' }), {}, 'no'],
  ['that is no EFI program', kernel({}), SHIM, 'no'],
  [
    'of 32 bits: nobody has signed a loader that starts it',
    kernel({ arch: 'i386', signer: 'Debian Secure Boot CA' }),
    SHIM,
    'no',
  ],
  ['that cannot be read', 'no kernel', SHIM, 'unknown'],
];
for (const [name, vmlinuz, beside, want] of signers) {
  test(`Secure Boot, a kernel ${name}: ${want}, whatever the distribution is`, async () => {
    for (const info of ['Debian GNU/Linux 12', 'Ubuntu 24.04']) {
      const image = { files: { ...CASPER, 'casper/vmlinuz': vmlinuz, '.disk/info': info, ...beside } };
      const { entries } = await look(image);
      assert.deepEqual([...new Set(entries.map((entry) => entry.secureBoot))], [want]);
    }
  });
}

test("who has signed a companion's kernel nobody can say before it is there, whatever the image's own is", async () => {
  const info = { '.disk/info': 'Debian GNU/Linux 12.11.0 "Bookworm" - Official amd64 NETINST' };
  const verdict = await look({ files: { ...info, ...CD, '.disk/base_installable': '' } });
  assert.deepEqual([...new Set(verdict.entries.map((entry) => entry.secureBoot))], ['unknown']);
  assert.deepEqual(
    verdict.entries.flatMap(({ key, companionVersion }) => (companionVersion ? [[key, companionVersion]] : [])),
    [['install-image', '6.1.0-37-amd64']],
  );
});

const cures: readonly (readonly [string, MadeImage, string])[] = [
  ['Debian 12', { files: { ...CD, '.disk/info': 'Debian GNU/Linux 12.5.0 "Bookworm"' } }, 'needs-companion'],
  ['Debian 10', { files: { ...CD, '.disk/info': 'Debian GNU/Linux 10.13.0 "Buster"' } }, 'cannot-netboot'],
  ['Debian 14', { files: { ...CD, '.disk/info': 'Debian GNU/Linux 14.0.0 "Forky"' } }, 'cannot-netboot'],
  ['Alpine 3.20.0', { label: 'alpine-std 3.20.0 x86_64', files: ALPINE }, 'needs-companion'],
  ['Alpine 3.21.0_rc2', { label: 'alpine-std 3.21.0_rc2 x86_64', files: ALPINE }, 'cannot-netboot'],
];
for (const [name, image, want] of cures) {
  test(`${name}: a companion is told of only where somebody offers it`, async () => {
    const { entries, problem } = await look(image);
    assert.equal(problem?.reason, want);
    assert.equal(/--for/.test(problem?.cure ?? ''), want === 'needs-companion');
    assert.equal(entries.length > 0, want === 'needs-companion');
  });
}

test('the processor: as the kernel says, its place, its name; else as the image does', async () => {
  const archOf = async (image: MadeImage) => (await look(image)).entries[0]?.archs[0];
  const arm = '.disk/info';
  assert.equal(
    await archOf({ files: { ...CASPER, 'casper/vmlinuz': 'gzip', [arm]: 'Ubuntu 24.04 - Release arm64' } }),
    'arm64',
  );
  assert.equal(await archOf({ files: { ...CASPER, 'casper/vmlinuz': 'gzip', 'EFI/BOOT/BOOTAA64.EFI': MIB } }), 'arm64');
  assert.equal(await archOf({ files: { ...CASPER, [arm]: 'Ubuntu 24.04 - Release arm64' } }), 'x86_64');
  assert.equal(
    await archOf({ files: { ...CASPER, 'casper/vmlinuz': 'gzip', [arm]: 'Foo amd64 and arm64' } }),
    'x86_64',
  );
});

const hooks: readonly (readonly [string, RegExp | undefined])[] = [
  ['Ubuntu-Server 24.04 LTS "Noble Numbat"', /^autoinstall ds=/],
  ['Ubuntu-Server 18.04 LTS "Bionic Beaver"', undefined],
  ['Ubuntu 23.04 "Lunar Lobster"', /^autoinstall ds=/],
  ['Ubuntu 22.10 "Kinetic Kudu"', /^automatic-ubiquity /],
  ['Kubuntu 22.04 LTS "Jammy Jellyfish"', /^automatic-ubiquity /],
  ['Kubuntu 24.04 LTS "Noble Numbat"', undefined],
  ['Lubuntu 22.04 LTS "Jammy Jellyfish"', undefined],
  ['Linux Mint 22.1 "Xia"', /^automatic-ubiquity /],
  ['Pop!_OS 22.04 LTS', undefined],
  ['Something 3.2', undefined],
];
for (const [info, want] of hooks) {
  test(`unattended: ${info} by ${want ?? 'nothing that is known'}`, async () => {
    const verdict = await look({ files: { ...CASPER, '.disk/info': `${info} - Release amd64` } });
    for (const { unattended } of verdict.entries)
      want ? assert.match(unattended ?? '', want) : assert.equal(unattended, want);
    assert.ok(verdict.entries.length > 0);
  });
}

test('what is built on archiso by somebody unknown may lack its hooks: there are entries, and a word of warning', async () => {
  const files = {
    'arch/boot/x86_64/vmlinuz-linux': vmlinuz,
    'arch/boot/x86_64/initramfs-linux.img': MIB,
    'arch/x86_64/airootfs.sfs': 800 * MIB,
  };
  const stranger = await look({ label: 'FOO_2026', files });
  assert.deepEqual([stranger.entries.length, stranger.problem?.reason], [2, 'unknown']);
  assert.match(stranger.problem?.says ?? '', /may not start/);
  assert.equal((await look({ label: 'ARCH_202608', files })).problem, undefined);
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
  assert.equal(
    await shimOf({ 'EFI/BOOT/bootx64.efi': 900_000, 'EFI/BOOT/MokManager.efi': MIB }),
    'EFI/BOOT/bootx64.efi',
  );
  assert.equal(await shimOf({ 'EFI/BOOT/BOOTX64.EFI': 900_000, 'EFI/BOOT/grubia32.efi': MIB }), undefined);
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
  assert.equal(await memory({ files: LIVE }, 'live'), 1728);
  assert.equal(await memory({ files: arch }, 'live'), 2112);
});

test('memory of what streams: a desktop 2 GiB, a console or a tool 1 GiB, however large the image is', async () => {
  const streams = async (image: MadeImage): Promise<number | undefined> =>
    (await look(image)).entries.find((entry) => entry.isStreaming)?.memoryMib;
  const arch = (mib: number): Readonly<Record<string, Fill>> => ({
    'arch/boot/x86_64/vmlinuz-linux': vmlinuz,
    'arch/boot/x86_64/initramfs-linux.img': MIB,
    'arch/x86_64/airootfs.sfs': mib * MIB,
  });
  const live = { 'live/vmlinuz': vmlinuz, 'live/initrd.img': MIB, 'live/filesystem.squashfs': 2500 * MIB };
  assert.equal(await streams({ label: 'ARCH_202608', files: arch(800) }), 1024);
  assert.equal(await streams({ label: 'EOS_202411', files: arch(2500) }), 2048);
  assert.equal(await streams({ label: 'GParted-live', files: live }), 1024);
  assert.equal(await streams({ label: 'd-live 13.1.0 gn amd64', files: live }), 2048);
  assert.equal(await streams({ label: 'FORENSICS', files: live }), 1024);
  for (const sizeBytes of [200 * MIB, 6000 * MIB]) assert.equal(await streams({ sizeBytes, files: CASPER }), 2048);
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
