// biome-ignore-all lint/suspicious/noTemplateCurlyInString: GRUB writes its variables so.
/** Boot menus as distributions write them, and as an enemy would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BootLine, readBootConfig } from '../../src/distro/bootconfig.ts';
import { isPlainWord, pathIn, wordsOf } from '../../src/distro/bootline.ts';
import { commandsOf } from '../../src/distro/grubwords.ts';
import { imageView } from './kit.ts';

const read = (files: Readonly<Record<string, string>>) => readBootConfig(imageView({ files }));

/** `title: kernel initrd,initrd arguments`. */
function shown({ title, kernel, initrds, arguments: words }: BootLine): string {
  return `${title}: ${[kernel, initrds.join(','), ...words].filter(Boolean).join(' ')}`;
}

const cases: readonly {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly want: readonly string[];
}[] = [
  {
    name: 'Ubuntu: loopback.cfg before grub.cfg; what GRUB would fill in is left out',
    files: {
      'boot/grub/loopback.cfg': `menuentry "Try or Install Ubuntu" {
\tset gfxpayload=keep
\tlinux\t/casper/vmlinuz  iso-scan/filename=\${iso_path} --- quiet splash
\tinitrd\t/casper/initrd
}`,
      'boot/grub/grub.cfg': `set timeout=30

loadfont unicode

set menu_color_normal=white/black
menuentry "Try or Install Ubuntu" {
\tset gfxpayload=keep
\tlinux\t/casper/vmlinuz  --- quiet splash
\tinitrd\t/casper/initrd
}
menuentry "Ubuntu (safe graphics)" {
\tset gfxpayload=keep
\tlinux\t/casper/vmlinuz nomodeset  --- quiet splash
\tinitrd\t/casper/initrd
}
grub_platform
if [ "$grub_platform" = "efi" ]; then
menuentry 'Boot from next volume' {
\texit 1
}
menuentry 'UEFI Firmware Settings' {
\tfwsetup
}
else
menuentry 'Test memory' {
\tlinux16 /boot/memtest86+.bin
}
fi`,
    },
    want: [
      'Try or Install Ubuntu: /casper/vmlinuz /casper/initrd --- quiet splash',
      'Ubuntu (safe graphics): /casper/vmlinuz /casper/initrd nomodeset --- quiet splash',
      'Test memory: /boot/memtest86+.bin',
    ],
  },
  {
    name: 'Debian live: config.cfg is read for its constants, entries name versions, submenus are looked into',
    files: {
      'boot/grub/grub.cfg': `source /boot/grub/config.cfg

# Live boot
menuentry "Live system (amd64)" --hotkey=l {
\tlinux\t/live/vmlinuz-6.12.38 boot=live components quiet splash findiso=\${iso_path} \${extra}
\tinitrd\t/live/initrd.img-6.12.38
}
submenu 'Advanced install options ...' --hotkey=a {
\tset theme=/boot/grub/theme/1.txt
\tsource $prefix/theme.cfg
\tmenuentry '... Expert install' --hotkey=e {
\t\tset background_color=black
\t\tlinux    /install/vmlinuz priority=low vga=788 "\${suffix}" ---
\t\tinitrd   /install/initrd.gz
\t}
}`,
      'boot/grub/config.cfg':
        'set default=0\nset extra=noeject\nset suffix="x y"\nif [ x$f = xy ] ; then\n set color=1\nfi',
      'boot/grub/theme.cfg': 'set x=y',
    },
    want: [
      'Live system (amd64): /live/vmlinuz-6.12.38 /live/initrd.img-6.12.38 boot=live components quiet splash noeject',
      '... Expert install: /install/vmlinuz /install/initrd.gz priority=low vga=788 x y ---',
    ],
  },
  {
    name: 'Manjaro: kernels.cfg, devices before paths, several initrds, variables of the menu left out',
    files: {
      'boot/grub/grub.cfg':
        'set grub_theme=/boot/grub/themes/x\nsource /boot/grub/kernels.cfg\nsource /boot/grub/tz.cfg',
      'boot/grub/kernels.cfg': `menuentry "Boot with open source drivers" --class=manjaro --id=opensource {
    set gfxpayload=keep
    linux ($root)/boot/vmlinuz-x86_64 misobasedir=manjaro misolabel=MANJARO_KDE_2600 quiet driver=free tz=$tz lang=$def_lang nouveau.modeset=1
    initrd ($root)/boot/amd_ucode.img ($root)/boot/intel_ucode.img ($root)/boot/initramfs-x86_64.img
}`,
    },
    want: [
      'Boot with open source drivers: /boot/vmlinuz-x86_64 /boot/amd_ucode.img,/boot/intel_ucode.img,/boot/initramfs-x86_64.img ' +
        'misobasedir=manjaro misolabel=MANJARO_KDE_2600 quiet driver=free nouveau.modeset=1',
    ],
  },
  {
    name: 'Fedora and kiwi: linuxefi, $linux that depends on the firmware, grub2',
    files: {
      'EFI/BOOT/grub.cfg': `search --no-floppy --set=root -l 'Fedora-WS-Live-42'
menuentry 'Start Fedora-Workstation-Live' --class fedora --class gnu-linux {
\tlinuxefi /images/pxeboot/vmlinuz root=live:CDLABEL=Fedora-WS-Live-42 rd.live.image quiet rhgb
\tinitrdefi /images/pxeboot/initrd.img
}`,
      'boot/grub2/grub.cfg': `set linux=linux
set initrd=initrd
if [ "\${grub_cpu}" = "x86_64" -a "\${grub_platform}" = "efi" ]; then
    set linux=linuxefi
    set initrd=initrdefi
fi
menuentry "openSUSE" --class os --unrestricted {
    echo Loading kernel...
    $linux ($root)/boot/x86_64/loader/linux \${extra_cmdline} \${isoboot} root=live:CDLABEL=CDROM rd.live.image splash
    $initrd ($root)/boot/x86_64/loader/initrd
}`,
    },
    want: [
      'openSUSE: /boot/x86_64/loader/linux /boot/x86_64/loader/initrd root=live:CDLABEL=CDROM rd.live.image splash',
      'Start Fedora-Workstation-Live: /images/pxeboot/vmlinuz /images/pxeboot/initrd.img root=live:CDLABEL=Fedora-WS-Live-42 rd.live.image quiet rhgb',
    ],
  },
  {
    name: 'archiso: entries of systemd-boot, and what starts a program of UEFI is no line',
    files: {
      'loader/loader.conf': 'timeout 15',
      'loader/entries/01-archiso-linux.conf': `title    Arch Linux install medium (x86_64, UEFI)
sort-key 01
linux    /arch/boot/x86_64/vmlinuz-linux
initrd   /arch/boot/intel-ucode.img
initrd   /arch/boot/x86_64/initramfs-linux.img
options  archisobasedir=arch archisosearchuuid=2026-08-01-00-00-00-00
options  cow_spacesize=1G`,
      'loader/entries/03-memtest.conf': 'title Memtest86+\nefi /boot/memtest86+/memtest.efi',
    },
    want: [
      'Arch Linux install medium (x86_64, UEFI): /arch/boot/x86_64/vmlinuz-linux ' +
        '/arch/boot/intel-ucode.img,/arch/boot/x86_64/initramfs-linux.img ' +
        'archisobasedir=arch archisosearchuuid=2026-08-01-00-00-00-00 cow_spacesize=1G',
    ],
  },
  {
    name: 'archiso by isolinux: CONFIG in another folder, whose INCLUDEs are beside it',
    files: {
      'isolinux/isolinux.cfg':
        'DEFAULT loadconfig\nLABEL loadconfig\n  CONFIG /arch/boot/syslinux/archiso.cfg\n  APPEND /arch/boot/syslinux/\n',
      'arch/boot/syslinux/archiso.cfg': 'INCLUDE archiso_sys.cfg\n',
      'arch/boot/syslinux/archiso_sys.cfg': `LABEL arch64
TEXT HELP
Boot the Arch Linux live medium.
LABEL not-a-label
ENDTEXT
MENU LABEL Boot ^Arch Linux (x86_64)
LINUX boot/x86_64/vmlinuz
INITRD /arch/boot/intel_ucode.img,/arch/boot/x86_64/archiso.img
APPEND archisobasedir=arch archisolabel=ARCH_201901`,
    },
    want: [
      'Boot Arch Linux (x86_64): /isolinux/boot/x86_64/vmlinuz /arch/boot/intel_ucode.img,/arch/boot/x86_64/archiso.img ' +
        'archisobasedir=arch archisolabel=ARCH_201901',
    ],
  },
  {
    name: 'isolinux: includes in their order, initrd= in APPEND, modules are no kernels, quotes that keep nothing together vanish',
    files: {
      'isolinux/isolinux.cfg': 'path \r\nappend quiet\r\ninclude menu.cfg\r\ndefault vesamenu.c32\r\nprompt 0\r\n',
      'isolinux/menu.cfg':
        'menu hshift 7\nmenu title Menu\ninclude txt.cfg\nmenu include adv.cfg Advanced\nlabel help\n\tkernel vesamenu.c32\n\tappend prompt.cfg\nlabel hd\n\tlocalboot 0x80',
      'isolinux/txt.cfg': `default install
label install
\tmenu label ^Install
\tkernel /install.amd/vmlinuz
\tappend vga=788 initrd=/install.amd/a.gz,/install.amd/initrd.gz --- quiet`,
      'isolinux/adv.cfg':
        'label plain\n kernel ../live/vmlinuz\n initrd ../live/initrd.img\nlabel none\n linux vmlinuz\n append -',
      'isolinux/prompt.cfg':
        'label clone\n menu label Clone\n kernel /live/vmlinuz\n append ocs_live_run="ocs-live-general" ocs_prerun="dhclient -v" ocs_live_batch=no',
      'isolinux/zz.cfg': 'label last\n kernel ::/live/vmlinuz last=1',
    },
    want: [
      'Install: /install.amd/vmlinuz /install.amd/a.gz,/install.amd/initrd.gz vga=788 --- quiet',
      'plain: /live/vmlinuz /live/initrd.img quiet',
      'none: /isolinux/vmlinuz',
      'Clone: /live/vmlinuz ocs_live_run=ocs-live-general ocs_live_batch=no',
      'last: /live/vmlinuz last=1',
    ],
  },
  {
    name: 'GRUB: conditions make a variable uncertain, unless both sides say the same',
    files: {
      'boot/grub/grub.cfg': `set a=1
if [ "$x" ]; then set a=2; set b=1; fi
if [ "$x" ]; then set c=3; else set c=3; fi
set d=4
if true; then set d=4; fi
menuentry T { linux /k a=$a b=$b c=$c d=$d; initrd /i; }`,
    },
    want: ['T: /k /i d=4'],
  },
  {
    name: 'GRUB: quotes, escapes, comments, continuation; the first kernel of an entry counts',
    files: {
      'boot/grub/grub.cfg': `menuentry $"Überraschung \\"hier\\"" {  # comment {
  linux /boot/k\\
ernel one 'two' "three" fo\\ur five#six --opt='a b' # not seven
  linux /boot/other
  initrd
}
menuentry nothing { true
}
menuentry 'in one line' { linux /k2 x; initrd (loop)/i2 (hd0,msdos1)/i3; }`,
    },
    want: ['Überraschung "hier": /boot/kernel one two three four', 'in one line: /k2 /i2,/i3 x'],
  },
  {
    name: 'an entry that reads another file goes on behind it',
    files: {
      'boot/grub/grub.cfg':
        'menuentry A {\n linux /a\n configfile /boot/grub/more.cfg\n initrd /ai\n}\nmenuentry C { linux /c\n}',
      'boot/grub/more.cfg': 'menuentry B {\n linux /b\n}',
    },
    want: ['B: /b', 'A: /a /ai', 'C: /c'],
  },
  {
    name: 'files that read each other are read once',
    files: {
      'boot/grub/grub.cfg': 'source /BOOT/grub/grub.cfg\nsource /boot/grub/a.cfg\nmenuentry X { linux /x\n}',
      'boot/grub/a.cfg': 'source /boot/grub/grub.cfg\nsource /boot/grub/a.cfg\nsource /../../etc/passwd',
      'isolinux/isolinux.cfg': 'include isolinux.cfg\ninclude ../../../etc/passwd\nlabel y\nkernel y',
    },
    want: ['X: /x', 'y: /isolinux/y'],
  },
];
for (const { name, files, want } of cases) {
  test(`boot menus: ${name}`, async () => assert.deepEqual((await read(files)).map(shown), want));
}

