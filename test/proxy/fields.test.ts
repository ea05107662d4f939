import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { elementsOf, fieldOf, hasField, valuesOf, without } from '../../src/proxy/fields.ts';

const lists: readonly (readonly [rule: string, value: string | undefined, want: readonly string[]])[] = [
  ['no field has no elements', undefined, []],
  ['empty elements are none, RFC 9110 §5.6.1.2', ', a,,b , ', ['a', 'b']],
  ['space and tab around an element are no part of it', '\ta \t, b', ['a', 'b']],
  ['a comma in quotes does not part', 'private="a, b", c', ['private="a, b"', 'c']],
  ['a quote may be quoted', 'a="\\",\\"", c', ['a="\\",\\""', 'c']],
  ['a quote without an end hides nothing behind it', 'max-age="5, no-store', ['max-age="5', 'no-store']],
];
for (const [rule, value, want] of lists) test(`elementsOf: ${rule}`, () => assert.deepEqual(elementsOf(value), want));

test('elementsOf: quotes that never end take linear time', () => {
  // Far more than a head may have: quadratic, this would be minutes, and more than the runner's patience.
  const value = `"${'\\"'.repeat(1_000_000)}`;
  assert.deepEqual(elementsOf(value), [value]);
});

test('elementsOf: what has no quotes is parted at each comma', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z=;]{1,5}$/)), (words) =>
      assert.deepEqual(elementsOf(words.join(' ,\t')), words),
    ),
  );
});

const fields = ['Accept', 'a', 'VARY', 'x', 'accept', 'b'];
test('fields: names in any letters, lines joined in order', () => {
  assert.deepEqual(valuesOf(fields, 'accept'), ['a', 'b']);
  assert.equal(fieldOf(fields, 'accept'), 'a, b');
  assert.equal(fieldOf(fields, 'vary'), 'x');
  assert.equal(fieldOf(fields, 'age'), undefined);
  assert.ok(hasField(fields, 'vary') && !hasField(fields, 'var'));
  assert.deepEqual(without(fields, new Set(['accept'])), ['VARY', 'x']);
});
