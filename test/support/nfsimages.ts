/** Images for tests of NFS: all that Rock Ridge can say, names of other kinds, folders and files that are large. */
import {
  chmodSync,
  closeSync,
  lchownSync,
  mkdirSync,
  openSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { openVolume } from '../../src/iso/open.ts';
import { makeIso, makeTree, nodesOf, run, type Tree, withImage } from '../iso/support.ts';
import { makeUdf } from '../iso/udfsupport.ts';

/** Octets that differ at each place. */
export function pattern(bytes: number, seed = 1): Buffer {
  const all = Buffer.alloc(bytes);
  let x = seed;
  for (let i = 0; i < bytes; i++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
    all.writeUInt8(x >>> 24, i);
  }
  return all;
}

const DEEP = 'one/two/three/four/five/six/seven/eight/nine/ten/eleven/twelve';
/** Around a sector, a page, and what a READ takes at most. */
const SIZES = [0, 1, 2047, 2048, 2049, 65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577, 3_000_001];

export const RICH: Tree = {
  '.disk/info': 'Debian GNU/Linux\n',
  ...Object.fromEntries(SIZES.map((bytes) => [`sizes/${bytes}`, pattern(bytes, bytes)])),
  [`${DEEP}/bottom.txt`]: 'far down\n',
  [`${DEEP}/other/last`]: 'further down\n',
  'case/README': 'capitals\n',
  'case/readme': 'small\n',
  'case/ReadMe': 'both\n',
  'odd/a name with  spaces ': 'spaces\n',
  'odd/100% + more & "quotes" #1?;*<>|$(x)`y`': 'signs\n',
  'odd/-rf': 'a dash\n',
  'odd/...': 'dots\n',
  'odd/ñandú.txt': 'eñe\n',
  'odd/日本語 ☃ 😀': 'beyond latin\n',
  [`odd/${'n'.repeat(255)}`]: '255 octets\n',
  [`odd/${'ñ'.repeat(127)}x`]: '255 octets, too\n',
  [`odd/${'d'.repeat(255)}/inside`]: 'below a long name\n',
  'rights/secret': 'for its owner\n',
  'rights/set-uid': 'as its owner\n',
  'rights/owned': 'somebody’s\n',
  'rights/closed/inside': 'in a folder for its owner\n',
  'rights/late': 'of 2040\n',
  'rights/early': 'of 1970\n',
  'empty/': '',
  'links/near': { link: '../.disk/info' },
  'links/absolute': { link: '/etc/hostname' },
  'links/outside': { link: '../../../../../../etc/hostname' },
  'links/nowhere': { link: 'does/not/exist' },
  'links/folder': { link: '../sizes' },
  'links/itself': { link: 'itself' },
  'links/spaces': { link: 'a name  with spaces ' },
  'links/ñ': { link: '../odd/ñandú.txt' },
  hard: { hardLinkOf: '.disk/info' },
  ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`pool/package_${i}.deb`, `deb ${i}\n`])),
};
/** Over several records of the image: bsdtar loses a slash where one ends, and genisoimage its way. */
export const LONG_LINKS: Tree = {
  'links/winding': { link: `${'../sizes/'.repeat(60)}1` },
  'links/broad': { link: `${'b'.repeat(250)}/${'c'.repeat(250)}` },
};

/** `RICH` and `more` on disk, with rights, owners and times of its own. Needs root. */
export function makeRich(folder: string, more: Tree = {}): string {
  makeTree(folder, { ...RICH, ...more });
  chmodSync(join(folder, 'rights/secret'), 0o600);
  lchownSync(join(folder, 'rights/owned'), 1000, 27);
  lchownSync(join(folder, 'rights/set-uid'), 33, 33);
  chmodSync(join(folder, 'rights/set-uid'), 0o4755);
  chmodSync(join(folder, 'rights/closed'), 0o700);
  chmodSync(join(folder, 'empty'), 0o1777);
  utimesSync(join(folder, 'rights/late'), Date.UTC(2040, 5, 1) / 1000, Date.UTC(2040, 5, 1) / 1000);
  utimesSync(join(folder, 'rights/early'), 86_400, 86_400);
  return folder;
}