test('what stands in several menus is told once, with the file it stood in first', async () => {
  const entry = 'menuentry "Live" {\n linux /live/vmlinuz boot=live\n initrd /live/initrd.img\n}';
  const lines = await read({ 'boot/grub/grub.cfg': entry, 'EFI/BOOT/grub.cfg': entry });
  assert.deepEqual(
    lines.map((line) => line.from),
    ['/boot/grub/grub.cfg'],
  );
});

test('an image without boot menus has no lines', async () =>
  assert.deepEqual(await read({ 'a.txt': 'menuentry' }), []));

test('a path is absolute, in the image, without its device', () => {
  const paths: readonly (readonly [string, string | undefined])[] = [
    ['/casper/vmlinuz', '/casper/vmlinuz'],
    ['vmlinuz', '/isolinux/vmlinuz'],
    ['../live/./vmlinuz', '/live/vmlinuz'],
    ['//live//vmlinuz', '/live/vmlinuz'],
    ['(hd0,gpt1)/k', '/k'],
    ['::/k', '/k'],
    ['../../etc/passwd', undefined],
    ['/', undefined],
    ['', undefined],
    ['/a b', undefined],
    ['/a;reboot', undefined],
    ['/{iso}', undefined],
  ];
  for (const [name, want] of paths) assert.equal(pathIn('/isolinux', name), want, name);
});

