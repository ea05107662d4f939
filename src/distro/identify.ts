/** Which distribution, version and edition an image is, by what it says of itself. */
import type { Arch, ImageView } from '../core/image.ts';
import type { Identity, Scene } from './facts.ts';
import { plainLine } from './plain.ts';
import { PRODUCTS } from './products.ts';
import type { Product, Tell } from './row.ts';

/** By source as in `Tell.in`. */
export type Texts = ReadonlyMap<string, string>;

/** Of a file in the image that says what it is. */
const MAX_TEXT_BYTES = 4096;

const candidatesOf = (familyId: string): readonly Product[] =>
  PRODUCTS.filter((product) => product.families?.includes(familyId) ?? true);

/** What the tells of this family's products look into. */
export async function readTexts(scene: Scene): Promise<Texts> {
  const { view } = scene;
  const given = new Map([
    ['label', plainLine(view.label)],
    ['file', plainLine(view.fileName, 200)],
    ['base', scene.base],
    ['kernel', ''],
    ['menu', scene.lines.map((line) => plainLine(line.title)).join('\n')],
    ['info', await textOf(view, '.disk/info')],
    ['.treeinfo', await textOf(view, '.treeinfo')],
  ]);
  const names = new Set(candidatesOf(scene.family.id).flatMap((product) => product.tells.map((tell) => tell.in)));
  for (const name of names) {
    if (!given.has(name)) given.set(name, await textOf(view, name));
  }
  return given;
}

async function textOf(view: ImageView, path: string): Promise<string> {
  const bytes = await view.read(`/${path}`, MAX_TEXT_BYTES);
  return bytes ? new TextDecoder().decode(bytes).trim() : '';
}

/** Never fails: what nobody knows is called by its `.disk/info`, its label or its file. */
export function identify(scene: Scene, texts: Texts): Identity {
  const product = candidatesOf(scene.family.id).find((one) =>
    one.tells.some((tell) => !tell.isWeak && tells(tell, texts)),
  );
  if (!product) return nameless(scene, texts);
  const said = saidBy(product.tells, texts);
  const { version, codename } = renumbered(said.version || versionInName(texts), said.codename, product);
  return {
    product,
    name: product.name,
    group: product.group,
    version,
    codename,
    edition: editionOf(said.edition, product),
    release: releaseOf(version, codename, product),
  };
}

function tells(tell: Tell, texts: Texts): RegExpExecArray | null {
  const text = texts.get(tell.in);
  return text === undefined ? null : tell.like.exec(text);
}

type Groups = Readonly<Record<string, string | undefined>>;

interface Said {
  readonly version: string;
  readonly codename: string | undefined;
  readonly edition: string | undefined;
}

/** The first that says something is believed. */
function saidBy(all: readonly Tell[], texts: Texts): Said {
  const groups: readonly Groups[] = all.map((tell) => tells(tell, texts)?.groups ?? {});
  const first = (name: string): string | undefined => groups.find((group) => group[name])?.[name];
  const parts = groups.find((group) => group.v1);
  const numbered = [parts?.v1, parts?.v2, parts?.v3].filter((part) => part !== undefined).join('.');
  return {
    version: plainLine(first('version') ?? numbered, 40),
    codename: plainLine(first('codename') ?? '', 40) || undefined,
    edition: plainLine(first('edition') ?? '', 40) || undefined,
  };
}

/** `bookworm` as version is 12. */
function renumbered(version: string, codename: string | undefined, product: Product): Omit<Said, 'edition'> {
  const number = product.codenames?.[version.toLowerCase()];
  if (number !== undefined) return { version: number, codename: codename ?? version };
  return { version, codename };
}

function editionOf(said: string | undefined, product: Product): string | undefined {
  const edition = said === undefined ? undefined : (product.editions?.[said.toLowerCase()] ?? said);
  return edition || product.edition;
}

/** `2024.12` or `13.2` in a file's name. */
function versionInName(texts: Texts): string {
  return /(?:^|[-_ v])(\d{1,4}(?:\.\d{1,3}){1,3})(?=[-_ .]|$)/.exec(texts.get('file') ?? '')?.[1] ?? '';
}

function releaseOf(version: string, codename: string | undefined, product: Product): number | undefined {
  const based = product.baseOfCodename?.[codename?.toLowerCase() ?? ''];
  if (based !== undefined) return based;
  if (product.base === undefined) return undefined;
  if (product.base !== 'own') return product.base.find(([prefix]) => isOf(version, prefix))?.[1];
  const release = Number.parseFloat(version);
  return Number.isFinite(release) ? release : undefined;
}

function isOf(version: string, prefix: string): boolean {
  return version === prefix || version.startsWith(`${prefix}.`);
}

/** `NAME VERSION "CODENAME" - ...` is how .disk/info begins everywhere. */
const INFO = /^(?<name>[A-Za-z][\w!+/. -]{0,40}?)[ -]v?(?<version>\d[\w.]*(?: LTS)?)(?: "(?<codename>[^"]{1,40})")?/;

function nameless(scene: Scene, texts: Texts): Identity {
  const info = INFO.exec(texts.get('info') ?? '')?.groups;
  const family = /^family[ \t]*=[ \t]*(.{1,60})$/m.exec(texts.get('.treeinfo') ?? '')?.[1];
  const stated = /^version[ \t]*=[ \t]*([\w.]{1,40})/m.exec(texts.get('.treeinfo') ?? '')?.[1];
  const name = plainLine(info?.name ?? family ?? '', 60);
  const { view } = scene;
  return {
    product: undefined,
    name: name || plainLine(view.label, 60) || plainLine(view.fileName.replace(/\.\w{1,4}$/, ''), 60) || 'image',
    group: name || 'Other',
    version: plainLine(info?.version ?? stated ?? (name ? versionInName(texts) : ''), 40),
    codename: plainLine(info?.codename ?? '', 40) || undefined,
    edition: undefined,
    release: undefined,
  };
}

const ARCHS: readonly (readonly [Arch, RegExp])[] = [
  ['x86_64', /(?<![a-z0-9])(?:amd64|x86[_-]64|x64|64-?bit)/i],
  ['arm64', /(?<![a-z0-9])(?:arm64|aarch64)/i],
  ['i386', /(?<![a-z0-9])(?:i[3456]86|x86(?![_-]64)|486|686|32-?bit)(?![0-9])/i],
];

export function archsIn(text: string): readonly Arch[] {
  return ARCHS.flatMap(([arch, like]) => (like.test(text) ? [arch] : []));
}

const EFI: readonly (readonly [Arch, string])[] = [
  ['x86_64', 'EFI/BOOT/BOOTX64.EFI'],
  ['arm64', 'EFI/BOOT/BOOTAA64.EFI'],
  ['i386', 'EFI/BOOT/BOOTIA32.EFI'],
];

/** What texts, EFI programs and at last the file's name say; empty when nothing does. */
export async function archsOf(scene: Scene, texts: Texts): Promise<readonly Arch[]> {
  for (const source of ['info', '.treeinfo', 'label']) {
    const said = archsIn(texts.get(source) ?? '');
    if (said.length > 0) return said;
  }
  const programs: Arch[] = [];
  for (const [arch, path] of EFI) if ((await scene.tree.find(path)).length > 0) programs.push(arch);
  // 64-bit images often bring a 32-bit EFI program for 64-bit machines with 32-bit firmware.
  const efi = programs.length > 1 ? programs.filter((arch) => arch !== 'i386') : programs;
  return efi.length > 0 ? efi : archsIn(texts.get('file') ?? '');
}
