/** Which resolvers the system itself asks. resolv.conf(5), systemd-resolved.service(8) */
import { isIpv6, parseIpv4 } from '../core/addr.ts';
import type { Upstream } from './upstream.ts';

/** The usual place first; what stands behind a stub on this machine after it, as systemd-resolved and NetworkManager write it. */
export const RESOLV_CONF = '/etc/resolv.conf';
export const BEHIND_STUBS = ['/run/systemd/resolve/resolv.conf', '/run/NetworkManager/no-stub-resolv.conf'] as const;

/** The stubs of systemd-resolved: they ask those in its file. */
const STUBS: ReadonlySet<string> = new Set(['127.0.0.53', '127.0.0.54']);
/** The system's own library takes three; some write more. */
const MAX_SERVERS = 8;
/** No file of the system's names another. */
export const DNS_PORT = 53;

/** The addresses of `nameserver` lines, in order, each once. Everything else in the file is for programs that ask by names. */
export function parseResolvConf(text: string): readonly string[] {
  const words = [...text.matchAll(/^[ \t]*nameserver[ \t]+([^\s#;]+)/gm)].map(([, word = '']) => word.toLowerCase());
  const addresses = words.filter((word) => parseIpv4(word) !== undefined || isIpv6(word));
  return [...new Set(addresses)].slice(0, MAX_SERVERS);
}

export interface SystemResolvers {
  readonly upstreams: readonly Upstream[];
  /** The file that named them; undefined where none did. */
  readonly from: string | undefined;
}

/**
 * The first file's resolvers that are neither stubs nor our own; a stub itself where nothing tells what is behind it.
 * `read`: the text of a file, undefined where it is not there. `isOurs`: whether we answer there ourselves, on port 53.
 */
export function chooseResolvers(
  read: (file: string) => string | undefined,
  isOurs: (address: string) => boolean,
): SystemResolvers {
  const texts = [RESOLV_CONF, ...BEHIND_STUBS].map((from) => ({ from, text: read(from) }));
  const named = texts.map(({ from, text = '' }) => ({
    from,
    servers: parseResolvConf(text).filter((s) => !isOurs(s)),
  }));
  const real = named.map(({ from, servers }) => ({ from, servers: servers.filter((server) => !STUBS.has(server)) }));
  // A file behind a stub that names none means that there is none: the stub would only say so later.
  const isToldBehind = texts.slice(1).some(({ text }) => text !== undefined);
  const found = [...real, ...(isToldBehind ? [] : named)].find(({ servers }) => servers.length > 0);
  if (!found) return { upstreams: [], from: undefined };
  return {
    upstreams: found.servers.map((address) => ({ transport: 'udp', address, port: DNS_PORT })),
    from: found.from,
  };
}
