/** The three menus of one fixed list: whole, as golden files, and what must hold in each. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the loaders' own syntax
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Mac, parseMac } from '../../src/core/addr.ts';
import type { Visit } from '../../src/core/content.ts';
import type { Entry } from '../../src/menu/entries.ts';
import { renderGrub } from '../../src/menu/grub.ts';
import { renderIpxe } from '../../src/menu/ipxe.ts';
import { type MenuSettings, planMenu } from '../../src/menu/plan.ts';
import { type PxelinuxClient, renderPxelinux } from '../../src/menu/pxelinux.ts';
import { renderTheme } from '../../src/menu/theme.ts';
import { ENTRIES, INSTALL, LOADERS, pattern, SETTINGS, VISIT } from './fixtures.ts';
import { CASPER, EACH, entriesFrom, imageOf, MINT, peerOf, UNKNOWN, WINDOWS } from './images.ts';
import { grubCommands, ipxeCommands, pxelinuxCommands } from './parsers.ts';

interface Case {
  readonly entries?: readonly Entry[];
  readonly settings?: Partial<MenuSettings>;
  readonly visit?: Partial<Visit>;
  readonly loaders?: ReadonlySet<string>;
  readonly mac?: Mac | undefined;
  /** pxelinux only. */
  readonly client?: Partial<PxelinuxClient>;
}

const EVERYBODY: PxelinuxClient = { name: 'default', machine: undefined, transport: 'http' };

const FORMATS = ['pxelinux', 'grub', 'ipxe'] as const;

function render(format: (typeof FORMATS)[number], c: Case = {}): string {
  const place = { visit: { ...VISIT, ...c.visit }, loaders: c.loaders ?? LOADERS };
  const menu = planMenu(c.entries ?? ENTRIES, { ...SETTINGS, ...c.settings }, place, c.mac);
  if (format === 'pxelinux') return renderPxelinux(menu, { ...EVERYBODY, ...c.client });
  return format === 'grub' ? renderGrub(menu) : renderIpxe(menu);
}

/** Done by the real checker; CI has it, a newcomer's machine may not. */
const SCRIPT_CHECK = '/usr/bin/grub-script-check';
const mayCheck = existsSync(SCRIPT_CHECK) || process.env.CI !== undefined;
function checkGrub(script: string): void {
  if (mayCheck) execFileSync(SCRIPT_CHECK, { input: script, stdio: ['pipe', 'ignore', 'pipe'] });
}

const MAC = parseMac('52:54:00:77:00:01');
const GOLDEN: Readonly<Record<string, Case>> = {
  plain: { entries: ENTRIES.filter((entry) => entry.macs === undefined) },
  'es-serial-8080': {
    settings: { language: 'es', serial: { port: 0, baud: 115_200 }, default: 'debian-12-amd64', timeoutSec: 0 },
    visit: { httpPort: 8080 },
  },
  'with-clients': { settings: { clients: [{ mac: pattern('52:54:00:77:*'), boot: 'debian-12-amd64' }] } },
  images: { entries: entriesFrom(EACH), loaders: new Set([...LOADERS, 'wimboot']) },
  // Two other nodes: one has most, and calls an image otherwise; one has all, on another port.
  'images-second': {
    entries: entriesFrom(EACH),
    loaders: new Set([...LOADERS, 'wimboot']),
    settings: {
      peers: [
        peerOf('172.16.0.11', entriesFrom(EACH.slice(0, 3)), { 'linuxmint-22-cinnamon-64bit': 'mint-22' }),
        { ...peerOf('172.16.0.12', entriesFrom(EACH.slice(3, 5))), httpPort: 8080 },
      ],
    },
  },
  'images-es-tftp': {
    entries: entriesFrom(EACH.slice(0, 2), 'es'),
    settings: { language: 'es', colors: { ...SETTINGS.colors, background: '#4a0010', accent: '#40ff80' } },
    visit: { httpPort: 8080 },
    client: { transport: 'tftp' },
  },
  'one-client': { settings: { clients: [{ mac: pattern('52:54:00:77:*'), boot: 'debian-12-amd64' }] }, mac: MAC },
};
const SUFFIX = { pxelinux: 'cfg', grub: 'grub.cfg', ipxe: 'ipxe' };

