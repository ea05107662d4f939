import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refreshRule } from '../../src/proxy/refresh.ts';

const cases: readonly (readonly [pattern: string, url: string, fits: boolean])[] = [
  ['*.deb', 'http://x.example/a/b.deb', true],
  ['*.deb', 'http://x.example/a/b.deb?c', false],
  ['*.deb*', 'http://x.example/a/b.deb?c', true],
  ['*', 'http://x.example/', true],
  ['**', 'http://x.example/', true],
  ['*/repo/*.json', 'https://x.example/y/repo/z/a.json', true],
  ['*/repo/*.json', 'https://x.example/y/repo.json', false],
  ['x.example/*', 'http://x.example/a', true],
  ['x.example/*', 'https://x.example/a', true],
  ['x.example/*', 'http://www.x.example/a', false],
  ['x.example/*', 'http://y.example/?http://x.example/a', false],
  ['x.example', 'http://x.example/', false],
  ['x.example/', 'http://x.example/', true],
  ['x.example/a', 'http://x.example/ab', false],
  ['http://x.example/*', 'http://x.example/a', true],
  ['http://x.example/*', 'https://x.example/a', false],
  ['http*://x.example/*', 'https://x.example/a', true],
  ['X.Example/A*', 'http://x.example/A1', true],
  ['x.example/A*', 'http://x.example/a1', false],
  ['HTTP://X.example/*', 'http://x.example/a', true],
  ['*a*a', 'http://x/a', false],
  ['*ab*ba', 'http://x/aba', false],
  ['x/a*a', 'http://x/a', false],
  ['x/.+', 'http://x/ab', false],
  ['', 'http://x/', false],
];
for (const [pattern, url, fits] of cases) {
  test(`refresh: ${pattern} ${fits ? 'fits' : 'does not fit'} ${url}`, () => {
    const rule = refreshRule([{ pattern, freshSec: 60 }])(url);
    assert.deepEqual(rule, fits ? { kind: 'fresh', freshSec: 60 } : undefined);
  });
}

test('refresh: the first row that fits wins', () => {
  const rule = refreshRule([
    { pattern: '*.json', freshSec: 1 },
    { pattern: 'x.example/*', freshSec: 2 },
    { pattern: '*', freshSec: 3 },
  ]);
  const freshOf = (url: string) => {
    const found = rule(url);
    return found?.kind === 'fresh' ? found.freshSec : undefined;
  };
  assert.deepEqual(['http://x.example/a.json', 'http://x.example/a', 'http://y/'].map(freshOf), [1, 2, 3]);
  assert.equal(refreshRule([])('http://x/'), undefined);
});

test('refresh: a pattern that nearly fits everywhere takes no longer than its length times the URL’s', () => {
  const rule = refreshRule([{ pattern: `${'*a'.repeat(500)}*b`, freshSec: 1 }]);
  assert.equal(rule(`http://x/${'a'.repeat(16_000)}`), undefined);
  assert.notEqual(rule(`http://x/${'a'.repeat(16_000)}b`), undefined);
});
