import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrivateAddress } from '../../src/dns/addresses.ts';

const OWN = [
  ...[
    '10.0.0.1',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.53',
    '169.254.1.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
  ],
  ...['192.0.2.53', '198.18.0.1', '198.19.255.255', '198.51.100.53', '203.0.113.1'],
  ...['::1', 'fd00::1', 'FC00::1', 'fe80::1%enp2s0', 'febf::1', '2001:db8::53', '2001:0DB8:1::1'],
];
const OTHERS = [
  ...['9.9.9.9', '11.0.0.1', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '192.0.3.1', '192.167.1.1'],
  ...[
    '198.17.255.255',
    '198.20.0.1',
    '198.51.101.1',
    '203.0.114.1',
    '2620:fe::fe',
    '2001:db9::1',
    'fec0::1',
    'ff02::fb',
  ],
];
for (const [what, addresses, want] of [
  ['in the operator’s own network, or in a laboratory', OWN, true],
  ['anywhere', OTHERS, false],
] as const) {
  test(`a resolver is ${what}`, () => {
    for (const address of addresses) assert.equal(isPrivateAddress(address), want, address);
  });
}
