/** Whom to ask for a name, if anybody. */
import { isPrivateAddress } from './addresses.ts';
import { tailsOf } from './names.ts';
import type { Name, Query } from './query.ts';
import { reachOf } from './special.ts';
import type { Upstream, UpstreamTable } from './upstream.ts';

export type Route =
  /** `isOwn`: the operator has named upstreams for that domain, which goes before what is nobody's on the Internet. */
  | { readonly kind: 'ask'; readonly upstreams: readonly Upstream[]; readonly isOwn: boolean }
  | { readonly kind: 'blocked' }
  /** No upstream may know of it. */
  | { readonly kind: 'nobody' };

export function routeOf(
  { name, type }: Pick<Query, 'name' | 'type'>,
  table: UpstreamTable,
  isBlocked: (name: Name) => boolean,
): Route {
  const own = table.byDomain.size > 0 ? ownUpstreams(name, table) : undefined;
  if (isBlocked(name)) return { kind: 'blocked' };
  if (own) return { kind: 'ask', upstreams: own, isOwn: true };
  const reach = reachOf(name, type);
  if (reach === 'never') return { kind: 'nobody' };
  if (reach === 'anywhere') return { kind: 'ask', upstreams: table.usual, isOwn: false };
  const near = nearOf(table.usual);
  return near.length > 0 ? { kind: 'ask', upstreams: near, isOwn: false } : { kind: 'nobody' };
}

/** The same list each time, so that who asks them knows it again. */
const nearby = new WeakMap<readonly Upstream[], readonly Upstream[]>();

/** Those in the operator's own network. */
function nearOf(usual: readonly Upstream[]): readonly Upstream[] {
  const known = nearby.get(usual);
  if (known) return known;
  const near = usual.filter(({ address }) => isPrivateAddress(address));
  nearby.set(usual, near);
  return near;
}

function ownUpstreams(name: Name, { byDomain }: UpstreamTable): readonly Upstream[] | undefined {
  for (const domain of tailsOf(name)) {
    const upstreams = byDomain.get(domain);
    if (upstreams) return upstreams;
  }
  return undefined;
}
