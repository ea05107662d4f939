/** What recognition says in English to tell entries apart exists in the menus' other language. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAMILIES } from '../../src/distro/table.ts';
import { variantIn, WORDS } from '../../src/menu/words.ts';

const known = new Set(
  FAMILIES.flatMap(({ boots, ways }) => [...boots, ...ways].flatMap(({ variant }) => variant ?? [])),
);

test('recognition has variants', () => assert.ok(known.size >= 6));

for (const variant of known) {
  const filled = variant.replaceAll(/\$\w+/g, '12.11.0');
  test(`"${filled}" in Spanish, alone and before a kernel's version`, () => {
    const spanish = variantIn(WORDS.es, filled);
    assert.notEqual(spanish, filled);
    assert.equal(/12\.11\.0/.test(spanish), /12\.11\.0/.test(filled));
    assert.equal(variantIn(WORDS.es, `${filled}, 6.1.0-37`), `${spanish}, 6.1.0-37`);
    assert.equal(variantIn(WORDS.en, filled), filled);
  });
}

test('a version or whatever an image says of its own stays as it is', () => {
  for (const variant of ['', '6.1.0-37', 'safe graphics']) assert.equal(variantIn(WORDS.es, variant), variant);
});
