import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { reachedAddress } from '../../src/tftp/reached.ts';
import { lan } from '../support/fakes.ts';

const lo = lan('lo', '127.0.0.1', 8);
const hall = lan('eth0', '172.16.0.10');
const second = lan('eth0', '172.16.0.20');
const other = lan('eth1', '10.0.0.10', 8);
const cases = [
  { name: 'the only one without a socket', interfaces: [lo, hall], want: '172.16.0.10' },
  { name: 'the same from behind a router', interfaces: [lo, hall], client: '192.168.1.5', want: '172.16.0.10' },
  { name: 'the one in the network of the client', interfaces: [lo, other, hall], want: '172.16.0.10' },
  { name: 'two in its network: either', interfaces: [lo, other, hall, second], want: '172.16.0.10 172.16.0.20' },
  {
    name: 'two, and a router between',
    interfaces: [hall, other],
    client: '192.168.1.5',
    want: '172.16.0.10 10.0.0.10',
  },
  { name: 'none: a broadcast, RFC 1123 §4.2.3.5', interfaces: [lo], want: 'broadcast' },
];
for (const { name, interfaces, client = '172.16.0.50', want } of cases) {
  test(`reached: ${name}`, () => {
    const reached = reachedAddress(client as Ipv4, interfaces, (address) => address === '127.0.0.1');
    const shown =
      reached.kind === 'one-of'
        ? reached.addresses.join(' ')
        : reached.kind === 'address'
          ? reached.address
          : reached.kind;
    assert.equal(shown, want);
  });
}
