/** Requests that are meant for flink's mirror of repositories: by their host, since the address is a node's, too. */
import type { IncomingMessage } from 'node:http';

/** Where what was asked for is, `mirrorUrl` being the mirror's; nothing for a request that is for the node itself, or hardly well-formed. */
export function mirrorLocation(
  { headers, url = '' }: Pick<IncomingMessage, 'headers' | 'url'>,
  mirrorUrl: string,
): string | undefined {
  // RFC 9112 §3.2.2: the host of an absolute form counts, not the field.
  const [, authority = headers.host ?? '', path = url] = url.startsWith('/') ? [] : (ABSOLUTE.exec(url) ?? []);
  if (!MIRROR.test(authority) || !PRINTABLE.test(path)) return undefined;
  return `${mirrorUrl}${path.startsWith('/') ? '' : '/'}${path}`;
}

const ABSOLUTE = /^http:\/\/([^/?#]*)(.*)$/i;
/** `mirror`, `mirror.flisol.lan`, with or without a port. */
const MIRROR = /^mirror(?:\.[a-z\d.-]*)?(?::\d*)?$/i;
/** It goes into a field. */
const PRINTABLE = /^[!-~]*$/;
