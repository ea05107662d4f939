/** Menu files: each fault with its line and cure, and none of them costs the other entries. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the loaders' own syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { showConfigFault } from '../../src/core/errors.ts';
import { parseImageFile, parseMenuFile } from '../../src/menu/file.ts';
import { mutate, seeded } from '../support/fakes.ts';

const parse = (text: string) => parseMenuFile('/isos/menu.yaml', text, () => undefined);

const GOOD = `# ours
entries:
  - title: TinyCore 15
    group: Small systems
    kernel: tc/vmlinuz64
    initrd: [tc/corepure64.gz, /boot/ours.cpio]
    arguments: quiet httplist={node}/isos/tc.lst
    memory: 256MB
    note: Needs no disk
  - id: dos
    title: FreeDOS
    memdisk: freedos.img
  - title: Own loader
    chain: /boot/other.efi
    firmware: uefi
    arch: [x86_64, arm64]
    secureBoot: no
    macs: "52:54:00:*"
  - title: Disk
    local: true
  - title: Elsewhere
    kernel: http://172.16.0.99:8000/vmlinuz
`;

test('a menu file gives entries with their defaults filled in', () => {
  const { entries, faults } = parse(GOOD);
  assert.deepEqual(faults, []);
  assert.deepEqual(entries[0], {
    id: 'tinycore-15',
    title: 'TinyCore 15',
    group: 'Small systems',
    archs: ['x86_64'],
    firmware: ['bios', 'uefi'],
    how: {
      kind: 'linux',
      kernel: '/isos/tc/vmlinuz64',
      initrds: ['/isos/tc/corepure64.gz', '/boot/ours.cpio'],
      arguments: ['quiet', 'httplist={node}/isos/tc.lst'],
    },
    memoryMib: 256,
    secureBoot: 'unknown',
    note: 'Needs no disk',
  });
  assert.deepEqual(
    entries.map((entry) => [entry.id, entry.how.kind, entry.firmware.join(), entry.archs.join(), entry.secureBoot]),
    [
      ['tinycore-15', 'linux', 'bios,uefi', 'x86_64', 'unknown'],
      ['dos', 'memdisk', 'bios', 'i386', 'unknown'],
      ['own-loader', 'chain', 'uefi', 'x86_64,arm64', 'no'],
      ['disk', 'local', 'bios,uefi', 'x86_64', 'unknown'],
      ['elsewhere', 'linux', 'bios,uefi', 'x86_64', 'unknown'],
    ],
  );
});

const row = (lines: string) => `entries:\n  - title: fine\n    kernel: a\n  - ${lines.replaceAll('\n', '\n    ')}\n`;
const faults = [
  {
    name: 'unknown key',
    text: row('title: x\nkernel: a\nkernl: b'),
    line: 4,
    want: /entries\[1\]: unknown key kernl: want one of id, title/,
  },
  {
    name: 'two ways',
    text: row('title: x\nkernel: a\nlocal: true'),
    line: 4,
    want: /exactly one of kernel, chain, memdisk, local/,
  },
  { name: 'no way', text: row('title: x'), line: 4, want: /exactly one of/ },
  {
    name: 'path with ..',
    text: row('title: x\nkernel: ../../etc/passwd'),
    line: 5,
    want: /entries\[1\]\.kernel: want a file below the images/,
  },
  { name: 'path with a space', text: row('title: x\nkernel: "my linux"'), line: 5, want: /letters, digits/ },
  {
    name: 'absolute name outside the name space',
    text: row('title: x\nkernel: /etc/passwd'),
    line: 5,
    want: /kernel: want a file/,
  },
  {
    name: 'URL with a host name',
    text: row('title: x\nkernel: http://example.org/x'),
    line: 5,
    want: /URL like http:\/\/172/,
  },
  {
    name: 'control character in an initrd',
    text: row('title: x\nkernel: a\ninitrd: ["b\\u0007"]'),
    line: 6,
    want: /entries\[1\]\.initrd\[0\]: want a file/,
  },
  { name: 'title of two lines', text: row('title: "x\\ny"\nkernel: a'), line: 4, want: /title: want one line/ },
  { name: 'no title', text: row('kernel: a'), line: 4, want: /title: want one line/ },
  {
    name: 'initrd without kernel',
    text: row('title: x\nlocal: true\ninitrd: a'),
    line: 4,
    want: /initrd and arguments need a kernel/,
  },
  {
    name: 'chain without firmware',
    text: row('title: x\nchain: /boot/x.efi'),
    line: 4,
    want: /firmware: bios or uefi/,
  },
  {
    name: 'arguments that iPXE would expand',
    text: row('title: x\nkernel: a\narguments: "a=${b}"'),
    line: 6,
    want: /kernel arguments/,
  },
  {
    name: 'too many arguments',
    text: row(`title: x\nkernel: a\narguments: ${'a '.repeat(60)}`),
    line: 6,
    want: /kernel arguments/,
  },
  { name: 'bad MAC', text: row('title: x\nkernel: a\nmacs: ["52:54"]'), line: 6, want: /macs\[0\]: want a MAC/ },
  { name: 'reserved id', text: row('id: local\ntitle: x\nkernel: a'), line: 4, want: /id: want an id/ },
  {
    name: 'unknown architecture',
    text: row('title: x\nkernel: a\narch: amd64'),
    line: 6,
    want: /want one of x86_64, i386, arm64/,
  },
];
for (const { name, text, line, want } of faults) {
  test(`${name}: told with its line, and the entry before it stays`, () => {
    const file = parse(text);
    assert.deepEqual(
      file.entries.map((entry) => entry.title),
      ['fine'],
    );
    assert.equal(file.faults.length, 1, file.faults.map(showConfigFault).join('\n'));
    assert.match(file.faults.map(showConfigFault).join(), want);
    assert.equal(file.faults[0]?.line, line);
  });
}

const broken = [
  { text: 'entries: [', want: /menu\.yaml:\d+: is not YAML/ },
  { text: 'entries:\n  - title: a: b\n', want: /menu\.yaml:2: is not YAML/ },
  { text: 'entries: 5', want: /menu\.yaml:1: entries: want a list/ },
  { text: '', want: /menu\.yaml:1: / },
  { text: 'menu: []', want: /menu\.yaml:1: / },
];
for (const { text, want } of broken) {
  test(`${JSON.stringify(text)} gives faults and no entry`, () => {
    const file = parse(text);
    assert.deepEqual(file.entries, []);
    assert.match(file.faults.map(showConfigFault).join('\n'), want);
  });
}

test('a file that is not there takes its entry away and says so', () => {
  const file = parseMenuFile('/isos/m.yaml', GOOD, (path) => (path.includes('corepure') ? false : undefined));
  assert.equal(file.entries.length, 4);
  assert.deepEqual(file.faults.map(showConfigFault), [
    '/isos/m.yaml:3: entries[0]: /isos/tc/corepure64.gz is not there: put the file there or correct the name',
  ]);
});

const parseOwn = (text: string, exists: (path: string) => boolean | undefined = () => undefined) =>
  parseImageFile('/isos/mint.yaml', text, '/tree/mint.iso', exists);

test('the file beside an image: every key, and entries inside the image', () => {
  const {
    entries,
    faults: told,
    ...rest
  } = parseOwn(`title: Exam
group: Exams
edition: Room 7
hidden: true
arguments: nomodeset lang=es
memory: 2GB
note: Ask first
macs: ["52:54:00:*"]
entries:
  - title: Own
    kernel: casper/vmlinuz
    initrd: [casper/initrd.lz, /isos/ours.cpio, http://172.16.0.5/x]
    arguments: boot=casper iso-url={iso}
  - title: Tool
    memdisk: tools/floppy.img
`);
  assert.deepEqual(told, []);
  const { macs, ...values } = rest;
  assert.deepEqual(values, {
    title: 'Exam',
    group: 'Exams',
    edition: 'Room 7',
    isHidden: true,
    arguments: ['nomodeset', 'lang=es'],
    memoryMib: 2048,
    note: 'Ask first',
  });
  assert.equal(macs?.length, 1);
  assert.deepEqual(
    entries.map(({ how }) => how),
    [
      {
        kind: 'linux',
        kernel: '/tree/mint.iso/casper/vmlinuz',
        initrds: ['/tree/mint.iso/casper/initrd.lz', '/isos/ours.cpio', 'http://172.16.0.5/x'],
        arguments: ['boot=casper', 'iso-url={iso}'],
      },
      { kind: 'memdisk', image: '/tree/mint.iso/tools/floppy.img', isCd: false },
    ],
  );
});

const ownFaults = [
  {
    text: 'titel: x',
    line: 1,
    want: /: unknown key titel: want one of title, group, edition, hidden, arguments, memory/,
  },
  { text: 'title: a\nhidden: maybe', line: 2, want: /hidden: want true or false/ },
  { text: 'title: a\nmemory: much', line: 2, want: /memory: want a size like 512MB or 2GB, got "much"/ },
  { text: 'title: a\n\narguments: "a=${b}"', line: 3, want: /arguments: want one line of kernel arguments/ },
  { text: 'entries:\n  - title: x\n    kernel: ../../etc/shadow', line: 3, want: /entries\[0\]\.kernel: want a file/ },
  { text: 'entries:\n  - title: x\n    kernel: "my linux"', line: 3, want: /letters, digits/ },
  { text: `entries:\n  - title: x\n    kernel: ${'x'.repeat(235)}`, line: 2, want: /too long a name: shorten it/ },
  { text: '', line: 1, want: /mint\.yaml:1: / },
  { text: '- 5', line: 1, want: /mint\.yaml:1: / },
  { text: 'title: "a', line: 1, want: /is not YAML/ },
];
for (const { text, line, want } of ownFaults) {
  test(`beside an image, ${JSON.stringify(text.slice(0, 40))} is told with its line and changes nothing`, () => {
    const file = parseOwn(text);
    assert.equal(file.faults.length, 1, file.faults.map(showConfigFault).join('\n'));
    assert.match(file.faults.map(showConfigFault).join(), want);
    assert.equal(file.faults[0]?.line, line);
    assert.deepEqual([file.entries, file.isHidden, file.arguments], [[], false, []]);
  });
}

test('keys of an image in a file that belongs to none: the fault says where they go', () => {
  assert.match(
    parse('title: x\nentries: []').faults.map(showConfigFault).join(),
    /unknown key title: want one of entries; what changes an image stands in a file of its name/,
  );
});

test('no text whatever makes it throw', () => {
  const random = seeded(7);
  const bytes = new TextEncoder().encode(GOOD);
  for (let n = 0; n < 500; n++) {
    const text = new TextDecoder().decode(mutate(bytes, random));
    parse(text);
    parseOwn(text);
  }
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void parse(text)));
  parse(
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(50)}]\nc: &c [${'*b,'.repeat(50)}]\nentries: [${'*c,'.repeat(50)}]`,
  );
});
