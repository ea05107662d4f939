/** What a hall's firewall is made from. */
import { type Ipv4, type Mac, parseIpv4, parseMac, parseSubnet, type Subnet } from '../../src/core/addr.ts';
import type { FirewallFacts } from '../../src/firewall/rules.ts';

export const ip = (text: string): Ipv4 => parseIpv4(text) ?? bad(text);
export const mac = (text: string): Mac => parseMac(text) ?? bad(text);
const subnet = (text: string): Subnet => parseSubnet(text) ?? bad(text);

function bad(text: string): never {
  throw new Error(text);
}

/** No way out, nothing but DHCP and DNS. */
export const plain: FirewallFacts = {
  lan: { name: 'enp3s0', address: ip('172.16.0.1'), networks: [subnet('172.16.0.0/16')] },
  wan: undefined,
  trusted: [],
  doors: [
    { what: 'DHCP and PXE', protocol: 'udp', ports: [67, 4011] },
    { what: 'DNS', protocol: 'udp', ports: [53] },
  ],
  dhcpPorts: [67, 4011],
  sshPort: undefined,
  dnsPort: undefined,
  interceptPort: undefined,
  untouched: { macs: [], addresses: [] },
  memo: { wasForwarding: false, shaped: undefined },
};

/** Everything that there is. */
export const full: FirewallFacts = {
  ...plain,
  lan: { ...plain.lan, networks: [subnet('172.16.0.0/16'), subnet('10.1.0.0/24')] },
  wan: 'enp2s0',
  trusted: ['virbr0', 'wg0'],
  sshPort: 22,
  dnsPort: 5353,
  interceptPort: 3129,
  untouched: { macs: [mac('52:54:00:12:34:56')], addresses: [ip('172.16.0.60'), ip('172.16.0.61')] },
  memo: { wasForwarding: true, shaped: 'enp2s0' },
};
