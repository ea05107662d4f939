/** What a name's suffix says about its content. */

const BY_SUFFIX: Readonly<Record<string, string>> = {
  // UEFI HTTP Boot takes these from Content-Type, and goes by the suffix otherwise: edk2 HttpBootClient.c.
  efi: 'application/efi',
  img: 'application/vnd.efi-img',
  // Firmware knows .iso by its suffix; people's tools know this type.
  iso: 'application/x-iso9660-image',
  cfg: 'text/plain; charset=utf-8',
  conf: 'text/plain; charset=utf-8',
  ipxe: 'text/plain; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  md: 'text/plain; charset=utf-8',
  yaml: 'text/plain; charset=utf-8',
  md5: 'text/plain; charset=utf-8',
  sha256: 'text/plain; charset=utf-8',
  json: 'application/json',
  png: 'image/png',
  jpg: 'image/jpeg',
  gz: 'application/gzip',
  xz: 'application/x-xz',
  deb: 'application/vnd.debian.binary-package',
};

/** `application/octet-stream` for all that is unknown, which loaders and installers take as it is. */
export function mediaTypeOf(path: string): string {
  const suffix = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(BY_SUFFIX, suffix) ? (BY_SUFFIX[suffix] ?? '') : 'application/octet-stream';
}
