import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, parseIpv4, UNSPECIFIED } from '../../src/core/addr.ts';
import { addressTowards, isOfTheLan } from '../../src/nfs/admission.ts';
import { lan } from '../support/fakes.ts';

const ip = (text: string): Ipv4 => parseIpv4(text) ?? assert.fail(text);
const interfaces = () => [lan('lo', '127.0.0.1', 8), lan('hall', '203.0.113.9', 26), lan('wan', '198.51.100.7', 24)];

const callers: readonly {
  readonly name: string;
  readonly from: string;
  readonly at?: string;
  readonly isNamed?: boolean;
  readonly want: boolean;
}[] = [
  { name: 'loopback', from: '127.0.9.9', want: true },
  { name: 'RFC 1918, the first network', from: '10.255.0.1', want: true },
  { name: 'RFC 1918, the second', from: '172.31.255.254', want: true },
  { name: 'RFC 1918, the third', from: '192.168.77.5', want: true },
  { name: 'link-local, RFC 3927', from: '169.254.3.4', want: true },
  { name: 'just outside of the second', from: '172.32.0.1', want: false },
  { name: "a provider's customers, RFC 6598 §4", from: '100.64.0.1', want: false },
  { name: 'public', from: '203.0.113.20', want: false },
  { name: 'public, in the network of an address that was named', from: '203.0.113.20', isNamed: true, want: true },
  { name: 'public, outside of it by one bit', from: '203.0.113.64', isNamed: true, want: false },
  { name: 'public, in the network of another address', from: '198.51.100.9', isNamed: true, want: false },
  {
    name: 'public, at an address that is no longer ours',
    from: '203.0.113.20',
    at: '8.8.8.8',
    isNamed: true,
    want: false,
  },
];
for (const { name, from, at = '203.0.113.9', isNamed = false, want } of callers) {
  test(`admission: ${name}: ${want ? 'served' : 'not served'}`, () => {
    assert.equal(isOfTheLan(ip(from), { address: ip(at), isNamed, interfaces }), want);
  });
}

test('admission: where one socket hears for all addresses, it is the one in the caller’s network that was meant', () => {
  const towards = (from: string, address: Ipv4) => addressTowards(ip(from), { address, isNamed: false, interfaces });
  assert.equal(towards('203.0.113.20', UNSPECIFIED), '203.0.113.9');
  assert.equal(towards('127.0.0.5', UNSPECIFIED), '127.0.0.1');
  assert.equal(towards('10.0.0.1', UNSPECIFIED), UNSPECIFIED);
  assert.equal(towards('203.0.113.20', ip('198.51.100.7')), '198.51.100.7');
});
