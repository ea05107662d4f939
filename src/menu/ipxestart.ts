/** How iPXE starts an entry: from this node, else from a second one. [ipxe.org/cmd] */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: iPXE's own settings are written like this
import type { Entry, How, Linux, Source } from './entries.ts';
import { argumentsOf, consolesOf, type Menu } from './plan.ts';
import { EITHER_ALIAS, howOnEither, type NodePlace, secondNodes } from './second.ts';
import { ipxeWords } from './text.ts';

/** How an entry's files are had, and its words filled in. */
interface Way {
  /** Options of what fetches. */
  readonly options: string;
  /** What follows where a file cannot be had. */
  readonly orElse: string;
  readonly words: (words: readonly string[]) => string;
}

const OR_FAIL = '|| goto _failed';

/**
 * The lines below an entry's label. One with a second node is gone through again with another `${base}`: kernel, initrds
 * and the URLs on the kernel's line are always one node's.
 */
export function startLines(entry: Entry, menu: Menu): readonly string[] {
  const second = menu.seconds.get(entry.id);
  if (second === undefined) {
    const words = (some: readonly string[]): string => ipxeWords(argumentsOf(some, menu));
    return howLines(entry, entry.how, { options: '', orElse: OR_FAIL, words }, menu);
  }
  const orElse = `|| goto ${labelOf(second)}`;
  const words = (some: readonly string[]): string =>
    ipxeWords(some).replaceAll('{http}', '${base}').replaceAll('{node}', '${node}');
  const lines = howLines(entry, howOnEither(entry, second), { options: `--timeout ${STALL_MS} `, orElse, words }, menu);
  if (second.alias === undefined) return lines;
  const choice = `iseq \${base} http://${second.authority} && set alias ${second.alias} ||`;
  return [`set alias ${entry.image?.alias}`, choice, ...lines.map((line) => line.replaceAll(EITHER_ALIAS, '${alias}'))];
}

/**
 * A node that sends nothing for so long counts as dead; by itself iPXE would wait for minutes. [ipxe: core/monojob.c,
 * where what arrives sets the time back.] Taste.
 */
const STALL_MS = 15_000;

function howLines(entry: Entry, how: How, way: Way, menu: Menu): readonly string[] {
  const { options, orElse } = way;
  switch (how.kind) {
    case 'local':
      return LOCAL;
    case 'chain':
      return [`chain ${options}${urlOf(how.file)} ${orElse}`, 'goto _start'];
    case 'memdisk':
      return [
        `kernel ${options}\${base}/boot/memdisk ${how.isCd ? 'iso raw' : 'raw'} ${orElse}`,
        `initrd ${options}${urlOf(how.image)} ${orElse}`,
        `boot ${OR_FAIL}`,
      ];
    case 'sanboot':
      return [`sanboot --no-describe ${urlOf(how.image)} ${orElse}`, 'goto _start'];
    case 'wimboot':
      return wimboot(how, way);
    case 'linux':
      return linux(entry, how, way, menu);
  }
}

/** Each name twice: the option is for UEFI, the file's own line for the BIOS. [ipxe.org/appnote/wimboot_architecture] */
function wimboot({ files, index }: Extract<How, { readonly kind: 'wimboot' }>, way: Way): readonly string[] {
  const { options, orElse } = way;
  return [
    `kernel ${options}\${base}/boot/wimboot${index === undefined ? '' : ` index=${index}`} ${orElse}`,
    ...files.map(({ name, file }) => `initrd ${options}--name ${name} ${urlOf(file)} ${name} ${orElse}`),
    `boot ${OR_FAIL}`,
  ];
}

/**
 * Each initrd has a name of its own and is named on the line: until 2021 the kernel found it by that name alone, under
 * UEFI; since then all are handed over as one, and the words do no harm.
 */
function linux(entry: Entry, how: Linux, way: Way, menu: Menu): readonly string[] {
  const { options, orElse } = way;
  const names = how.initrds.map((_, i) => `initrd${i}`);
  const words = [
    ...names.map((name) => `initrd=${name}`),
    ...(names.length > 0 ? ['BOOTIF=01-${netX/mac:hexhyp}'] : []),
    way.words([...consolesOf(entry, menu), ...how.arguments]),
  ].filter((word) => word !== '');
  return [
    ...kernelLines(how, words, way),
    ...how.initrds.map((source, i) => `initrd ${options}--name ${names[i]} ${urlOf(source)} ${orElse}`),
    // With a name for an argument iPXE puts a header before the file that makes it one of the initramfs. [ipxe.org/cmd/initrd]
    ...(how.addedFile
      ? [`initrd ${options}${urlOf(how.addedFile.file)} ${ipxeWords([how.addedFile.name])} ${orElse}`]
      : []),
    ...(how.shim === undefined ? [] : [`${WITH_SECURE_BOOT} shim ${urlOf(how.shim)} ||`]),
    `boot ${OR_FAIL}`,
  ];
}

/**
 * Builds that know `shim` know firmware's variables, too, both since June 2023; for others, and for the BIOS, the
 * setting is empty, so that they never meet a command that they would complain about. [ipxe.org/cmd/shim]
 */
const WITH_SECURE_BOOT = 'iseq x${efi/SecureBoot:int8} x1 &&';

function kernelLines(how: Linux, words: readonly string[], { options, orElse }: Way): readonly string[] {
  const load = (kernel: string): string => `kernel ${options}${[kernel, ...words].join(' ')} ${orElse}`;
  if (how.uefiKernel === undefined) return [load(urlOf(how.kernel))];
  const choice = `iseq \${platform} efi && set kernel ${urlOf(how.uefiKernel)} ||`;
  return [`set kernel ${urlOf(how.kernel)}`, choice, load('${kernel}')];
}

/** BIOS: the first disk. UEFI: a status that is not success makes the firmware try its next entry. UEFI 2.10 §3.1.1. */
const LOCAL = ['iseq ${platform} efi && exit 1 ||', 'sanboot --no-describe --drive 0x80 || goto _failed'];

/** One section for each node that entries fall back to; whoever has asked it already has failed. */
export function secondSections(menu: Menu): readonly string[] {
  if (menu.seconds.size === 0) return [];
  return [
    ...secondNodes(menu.seconds).flatMap((second) => [
      '',
      `:${labelOf(second)}`,
      `iseq \${base} http://${second.authority} && goto _failed ||`,
      ...nodeLines(second),
      'goto _again',
    ]),
    '',
    ':_again',
    'imgfree ||',
    `echo ${menu.words.otherNode}`,
    'goto ${selected}',
  ];
}

export function nodeLines({ address, authority }: NodePlace): readonly string[] {
  return [`set base http://${authority}`, `set node ${address}`];
}

function labelOf({ authority }: NodePlace): string {
  return `_from-${authority.replace(':', '-')}`;
}

function urlOf(source: Source): string {
  return source.startsWith('/') ? `\${base}${source}` : source;
}
