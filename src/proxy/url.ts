/** What a request is for, taken apart once. RFC 3986, RFC 9110 §4.2. */

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
