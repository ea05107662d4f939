/** What a request is for: an object somewhere, a tunnel, a mirror of ours, or nothing that is done. RFC 9112 §3.2, RFC 9110 §7.1 to §7.4. */
import type { Fields } from './fields.ts';
import type { Refusal } from './types.ts';
import type { Url } from './url.ts';

/** forward: clients know that it is a proxy. intercept: they believe to speak to the host itself. */
export type Door = 'forward' | 'intercept';

/** A request's head as the parser gave it. */
export interface RequestHead {
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  readonly version: string;
  readonly fields: Fields;
}

export type Target =
  | { readonly kind: 'object'; readonly url: Url }
  | { readonly kind: 'tunnel'; readonly host: string; readonly port: number }
  /** Below one of flink's own names: `path` with its query, as it came. */
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
 */
export function targetOf(_request: RequestHead, _door: Door, _terms: TargetTerms): Target {
  throw new Error('unwritten');
}
