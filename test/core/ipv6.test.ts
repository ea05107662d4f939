import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIpv6, showIpv6 } from '../../src/core/ipv6.ts';

const shown = (text: string): string | undefined => {
  const groups = parseIpv6(text);
  return groups && showIpv6(groups);
};

const spellings: readonly (readonly [rule: string, text: string, want: string | undefined])[] = [
  ['all zeros', '::', '::'],
  ['loopback in full', '0:0:0:0:0:0:0:1', '::1'],
  ['zeros at the start of a group, and capitals: RFC 5952 §4.1, §4.3', '2001:0DB8::00FF', '2001:db8::ff'],
  ['the longest run is shortened, §4.2.3', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['the first of equals, §4.2.3', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['one zero alone is not, §4.2.2', '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['a gap of one group', '1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['IPv4 at the end, RFC 4291 §2.2', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ['IPv4 behind six groups', '1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ...['', ':', ':::', '1', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8']
    .concat(['12345::', 'g::', '1:', ':1', '::1:', '1.2.3.4', '1.2.3.4::', '::1.2.3', '::01.2.3.4', '::1.2.3.4:5'])
    .concat(['fe80::1%eth0', '[::1]', ' ::1', '::1 ', '::-1', `::${'0'.repeat(60)}1`])
    .map((text) => ['no address', text, undefined] as const),
];
for (const [rule, text, want] of spellings) {
  test(`parseIpv6: ${rule}: ${JSON.stringify(text)}`, () => assert.equal(shown(text), want));
}

/** What the URL standard's own parser makes of it. */
const peer = (text: string): string | undefined =>
  URL.canParse(`http://[${text}]/`) ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : undefined;

test('ipv6: any eight groups survive, in the spelling of the URL standard', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const text = showIpv6(groups);
      assert.deepEqual(parseIpv6(text), groups);
      assert.equal(peer(text), text);
    }),
  );
});

test('ipv6: what the URL standard takes for an address is one here, and nothing else is', () => {
  const word = fc.constantFrom(':', '::', '0', '1', 'ffff', 'FE', '00', '1.2.3.4', '.', '10000', '255', '%', '0.0.0.0');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 18 }), (words) => {
      const text = words.join('');
      assert.equal(shown(text), peer(text), text);
    }),
    { numRuns: 3000 },
  );
});