test('a kernel takes double quotes, and no others, for keeping blanks together', () => {
  assert.deepEqual(wordsOf(' a="b c"  d="e" f \'g h\' "i'), ['a=b c', 'd=e', 'f', "'g", "h'", 'i']);
});

/** Numbers that are the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

const PIECES = [
  'menuentry',
  'submenu',
  'linux',
  'linuxefi',
  'initrd',
  'set',
  'a=$a$a',
  'b="${a} x"',
  '$linux',
  'source',
  'configfile',
  '/boot/grub/grub.cfg',
  '($root)/k',
  '{',
  '}',
  '{\n',
  '\n}\n',
  ';',
  '&&',
  '||',
  '|',
  '`id`',
  '$(id)',
  '${iso}',
  '{http}',
  '"',
  "'",
  '\\',
  '\\\n',
  '#',
  '\n',
  '\n',
  ' ',
  ' ',
  '\t',
  '\0',
  '\u2028',
  '\x1b[2J',
  'if',
  'then',
  'else',
  'fi',
  'for',
  'done',
  'label x',
  'kernel',
  'append',
  'menu label',
  'include',
  'config',
  'text help',
  'endtext',
  'title',
  'options',
  '../..',
  'é',
  '😀',
  ']]>',
  '%0a',
  '/casper/vmlinuz',
  'quiet',
];

test('hostile text gets no further than plain words: 5000 seeded menus of all three kinds', async () => {
  const pick = seeded(7);
  let found = 0;
  for (let run = 0; run < 5000; run++) {
    const text = Array.from({ length: pick(40) }, () => PIECES[pick(PIECES.length)] + (pick(2) ? ' ' : '')).join('');
    const grub = `menuentry "${text.replaceAll('"', '')}" {\n linux /k ${text}\n${text}\n}\n`;
    const files = {
      'boot/grub/grub.cfg': grub,
      'isolinux/a.cfg': `label ${text}\nkernel /k\nappend ${text}`,
      'loader/entries/a.conf': `title ${text}\nlinux /k\noptions ${text}`,
    };
    for (const made of await read(files)) {
      found++;
      for (const word of [made.kernel, ...made.initrds, ...made.arguments])
        assert.ok(isPlainWord(word), JSON.stringify(word));
      assert.doesNotMatch(made.title, /[\p{C}\n\u2028]/u);
      assert.doesNotMatch(
        [made.kernel, ...made.initrds, ...made.arguments].join(' '),
        /[\s$;&|<>"'\\`{}#]{2}|[$;&|<>"'\\`{}#]/,
      );
    }
  }
  assert.ok(found > 2000, `${found} lines came through`);
});

test('a constant that doubles itself stays small; a sea of quotes, words and blocks ends in no time', async () => {
  const doubling = `set a=xxxxxxxx\n${'set a=$a$a\n'.repeat(60)}menuentry T { linux /k $a\n}`;
  assert.deepEqual((await read({ 'boot/grub/grub.cfg': doubling })).map(shown), ['T: /k']);
  const seas = ['"', "'", '\\"', '$a', "'x'", '{\n', '}\n', '"$a', 'if x; then ', 'label x\nkernel /k\n', 'a '].map(
    (piece) => piece.repeat(250_000 / piece.length),
  );
  for (const sea of seas)
    await read({ 'boot/grub/grub.cfg': `menuentry T {\nlinux /k ${sea}`, 'isolinux/isolinux.cfg': sea });
});

test('bounds: files, lines, words of a line', async () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`loader/entries/${i}.conf`, `linux /k${i}`]));
  assert.equal((await read(many)).length, 96);
  const entries = Array.from({ length: 1000 }, (_, i) => `menuentry ${i} {\nlinux /k${i}\n}\n`).join('');
  assert.equal((await read({ 'boot/grub/grub.cfg': entries })).length, 256);
  const [long] = await read({ 'loader/entries/a.conf': `linux /k\noptions ${'w '.repeat(500)}` });
  assert.equal(long?.arguments.length, 128);
});

test('GRUB words: variables stay apart from text until they are known', () => {
  assert.deepEqual(commandsOf('linux /k a=$b "c ${d}"'), [
    [['linux'], ['/k'], ['a=', { variable: 'b' }], ['c ', { variable: 'd' }]],
  ]);
});
