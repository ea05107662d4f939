import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeOption, OPTIONS, type OptionInput, showOption } from '../../src/dhcp/options.ts';

const good: readonly { key: string | number; input: OptionInput; code: number; hex: string }[] = [
  { key: 42, input: '172.16.0.1', code: 42, hex: 'ac100001' },
  { key: 'ntp-servers', input: ['172.16.0.1', '172.16.0.2'], code: 42, hex: 'ac100001ac100002' },
  { key: '6', input: '9.9.9.9, 1.1.1.1', code: 6, hex: '0909090901010101' },
  { key: 'interface-mtu', input: 1400, code: 26, hex: '0578' },
  { key: 2, input: 3600, code: 2, hex: '00000e10' },
  { key: 'domain-name', input: 'flisol.lan', code: 15, hex: '666c69736f6c2e6c616e' },
  { key: 19, input: true, code: 19, hex: '01' },
  { key: 'domain-search', input: ['a.lan', 'b'], code: 119, hex: '0161036c616e000162' + '00' },
  { key: 121, input: '10.0.0.0/8 172.16.0.1', code: 121, hex: '080aac100001' },
  {
    key: 121,
    input: ['0.0.0.0/0 via 172.16.0.1', '192.168.4.0/22 172.16.0.9'],
    code: 121,
    hex: '00ac10000116c0a804ac100009',
  },
  { key: 224, input: '01:ff', code: 224, hex: '01ff' },
  { key: 224, input: 'plain', code: 224, hex: '706c61696e' },
  { key: 43, input: '06:01:08:ff', code: 43, hex: '060108ff' },
  { key: 'time-offset', input: -10_800, code: 2, hex: 'ffffd5d0' },
  { key: 'static-routes', input: '10.9.0.7 172.16.0.1', code: 33, hex: '0a090007ac100001' },
  { key: 'policy-filter', input: ['10.9.0.0 255.255.0.0'], code: 21, hex: '0a090000ffff0000' },
  { key: 33, input: '10.9.0.7, 172.16.0.1', code: 33, hex: '0a090007ac100001' },
  { key: 'path-mtu-plateau-table', input: [68, 1500], code: 25, hex: '004405dc' },
  { key: 'sip-servers', input: ['172.16.0.8'], code: 120, hex: '01ac100008' },
  { key: 'sip-servers', input: 'sip.lan', code: 120, hex: '000373697003' + '6c616e00' },
  { key: 'all-subnets-local', input: false, code: 27, hex: '00' },
];
for (const c of good) {
  test(`encodeOption: ${c.key} = ${JSON.stringify(c.input)}`, () => {
    const encoded = encodeOption(c.key, c.input);
    assert.ok(encoded.ok, JSON.stringify(encoded));
    assert.deepEqual([encoded.code, Buffer.from(encoded.value).toString('hex')], [c.code, c.hex]);
  });
}

const bad: readonly { key: string | number; input: OptionInput; want: RegExp }[] = [
  { key: 42, input: '172.16.0', want: /want addresses, got "172.16.0"/ },
  { key: 1, input: ['255.0.0.0', '255.0.0.0'], want: /want an address/ },
  { key: 26, input: 70_000, want: /want a number from 0 to 65535/ },
  { key: 26, input: -1, want: /want a number/ },
  { key: 26, input: 1.5, want: /want a number/ },
  { key: 19, input: 'yes', want: /want true or false/ },
  { key: 15, input: '', want: /want a text/ },
  { key: 121, input: '10.0.0.0/33 172.16.0.1', want: /want routes such as/ },
  { key: 119, input: 'a b', want: /want domain names/ },
  { key: 0, input: 1, want: /number from 1 to 254/ },
  { key: 'ntp-server', input: '1.1.1.1', want: /name such as ntp-servers/ },
  { key: 54, input: '1.1.1.1', want: /the protocol's own/ },
  { key: 82, input: 'x', want: /the protocol's own/ },
  { key: 80, input: '', want: /the protocol's own/ },
  { key: 33, input: ['10.9.0.7', '172.16.0.1', '10.9.0.8'], want: /want pairs of addresses/ },
  { key: 2, input: 2 ** 31, want: /want a number from -2147483648/ },
  { key: 2, input: true, want: /want a number/ },
];
for (const c of bad) {
  test(`encodeOption: ${c.key} = ${JSON.stringify(c.input)} is refused with what to write instead`, () => {
    const encoded = encodeOption(c.key, c.input);
    assert.match(encoded.ok ? 'accepted' : encoded.problem, c.want);
  });
}

test('OPTIONS: each name stands once', () => {
  const names = Object.values(OPTIONS).map((type) => type.name);
  assert.equal(new Set(names).size, names.length);
});

test('OPTIONS: everything that RFC 2132 names can be written by name', () => {
  // 52 and 53 to 61 among them; 0 and 255 are no options.
  const missing = Array.from({ length: 76 }, (_, i) => i + 1).filter((code) => OPTIONS[code] === undefined);
  assert.deepEqual(missing, []);
});

test('showOption: seconds west of Greenwich are negative', () => {
  assert.equal(showOption(2, Uint8Array.of(255, 255, 213, 208)), '2 time-offset: -10800');
});

test('showOption: any octets can be shown', () => {
  for (const code of [...Object.keys(OPTIONS).map(Number), 224]) {
    for (const length of [0, 1, 3, 4, 7])
      assert.equal(typeof showOption(code, new Uint8Array(length).fill(200)), 'string');
  }
});
