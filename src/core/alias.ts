/** What URLs call an image: boot loaders take few characters, people name files as they like. */

export interface ImageName {
  /** Below the folder of images: `old/Mint 22.iso`. */
  readonly path: string;
  /** `mint-22`: of `[A-Za-z0-9._+-]`, and no other image's. The file's own name without suffix where that will do. */
  readonly alias: string;
  /** `.iso` or `.img`. */
  readonly suffix: string;
}

/** GRUB and pxelinux keep whole lines of 2048 octets and less; a name stands in them several times. */
const MAX_ALIAS_CHARS = 80;
const SUFFIX = /\.(?:iso|img)$/i;

export function isImagePath(path: string): boolean {
  return SUFFIX.test(path);
}

/**
 * The images among `paths`, each with its alias, by path. The same for the same set, whatever its order: a file directly
 * in the folder keeps the name that it has, and where several would be called alike, letter case aside, each of the
 * others gets a hash of its path behind it.
 */
export function nameImages(paths: readonly string[]): readonly ImageName[] {
  const wishes = [...new Set(paths.filter(isImagePath))].sort().map(wishOf);
  const rivals = Map.groupBy(wishes, ({ alias }) => alias?.toLowerCase());
  const owners = new Map<string | undefined, Wish | undefined>(
    [...rivals].map(([key, group]) => [key, key === undefined ? undefined : ownerOf(group)]),
  );
  const taken = new Set(rivals.keys());
  return wishes.map((wish) => {
    const { path, suffix, alias } = wish;
    if (alias !== undefined && owners.get(alias.toLowerCase()) === wish) return { path, suffix, alias };
    const unique = withHash(alias ?? 'image', path, (name) => taken.has(name.toLowerCase()));
    taken.add(unique.toLowerCase());
    return { path, suffix, alias: unique };
  });
}

/** What stands behind `/tree/` or `/isos/`, split after the image; `inside` has no slash at its ends. */
export interface FoundImage {
  readonly image: ImageName;
  readonly inside: string;
}

/**
 * The image that `rest` begins with: `old/Mint 22.iso/casper`, by its own name first, then by its alias, with suffix and
 * without, then by its own name without.
 */
export function findImage(rest: string, images: readonly ImageName[]): FoundImage | undefined {
  const spellings: readonly ((image: ImageName) => string)[] = [
    ({ path }) => path,
    ({ alias, suffix }) => `${alias}${suffix}`,
    ({ alias }) => alias,
    ({ path, suffix }) => path.slice(0, -suffix.length),
  ];
  for (const spell of spellings) {
    const image = images.find((each) => beginsWith(rest, spell(each)));
    if (image) return { image, inside: rest.slice(spell(image).length + 1) };
  }
  return undefined;
}

/** The images that `rest` may begin with by their own names, whether they are there or not: each has a suffix. */
export function ownNames(rest: string): readonly FoundImage[] {
  const segments = rest.split('/');
  return segments.flatMap((segment, i) => {
    const suffix = SUFFIX.exec(segment)?.[0];
    if (suffix === undefined) return [];
    const path = segments.slice(0, i + 1).join('/');
    const image = { path, suffix: suffix.toLowerCase(), alias: segment.slice(0, -suffix.length) };
    return [{ image, inside: segments.slice(i + 1).join('/') }];
  });
}

function beginsWith(rest: string, name: string): boolean {
  return rest.startsWith(name) && (rest.length === name.length || rest.charAt(name.length) === '/');
}

interface Wish {
  readonly path: string;
  readonly suffix: string;
  /** Nothing where no letter of the name can be kept. */
  readonly alias: string | undefined;
  /** The file already is where its alias says. */
  readonly isOwnName: boolean;
}

function wishOf(path: string): Wish {
  const suffix = (SUFFIX.exec(path)?.[0] ?? '').toLowerCase();
  const base = path.slice(path.lastIndexOf('/') + 1, -suffix.length);
  if (!isFit(base)) return { path, suffix, alias: slug(base), isOwnName: false };
  return { path, suffix, alias: base, isOwnName: path === `${base}.iso` };
}

/** A name that ends in a suffix would be taken for the file of the name before it. */
function isFit(base: string): boolean {
  return base.length <= MAX_ALIAS_CHARS && /^[a-z0-9_+][a-z0-9._+-]*$/i.test(base) && !SUFFIX.test(base);
}

/** `Señal 22 (beta)` as `senal-22-beta`; nothing for a name in letters other than Latin ones. */
function slug(base: string): string | undefined {
  const plain = base.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  if (/(?!\p{Script=Latin})\p{L}/u.test(plain)) return undefined;
  const safe = plain
    .toLowerCase()
    .replace(SUFFIX, '')
    .replaceAll(/[^a-z0-9._+]+/g, '-')
    .slice(0, MAX_ALIAS_CHARS)
    .replaceAll(/^[.-]+|[.-]+$/g, '');
  return isFit(safe) ? safe : undefined;
}

/** Who is called what several would be called: the one file whose name it is, or the only one who would. */
function ownerOf(group: readonly Wish[]): Wish | undefined {
  const own = group.length === 1 ? group : group.filter((wish) => wish.isOwnName);
  return own.length === 1 ? own[0] : undefined;
}

function withHash(name: string, path: string, isTaken: (name: string) => boolean): string {
  for (let salt = 0; ; salt++) {
    const unique = `${name}-${shortHash(`${salt === 0 ? '' : salt}${path}`)}`;
    if (!isTaken(unique)) return unique;
  }
}

/** FNV-1a, 32 bits, in hex: enough to tell the images of a folder apart. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const octet of new TextEncoder().encode(text)) hash = Math.imul(hash ^ octet, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
