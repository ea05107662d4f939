/** The entries of an image: each way of its family for each of its kernels. */
import { parseCompanion } from '../core/companion.ts';
import type { Arch, Firmware, ImageEntry, ImageHow } from '../core/image.ts';
import { secureBootOf } from '../core/kernel.ts';
import { type Circumstances, holds, type Identity, type Scene, type Start } from './facts.ts';
import { wimbootFiles } from './lastresort.ts';
import { expand, lineOf, variablesOf } from './lines.ts';
import { plainLine } from './plain.ts';
import type { Memory, Way } from './row.ts';
import { readWim } from './wim.ts';

const MIB = 1024 * 1024;
/** Menus show round numbers. */
const STEP_MIB = 64;

/** Streaming before whole, the first kernel before the others. Keys are unique. */
export async function entriesOf(
  scene: Scene,
  identity: Identity,
  starts: readonly Start[],
  archs: readonly Arch[],
): Promise<readonly ImageEntry[]> {
  const entries: ImageEntry[] = [];
  const add = (found: readonly ImageEntry[]): void => {
    for (const entry of found) entries.push({ ...entry, key: uniqueKey(entry.key, entries) });
  };
  for (const start of starts) {
    for (const way of scene.family.ways) add(await linuxEntry(way, { scene, identity, start }, starts));
  }
  for (const way of scene.family.ways) add(await otherEntry(way, { scene, identity }, archs));
  return entries;
}

function uniqueKey(wanted: string, entries: readonly ImageEntry[]): string {
  const isTaken = (key: string): boolean => entries.some((entry) => entry.key === key);
  let key = wanted;
  for (let n = 2; isTaken(key); n++) key = `${wanted}-${n}`;
  return key;
}

async function linuxEntry(
  way: Way,
  c: Circumstances & { readonly start: Start },
  starts: readonly Start[],
): Promise<readonly ImageEntry[]> {
  const { scene, identity, start } = c;
  if ((way.how ?? 'linux') !== 'linux' || !(await holds(way.when, { ...c, transport: way.transport }))) return [];
  const companion = companionFor(way, c);
  if (way.companion && companion === undefined) return [];
  const shim = companion === undefined ? await shimOf(scene, start.arch) : undefined;
  const secureBoot =
    companion === undefined ? secureBootOf(start.about, start.arch, shim !== undefined) : ('unknown' as const);
  const variant = variantOf(way, c, starts);
  const unattended = await unattendedOf(c);
  return [
    {
      key: keyOf(way, identity, start, starts),
      use: useOf(way, identity),
      ...(variant ? { variant } : {}),
      transport: way.transport,
      isStreaming: way.isStreaming ?? false,
      archs: [start.arch],
      firmware: companion === undefined ? firmwareOf(start) : firmwareOf({ ...start, about: {} }),
      how: await linuxHow(way, c, companion, secureBoot === 'no' ? undefined : shim),
      memoryMib: memoryOf(way.memory, sizesOf(scene, start)),
      secureBoot,
      ...(companion ? { companion } : {}),
      ...(way.companion?.isSameKernel ? { companionVersion: start.about.version ?? '' } : {}),
      ...(unattended ? { unattended } : {}),
    },
  ];
}

async function linuxHow(
  way: Way,
  c: Circumstances & { readonly start: Start },
  companion: string | undefined,
  shim: string | undefined,
): Promise<ImageHow> {
  const line = await lineOf(way, c, companion);
  return {
    kind: 'linux',
    ...filesOf(way, c.start, companion),
    arguments: line.map(({ word }) => word),
    ...(shim ? { shim } : {}),
    ...(way.imageAs ? { imageAs: way.imageAs } : {}),
  };
}

/** One that somebody offers; a kernel that has to be the image's must be known. */
function companionFor(way: Way, c: Circumstances & { readonly start: Start }): string | undefined {
  const id = way.companion && expand(way.companion.id, variablesOf(c));
  if (id === undefined || !parseCompanion(id)) return undefined;
  return way.companion?.isSameKernel && c.start.about.version === undefined ? undefined : id;
}

function filesOf(
  way: Way,
  start: Start,
  companion: string | undefined,
): { kernel: string; initrds: readonly string[] } {
  if (!way.companion) return { kernel: start.kernel.path, initrds: start.initrds.map((initrd) => initrd.path) };
  const place = (name: string): string => `/boot/companions/${companion}/${name}`;
  return { kernel: place(way.companion.kernel), initrds: way.companion.initrds.map(place) };
}

/** 64-bit ARM machines have no BIOS; iPXE under UEFI starts EFI programs only. */
function firmwareOf(start: Start): readonly Firmware[] {
  if (start.boot.firmware) return start.boot.firmware;
  if (start.arch === 'arm64') return ['uefi'];
  return start.about.isBiosOnly ? ['bios'] : ['bios', 'uefi'];
}

function useOf(way: Way, identity: Identity): Way['use'] {
  return way.use === 'live' ? (identity.product?.use ?? 'live') : way.use;
}

function keyOf(way: Way, identity: Identity, start: Start, starts: readonly Start[]): string {
  const arch = starts[0]?.arch === start.arch ? '' : start.arch.replace('_', '-');
  return [useOf(way, identity), way.suffix ?? '', way.transport === 'nfs' ? 'nfs' : '', arch]
    .filter((part) => part !== '')
    .join('-');
}

