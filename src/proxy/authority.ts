/** Host and port, in one spelling whatever they came in; what two readers could take for two hosts is none. RFC 3986 §3.2, RFC 9110 §4.2. */
import { parseIpv4 } from '../core/addr.ts';
import { parseIpv6, showIpv6 } from '../core/ipv6.ts';
import { isHostName } from './syntax.ts';

export interface Authority {
  /** As in a `Url`. */
  readonly host: string;
  readonly port: number;
}

/** garbled: it has a user's name. */
export type AuthorityFault = 'garbled' | 'host' | 'port';

/** Host and port of `www.example.org`, `[2001:db8::1]:8080`. Where `usualPort` is not said, the port must be: for CONNECT, RFC 9110 §9.3.6. */
export function readAuthority(text: string, usualPort: number | undefined): Authority | AuthorityFault {
  if (text.includes('@')) return 'garbled';
  const end = text.startsWith('[') ? text.indexOf(']') + 1 : text.indexOf(':');
  const host = parseHost(end < 0 ? text : text.slice(0, end));
  if (host === undefined) return 'host';
  const rest = end < 0 ? '' : text.slice(end);
  // `host:` is the usual port, too: RFC 3986 §3.2.3.
  const port = rest === '' || rest === ':' ? usualPort : portOf(rest);
  return port === undefined ? 'port' : { host, port };
}

export function parseAuthority(text: string, usualPort: number | undefined): Authority | undefined {
  const authority = readAuthority(text, usualPort);
  return typeof authority === 'string' ? undefined : authority;
}

/**
 * A host as in a `Url`, or nothing: a name in ASCII, four numbers, or IPv6 in brackets. What ends in a number is an IPv4 address to every
 * browser (URL standard, host parsing) and a different one to every library: `0x7f.1`, `017700000001`, `2130706433`, `127.1`.
 */
export function parseHost(text: string): string | undefined {
  if (text.startsWith('[')) return bracketed(text);
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  // Before letters are lowered: U+212A, the sign for kelvin, is a `k` afterwards.
  if (!isHostName(name)) return undefined;
  const host = name.toLowerCase();
  return endsInNumber(host) ? parseIpv4(host) : host;
}

function bracketed(text: string): string | undefined {
  const groups = text.endsWith(']') ? parseIpv6(text.slice(1, -1)) : undefined;
  return groups && showIpv6(groups);
}

function endsInNumber(host: string): boolean {
  const label = host.slice(host.lastIndexOf('.') + 1);
  return isDigit(label.charCodeAt(0)) && /^(?:\d+|0x[\da-f]*)$/.test(label);
}

/** 1 to 65535, behind its colon. */
function portOf(text: string): number | undefined {
  if (!text.startsWith(':') || text.length > ':65535'.length) return undefined;
  for (let i = 1; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return undefined;
  const port = Number(text.slice(1));
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
