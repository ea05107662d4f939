import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstLabel, isWithin, labelsOf, reverseAddress, tailsOf, textOf, wireName } from '../../src/dns/names.ts';

const runs = { seed: 53, numRuns: 2000 };
/** Any octets, 1 to 12 of them; some labels look as if there were labels in them. */
const label = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 12 }).map((octets) => String.fromCharCode(...octets).replace(/[A-Z]/g, 'x')),
  fc.constantFrom('lan', 'a\x03lan', '\x03lan', '.', '\0', 'in-addr', '\x05b\x03lan'),
);
const labels = fc.array(label, { maxLength: 6 });
const nameOfLabels = (parts: readonly string[]) => `${parts.map((l) => String.fromCharCode(l.length) + l).join('')}\0`;

const wires = [
  { text: 'flisol.lan', want: '\x06flisol\x03lan\0' },
  { text: 'FLISOL.Lan.', want: '\x06flisol\x03lan\0' },
  { text: '.', want: '\0' },
  { text: '', want: '\0' },
];
for (const { text, want } of wires) test(`wireName: ${JSON.stringify(text)}`, () => assert.equal(wireName(text), want));

test('wireName: only ASCII letters have a case (RFC 4343 §3)', () => {
  assert.equal(wireName('\xc4B.lan'), '\x02\xc4b\x03lan\0');
});

const texts = [
  { rule: 'a plain name', name: '\x06flisol\x03lan\0', want: 'flisol.lan' },
  { rule: 'the root', name: '\0', want: '.' },
  { rule: 'a dot within a label', name: '\x03a.b\x03lan\0', want: 'a\\.b.lan' },
  { rule: 'a backslash', name: '\x02\\"\0', want: '\\\\\\"' },
  { rule: 'what master files give a meaning', name: '\x04$@;(\0', want: '\\$\\@\\;\\(' },
  { rule: 'octets without a shape, as three decimals', name: '\x04\0 \x1b\xff\0', want: '\\000\\032\\027\\255' },
  { rule: 'signs that are harmless', name: '\x06_tcp-*\0', want: '_tcp-*' },
];
for (const { rule, name, want } of texts)
  test(`textOf, RFC 1035 §5.1 and RFC 4343 §2.1: ${rule}`, () => assert.equal(textOf(name), want));

test('textOf: no octet of a name reaches a terminal or a log line as it is', () => {
  fc.assert(
    fc.property(labels, (parts) => {
      assert.match(textOf(nameOfLabels(parts)), /^[!-~]+$/);
    }),
    runs,
  );
});

const within = [
  { name: 'a.flisol.lan', domain: 'flisol.lan', want: true },
  { name: 'flisol.lan', domain: 'flisol.lan', want: true },
  { name: 'flisol.lan', domain: '.', want: true },
  { name: 'xflisol.lan', domain: 'flisol.lan', want: false },
  { name: 'lan', domain: 'flisol.lan', want: false },
];
for (const { name, domain, want } of within)
  test(`isWithin: ${name} is ${want ? '' : 'not '}within ${domain}`, () =>
    assert.equal(isWithin(wireName(name), wireName(domain)), want));

test('isWithin: octets within a label that look like labels are none', () => {
  assert.equal(isWithin('\x05a\x03lan\0', wireName('lan')), false);
  assert.equal(isWithin('\x04\x03lan\x03org\0', '\x03lan\x03org\0'), false);
});

test('isWithin is membership in tailsOf, whatever octets labels are of', () => {
  fc.assert(
    fc.property(labels, labels, fc.boolean(), (above, below, isRelated) => {
      const domain = nameOfLabels(above);
      const name = isRelated ? nameOfLabels([...below, ...above]) : nameOfLabels(below);
      assert.equal(isWithin(name, domain), [...tailsOf(name)].includes(domain));
    }),
    runs,
  );
});

test('tailsOf: the name, each domain above it, the root', () => {
  assert.deepEqual([...tailsOf(wireName('a.b.lan'))], [wireName('a.b.lan'), wireName('b.lan'), wireName('lan'), '\0']);
  assert.deepEqual([...tailsOf('\0')], ['\0']);
});

test('labelsOf gives back of what a name was made, and firstLabel the first', () => {
  fc.assert(
    fc.property(labels, (parts) => {
      assert.deepEqual(labelsOf(nameOfLabels(parts)), parts);
      assert.equal(firstLabel(nameOfLabels(parts)), parts[0] ?? '');
    }),
    runs,
  );
});

const reverses = [
  { name: '5.0.16.172.in-addr.arpa', want: '172.16.0.5' },
  { name: '5.0.16.172.IN-ADDR.ARPA', want: '172.16.0.5' },
  { name: '0.16.172.in-addr.arpa', want: undefined },
  { name: 'in-addr.arpa', want: undefined },
  { name: '1.5.0.16.172.in-addr.arpa', want: undefined },
  { name: '256.0.16.172.in-addr.arpa', want: undefined },
  { name: '05.0.16.172.in-addr.arpa', want: undefined },
  { name: 'b.0.16.172.in-addr.arpa', want: undefined },
  { name: '5.0.16.172.in-addr.arpa.lan', want: undefined },
  { name: '5.0.16.172.ip6.arpa', want: undefined },
];
for (const { name, want } of reverses)
  test(`reverseAddress, RFC 1035 §3.5: ${name} asks for ${want ?? 'no address'}`, () =>
    assert.equal(reverseAddress(wireName(name)), want));

test('reverseAddress: dots within a label make no address', () => {
  assert.equal(reverseAddress(`\x031.2\x013\x014${wireName('in-addr.arpa')}`), undefined);
  assert.equal(reverseAddress(`\x031.2\x013\x014\x015${wireName('in-addr.arpa')}`), undefined);
});
