/** What a network offers to whoever asks, whoever that is: made once for each policy and network, not for each packet. */
import { broadcastOf, maskOf } from '../core/addr.ts';
import { OPTION, ofIpv4, ofText, readIpv4 } from './options.ts';
import type { Options } from './packet.ts';
import type { DhcpNetwork, DhcpPolicy } from './policy.ts';
import { defaultRoute, domainList, hasDefaultRoute } from './values.ts';

export interface Offers {
  /** What there is to ask for by the network itself. */
  readonly base: Options;
  /** What the operator adds and everybody gets; goes over `base`. */
  readonly added: Options;
}

const made = new WeakMap<DhcpPolicy, WeakMap<DhcpNetwork, Offers>>();

/** Neither a policy nor its networks ever change: a reload brings others. */
export function offersOf(policy: DhcpPolicy, network: DhcpNetwork): Offers {
  const known = made.get(policy);
  const before = known?.get(network);
  if (before) return before;
  const offers = makeOffers(policy, network);
  made.set(policy, (known ?? new WeakMap()).set(network, offers));
  return offers;
}

function makeOffers(policy: DhcpPolicy, { subnet, router }: DhcpNetwork): Offers {
  const base = new Map<number, Uint8Array>([
    [OPTION.subnetMask, ofIpv4(maskOf(subnet))],
    [OPTION.broadcastAddress, ofIpv4(broadcastOf(subnet))],
    [OPTION.domainName, ofText(policy.domain)],
  ]);
  const search = domainList.encode(policy.domain);
  if (search) base.set(OPTION.domainSearch, search);
  if (router !== undefined) base.set(OPTION.router, ofIpv4(router));
  if (policy.dnsServers.length > 0) base.set(OPTION.domainNameServers, ofIpv4(...policy.dnsServers));
  const added = new Map(policy.extraOptions);
  addRoutes(base, added);
  return { base, added };
}

/** RFC 3442: who reads 121 no longer reads 3, so the router has to stand in there, too; old Windows asks for the same as 249. */
function addRoutes(base: Map<number, Uint8Array>, added: Map<number, Uint8Array>): void {
  const value = added.get(OPTION.classlessRoutes);
  if (!value) return;
  const router = readIpv4((added.get(OPTION.router) ?? base.get(OPTION.router))?.subarray(0, 4));
  const routes = router === undefined || hasDefaultRoute(value) ? value : Buffer.concat([value, defaultRoute(router)]);
  added.set(OPTION.classlessRoutes, routes);
  base.set(OPTION.microsoftRoutes, routes);
}
