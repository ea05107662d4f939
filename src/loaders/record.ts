/** LOADERS.json: which version of each loader lies in the boot folder, and where it came from. */

export const RECORD_NAME = 'LOADERS.json';

export type Origin =
  | {
      readonly kind: 'package';
      readonly package: string;
      readonly version: string;
      readonly architecture: string;
      /** Inside the package. */
      readonly path: string;
    }
  /** `path` is its name in the folder that it was taken from. */
  | { readonly kind: 'folder'; readonly path: string };

export interface RecordedFile {
  readonly origin: Origin;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Carries an Authenticode signature; absent for what firmware never checks. */
  readonly isSigned?: boolean;
  /** ISO 8601, UTC. */
  readonly installedAt: string;
}

/** By name in the boot folder. */
export type LoaderRecord = ReadonlyMap<string, RecordedFile>;

export function formatRecord(record: LoaderRecord): string {
  const files = Object.fromEntries([...record].sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ format: 1, files }, null, 2)}\n`;
}

/** What `formatRecord` wrote; nothing for a text that it never writes. Entries that are not whole are left out. */
export function parseRecord(text: string): LoaderRecord | undefined {
  const parsed = parseJson(text);
  if (!isObject(parsed) || parsed.format !== 1 || !isObject(parsed.files)) return undefined;
  return new Map(
    Object.entries(parsed.files).flatMap(([name, value]) => {
      const file = recordedFile(value);
      return file === undefined ? [] : [[name, file] as const];
    }),
  );
}

function recordedFile(value: unknown): RecordedFile | undefined {
  if (!isObject(value)) return undefined;
  const { sha256, sizeBytes, installedAt, isSigned } = value;
  const origin = originOf(value.origin);
  if (origin === undefined || typeof sha256 !== 'string' || typeof sizeBytes !== 'number') return undefined;
  if (typeof installedAt !== 'string') return undefined;
  return { origin, sha256, sizeBytes, ...(typeof isSigned === 'boolean' ? { isSigned } : {}), installedAt };
}

function originOf(value: unknown): Origin | undefined {
  if (!isObject(value) || typeof value.path !== 'string') return undefined;
  const { kind, path, package: name, version, architecture } = value;
  if (kind === 'folder') return { kind, path };
  if (kind !== 'package' || typeof name !== 'string') return undefined;
  if (typeof version !== 'string' || typeof architecture !== 'string') return undefined;
  return { kind, package: name, version, architecture, path };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `shim-signed 1.44 (amd64)`, or the name it had in a folder: for people. */
export function showOrigin(origin: Origin): string {
  if (origin.kind === 'folder') return `${origin.path} of the given folder`;
  const architecture = origin.architecture === 'all' ? '' : ` (${origin.architecture})`;
  return `${origin.package} ${origin.version}${architecture}`;
}
