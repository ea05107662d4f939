import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIRRORS, mirrorUrl, sharedKey } from '../../src/proxy/mirrors.ts';
import { textOf, type Url } from '../../src/proxy/url.ts';

const shown = (path: string): string | undefined => {
  const url = mirrorUrl(path);
  return url && textOf(url);
};

const asked: readonly (readonly [path: string, url: string | undefined])[] = [
  ['/debian/dists/bookworm/InRelease', 'https://deb.debian.org/debian/dists/bookworm/InRelease'],
  ['/debian-security/dists/x', 'https://deb.debian.org/debian-security/dists/x'],
  ['/ubuntu/pool/a/a_1%2bb_all.deb', 'http://archive.ubuntu.com/ubuntu/pool/a/a_1%2bb_all.deb'],
  ['/fedora/releases/41/', 'https://dl.fedoraproject.org/pub/fedora/linux/releases/41/'],
  ['/debian/', 'https://deb.debian.org/debian/'],
  ['/debian', 'https://deb.debian.org/debian/'],
  ['/', undefined],
  ['', undefined],
  ['debian/x', undefined],
  ['//debian/x', undefined],
  ['/Debian/x', undefined],
  ['/nobody/x', undefined],
  ['/constructor/x', undefined],
  ['/debian?x', undefined],
  ['/debian/x?y', undefined],
  ['/debian/../x', undefined],
  ['/debian/.', undefined],
  ['/debian/x/..', undefined],
  ['/debian/%2e%2E/x', undefined],
  ['/debian/.%2e/x', undefined],
  ['/debian/a%2fb', undefined],
  ['/debian/a%5cb', undefined],
  ['/debian/a\\b', undefined],
  ['/debian//x', undefined],
  ['/debian/a%00', undefined],
  ['/debian/a\nb', undefined],
  ['/debian/a b', undefined],
  ['/debian/a#b', undefined],
  ['/debian/é', undefined],
  ['/debian/..x/...', 'https://deb.debian.org/debian/..x/...'],
];
for (const [path, url] of asked) {
  test(`mirrorUrl: ${JSON.stringify(path)}`, () => assert.equal(shown(path), url));
}

test('mirrors: each is one segment of a path, stands once, and is a folder of the web', () => {
  assert.equal(new Set(MIRRORS.map(({ name }) => name)).size, MIRRORS.length);
  for (const { name, url } of MIRRORS) {
    assert.match(name, /^[a-z-]+$/);
    assert.match(url, /^https?:\/\/[a-z\d.-]+\/(?:[\w-]+\/)*$/);
    assert.equal(shown(`/${name}/a/b`), `${url}a/b`);
  }
});

test('mirrors: a package is one object by its mirror name and by its host’s, wherever packages are', () => {
  const images = new Set(['debian-cd', 'ubuntu-releases', 'ubuntu-cdimage']);
  for (const { name } of MIRRORS.filter((mirror) => !images.has(mirror.name))) {
    assert.equal(sharedKey(mirrorUrl(`/${name}/pool/a_1_all.deb`) as Url), `mirror:${name}/pool/a_1_all.deb`);
  }
});
