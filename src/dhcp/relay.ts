/** What a relay says in option 82. RFC 3046; lenient, as what cannot be read is only echoed. */
import { type Ipv4, UNSPECIFIED } from '../core/addr.ts';
import { ByteReader } from '../core/bytes.ts';
import { OPTION, readIpv4 } from './options.ts';
import type { DhcpPacket } from './packet.ts';

const LINK_SELECTION = 5;
const SERVER_IDENTIFIER_OVERRIDE = 11;

/** RFC 1542 §4.1.1: what has passed more relays than that goes round in circles. */
const MAX_HOPS = 16;

export function isLooping({ hops }: DhcpPacket): boolean {
  return hops > MAX_HOPS;
}

/** The link that the client is on, where it is not that of the relay's address. RFC 3527 §3. */
export function linkSelection(request: DhcpPacket): Ipv4 | undefined {
  return addressIn(request, LINK_SELECTION);
}

/** What clients behind this relay know us as: so their renewals go through the relay, too. RFC 5107 §4. */
export function serverIdentifier(request: DhcpPacket, own: Ipv4): Ipv4 {
  return addressIn(request, SERVER_IDENTIFIER_OVERRIDE) ?? own;
}

/** Whether the client means us. Its first REQUEST after the relay was set up anew may still have our own address. */
export function isForUs(request: DhcpPacket, server: Ipv4, own: Ipv4): boolean {
  return server === own || server === serverIdentifier(request, own);
}

/** Only a relay may say it: without one the option is the client's own invention. */
function addressIn({ giaddr, options }: DhcpPacket, code: number): Ipv4 | undefined {
  const value = options.get(OPTION.relayAgent);
  return value && giaddr !== UNSPECIFIED ? readIpv4(subOption(value, code)) : undefined;
}

/** The first of that code; nothing where a length goes over the end. */
function subOption(value: Uint8Array, wanted: number): Uint8Array | undefined {
  const r = new ByteReader(value);
  while (r.left >= 2) {
    const code = r.u8('');
    const length = r.u8('');
    if (length > r.left) return undefined;
    const inner = r.take(length, '');
    if (code === wanted) return inner;
  }
  return undefined;
}
