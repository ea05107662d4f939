import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  broadcastOf,
  type Ipv4,
  ipv4FromNumber,
  ipv4ToNumber,
  type Mac,
  macMatches,
  macPatternWeight,
  maskOf,
  mostSpecific,
  parseIpv4,
  parseMac,
  parseMacPattern,
  parseRange,
  parseSubnet,
  subnetHas,
  subnetHasHost,
} from '../../src/core/addr.ts';

for (const text of ['0.0.0.0', '172.16.0.1', '255.255.255.255']) {
  test(`parseIpv4: ${text} survives as it is`, () =>
    assert.equal(ipv4FromNumber(ipv4ToNumber(parseIpv4(text) as Ipv4)), text));
}
for (const text of [
  '',
  '1.2.3',
  '256.1.1.1',
  '010.0.0.1',
  '0x7f.1',
  '1.2.3.4.5',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '-1.2.3.4',
  '::1',
]) {
  test(`parseIpv4: ${JSON.stringify(text)} is no address`, () => assert.equal(parseIpv4(text), undefined));
}

for (const text of ['52:54:00:AB:0c:01', '52-54-00-ab-0c-01', '5254.00ab.0c01', '525400ab0c01', '52:54:0:ab:c:1']) {
  test(`parseMac: ${text} is 52:54:00:ab:0c:01`, () => assert.equal(parseMac(text), '52:54:00:ab:0c:01'));
}
for (const text of [
  '',
  '52:54:00:ab:0c',
  '52:54:00:ab:0c:01:02',
  '52:54-00:ab:0c:01',
  'gg:54:00:ab:0c:01',
  '5254.00ab.0c0',
]) {
  test(`parseMac: ${JSON.stringify(text)} is no MAC`, () => assert.equal(parseMac(text), undefined));
}

test('parseSubnet: host bits are cleared; mask and broadcast follow', () => {
  const subnet = parseSubnet('172.16.5.9/20');
  assert.deepEqual(subnet, { network: '172.16.0.0', prefixBits: 20 });
  assert.ok(subnet);
  assert.deepEqual([maskOf(subnet), broadcastOf(subnet)], ['255.255.240.0', '172.16.15.255']);
  assert.deepEqual(
    [subnetHas(subnet, '172.16.15.255' as Ipv4), subnetHas(subnet, '172.16.16.0' as Ipv4)],
    [true, false],
  );
});
test('parseSubnet: /0 and /32 are subnets, /33 is none', () => {
  const all = parseSubnet('9.9.9.9/0');
  assert.ok(all && subnetHas(all, '255.255.255.255' as Ipv4));
  assert.equal(maskOf(parseSubnet('1.2.3.4/32') ?? all), '255.255.255.255');
  assert.equal(parseSubnet('1.2.3.4/33'), undefined);
});

test('parseRange: first to last, never reversed', () => {
  assert.deepEqual(parseRange('172.16.0.101 - 172.16.255.254'), { first: '172.16.0.101', last: '172.16.255.254' });
  for (const text of ['172.16.0.2-172.16.0.1', '172.16.0.1', '1.1.1.1-2.2.2.2-3.3.3.3', 'a-b'])
    assert.equal(parseRange(text), undefined);
});

const laptop = '52:54:00:aa:34:56' as Mac;
const patterns = [
  { text: '52:54:00:AA:34:56', matches: true, weight: 6 },
  { text: '52:54:00:aa:*', matches: true, weight: 4 },
  { text: '*', matches: true, weight: 0 },
  { text: '52:54:*:aa:34:56', matches: true, weight: 5 },
  { text: '52-54-00-bb-*', matches: false, weight: 4 },
];
for (const c of patterns) {
  test(`parseMacPattern: ${c.text} ${c.matches ? 'matches' : 'does not match'} with ${c.weight} octets fixed`, () => {
    const pattern = parseMacPattern(c.text);
    assert.ok(pattern);
    assert.deepEqual([macMatches(pattern, laptop), macPatternWeight(pattern)], [c.matches, c.weight]);
  });
}
for (const text of ['', '52:54:00', '52:54:00:aa:34:56:*', '52:5*:00:aa:34:56', '**', '52:54:00:aa:34:56:78']) {
  test(`parseMacPattern: ${JSON.stringify(text)} is no pattern`, () => assert.equal(parseMacPattern(text), undefined));
}

test('mostSpecific: the most fixed octets win, of equals the first', () => {
  const rows = ['*', '52:54:00:*', '52:54:00:aa:*', '52:54:*:aa:*:56', '52:54:00:bb:*'].map((text) => {
    const mac = parseMacPattern(text);
    assert.ok(mac, text);
    return { mac };
  });
  assert.equal(mostSpecific(rows, laptop)?.mac.text, '52:54:00:aa:*');
  assert.equal(mostSpecific(rows.slice(4), laptop), undefined);
});

test('subnetHasHost: neither the network’s own address nor that of all, nor one outside', () => {
  const subnet = { network: '172.16.0.0' as Ipv4, prefixBits: 30 };
  const hosts = [-1, 0, 1, 2, 3, 4].map((n) => subnetHasHost(subnet, ipv4FromNumber(0xac100000 + n)));
  assert.deepEqual(hosts, [false, false, true, true, false, false]);
});
