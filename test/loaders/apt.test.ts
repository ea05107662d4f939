import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aptConfiguration,
  aptName,
  aptVersion,
  debFileName,
  firstComplaint,
  isIncomplete,
  isUnreachable,
  parseMd5sums,
  parseRecords,
  recordOf,
} from '../../src/loaders/apt.ts';

const shim = { package: 'shim-signed', version: '1:1.44~1+15.8', architecture: 'i386', sha256: 'ab'.repeat(32) };

test('names on the command line carry the architecture where there are several', () => {
  assert.equal(aptName({ package: 'ipxe', architecture: 'all' }), 'ipxe');
  assert.equal(aptName({ package: 'shim-signed', architecture: 'i386' }), 'shim-signed:i386');
  assert.equal(aptVersion(shim), 'shim-signed:i386=1:1.44~1+15.8');
});

test("the file is named as apt-get does: the epoch's colon is escaped", () => {
  assert.equal(debFileName(shim), 'shim-signed_1%3a1.44~1+15.8_i386.deb');
});

test('over the lists of the system, only the cache is ours', () => {
  const text = aptConfiguration({ kind: 'system', folder: '/t/system' });
  assert.match(text, /^Dir::Cache "\/t\/system\/cache";$/m);
  assert.doesNotMatch(text, /Dir::State|Dir::Etc|APT::Arch|AllowUnauthenticated "true"/);
});

test('lists of our own leave sources and keys to the system, and run none of its hooks', () => {
  const text = aptConfiguration({ kind: 'private', folder: '/t/p', architectures: ['i386', 'arm64'] });
  assert.match(text, /^Dir::State "\/t\/p\/state";$/m);
  assert.match(text, /^Dir::State::status "\/t\/p\/state\/status";$/m);
  assert.match(text, /^APT::Architectures \{ "i386"; "arm64"; \};$/m);
  assert.match(text, /^#clear APT::Update;$/m);
  assert.doesNotMatch(text, /Dir::Etc|AllowUnauthenticated "true"/);
});

const shown = `Package: shim-signed
Version: 1.44
Architecture: i386
Description: a text
 Version: not this
Filename: pool/main/s/shim.deb
SHA256: ${'AB'.repeat(32)}

Package: ipxe
Version: 2.0
Architecture: all
Filename: pool/main/i/ipxe.deb
SHA256: ${'cd'.repeat(32)}

Package: memtest86+
Status: install ok installed
Version: 9
Architecture: amd64
`;

test('a record is what can be downloaded and checked', () => {
  const records = parseRecords(shown);
  assert.deepEqual(
    records.map((r) => `${r.package} ${r.version} ${r.architecture} ${r.sha256.slice(0, 4)}`),
    ['shim-signed 1.44 i386 abab', 'ipxe 2.0 all cdcd'],
  );
  assert.equal(recordOf({ package: 'shim-signed', architecture: 'i386' }, records)?.version, '1.44');
  assert.equal(recordOf({ package: 'shim-signed', architecture: 'arm64' }, records), undefined);
  assert.equal(recordOf({ package: 'ipxe', architecture: 'amd64' }, records)?.version, '2.0');
  assert.deepEqual(parseRecords(''), []);
});

test('md5sums: hash, two spaces, a path that may have spaces', () => {
  const md5 = '0123456789abcdef0123456789abcdef';
  assert.deepEqual(parseMd5sums(`${md5}  usr/a b\nnonsense\n`), new Map([['usr/a b', md5]]));
});

const complaints = [
  {
    text: "W: Failed to fetch http://h/InRelease  Temporary failure resolving 'h'",
    unreachable: true,
    incomplete: true,
  },
  { text: "W: Failed to fetch http://h/InRelease  Could not resolve 'h'", unreachable: true, incomplete: true },
  { text: 'E: Failed to fetch http://h/x.deb  Could not connect to h:80', unreachable: true, incomplete: true },
  { text: 'E: Failed to fetch http://h/Packages.xz  File has unexpected size', unreachable: false, incomplete: true },
  { text: 'E: Failed to fetch http://h/x.deb  404  Not Found', unreachable: false, incomplete: true },
  { text: "E: Version '1' for 'x' was not found", unreachable: false, incomplete: false },
  { text: '', unreachable: false, incomplete: false },
];
for (const c of complaints) {
  test(`apt's complaint is of the network or of a package: ${c.text || 'none'}`, () => {
    assert.equal(isUnreachable(c.text), c.unreachable);
    assert.equal(isIncomplete(c.text), c.incomplete);
    assert.equal(firstComplaint(c.text), c.text.slice(3) || undefined);
  });
}
