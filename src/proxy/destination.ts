/** Where the proxy goes for its clients: not to this machine, not into the LAN, not to ports that are no web servers'. */
import { type Ipv4, ipv4FromNumber, parseIpv4, parseSubnet, type Subnet, subnetHas } from '../core/addr.ts';
import { type Ipv6Groups, parseIpv6 } from '../core/ipv6.ts';

export interface Reach {
  /** The LAN, and the networks behind relays. */
  readonly inside: readonly Subnet[];
  /** Every address of this machine, IPv4 and IPv6, as the system writes them. */
  readonly own: readonly string[];
  /** `proxy.allow`: hosts as in a `Url`, that are reached whatever else is said here. */
  readonly allow: readonly { readonly host: string; readonly port: number }[];
}

/** Below 1024 other protocols live, whose servers take a request for one of theirs. What squid has called safe for twenty years, less FTP, gopher and WAIS. */
const OBJECT_PORTS: ReadonlySet<number> = new Set([80, 443, 488, 591, 777]);
const FIRST_FREE_PORT = 1024;
/** H.323's and SIP's: a router on the way may open ports for what looks like a call. */
const TELEPHONES: ReadonlySet<number> = new Set([1720, 5060, 5061]);
/** HTTPS, and news by TLS. Anything else in a tunnel would make a mail relay of us. */
const TUNNEL_PORTS: ReadonlySet<number> = new Set([443, 563]);

/** Whether that port may be asked for: 80, 443, 488, 591, 777 and those from 1024 on but telephones', tunnels to 443 and 563 alone; what is allowed by name, always. */
export function mayAsk(host: string, port: number, way: 'object' | 'tunnel', reach: Reach): boolean {
  const isHigh = port >= FIRST_FREE_PORT && !TELEPHONES.has(port);
  const isUsual = way === 'tunnel' ? TUNNEL_PORTS.has(port) : OBJECT_PORTS.has(port) || isHigh;
  return isUsual || isAllowed(host, port, reach);
}

/**
 * Whether a connection to `address` may be made for `host` and `port`: asked of the very address that is connected to. Not to
 * loopback, link-local, unspecified, multicast, reserved and unique local addresses, nor to this machine's or the LAN's, whatever IPv6
 * clothes they wear (mapped, compatible, NAT64, 6to4, Teredo). Never throws.
 */
export function mayConnect(address: string, host: string, port: number, reach: Reach): boolean {
  if (isAllowed(host, port, reach)) return true;
  const ipv4 = parseIpv4(address);
  if (ipv4 !== undefined) return isOutside(ipv4, reach);
  const groups = parseIpv6(address);
  return groups !== undefined && isOutsideLong(groups, reach);
}

function isAllowed(host: string, port: number, { allow }: Reach): boolean {
  return allow.some((row) => row.port === port && row.host === host);
}

/**
 * Private networks that are not the LAN are none of it: the uplink's own may have a mirror, and clients reach them without us, too. Names
 * from outside that lead there are withheld by the resolver.
 */
const NOWHERE: readonly Subnet[] = [
  '0.0.0.0/8', // this host: Linux connects to itself, RFC 1122 §3.2.1.3
  '127.0.0.0/8', // loopback, RFC 1122 §3.2.1.3
  '169.254.0.0/16', // of one link, RFC 3927; metadata of clouds
  '192.0.0.0/24', // between a host and its gateway, RFC 6890 §2.2.2
  '224.0.0.0/4', // multicast, RFC 5771
  '240.0.0.0/4', // reserved, RFC 1112 §4; broadcast, RFC 919 §7
].flatMap((text) => parseSubnet(text) ?? []);

function isOutside(address: Ipv4, { inside, own }: Reach): boolean {
  const isIn = (subnet: Subnet): boolean => subnetHas(subnet, address);
  return !NOWHERE.some(isIn) && !inside.some(isIn) && !own.includes(address);
}

/**
 * Of IPv6 only 2000::/3 has been given to anybody (RFC 4291 §2.4, RFC 3513 §4): loopback, link-local, unique local, multicast and all that
 * is reserved lie outside of it, as do addresses that stand for IPv4 ones. Of these the kernel and routers know the first two.
 */
function isOutsideLong(groups: Ipv6Groups, reach: Reach): boolean {
  if (startsWith(groups, MAPPED) || startsWith(groups, NAT64)) return isOutside(ipv4At(groups, 6), reach);
  const [first = 0, second = 0] = groups;
  if (first < 0x2000 || first >= 0x4000) return false;
  // 6to4, RFC 3056 §2: the packet goes to the IPv4 address behind the prefix.
  if (first === 0x2002 && !isOutside(ipv4At(groups, 1), reach)) return false;
  // Teredo, RFC 4380 §4: the server's address, then the client's with all bits turned over.
  const isTeredo = first === 0x2001 && second === 0;
  if (isTeredo && !(isOutside(ipv4At(groups, 2), reach) && isOutside(ipv4At(groups.map(turned), 6), reach)))
    return false;
  return !reach.own.some((own) => isSame(groups, own));
}

/** ::ffff:0:0/96, RFC 4291 §2.5.5.2. */
const MAPPED: Ipv6Groups = [0, 0, 0, 0, 0, 0xffff];
/** 64:ff9b::/96, RFC 6052 §2.1. A network's own prefix looks like any other; that of RFC 8215 is no 2000::/3. */
const NAT64: Ipv6Groups = [0x64, 0xff9b, 0, 0, 0, 0];

function startsWith(groups: Ipv6Groups, prefix: Ipv6Groups): boolean {
  return prefix.every((group, i) => groups[i] === group);
}

function ipv4At(groups: Ipv6Groups, index: number): Ipv4 {
  return ipv4FromNumber((groups[index] ?? 0) * 0x10000 + (groups[index + 1] ?? 0));
}

function turned(group: number): number {
  return 0xffff - group;
}

/** The system writes the zone behind its addresses of one link. */
function isSame(groups: Ipv6Groups, own: string): boolean {
  const [address = ''] = own.split('%', 1);
  const ours = address.includes(':') ? parseIpv6(address) : undefined;
  return ours !== undefined && startsWith(groups, ours);
}
