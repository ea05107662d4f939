/** What a request asks for: the request target decoded once, strictly, before anything else looks at it. */
import { normalisePath } from '../core/content.ts';

export interface Target {
  /** Absolute, decoded, without empty, `.` and trailing segments: `/boot/grubx64.efi`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const NO_QUERY = new URLSearchParams();

/** Octets. Taste: twice what common servers take, and far above any name this node hands out. */
export const MAX_TARGET_BYTES = 16_384;

/**
 * The path and query of a request target in origin or absolute form (RFC 9112 §3.2.1 and §3.2.2), or nothing when no
 * honest client spells a name so: `..`, NUL and control characters, escaped or plain backslashes, an escaped slash,
 * broken escapes, escapes that are not UTF-8.
 */
export function parseTarget(raw: string): Target | undefined {
  const local = raw.startsWith('/') ? raw : afterAuthority(raw);
  if (local === undefined) return undefined;
  const queryAt = local.indexOf('?');
  const path = decodePath(queryAt < 0 ? local : local.slice(0, queryAt));
  const normal = path === undefined ? undefined : normalisePath(path);
  if (normal === undefined) return undefined;
  return { path: normal, query: queryAt < 0 ? NO_QUERY : new URLSearchParams(local.slice(queryAt + 1)) };
}

function afterAuthority(raw: string): string | undefined {
  const match = /^http:\/\/[^/?#]+(.*)$/i.exec(raw);
  if (!match) return undefined;
  const rest = match[1] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function decodePath(path: string): string | undefined {
  if (!/[%\\]/.test(path)) return path;
  // A slash or backslash that hides in an escape is meant for somebody who decodes twice.
  if (/%2f|%5c|\\/i.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** `path` as it stands in a link: every segment escaped. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/**
 * Where the content of `path` is: itself below one of `roots`, and in /boot for a single name at the root. Shim asks for
 * its neighbours by one slash too many, `//grubx64.efi`, and at the root when it was booted from there.
 */
export function contentPath(path: string, roots: readonly string[]): string | undefined {
  if (roots.some((root) => path === root || path.startsWith(`${root}/`))) return path;
  return /^\/[^/]+$/.test(path) ? `/boot${path}` : undefined;
}