/** What can be told without Rock Ridge, and in capitals. */
export const SIMPLE: Tree = {
  'README.TXT': 'read me\n',
  'SUB/KERNEL.BIN': pattern(50_000, 7),
  'SUB/DEEPER/A.B': 'ab\n',
  'EMPTY/': '',
  'ZERO.BIN': '',
};
/** With Joliet. */
export const BROAD: Tree = {
  ...SIMPLE,
  'Sources/Boot Loader.wim': pattern(100_000, 9),
  'Ünï/Café ☃ 漢字.txt': 'beyond latin\n',
  [`${'j'.repeat(99)}.txt`]: 'a name of 103 characters\n',
};

export const MANY = 50_000;
export const nameOfMany = (i: number): string => `p${String(i).padStart(6, '0')}.deb`;

/** A folder `many` of 50,000 files, whose names are short enough for genisoimage, which is not slow with so many. */
export function makeMany(scratch: string, to: string): string {
  const folder = join(scratch, 'many');
  mkdirSync(join(folder, 'many'), { recursive: true });
  for (let i = 0; i < MANY; i++)
    writeFileSync(join(folder, 'many', nameOfMany(i)), i % 1000 === 0 ? `file ${i}\n` : '');
  return makeIso('genisoimage', ['-R'], folder, to);
}

export const HUGE_BYTES = 4 * 1024 ** 3 + 256 * 1024 ** 2 + 7;
const GIB4 = 4 * 1024 ** 3;
/** What stands where in `huge.bin`; all else are zeros. */
export const HUGE_MARKS = [
  { at: 0, text: 'THE BEGINNING' },
  { at: GIB4 - 5, text: 'OVER 4 GIB' },
  { at: HUGE_BYTES - 7, text: 'THE END' },
] as const;

/** Octets of `huge.bin` from `from` on. */
export function hugeTail(from: number): Buffer {
  const tail = Buffer.alloc(HUGE_BYTES - from);
  for (const { at, text } of HUGE_MARKS) if (at >= from) tail.write(text, at - from);
  return tail;
}

/** `huge.bin` of more than 4 GiB in several extents, which takes no room on disk. */
export async function makeHuge(scratch: string, to: string): Promise<string> {
  const folder = makeTree(join(scratch, 'huge'), { 'huge.bin': { sparseBytes: HUGE_BYTES }, 'z.txt': 'after\n' });
  // The folders come first in what xorriso writes: the rest of it are zeros, but for what is marked below.
  const head = 'xorriso -as mkisofs -quiet -R -iso-level 3 -o - "$0" 2>/dev/null | head -c 1000000 >"$1"';
  run('sh', ['-c', head, folder, to]);
  truncateSync(to, HUGE_BYTES + 1_000_000);
  const position = await withImage(to, async ({ read, sizeBytes }) => {
    const nodes = await nodesOf(await openVolume(read, sizeBytes), read);
    return nodes.get('/huge.bin')?.extents[0]?.position ?? Number.NaN;
  });
  const image = openSync(to, 'r+');
  for (const { at, text } of HUGE_MARKS) writeSync(image, text, position + at);
  closeSync(image);
  return to;
}

export function makePlain(scratch: string, to: string): string {
  return makeIso('xorriso', ['--norock', '-iso-level', '3'], makeTree(join(scratch, 'plain'), SIMPLE), to);
}

export function makeJoliet(scratch: string, to: string): string {
  return makeIso('genisoimage', ['-J', '-joliet-long'], makeTree(join(scratch, 'joliet'), BROAD), to);
}

/** UDF alone. */
export function makeUdfImage(scratch: string, to: string): string {
  makeTree(join(scratch, 'udf'), BROAD);
  writeFileSync(to, makeUdf(BROAD));
  return to;
}
