/** The demands of the programs that boot from here, one by one, on the octets of the wire. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ask, field, type Node, pattern, request, startNode } from './wire.ts';

let node: Node;
const image = pattern(700_001);
const LOADER = 'a loader';

before(async () => {
  node = await startNode();
  fs.writeFileSync(path.join(node.folder, 'isos', 'a.iso'), image);
  fs.writeFileSync(path.join(node.folder, 'isos', 'español.iso'), 'eñe');
  fs.writeFileSync(path.join(node.folder, 'boot', 'grubx64.efi'), LOADER);
  fs.writeFileSync(path.join(node.folder, 'boot', 'disk.img'), 'disk');
});
after(() => node.stop());

test('GRUB: status line and field names with exact case, length given, nothing chunked', async () => {
  const heard = await ask(
    node.at,
    'GET /isos/a.iso HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GRUB 2.12-9\r\nConnection: close\r\n\r\n',
  );
  assert.match(heard.head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(heard.head, /\r\nContent-Length: 700001\r\n/);
  assert.doesNotMatch(heard.head, /transfer-encoding/i);
  assert.ok(heard.body.equals(image));
});

test('GRUB: seeks by an open-ended range', async () => {
  const heard = await ask(node.at, request('/isos/a.iso', ['Range: bytes=700000-']));
  assert.match(heard.head, /^HTTP\/1\.1 206 Partial Content\r\n/);
  assert.equal(field(heard, 'Content-Range'), 'bytes 700000-700000/700001');
  assert.deepEqual(heard.body, image.subarray(700_000));
});

test('GRUB: sends names as they are; what is no URL then is refused, so no menu may hold such a name', async () => {
  const raw = Buffer.from('GET /isos/español.iso HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match((await ask(node.at, raw)).head, /^HTTP\/1\.1 400 /);
  assert.equal((await ask(node.at, request('/isos/espa%C3%B1ol.iso'))).body.toString(), 'eñe');
});

test('GRUB: understands no redirect: a folder is answered directly with and without a slash', async () => {
  for (const target of ['/isos', '/isos/', '/boot', '/']) {
    assert.match((await ask(node.at, request(target))).head, /^HTTP\/1\.1 200 OK\r\n/, target);
  }
});

test('lpxelinux: HTTP/1.0 with cookies; the server closes after the last octet', async () => {
  const heard = await ask(
    node.at,
    'GET /isos/a.iso HTTP/1.0\r\nHost: 172.16.0.10\r\nUser-Agent: Syslinux/6.04\r\nConnection: close\r\n' +
      'Cookie: _Syslinux_BOOTIF=01-52-54-00-12-34-56; _Syslinux_SYSUUID=x\r\n\r\n',
  );
  assert.match(heard.head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(field(heard, 'Connection'), 'close');
  assert.ok(heard.body.equals(image) && !heard.isReset);
});

test('HTTP/1.0 without any field is answered and closed too', async () => {
  const heard = await ask(node.at, 'GET /isos/a.iso HTTP/1.0\r\n\r\n');
  assert.ok(heard.body.equals(image));
});

test('iPXE: several requests on one connection; sanboot asks for the size by HEAD and then for ranges', async () => {
  const alive = (method: string, fields: string): string =>
    `${method} /isos/a.iso HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
  const heard = await ask(
    node.at,
    alive('HEAD', '') +
      alive('GET', 'Range: bytes=0-511\r\n') +
      alive('GET', 'Range: bytes=1024-2047\r\nConnection: close\r\n'),
  );
  const text = Buffer.concat([Buffer.from(`${heard.head}\r\n\r\n`, 'latin1'), heard.body]);
  assert.match(heard.head, /\r\nContent-Length: 700001\r\n/);
  assert.equal(text.toString('latin1').match(/HTTP\/1\.1 206 Partial Content/g)?.length, 2);
  assert.ok(text.includes(image.subarray(0, 512)) && text.subarray(-1024).equals(image.subarray(1024, 2048)));
});

test('archiso: probes with Range: 0-0', async () => {
  const heard = await ask(node.at, request('/isos/a.iso', ['Range: bytes=0-0']));
  assert.match(heard.head, /^HTTP\/1\.1 206 Partial Content\r\n/);
  assert.deepEqual(heard.body, image.subarray(0, 1));
});

test('miso: the answer to HEAD has the word OK in its status line', async () => {
  const heard = await ask(node.at, request('/isos/a.iso', [], 'HEAD'));
  assert.match(heard.head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(heard.body.length, 0);
});

test('dracut, anaconda: an optional file that is not here is an honest 404', async () => {
  const heard = await ask(node.at, request('/isos/images/updates.img'));
  assert.match(heard.head, /^HTTP\/1\.1 404 Not Found\r\n/);
  assert.equal(field(heard, 'Content-Type'), 'text/plain; charset=utf-8');
  assert.equal(heard.body.toString(), '/isos/images/updates.img is not here.\n');
});

test('busybox wget: resumes by a range from where it stopped', async () => {
  const heard = await ask(node.at, request('/isos/a.iso', ['Range: bytes=350000-']));
  assert.equal(field(heard, 'Content-Length'), '350001');
  assert.ok(heard.body.equals(image.subarray(350_000)));
});

test('UEFI HTTP Boot: HEAD gives length and type; the type is exact, no charset', async () => {
  for (const [target, type] of [
    ['/boot/grubx64.efi', 'application/efi'],
    ['/boot/disk.img', 'application/vnd.efi-img'],
  ] as const) {
    const heard = await ask(node.at, request(target, ['User-Agent: UefiHttpBoot/1.0'], 'HEAD'));
    assert.equal(field(heard, 'Content-Type'), type);
    assert.ok(Number(field(heard, 'Content-Length')) > 0);
    assert.equal(field(heard, 'Accept-Ranges'), 'bytes');
  }
});

test('UEFI HTTP Boot: resumes with Range and If-Match, or Range and If-Unmodified-Since', async () => {
  const head = await ask(node.at, request('/isos/a.iso', [], 'HEAD'));
  for (const condition of [
    `If-Match: ${field(head, 'ETag')}`,
    `If-Unmodified-Since: ${field(head, 'Last-Modified')}`,
  ]) {
    const heard = await ask(node.at, request('/isos/a.iso', ['Range: bytes=700000-700000', condition]));
    assert.match(heard.head, /^HTTP\/1\.1 206 /, condition);
  }
  const other = await ask(node.at, request('/isos/a.iso', ['Range: bytes=0-', 'If-Match: "another"']));
  assert.match(other.head, /^HTTP\/1\.1 412 Precondition Failed\r\n/);
});

test('shim: asks for its neighbour with a slash too many, and at the root when it came from there', async () => {
  for (const target of ['/boot//grubx64.efi', '//grubx64.efi', '/grubx64.efi', '/boot/./grubx64.efi']) {
    const heard = await ask(node.at, request(target));
    assert.match(heard.head, /^HTTP\/1\.1 200 OK\r\n/, target);
    assert.equal(heard.body.toString(), LOADER);
  }
  assert.match((await ask(node.at, request('//revocations.efi'))).head, /^HTTP\/1\.1 404 Not Found\r\n/);
});

test('a client that lost another node resumes here: the same tag for the same bytes', async () => {
  const other = await startNode();
  fs.writeFileSync(path.join(other.folder, 'isos', 'a.iso'), image);
  fs.utimesSync(path.join(other.folder, 'isos', 'a.iso'), 1, 1);
  const first = await ask(other.at, request('/isos/a.iso', [], 'HEAD'));
  await other.stop();
  const rest = await ask(node.at, request('/isos/a.iso', ['Range: bytes=1000-', `If-Range: ${field(first, 'ETag')}`]));
  assert.match(rest.head, /^HTTP\/1\.1 206 /);
  assert.ok(rest.body.equals(image.subarray(1000)));
});
