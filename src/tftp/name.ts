/** From the name in a request to paths in the node's name space. */
import { normalisePath } from '../core/content.ts';

/** Folders of the name space that a request may name in full; anything else is below /boot. */
const TOP_FOLDERS: ReadonlySet<string> = new Set(['boot', 'isos', 'tree', 'grub']);
/** Far more than any firmware asks for. */
const MAX_NAME_OCTETS = 512;

/**
 * The paths to try, in order: the name as it is, then in lower case for firmware that shouts. Empty for a bad name:
 * `..`, control characters, octets that are no UTF-8. `filename` is latin1, from the wire.
 */
export function pathsOf(filename: string): readonly string[] {
  const name = decodeName(filename);
  if (name === undefined) return [];
  return [...new Set([name, name.toLowerCase()])].flatMap((spelling) => pathOf(spelling) ?? []);
}

/**
 * Quirk(name-ends-in-0xff): an option 67 without NUL makes some ROMs ask for the name and the 0xFF that ends the DHCP
 * options, and perhaps what follows. 0xFF never is part of UTF-8, so the name ends there.
 */
function decodeName(filename: string): string | undefined {
  const octets = filename.split('\xff', 1).join('');
  if (octets.length > MAX_NAME_OCTETS) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(octets, 'latin1'));
  } catch {
    return undefined; // overlong forms and lone octets: two spellings for one file, or none
  }
}

function pathOf(name: string): string | undefined {
  const path = normalisePath(name.replaceAll('\\', '/'));
  if (path === undefined || path === '/') return undefined;
  const [, top = '', ...rest] = path.split('/');
  return TOP_FOLDERS.has(top) && rest.length > 0 ? path : `/boot${path}`;
}
