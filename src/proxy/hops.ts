/** How far a field goes: to the next hop, to the origin, or nowhere. RFC 9110 §7.6.1. */

/**
 * For one connection alone, whether Connection names them or not. Trailer is none in RFC 9110, but whether trailers follow is said by who
 * frames the content, and that is us; what is asked of proxies (RFC 9110 §11.7) was asked of us.
 */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  ...[
    'connection',
    'proxy-connection',
    'keep-alive',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'http2-settings',
  ],
  ...['proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization'],
]);

/**
 * What Connection cannot take away: fields for all on the way, by which the content is framed and read, kept, or found to go round. Naming
 * them is an error (§7.6.1) by which others have been made to keep what is private, or to read one answer as another.
 */
export const ENDURING: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'content-type', 'content-encoding', 'content-range'],
  ...['cache-control', 'pragma', 'expires', 'vary', 'age', 'date', 'etag', 'last-modified'],
  ...['via', 'cdn-loop', 'max-forwards'],
]);

/**
 * Who asks, and for which host, as proxies tell it to servers behind them, beside all of X-Forwarded-*. A client is no such proxy, and what
 * one before us wrote would tell the world the addresses of the hall: RFC 7239 §8.1, §8.3.
 */
export const ABOUT_THE_WAY: ReadonlySet<string> = new Set([
  ...['forwarded', 'x-real-ip', 'x-client-ip', 'client-ip', 'true-client-ip', 'x-cluster-client-ip', 'x-remote-addr'],
  ...['x-host', 'x-original-host', 'x-http-host-override'],
]);

/**
 * Which make another request of a GET behind the cache's back: frameworks answer for the URL or method that stands there, and nothing says
 * so, so everybody would get that answer for the URL that we have seen. Of other methods nothing is kept, and applications use them.
 */
export const REWRITING: ReadonlySet<string> = new Set([
  ...['x-original-url', 'x-rewrite-url', 'x-http-method-override', 'x-http-method', 'x-method-override'],
]);

/** Beside those of one connection and those that endure: what comes too late. RFC 9110 §6.5.1. */
export const IN_NO_TRAILER: ReadonlySet<string> = new Set([
  ...['authorization', 'set-cookie', 'www-authenticate', 'location', 'retry-after', 'warning', 'accept-ranges'],
]);