for (const [name, c] of Object.entries(GOLDEN)) {
  for (const format of FORMATS) {
    test(`golden: ${format} ${name}`, () => {
      const file = new URL(`golden/${name}.${SUFFIX[format]}`, import.meta.url);
      const text = render(format, c);
      if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }
  test(`grub-script-check accepts ${name}`, { skip: mayCheck ? false : 'grub-common is not installed' }, () => {
    checkGrub(render('grub', c));
  });
}

test('grub-script-check notices a broken menu', { skip: mayCheck ? false : 'grub-common is not installed' }, () => {
  assert.throws(() => checkGrub(render('grub').replace(/^}$/m, '')));
});

test('pxelinux: SERIAL is the first directive and the text menu comes with it [syslinux.txt]', () => {
  const commands = pxelinuxCommands(render('pxelinux', { settings: { serial: { port: 1, baud: 9600 } } }));
  assert.deepEqual(commands.slice(0, 2), [
    ['serial', '1 9600'],
    ['ui', 'menu.c32'],
  ]);
  assert.deepEqual(pxelinuxCommands(render('pxelinux'))[0], ['ui', 'vesamenu.c32']);
});

test('every menu starts the local disk by itself after the time-out', () => {
  const commands = pxelinuxCommands(render('pxelinux'));
  const at = commands.findIndex(([word]) => word === 'menu default');
  assert.deepEqual(commands.slice(at - 2, at).concat(commands.slice(at + 1, at + 3)), [
    ['label', 'local'],
    ['menu label', 'Boot from the local disk'],
    ['com32', 'chain.c32'],
    ['append', 'hd0'],
  ]);
  assert.ok(commands.some(([word, value]) => word === 'timeout' && value === '300'));
  assert.match(render('grub'), /^set timeout=30$/m);
  assert.match(render('grub'), /^set default='local'$/m);
  assert.match(render('ipxe'), /^set menu-timeout 30000$/m);
  assert.match(render('ipxe'), /^set menu-default local$/m);
});

test('time-out 0 waits for ever: 0 in syslinux and iPXE, -1 in GRUB', () => {
  const c = { settings: { timeoutSec: 0 } };
  assert.match(render('pxelinux', c), /^TIMEOUT 0$/m);
  assert.match(render('grub', c), /^set timeout=-1$/m);
  assert.match(render('ipxe', c), /^set menu-timeout 0$/m);
});

test('pxelinux leaves the disk to the BIOS where chain.c32 is not there', () => {
  assert.match(render('pxelinux', { loaders: new Set() }), /MENU DEFAULT\n {2}LOCALBOOT 0\n/);
});

const shown = [
  { id: 'debian-12-amd64', pxelinux: true, grub: true, ipxe: true },
  { id: 'debian-12-arm64', pxelinux: false, grub: true, ipxe: true },
  { id: 'freedos', pxelinux: true, grub: false, ipxe: true },
  { id: 'ipxe', pxelinux: false, grub: true, ipxe: true },
  { id: 'desk-7', pxelinux: false, grub: false, ipxe: false },
];
for (const { id, ...formats } of shown) {
  test(`${id} stands in ${FORMATS.filter((f) => formats[f]).join(', ') || 'no'} generic menu`, () => {
    assert.equal(
      pxelinuxCommands(render('pxelinux')).some((c) => c.join(' ') === `label ${id}`),
      formats.pxelinux,
    );
    assert.equal(
      grubCommands(render('grub')).some((c) => c[0] === 'menuentry' && c[3] === id),
      formats.grub,
    );
    assert.equal(
      ipxeCommands(render('ipxe')).some((c) => c[0] === `:${id}`),
      formats.ipxe,
    );
  });
}

test('without memdisk in boot/ nothing names it', () => {
  for (const format of FORMATS) assert.doesNotMatch(render(format, { loaders: new Set() }), /memdisk|freedos/i);
});

test('GRUB: a 32-bit kernel is offered under 32-bit firmware only, a 64-bit one also where the processor can', () => {
  const lines = render('grub', { entries: [INSTALL, { ...INSTALL, id: 'x', archs: ['i386'] }] }).split('\n');
  const guard = (id: string) =>
    lines
      .slice(
        0,
        lines.findIndex((l) => l.includes(`--id '${id}'`)),
      )
      .findLast((l) => / if /.test(l));
  assert.equal(
    guard('debian-12-amd64')?.trim(),
    'if [ "$machine" = "uefi-x86_64" -o "$machine" = "uefi-mixed" ]; then',
  );
  assert.equal(guard('x')?.trim(), 'if [ "$machine" = "uefi-mixed" -o "$machine" = "uefi-i386" ]; then');
});

test('GRUB never loads a module: Secure Boot forbids it, and a failed insmod stops the menu', () => {
  assert.doesNotMatch(render('grub', { settings: { serial: { port: 0, baud: 115_200 } } }), /insmod/);
});

test('addresses are literals as the client reached the node, the port only where it is not 80 (rule 1)', () => {
  const c = { visit: { localAddress: '::ffff:10.1.2.3', httpPort: 8080 } };
  for (const format of FORMATS) {
    const text = render(format, c);
    assert.match(text, /10\.1\.2\.3:8080/);
    assert.doesNotMatch(text, /172\.16\.0\.10|next-server|net_default_server|::/);
  }
  assert.match(render('ipxe', c), /server=10\.1\.2\.3 /);
  assert.doesNotMatch(render('pxelinux'), /:80\//);
});

test('BOOTIF goes to every kernel that has an initrd (rule 5), and stands before `---`', () => {
  assert.equal(render('pxelinux').match(/SYSAPPEND 2/g)?.length, 3);
  for (const line of render('grub')
    .split('\n')
    .filter((l) => l.includes("'---'")))
    assert.match(line, /\$bootif .*'---'/);
  for (const line of render('ipxe')
    .split('\n')
    .filter((l) => l.includes(' ---'))) {
    assert.match(line, /BOOTIF=01-\$\{netX\/mac:hexhyp\} .*---/);
  }
});

test('several initrds keep their order in every format (rule 12)', () => {
  assert.match(render('pxelinux'), /INITRD http:\/\/\S+\/initrd\.img,http:\/\/\S+\/ours\.cpio\n/);
  assert.match(render('grub'), /initrd "\$base\/isos\/rescue\/initrd\.img" "\$base\/isos\/rescue\/ours\.cpio"/);
  assert.match(
    render('ipxe'),
    /initrd=initrd0 initrd=initrd1 [^\n]*\ninitrd --name initrd0 .*img .*\ninitrd --name initrd1 .*cpio /,
  );
});

test('GRUB gets `;` and quotes of a kernel argument as they are', () => {
  const linux = grubCommands(render('grub')).find((c) => c[0] === 'linux' && c[1]?.includes('vmlinuz'));
  assert.deepEqual(linux?.slice(1), [
    '(http,172.16.0.99:8000)/vmlinuz',
    '<var>bootif',
    'boot=live',
    'ds=nocloud-net;s=http://172.16.0.10/isos/seed/',
    'note="it\'s"',
    'server=172.16.0.10',
  ]);
});

test('serial on: kernels write there, too, except on ARM, where the port has another name', () => {
  const settings = { serial: { port: 1, baud: 9600 } };
  assert.match(render('pxelinux', { settings }), /APPEND console=ttyS1,9600n8 console=tty0 vga=788/);
  for (const [arch, isTold] of [
    ['x86_64', true],
    ['i386', true],
    ['arm64', false],
  ] as const) {
    const text = render('grub', { settings, entries: [{ ...INSTALL, archs: [arch] }] });
    assert.equal(text.includes("'console=ttyS1,9600n8' 'console=tty0' 'vga=788'"), isTold, arch);
  }
});

test('a client with a row gets its entry on top and soon; entries of its own are seen by it alone', () => {
  const c = { settings: { clients: [{ mac: pattern('52:54:00:77:*'), boot: 'memtest-x64' }] }, mac: MAC };
  const labels = pxelinuxCommands(render('pxelinux', c)).filter(([word]) => word === 'label');
  assert.deepEqual(labels.slice(0, 2), [
    ['label', 'memtest-x64'],
    ['label', 'local'],
  ]);
  assert.match(render('pxelinux', c), /^TIMEOUT 50$/m);
  assert.match(render('grub', c), /^set default='memtest-x64'$/m);
  for (const format of FORMATS) assert.match(render(format, c), /desk-7/);
});

test('a row or default that names no entry leaves the local disk as default', () => {
  const c = { settings: { default: 'gone', clients: [{ mac: pattern('52:54:00:77:*'), boot: 'gone' }] }, mac: MAC };
  assert.match(render('grub', c), /^set default='local'$/m);
});

test("only the generic menu asks for the client's own: no loop", () => {
  const clients = [{ mac: pattern('52:54:00:77:*'), boot: 'freedos' }];
  const chained = ipxeCommands(render('ipxe', { settings: { clients } })).find((c) => c[0] === 'chain');
  assert.deepEqual(chained, ['chain', '--replace', '${base}/boot/boot.ipxe?mac=${netX/mac:hexhyp}']);
  assert.match(
    render('ipxe', { settings: { clients } }),
    /isset \$\{has-asked\} && goto _generic \|\|\nset has-asked yes\nchain/,
  );
  assert.match(render('grub', { settings: { clients } }), /configfile "\$base\/grub\/grub\.cfg-01-\$net_default_mac"/);
  for (const c of [{ settings: { clients }, mac: MAC }, { entries: [INSTALL] }]) {
    assert.doesNotMatch(render('ipxe', c), /boot\.ipxe/);
    assert.doesNotMatch(render('grub', c), /configfile/);
  }
});

test('iPXE: every goto and every item has its label, and every failure comes back to the menu', () => {
  const text = render('ipxe');
  const commands = ipxeCommands(text);
  const labels = new Set(commands.filter((c) => c[0]?.startsWith(':')).map((c) => c[0]?.slice(1)));
  const aims = commands.flatMap((c) => {
    if (c[0] === 'goto' || (c[0] === 'item' && c[1] !== '--gap')) return [c[1]];
    return [];
  });
  for (const aim of aims) assert.ok(aim === '${selected}' || labels.has(aim), `no label ${aim}`);
  for (const line of text.split('\n').filter((l) => /^(kernel|initrd|boot|chain(?! --replace)|sanboot)\b/.test(l))) {
    assert.match(line, / \|\| goto _failed$/);
  }
});

test('memory and Secure Boot are told where they are known', () => {
  assert.match(render('pxelinux'), /MENU LABEL Install \(64-bit\) - from 512 MB RAM\n/);
  assert.match(render('ipxe'), / Install \(64-bit\) - from 512 MB RAM/);
  assert.match(render('grub'), /'Install \(64-bit\) - from 512 MB RAM'/);
  assert.match(render('grub'), /'Memory test \(memtest86\+, 64-bit\) - Secure Boot off'/);
});

test('pxelinux says nothing about Secure Boot, which no BIOS has; notes stand below the list', () => {
  const text = render('pxelinux');
  assert.doesNotMatch(text, /secure ?boot/i);
  assert.match(text, /TEXT HELP\n {2}Password: on the blackboard\n {2}ENDTEXT/);
});

test('pxelinux: a note that begins like the end of the help does not end it [syslinux: menu/readconfig.c]', () => {
  const text = render('pxelinux', { entries: [{ ...INSTALL, note: 'EndText LABEL x' }] });
  assert.match(text, /TEXT HELP\n +- EndText LABEL x\n +ENDTEXT$/m);
});

const withoutFullTitle = ({ fullTitle: _, ...entry }: Entry): Entry => entry;
const CPU_LOADERS = new Set([...LOADERS, 'ifcpu64.c32']);
const labelsOf = (text: string) =>
  pxelinuxCommands(text).flatMap(([word, value]) => (word === 'label' && value !== undefined ? [value] : []));

test('pxelinux: ifcpu64 chooses between two configurations of the same name [syslinux: ifcpu64.c]', () => {
  const client = { name: '01-52-54-00-77-00-01' };
  const settings = { serial: { port: 0, baud: 9600 } };
  assert.deepEqual(pxelinuxCommands(render('pxelinux', { loaders: CPU_LOADERS, client, settings })), [
    ['serial', '0 9600'],
    ['default', 'processor'],
    ['prompt', '0'],
    ['label', 'processor'],
    ['com32', 'ifcpu64.c32'],
    ['append', 'x86_64 -- i386'],
    ['label', 'x86_64'],
    ['config', 'pxelinux.cfg/01-52-54-00-77-00-01.x86_64'],
    ['label', 'i386'],
    ['config', 'pxelinux.cfg/01-52-54-00-77-00-01.i386'],
  ]);
});

test('pxelinux: a processor of 32 bits sees no entry of 64, with the same title and time-out', () => {
  const settings = { default: 'debian-12-amd64' };
  const [long, short] = (['bios-x86_64', 'bios-i386'] as const).map((machine) =>
    render('pxelinux', { loaders: CPU_LOADERS, settings, client: { machine } }),
  );
  assert.deepEqual(labelsOf(long ?? ''), labelsOf(render('pxelinux', { settings })));
  assert.deepEqual(labelsOf(short ?? ''), [
    'local',
    'debian-12-i386',
    'group-1-debian-12-bookworm-installer-back',
    'freedos',
    'group-2-tools-back',
  ]);
  assert.match(short ?? '', /^LABEL local\n.*\n {2}MENU DEFAULT$/m);
  const headOf = (text = ''): string => text.slice(0, text.indexOf('LABEL '));
  assert.equal(headOf(short), headOf(long));
});

const ONE_LIST = [
  { name: 'ifcpu64.c32 is not in boot/', loaders: LOADERS, entries: ENTRIES },
  { name: 'both see the same', loaders: CPU_LOADERS, entries: [{ ...INSTALL, archs: ['i386' as const] }] },
];
for (const { name, ...c } of ONE_LIST) {
  test(`pxelinux: one configuration where ${name}`, () => {
    assert.match(render('pxelinux', c), /^UI vesamenu\.c32\n/);
  });
}

test('pxelinux.0 gets names that it can load: TFTP alone, and no entry from elsewhere by HTTP', () => {
  const text = render('pxelinux', { client: { transport: 'tftp' }, visit: { httpPort: 8080 } });
  const files = pxelinuxCommands(text).filter(([word]) => ['linux', 'initrd', 'pxe', 'boot'].includes(word ?? ''));
  assert.equal(files.length, 7);
  for (const [word, file] of files) assert.match(file ?? '', /^tftp:\/\/172\.16\.0\.10\/(isos|boot)\/|^memdisk$/, word);
  assert.ok(!labelsOf(text).includes('rescue-stick'));
});

const lifted: readonly { readonly name: string; readonly entry: Entry; readonly want: string }[] = [
  {
    name: 'names its group',
    entry: withoutFullTitle({ ...INSTALL, group: 'Ubuntu 24.04' }),
    want: 'Ubuntu 24.04: Install (64-bit) - from 512 MB RAM',
  },
  {
    name: 'has a full title of its own',
    entry: INSTALL,
    want: 'Debian 12 (bookworm): Install (64-bit) - from 512 MB RAM',
  },
  { name: 'never had a group', entry: { ...INSTALL, group: '' }, want: 'Install (64-bit) - from 512 MB RAM' },
];
for (const { name, entry, want } of lifted) {
  test(`a default entry on top, out of its submenu, says what it is: ${name}`, () => {
    const c = { entries: [entry, { ...entry, id: 'other' }], settings: { default: entry.id } };
    const titles = pxelinuxCommands(render('pxelinux', c)).filter(([word]) => word === 'menu label');
    assert.deepEqual(titles[0], ['menu label', want]);
    assert.match(render('grub', c), new RegExp(`'${want.replace(/[()]/g, '\\$&')}' --id '${entry.id}'`));
    assert.ok(render('ipxe', c).includes(`item ${entry.id} ${want}`));
    const inside = pxelinuxCommands(render('pxelinux', { entries: [entry] })).filter(([word]) => word === 'menu label');
    assert.ok(inside.some(([, title]) => title === 'Install (64-bit) - from 512 MB RAM'));
  });
}

test("GRUB's theme: every text is quoted, the countdown is in the menu's language", () => {
  const menu = planMenu(
    ENTRIES,
    { ...SETTINGS, title: 'a "b" \\ }', language: 'es' },
    { visit: VISIT, loaders: LOADERS },
  );
  const theme = renderTheme(menu);
  assert.match(theme, /^ {2}text = "a b"$/m);
  assert.match(theme, /^ {2}text = "Arranca solo en %d s"$/m);
  assert.match(theme, /^ {2}text = "fnode00: /m);
  for (const line of theme.split('\n')) assert.equal((line.match(/"/g)?.length ?? 0) % 2, 0, line);
});

const windows = entriesFrom([imageOf('w.iso', WINDOWS)]);
const WITH_WIMBOOT = new Set([...LOADERS, 'wimboot']);

test('iPXE: wimboot gets each file by its name, for UEFI and for the BIOS [ipxe.org/appnote/wimboot_architecture]', () => {
  const text = render('ipxe', { entries: windows, loaders: WITH_WIMBOOT });
  const at = text.indexOf('\n:windows-11-24h2-amd64\n');
  assert.deepEqual(text.slice(at).split('\n').slice(2, 9), [
    'kernel ${base}/boot/wimboot index=1 || goto _failed',
    'initrd --name bootmgfw.efi ${base}/tree/w.iso/efi/boot/bootx64.efi bootmgfw.efi || goto _failed',
    'initrd --name BCD ${base}/tree/w.iso/efi/microsoft/boot/bcd BCD || goto _failed',
    'initrd --name boot.sdi ${base}/tree/w.iso/boot/boot.sdi boot.sdi || goto _failed',
    'initrd --name boot.wim ${base}/tree/w.iso/sources/boot.wim boot.wim || goto _failed',
    'boot || goto _failed',
    '',
  ]);
  assert.match(text, /^iseq \$\{machine\} uefi-x86_64 && item windows-11/m);
  assert.doesNotMatch(text, /bios-\S+ && item windows/, 'this one is for UEFI');
});

test('without wimboot in boot/ nothing names it, and it is for iPXE alone', () => {
  assert.doesNotMatch(render('ipxe', { entries: windows }), /windows|wimboot/i);
  for (const format of ['pxelinux', 'grub'] as const) {
    assert.doesNotMatch(render(format, { entries: windows, loaders: WITH_WIMBOOT }), /windows|wimboot/i);
  }
});

test('iPXE: the last resort is read over HTTP and comes back to the menu when it fails', () => {
  const text = render('ipxe', { entries: entriesFrom([imageOf('x.iso', UNKNOWN)]) });
  assert.match(text, /^sanboot --no-describe \$\{base\}\/isos\/x\.iso \|\| goto _failed$/m);
  assert.doesNotMatch(render('ipxe', { entries: entriesFrom([imageOf('x.iso', UNKNOWN)]) }), /menu-default firmware/);
});

test("iPXE takes the image's own shim when Secure Boot is on, and older builds never see the command [ipxe.org/cmd/shim]", () => {
  const entries = entriesFrom([imageOf('m.iso', { ...MINT, entries: [CASPER] })]);
  const lines = render('ipxe', { entries }).split('\n');
  const at = lines.findIndex((line) => /\bshim\b/.test(line));
  assert.equal(
    lines[at],
    'iseq x${efi/SecureBoot:int8} x1 && shim ${base}/tree/m.iso/EFI/BOOT/BOOTX64.EFI ||',
    'nothing before the test, or builds without the command would complain',
  );
  assert.match(lines[at - 1] ?? '', /^initrd /);
  assert.equal(lines[at + 1], 'boot || goto _failed');
});

// ipxe.org/cmd/initrd: an argument that is an absolute name puts the file into the initramfs under it.
test('an image that its own initramfs wants whole is added by iPXE; pxelinux and GRUB cannot, and leave it out', () => {
  const how = {
    kind: 'linux',
    kernel: 'boot/linux26',
    initrds: ['boot/initrd.img'],
    arguments: ['rw'],
    imageAs: '/proxmox.iso',
  } as const;
  const entries = entriesFrom([imageOf('pve.iso', { ...MINT, name: 'Proxmox VE', entries: [{ ...CASPER, how }] })]);
  const lines = render('ipxe', { entries }).split('\n');
  const at = lines.indexOf('initrd ${base}/isos/pve.iso /proxmox.iso || goto _failed');
  assert.match(lines[at - 1] ?? '', /^initrd --name initrd0 .*boot\/initrd\.img \|\|/);
  assert.equal(lines[at + 1], 'boot || goto _failed');
  for (const format of ['pxelinux', 'grub'] as const) assert.doesNotMatch(render(format, { entries }), /linux26/);
});

const secureBoot = [
  { name: 'own shim', row: CASPER, grub: 'Secure Boot: iPXE only', ipxe: '' },
  {
    name: 'own shim that is not on the image',
    row: { ...CASPER, how: { kind: 'linux' as const, kernel: 'k', initrds: [], arguments: [] } },
    grub: 'Secure Boot off',
    ipxe: 'Secure Boot off',
  },
  { name: 'unsigned', row: { ...CASPER, secureBoot: 'no' as const }, grub: 'Secure Boot off', ipxe: 'Secure Boot off' },
  { name: 'signed by Debian', row: { ...CASPER, secureBoot: 'debian-signed' as const }, grub: '', ipxe: '' },
];
for (const { name, row, ...want } of secureBoot) {
  test(`Secure Boot and a kernel that is ${name}: what GRUB and iPXE say`, () => {
    const entries = entriesFrom([imageOf('m.iso', { ...MINT, entries: [row] })]);
    const noteIn = (text: string, line: RegExp) =>
      / - (Secure[^'|]*?)(?: - 2\.9 GB)?(?:'| \|\|$)/.exec(line.exec(text)?.[0] ?? '')?.[1] ?? '';
    const ipxe = render('ipxe', { entries });
    assert.deepEqual(
      {
        grub: noteIn(render('grub', { entries }), /^ *menuentry '(?!Boot).*$/m),
        ipxe: noteIn(ipxe, /^.*uefi-x86_64 && item linux.*$/m),
      },
      want,
    );
    assert.equal(noteIn(ipxe, /^.*bios-x86_64 && item linux.*$/m), '', 'no BIOS has Secure Boot');
  });
}

test('pxelinux says how large an image is below the list, GRUB and iPXE where the line has room', () => {
  const entries = entriesFrom([imageOf('m.iso', MINT)]);
  assert.match(render('pxelinux', { entries }), /TEXT HELP\n\s+Image of 2\.9 GB\n\s+ENDTEXT/);
  const streams =
    /live, NFS - from 2 GB RAM - 2\.9 GB(?:\n(?!.*LABEL).*)*TEXT HELP\n\s+Read over .*: leave the cable in\n\s+Image/;
  assert.match(render('pxelinux', { entries }), streams, 'what streams is read to the end');
  assert.match(render('grub', { entries }), /iPXE only - 2\.9 GB'/);
  assert.match(render('ipxe', { entries }), /from 4\.5 GB RAM - 2\.9 GB \|\|$/m);
});

test('no line of a list is longer than its loader shows', () => {
  const long = { ...MINT, name: 'A distribution of a rather long name', edition: 'Workstation with all the extras' };
  const entries = entriesFrom([imageOf('m.iso', long)]);
  const longest = (text: string, line: RegExp): number =>
    Math.max(...[...text.matchAll(line)].map(([, title = '']) => title.length));
  assert.ok(longest(render('pxelinux', { entries }), /^ *MENU LABEL (.*)$/gm) <= 68);
  assert.ok(longest(render('grub', { entries }), /menuentry '(.*?)' --id/g) <= 88);
  assert.ok(longest(render('ipxe', { entries }), /item (?!-)\S+ (.*?)(?: \|\|)?$/gm) <= 74);
  assert.match(render('pxelinux', { entries }), / - from 4\.5 GB RAM$/m);
});

const tooLong = [
  { name: 'a file of more than 127 characters', kernel: `/isos/${'a/'.repeat(61)}`, initrds: [], inPxelinux: false },
  { name: 'one of 127', kernel: `/isos/${'a'.repeat(121)}`, initrds: [], inPxelinux: true },
  {
    name: 'initrds that fill the kernel line',
    kernel: '/isos/k',
    initrds: Array.from({ length: 16 }, (_, i) => `/isos/${'i'.repeat(110)}${i}`),
    inPxelinux: false,
  },
];
for (const { name, kernel, initrds, inPxelinux } of tooLong) {
  test(`pxelinux leaves out what it cannot load, the others show it: ${name} [syslinux: doc/pxelinux.txt]`, () => {
    const how = { kind: 'linux' as const, kernel: kernel.replace(/\/$/, 'kk'), initrds, arguments: [] };
    const entries = [{ ...INSTALL, id: 'long', how }];
    assert.equal(/^ *LABEL long$/m.test(render('pxelinux', { entries })), inPxelinux);
    assert.match(render('grub', { entries }), /--id 'long'/);
    assert.match(render('ipxe', { entries }), /^:long$/m);
  });
}

test('colours: each loader gets those of the configuration, and text screens the nearest they have', () => {
  const colors = {
    ...SETTINGS.colors,
    background: '#ffffff',
    text: '#000000',
    selected: '#800000',
    selectedText: '#ffffff',
  };
  const c = { settings: { colors } };
  assert.match(render('pxelinux', c), /^MENU BACKGROUND #ffffffff$/m);
  assert.match(render('pxelinux', c), /^MENU COLOR unsel {7}30;47 {3}#ff000000 #ffffffff none$/m);
  assert.match(render('pxelinux', c), /^MENU COLOR sel {9}37;41 {3}#ffffffff #ff800000 none$/m);
  assert.match(render('grub', c), /^set menu_color_normal=black\/light-gray$/m);
  assert.match(render('grub', c), /^set menu_color_highlight=white\/red$/m);
  assert.match(render('ipxe', c), /^colour --basic 7 --rgb 0xffffff 4 \|\|$/m);
  assert.match(render('ipxe', c), /^colour --basic 1 --rgb 0x800000 2 \|\|$/m);
  for (const line of render('ipxe', c).split('\n')) if (/^(colour|cpair)/.test(line)) assert.match(line, / \|\|$/);
  const menu = planMenu(ENTRIES, { ...SETTINGS, colors }, { visit: VISIT, loaders: LOADERS });
  assert.match(renderTheme(menu), /^desktop-color: "#ffffff"$/m);
  assert.doesNotMatch(renderTheme(menu), /#10243e|#f2f6fa/);
});
