/** What a suite's Release or InRelease says: its indexes, and how they are asked for. Debian's repository format. */

export interface Listed {
  readonly sizeBytes: number;
  /** The strongest there is: apt names it in by-hash URLs. */
  readonly hash: { readonly kind: HashKind; readonly value: string };
  readonly sha256: string | undefined;
}

export type HashKind = 'SHA512' | 'SHA256' | 'SHA1' | 'MD5Sum';

export interface Release {
  /** By path from the suite's folder. */
  readonly files: ReadonlyMap<string, Listed>;
  readonly isByHash: boolean;
  /** Names in the file. */
  readonly architectures: readonly string[];
  /** Packages of all architectures stand in an index of their own that is asked for, too. */
  readonly hasAllIndex: boolean;
  /** Its packages are taken only where no other suite has them: backports. */
  readonly isReluctant: boolean;
}

/** Debian's has 10,000 lines. */
const MAX_LINES = 400_000;
/** From weak to strong: a stronger one takes the place of a weaker. */
const KINDS: readonly HashKind[] = ['MD5Sum', 'SHA1', 'SHA256', 'SHA512'];
const DIGITS: Readonly<Record<HashKind, number>> = { MD5Sum: 32, SHA1: 40, SHA256: 64, SHA512: 128 };

/** Nothing where it lists no file. A signature around it is left aside. Never throws. */
export function readRelease(text: string): Release | undefined {
  const fields = new Map<string, string>();
  const files = new Map<string, Listed>();
  let kind: HashKind | undefined;
  for (const line of bodyOf(text).split('\n', MAX_LINES)) {
    if (line.startsWith(' ')) {
      if (kind !== undefined) addFile(files, kind, line);
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    kind = KINDS.find((k) => k === name);
    if (colon > 0 && !kind) fields.set(name, line.slice(colon + 1).trim());
  }
  if (files.size === 0) return undefined;
  const architectures = (fields.get('Architectures') ?? '').split(/\s+/).filter(Boolean);
  return {
    files,
    isByHash: fields.get('Acquire-By-Hash') === 'yes',
    architectures,
    hasAllIndex: architectures.includes('all') && fields.get('No-Support-for-Architecture-all') !== 'Packages',
    isReluctant: fields.get('NotAutomatic') === 'yes',
  };
}

/** Without the armour of a clear-signed text. RFC 9580 §7. */
function bodyOf(text: string): string {
  const plain = text.replaceAll('\r\n', '\n');
  if (!plain.startsWith('-----BEGIN PGP SIGNED MESSAGE-----')) return plain;
  const start = plain.indexOf('\n\n');
  const end = plain.indexOf('\n-----BEGIN PGP SIGNATURE-----');
  return plain.slice(start + 2, end < 0 ? undefined : end).replaceAll(/^- /gm, '');
}

function addFile(files: Map<string, Listed>, kind: HashKind, line: string): void {
  const [value = '', size = '', path = '', more] = line.trim().split(/\s+/, 4);
  const sizeBytes = Number(size);
  const isHash = value.length === DIGITS[kind] && /^[\da-f]+$/.test(value);
  if (more !== undefined || !isHash || !/^\d{1,15}$/.test(size) || !isPlainPath(path)) return;
  const before = files.get(path);
  if (before && before.sizeBytes !== sizeBytes) return;
  const isStronger = !before || KINDS.indexOf(kind) > KINDS.indexOf(before.hash.kind);
  files.set(path, {
    sizeBytes,
    hash: isStronger ? { kind, value } : before.hash,
    sha256: kind === 'SHA256' ? value : before?.sha256,
  });
}

/** A path that stays below where it begins and needs no thought in a URL. */
export function isPlainPath(path: string): boolean {
  return (
    path.length < 1024 &&
    /^[\x21-\x7e]+$/.test(path) &&
    !/[?#\\%]/.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}
