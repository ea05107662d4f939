/** What a request is for, taken apart once. RFC 3986, RFC 9110 §4.2. */
import { type AuthorityFault, readAuthority } from './authority.ts';
import { isPath } from './syntax.ts';

export interface Url {
  readonly scheme: 'http' | 'https';
  /** A name in lower case without a dot at its end, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** With its query, octet by octet as it was asked for; begins with a slash. No fragment. */
  readonly path: string;
}

export const USUAL_PORTS: Readonly<Record<Url['scheme'], number>> = { http: 80, https: 443 };

/** For Host and for messages: brackets around IPv6, the port where it is not the usual one. */
export function authorityOf({ scheme, host, port }: Url): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return port === USUAL_PORTS[scheme] ? shown : `${shown}:${port}`;
}

/** The whole, as it stands in messages and as the cache's key. */
export function textOf(url: Url): string {
  return `${url.scheme}://${authorityOf(url)}${url.path}`;
}

/** scheme: it may be a URL, and none that is fetched. */
export type UrlFault = AuthorityFault | 'scheme';

/** Octets. What threats of our size are refused at, and twice what common servers take. */
export const MAX_URL_BYTES = 16_384;

/** `http://` or `https://` and what follows, or nothing; no fragment, no user name, no white space. */
export function parseUrl(text: string): Url | undefined {
  const url = readUrl(text);
  return typeof url === 'string' ? undefined : url;
}

export function readUrl(text: string): Url | UrlFault {
  const scheme = schemeOf(text);
  // An underscore is no part of a scheme, but for `cache_object:`.
  if (scheme === undefined) return /^[a-z][\w+.-]*:/i.test(text) && !/^https?:/i.test(text) ? 'scheme' : 'garbled';
  const from = scheme.length + '://'.length;
  const pathAt = endOfAuthority(text, from);
  const authority = readAuthority(text.slice(from, pathAt), USUAL_PORTS[scheme]);
  if (typeof authority === 'string') return authority;
  // An empty path is the root: RFC 9110 §4.2.3.
  const path = text.startsWith('/', pathAt) ? text.slice(pathAt) : `/${text.slice(pathAt)}`;
  if (!isPath(path) || text.length > MAX_URL_BYTES) return 'garbled';
  return { scheme, host: authority.host, port: authority.port, path };
}

function schemeOf(text: string): Url['scheme'] | undefined {
  if (text.startsWith('http://')) return 'http';
  const start = text.slice(0, 'https://'.length).toLowerCase();
  if (start === 'https://') return 'https';
  return start.startsWith('http://') ? 'http' : undefined;
}

/** Where path, query or fragment begin. RFC 3986 §3.2. */
function endOfAuthority(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === SLASH || code === QUESTION_MARK || code === HASH) return i;
  }
  return text.length;
}

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const HASH = 0x23;
