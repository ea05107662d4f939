/** What a request is for: an object somewhere, a tunnel, a mirror of ours, or nothing that is done. RFC 9112 §3.2, RFC 9110 §7.1 to §7.4. */
import { type Authority, readAuthority } from './authority.ts';
import { type RequestHead, readHead, type Said } from './head.ts';
import { isPath } from './syntax.ts';
import type { Refusal } from './types.ts';
import { readUrl, type Url, type UrlFault, USUAL_PORTS } from './url.ts';

export type { RequestHead } from './head.ts';

/** forward: clients know that it is a proxy. intercept: they believe to speak to the host itself. */
export type Door = 'forward' | 'intercept';

export type Target =
  | { readonly kind: 'object'; readonly url: Url }
  | { readonly kind: 'tunnel'; readonly host: string; readonly port: number }
  /** Below one of flink's own names: `path` with its query, as it came; `*` for OPTIONS that asks flink itself, or may go no further. */
  | { readonly kind: 'own'; readonly path: string }
  | ({ readonly kind: 'refused' } & Refusal);

export interface TargetTerms {
  /** Whether a host, as in a `Url`, and its port mean flink itself: its names and addresses at the proxy's doors, `mirror.<domain>`. */
  readonly isOwn: (host: string, port: number) => boolean;
  /** As in Via: who asks with it comes back to itself. */
  readonly pseudonym: string;
}

/**
 * Never throws. The host is the target's own in absolute form, else Host's; where both are there and differ it is refused, as is
 * all that two readers could take for two things: two Hosts, Transfer-Encoding beside Content-Length, lengths that differ, user names.
 * RFC 9112 §3.2.2 has a proxy overlook Host beside an absolute form; who sends two, means to be read by two. An object's path is `*`
 * where OPTIONS asks of its host as a whole (§3.2.4).
 */
export function targetOf(request: RequestHead, door: Door, terms: TargetTerms): Target {
  const said = readHead(request, terms.pseudonym);
  if ('reason' in said) return refused(said);
  const { method, target } = request;
  // It would send back all that came, cookies too, to whoever made a browser ask: RFC 9110 §9.3.8, §17.9.
  if (method === 'TRACE') return NO_TRACE;
  if (method === 'CONNECT') return door === 'forward' ? tunnelOf(target, said) : NO_TUNNEL;
  const url = urlOf(request, said);
  if (typeof url === 'string') return REFUSED[url];
  if (method === 'OPTIONS' && said.maxForwards === 0) return { kind: 'own', path: '*' };
  // By TLS flink has no names of its own.
  const isOwn = url.scheme === 'http' && terms.isOwn(url.host, url.port);
  return isOwn ? { kind: 'own', path: url.path } : { kind: 'object', url };
}

type Fault = UrlFault | 'differing';

/** Origin form, absolute form, or the asterisk. RFC 9112 §3.2.1, §3.2.2, §3.2.4. */
function urlOf({ method, target }: RequestHead, { host }: Said): Url | Fault {
  const isServerWide = target === '*' && method === 'OPTIONS';
  if (isServerWide || target.startsWith('/')) {
    const authority = readAuthority(host ?? '', USUAL_PORTS.http);
    if (typeof authority === 'string') return authority;
    if (!isServerWide && !isPath(target)) return 'garbled';
    return { scheme: 'http', host: authority.host, port: authority.port, path: target };
  }
  const url = readUrl(target);
  if (typeof url === 'string') return url;
  const fault = faultBeside(host, url, USUAL_PORTS[url.scheme]);
  if (fault) return fault;
  return method === 'OPTIONS' && !hasPath(target) ? { ...url, path: '*' } : url;
}

/** Neither path nor query behind the authority. */
function hasPath(target: string): boolean {
  return /^[^:]*:\/\/[^/?]*[/?]/.test(target);
}

/** Authority form. RFC 9112 §3.2.3, RFC 9110 §9.3.6. */
function tunnelOf(target: string, { host, hasContent }: Said): Target {
  // Is it the request's, or the first that goes through the tunnel? Nobody has said.
  if (hasContent) return NO_CONTENT;
  const authority = readAuthority(target, undefined);
  if (typeof authority === 'string') return REFUSED[authority];
  const fault = faultBeside(host, authority, authority.port);
  return fault ? REFUSED[fault] : { kind: 'tunnel', host: authority.host, port: authority.port };
}

/** What is wrong with a Host field beside a target that names its host itself. HTTP/1.0 may have none. */
function faultBeside(host: string | undefined, named: Authority, usualPort: number): Fault | undefined {
  if (host === undefined) return undefined;
  const authority = readAuthority(host, usualPort);
  if (typeof authority === 'string') return authority;
  return authority.host === named.host && authority.port === named.port ? undefined : 'differing';
}

function refused({ status, reason, says }: Refusal): Target & Refusal {
  return { kind: 'refused', status, reason, says };
}

const NO_TRACE = refused({ status: 405, reason: 'method', says: 'TRACE is not done here.' });
const NO_TUNNEL = refused({
  status: 405,
  reason: 'method',
  says: 'Tunnels are made by the proxy alone: enter it in the settings of the browser.',
});
const NO_CONTENT = refused({ status: 400, reason: 'garbled', says: 'The request for a tunnel has content.' });
const REFUSED: Readonly<Record<Fault, Target>> = {
  garbled: refused({
    status: 400,
    reason: 'garbled',
    says: 'The URL is none, or has a user name, a fragment or a backslash: these are not sent to a proxy.',
  }),
  differing: refused({ status: 400, reason: 'garbled', says: 'The URL and the Host field name different hosts.' }),
  scheme: refused({ status: 501, reason: 'scheme', says: 'Only http:// and https:// are fetched.' }),
  host: refused({
    status: 400,
    reason: 'host',
    says: 'The host is none: write a name in ASCII, an IPv4 address as four numbers, an IPv6 address in brackets.',
  }),
  port: refused({ status: 400, reason: 'port', says: 'The port is no number from 1 to 65535.' }),
};
