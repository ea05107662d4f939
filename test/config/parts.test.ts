import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findLan } from '../../src/config/lan.ts';
import { nearest } from '../../src/config/nearest.ts';
import { publishedFiles } from '../../src/config/reference.ts';
import { parseRange } from '../../src/core/addr.ts';
import { Fault } from '../../src/core/errors.ts';
import { lan } from '../support/fakes.ts';

for (const [name, text] of Object.entries(publishedFiles())) {
  test(`${name} says what the shape says (npm run docs writes it anew)`, () => {
    assert.equal(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'), text);
  });
}

const words = ['serve', 'check', 'explain', 'leaseTime', 'lan', 'wan'];
const slips = [
  { typed: 'chek', want: 'check' },
  { typed: 'hceck', want: 'check' },
  { typed: 'leasetime', want: 'leaseTime' },
  { typed: 'lann', want: 'lan' },
  { typed: 'zzz', want: undefined },
  { typed: 'x'.repeat(100_000), want: undefined },
];
for (const { typed, want } of slips) {
  test(`nearest: ${typed.slice(0, 12)} means ${want ?? 'nothing'}`, () => assert.equal(nearest(typed, words), want));
}

const interfaces = [lan('lo', '127.0.0.1', 8), lan('eth0', '10.0.0.1', 24), lan('eth0', '172.16.0.1')];
const links = [
  { name: 'lo', isUp: true, hasCarrier: true },
  { name: 'eth0', isUp: true, hasCarrier: true },
  { name: 'bare0', isUp: true, hasCarrier: true },
  { name: 'down0', isUp: false, hasCarrier: true },
  { name: 'nolink0', isUp: true, hasCarrier: false },
];

test('the LAN is the interface of that name; its range tells which of two addresses', () => {
  assert.equal(findLan({ lan: 'eth0', range: undefined }, interfaces).address, '10.0.0.1');
  const range = parseRange('172.16.0.101-172.16.0.200');
  assert.equal(findLan({ lan: 'eth0', range }, interfaces).address, '172.16.0.1');
});

const noLan = [
  {
    lan: undefined,
    code: 'usage',
    want: 'which interface is the LAN? Give --lan, one of eth0, bare0, down0, nolink0, lo',
  },
  {
    lan: 'lo0typo',
    code: 'no-interface',
    want: 'no interface is called "lo0typo": there are eth0, bare0, down0, nolink0, lo',
  },
  {
    lan: 'eth1',
    code: 'no-interface',
    want: 'no interface is called "eth1": did you mean eth0? There are eth0, bare0, down0, nolink0, lo',
  },
  {
    lan: 'bare0',
    code: 'no-interface',
    want: 'interface bare0 has no IPv4 address: ip addr add 172.16.0.1/16 dev bare0',
  },
  { lan: 'down0', code: 'no-interface', want: 'interface down0 is down: ip link set down0 up' },
  {
    lan: 'nolink0',
    code: 'no-interface',
    want: 'interface nolink0 has no link: plug in its cable, or switch on what it leads to',
  },
];
for (const { lan: name, code, want } of noLan) {
  test(`findLan: ${name ?? 'none named'}`, () => {
    assert.throws(
      () => findLan({ lan: name, range: undefined }, interfaces, links),
      (error) => error instanceof Fault && error.code === code && error.message === want && error.exitCode === 2,
    );
  });
}