/** Kernels of one processor are told apart by their versions. */
function variantOf(
  way: Way,
  c: Circumstances & { readonly start: Start },
  starts: readonly Start[],
): string | undefined {
  const { start } = c;
  const isOneOfSeveral = starts.filter((one) => one.arch === start.arch).length > 1;
  const version = isOneOfSeveral ? (start.kernel.stars[0] ?? start.about.version) : undefined;
  const parts = [way.variant && expand(way.variant, variablesOf(c)), start.boot.variant ?? version];
  return plainLine(parts.filter((part) => part).join(', ')) || undefined;
}

const SHIMS: Readonly<Record<Arch, readonly [string, RegExp]>> = {
  x86_64: ['BOOTX64.EFI', /\/(?:(?:grub|mm|fb)(?:x64)?|MokManager)\.efi$/i],
  i386: ['BOOTIA32.EFI', /\/(?:(?:grub|mm|fb)(?:ia32)?|MokManager)\.efi$/i],
  arm64: ['BOOTAA64.EFI', /\/(?:(?:grub|mm|fb)(?:aa64)?|MokManager)\.efi$/i],
};

/** The first EFI program is a shim where GRUB or MokManager lies beside it; alone it is a loader itself. SUSE's have no suffix. */
async function shimOf({ tree }: Scene, arch: Arch): Promise<string | undefined> {
  const [program, partner] = SHIMS[arch];
  const [shim] = await tree.find(`EFI/BOOT/${program}`);
  const beside = await tree.find('EFI/BOOT/*.efi');
  return beside.some((one) => partner.test(one.path)) ? shim?.path : undefined;
}

async function unattendedOf(c: Circumstances): Promise<string | undefined> {
  for (const { when, parameter } of c.scene.family.unattended ?? []) {
    if (await holds(when, c)) return parameter;
  }
  return undefined;
}

/** In octets, each file by itself. */
type Sizes = Readonly<Record<Memory['of'], readonly number[]>>;

function memoryOf(memory: Memory, all: Sizes): number {
  const sizes = all[memory.of];
  const sum = sizes.reduce((total, size) => total + size, 0) * (memory.times ?? 1);
  const largest = memory.andLargest ? Math.max(0, ...sizes) : 0;
  return Math.ceil(((sum + largest) / MIB + memory.plusMib) / STEP_MIB) * STEP_MIB;
}

function sizesOf(scene: Scene, start?: Start): Sizes {
  return {
    nothing: [],
    image: [scene.view.sizeBytes],
    medium: start?.media.map((one) => one.sizeBytes) ?? [],
    kernel: start ? [start.kernel.sizeBytes] : [],
  };
}

/** What starts without a Linux kernel. */
async function otherEntry(way: Way, c: Circumstances, archs: readonly Arch[]): Promise<readonly ImageEntry[]> {
  const { scene } = c;
  const how = way.how ?? 'linux';
  if (how === 'linux' || !(await holds(way.when, { ...c, transport: way.transport }))) return [];
  if (how === 'wimboot') return wimbootEntries(way, scene, archs);
  const firmware: Firmware = how === 'memdisk' || way.when?.boots === 'bios' ? 'bios' : 'uefi';
  return [
    {
      key: [way.use, way.use === 'last-resort' ? way.suffix : ''].filter((part) => part).join('-'),
      use: way.use,
      ...(way.use === 'last-resort' && way.variant ? { variant: way.variant } : {}),
      transport: way.transport,
      isStreaming: way.isStreaming ?? false,
      archs: archsFor(firmware, archs),
      firmware: [firmware],
      how: { kind: how },
      memoryMib: memoryOf(way.memory, sizesOf(scene)),
      secureBoot: 'unknown',
    },
  ];
}

/** What is known to be of 64 bits is for 64 bits; else a BIOS image may be of either, an EFI one is as firmware mostly is. */
function archsFor(firmware: Firmware, archs: readonly Arch[]): readonly Arch[] {
  if (archs.length > 0) return archs;
  return firmware === 'bios' ? ['i386', 'x86_64'] : ['x86_64'];
}

async function wimbootEntries(way: Way, scene: Scene, archs: readonly Arch[]): Promise<readonly ImageEntry[]> {
  const wim = await readWim(scene.view, '/sources/boot.wim');
  const medium = (await scene.tree.find('sources/boot.wim')).map((one) => one.sizeBytes);
  const arch = wim?.images.find((image) => image.arch !== undefined)?.arch ?? archs[0] ?? 'x86_64';
  const entries: ImageEntry[] = [];
  for (const firmware of ['bios', 'uefi'] as const) {
    const wanted = wimbootFiles(firmware, arch);
    const files: { name: string; file: string }[] = [];
    for (const [name, path] of wanted) {
      const [found] = await scene.tree.find(path);
      if (found) files.push({ name, file: found.path });
    }
    if (files.length < wanted.length || wanted.length === 0) continue;
    entries.push({
      key: `${way.use}-${way.suffix}-${firmware}`,
      use: way.use,
      ...(way.variant ? { variant: way.variant } : {}),
      transport: way.transport,
      isStreaming: false,
      archs: [arch],
      firmware: [firmware],
      how: { kind: 'wimboot', files, ...(wim?.peIndex ? { index: wim.peIndex } : {}) },
      memoryMib: memoryOf(way.memory, { ...sizesOf(scene), medium }),
      secureBoot: 'no',
    });
  }
  return entries;
}
