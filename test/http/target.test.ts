import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentPath, encodePath, parseTarget } from '../../src/http/target.ts';
import { mutate, seeded } from '../support/fakes.ts';

const cases = [
  { name: 'as it stands', raw: '/isos/a.iso', want: '/isos/a.iso' },
  { name: 'a slash at the end changes nothing', raw: '/isos/', want: '/isos' },
  { name: 'the root', raw: '/', want: '/' },
  { name: 'slashes collapse: shim asks so', raw: '/boot//grubx64.efi', want: '/boot/grubx64.efi' },
  { name: 'two slashes at the front are no authority', raw: '//grubx64.efi', want: '/grubx64.efi' },
  { name: 'escapes', raw: '/isos/a%20b%2Bc.iso', want: '/isos/a b+c.iso' },
  { name: 'plus is plus', raw: '/isos/a+b.iso', want: '/isos/a+b.iso' },
  { name: 'escaped UTF-8', raw: '/isos/espa%C3%B1ol.iso', want: '/isos/español.iso' },
  { name: 'a query is not part of it', raw: '/boot/boot.ipxe?mac=52:54:00:12:34:56', want: '/boot/boot.ipxe' },
  { name: 'absolute form, RFC 9112 §3.2.2', raw: 'http://172.16.0.10:80/isos/a.iso?x', want: '/isos/a.iso' },
  { name: 'absolute form without a path', raw: 'HTTP://172.16.0.10', want: '/' },
  { name: 'a dot segment', raw: '/boot/./x', want: '/boot/x' },
  { name: 'dots', raw: '/boot/../x', want: undefined },
  { name: 'escaped dots', raw: '/boot/%2e%2E/x', want: undefined },
  { name: 'half escaped dots', raw: '/boot/.%2e', want: undefined },
  { name: 'escaped slash', raw: '/boot%2f..%2fx', want: undefined },
  { name: 'escaped backslash', raw: '/boot/..%5Cx', want: undefined },
  { name: 'backslash', raw: '/boot\\x', want: undefined },
  { name: 'NUL', raw: '/boot/x%00.efi', want: undefined },
  { name: 'a line end', raw: '/boot/x%0d%0a', want: undefined },
  { name: 'a broken escape', raw: '/boot/%zz', want: undefined },
  { name: 'an escape cut off', raw: '/boot/%2', want: undefined },
  { name: 'overlong UTF-8 for a slash', raw: '/boot/%c0%af', want: undefined },
  { name: 'a UTF-8 sequence cut off', raw: '/boot/%c3', want: undefined },
  { name: 'escaped twice is decoded once', raw: '/boot/%252e%252e/x', want: '/boot/%2e%2e/x' },
  { name: 'no slash at the front', raw: 'boot/x', want: undefined },
  { name: 'asterisk form', raw: '*', want: undefined },
  { name: 'another scheme', raw: 'file:///etc/passwd', want: undefined },
];
for (const { name, raw, want } of cases) test(`target: ${name}`, () => assert.equal(parseTarget(raw)?.path, want));

test('target: the query is handed on', () => {
  assert.equal(parseTarget('/boot/boot.ipxe?mac=52%3A54&x=1')?.query.get('mac'), '52:54');
});

test('target: no mutation leads out of the root or to a name with control characters', () => {
  const random = seeded(29);
  for (let round = 0; round < 20_000; round++) {
    const seed = Buffer.from(cases[round % cases.length]?.raw ?? '', 'latin1');
    const path = parseTarget(Buffer.from(mutate(seed, random)).toString('latin1'))?.path;
    if (path === undefined) continue;
    assert.match(path, /^\/[^\x00-\x1f\x7f]*$/);
    assert.ok(!path.split('/').includes('..'), path);
    assert.equal(parseTarget(encodePath(path))?.path, path.includes('\\') ? undefined : path);
  }
});

const roots = ['/boot', '/isos'];
const places = [
  { name: 'below a root', path: '/isos/a.iso', want: '/isos/a.iso' },
  { name: 'a root itself', path: '/boot', want: '/boot' },
  {
    name: 'a loader at the root is in /boot: shim booted from there asks so',
    path: '/grubx64.efi',
    want: '/boot/grubx64.efi',
  },
  { name: 'a name that only begins like a root', path: '/isosx', want: '/boot/isosx' },
  { name: 'any other folder', path: '/etc/passwd', want: undefined },
];
for (const { name, path, want } of places) {
  test(`content path: ${name}`, () => assert.equal(contentPath(path, roots), want));
}
