import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LOOPBACK } from '../../src/core/addr.ts';
import { memoryContent } from '../../src/core/content.ts';
import { mirrorLocation } from '../../src/http/mirror.ts';
import { type HttpService, httpService } from '../../src/http/server.ts';
import { fakeHost } from '../support/fakes.ts';
import { ask, field } from './wire.ts';

const MIRROR = 'http://172.16.0.1:3129';

const rows: readonly (readonly [host: string | undefined, url: string, want: string | undefined])[] = [
  ['mirror', '/debian/dists/x', '/debian/dists/x'],
  ['mirror:80', '/', '/'],
  ['mirror.flisol.lan', '/debian/a%2bb?x=/../y', '/debian/a%2bb?x=/../y'],
  ['MIRROR.Flisol.LAN.', '/a', '/a'],
  ['mirror.flisol.lan:8080', '//evil.example/', '//evil.example/'],
  ['172.16.0.1', 'http://mirror.flisol.lan/debian/', '/debian/'],
  ['172.16.0.1', 'HTTP://Mirror', '/'],
  ['172.16.0.1', 'http://mirror?x', '/?x'],
  ['mirror', 'http://fnode00/debian/', undefined],
  ['mirror', 'http://@mirror/debian/', undefined],
  [undefined, '/debian/', undefined],
  ['', '/debian/', undefined],
  ['mirrors', '/debian/', undefined],
  ['mirror-2', '/debian/', undefined],
  ['a.mirror', '/debian/', undefined],
  ['mirror@evil.example', '/debian/', undefined],
  ['mirror', '/a\r\nX: y', undefined],
  ['mirror', '/\xe9', undefined],
];
for (const [host, url, path] of rows) {
  test(`mirrorLocation: Host ${host}, ${JSON.stringify(url)}: ${path}`, () => {
    const headers = host === undefined ? {} : { host };
    assert.equal(mirrorLocation({ headers, url }, MIRROR), path === undefined ? undefined : MIRROR + path);
  });
}

let known: string | undefined;
let service: HttpService;
before(async () => {
  const content = Buffer.from('kernel');
  service = httpService(() => ({ listen: [LOOPBACK], port: 0, nodeName: 'fnode00' }), {
    host: fakeHost(),
    health: () => ({ ok: true, services: {} }),
    open: async () => ({ kind: 'file', content: memoryContent(content, '"x"', 0) }),
    mirrorUrl: () => known,
  });
  await service.start();
});
after(() => service.stop());

async function heard(lines: string) {
  const [at] = service.address();
  assert.ok(at);
  return ask(at, `${lines}\r\nConnection: close\r\n\r\n`);
}

const asked: readonly (readonly [lines: string, mirror: string | undefined, status: number, location?: string])[] = [
  ['GET /boot/x HTTP/1.1\r\nHost: mirror.flisol.lan', MIRROR, 307, `${MIRROR}/boot/x`],
  ['HEAD /debian/x?y HTTP/1.1\r\nHost: mirror', MIRROR, 307, `${MIRROR}/debian/x?y`],
  ['GET / HTTP/1.1\r\nHost: mirror', MIRROR, 307, `${MIRROR}/`],
  ['GET /boot/x HTTP/1.1\r\nHost: mirror.flisol.lan', undefined, 200],
  ['GET /boot/x HTTP/1.1\r\nHost: 127.0.0.1', MIRROR, 200],
  ['GET /boot/x HTTP/1.0', MIRROR, 200],
  ['PUT /boot/x HTTP/1.1\r\nHost: mirror', MIRROR, 405],
  [`GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: mirror`, MIRROR, 414],
];
for (const [lines, mirror, status, location] of asked) {
  const shown = lines.slice(0, 60).replace('\r\n', ', ');
  test(`${status} for ${shown} on a node that knows ${mirror ?? 'of no mirror'}`, async () => {
    known = mirror;
    const answer = await heard(lines);
    assert.match(answer.head, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal(field(answer, 'Location'), location);
  });
}

test('one connection goes on behind a redirection: RFC 9112 §9.3', async () => {
  known = MIRROR;
  const first = 'GET /debian/x HTTP/1.1\r\nHost: mirror\r\n\r\n';
  const { head, body } = await heard(`${first}GET /boot/x HTTP/1.1\r\nHost: fnode00`);
  assert.match(head, /^HTTP\/1\.1 307 /);
  assert.match(body.toString('latin1'), /HTTP\/1\.1 200 OK\r\n.*kernel$/s);
});
