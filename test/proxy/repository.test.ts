import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Known, knownOf, plainReleaseKey } from '../../src/proxy/repository.ts';
import { textOf, type Url } from '../../src/proxy/url.ts';
import { mutate, seeded } from '../support/fakes.ts';

/** As a request has it: octet by octet, which `URL` would tidy up. */
function urlOf(text: string): Url {
  const [, scheme = '', host = '', port, path = '/'] = /^(https?):\/\/([^/:]+)(?::(\d+))?(\/.*)?$/.exec(text) ?? [];
  const usual = scheme === 'https' ? 443 : 80;
  return { scheme: scheme === 'https' ? 'https' : 'http', host, port: port ? Number(port) : usual, path };
}
const known = (text: string): Known => knownOf(urlOf(text));

const HEX = (digits: number): string => '0123456789abcdef'.repeat(8).slice(0, digits);
const DEB = 'http://deb.debian.org/debian';
const OBJECT = `${HEX(2)}/${HEX(62)}`;

const lasting: readonly string[] = [
  `${DEB}/pool/main/g/gcc-12/libgcc-s1_12.2.0-14%2bdeb12u1_amd64.deb`,
  `${DEB}/pool/main/n/netcfg/netcfg_1.187_amd64.udeb`,
  'http://ddebs.ubuntu.com/pool/main/b/bash/bash-dbgsym_5.2.21-2ubuntu4_amd64.ddeb',
  `${DEB}/pool/main/b/bash/bash_5.2.15-2.dsc`,
  `${DEB}/pool/main/b/bash/bash_5.2.15.orig.tar.xz`,
  `${DEB}/pool/main/b/bash/bash_5.2.15.orig-docs.tar.gz`,
  `${DEB}/pool/main/b/bash/bash_5.2.15.orig.tar.gz.asc`,
  `${DEB}/pool/main/b/bash/bash_5.2.15-2.debian.tar.xz`,
  `${DEB}/pool/main/a/apt/apt_2.6.1.tar.xz`,
  `${DEB}/pool/main/x/xz/xz_1-1.diff.gz`,
  'http://ppa.launchpadcontent.net/x/y/ubuntu/pool/main/z/z/z_1.0~noble_amd64.deb',
  'http://download.docker.com/linux/debian/dists/bookworm/pool/stable/amd64/containerd.io_1.7.24-1_amd64.deb',
  'http://mirror.example/flat/./hello_2.10_all.deb',
  `${DEB}/dists/bookworm/main/binary-amd64/by-hash/SHA256/${HEX(64)}`,
  `${DEB}/dists/bookworm/main/binary-amd64/by-hash/MD5Sum/${HEX(32)}`,
  `${DEB}/dists/bookworm/main/binary-amd64/by-hash/SHA1/${HEX(40)}`,
  `${DEB}/dists/bookworm/main/binary-amd64/by-hash/SHA512/${HEX(128)}`,
  `${DEB}/dists/bookworm/main/installer-amd64/20230607+deb12u10/images/netboot/netboot.tar.gz`,
  'http://snapshot.debian.org/archive/debian/20240101T000000Z/dists/sid/InRelease',
  `http://snapshot.debian.org/file/${HEX(40)}`,
  'http://dl.fedoraproject.org/pub/fedora/linux/updates/41/Everything/x86_64/Packages/b/bash-5.2.32-1.fc41.x86_64.rpm',
  'http://mirror.example/updates/41/drpms/foo-1.0-1.fc41_1.1-1.fc41.x86_64.drpm',
  `http://mirror.example/fedora/repodata/${HEX(64)}-primary.xml.zck`,
  `http://mirror.example/suse/repodata/${HEX(128)}-primary.xml.zst`,
  `http://mirror.example/el6/repodata/${HEX(40)}-filelists.sqlite.bz2`,
  'http://mirror.example/archlinux/core/os/x86_64/linux-6.12.1.arch1-1-x86_64.pkg.tar.zst',
  'http://mirror.example/archlinux/core/os/x86_64/linux-6.12.1.arch1-1-x86_64.pkg.tar.zst.sig',
  'http://mirror.example/archlinux/extra/os/x86_64/git-1:2.47-1.1-x86_64.pkg.tar.xz',
  'http://dl-cdn.alpinelinux.org/alpine/v3.20/main/x86_64/busybox-1.36.1-r29.apk',
  `http://dl.flathub.org/repo/objects/${OBJECT}.filez`,
  `http://dl.flathub.org/repo/objects/${OBJECT}.commit`,
  `http://dl.flathub.org/repo/deltas/${'aB'}/${'c_+'.repeat(13)}12-${'D'.repeat(43)}/superblock`,
  `http://dl.flathub.org/repo/deltas/${'aB'}/${'c'.repeat(41)}/0`,
  `http://dl.flathub.org/repo/summaries/${HEX(64)}.gz`,
  `http://dl.flathub.org/repo/summaries/${HEX(64)}-${HEX(64)}.delta`,
];
const checked: readonly string[] = [
  `${DEB}/dists/bookworm/InRelease`,
  `${DEB}/dists/bookworm/Release`,
  `${DEB}/dists/bookworm/Release.gpg`,
  `${DEB}/dists/bookworm/main/binary-amd64/Packages.xz`,
  `${DEB}/dists/bookworm/main/binary-amd64/Packages.diff/Index`,
  `${DEB}/dists/sid/main/binary-amd64/Packages.diff/T-2024-11-23-1408.41-F-2024-11-17-2010.01.gz`,
  `${DEB}/dists/bookworm/main/source/Sources.gz`,
  `${DEB}/dists/bookworm/main/Contents-amd64.gz`,
  `${DEB}/dists/bookworm/main/i18n/Translation-es.bz2`,
  `${DEB}/dists/bookworm/main/dep11/icons-64x64.tar.gz`,
  `${DEB}/dists/bookworm/main/installer-amd64/current/images/netboot/debian-installer/amd64/linux`,
  'http://archive.ubuntu.com/ubuntu/dists/noble/main/dist-upgrader-all/current/noble.tar.gz',
  'http://download.opensuse.org/repositories/home:/x/Debian_12/Packages.gz',
  'http://download.opensuse.org/repositories/home:/x/Debian_12/InRelease',
  'http://mirror.example/fedora/linux/releases/41/Everything/x86_64/os/repodata/repomd.xml',
  'http://mirror.example/suse/repodata/repomd.xml.asc',
  'http://mirror.example/suse/repodata/repomd.xml.key',
  'http://mirror.example/old/repodata/primary.xml.gz',
  'http://mirror.example/suse/media.1/media',
  'http://mirror.example/fedora/os/.treeinfo',
  'http://mirror.example/fedora/os/images/pxeboot/vmlinuz',
  'http://mirror.example/fedora/linux/development/rawhide/Everything/x86_64/os/Packages/b/bash-5.2.32-1.fc42.x86_64.rpm',
  'http://mirror.example/archlinux/core/os/x86_64/core.db',
  'http://mirror.example/archlinux/core/os/x86_64/core.db.sig',
  'http://mirror.example/archlinux/core/os/x86_64/core.files',
  'http://mirror.example/manjaro/stable/core/x86_64/core.db.tar.gz',
  'http://mirror.example/archlinux/lastsync',
  'http://dl-cdn.alpinelinux.org/alpine/v3.20/main/x86_64/APKINDEX.tar.gz',
  'http://dl-cdn.alpinelinux.org/alpine/edge/main/x86_64/busybox-1.36.1-r29.apk',
  'http://dl-cdn.alpinelinux.org/alpine/latest-stable/main/x86_64/busybox-1.36.1-r29.apk',
  'http://mirror.example/v1.0/latest/x_1.0_amd64.deb',
  'http://dl.flathub.org/repo/summary',
  'http://dl.flathub.org/repo/summary.idx.sig',
  'http://dl.flathub.org/repo/config',
  'http://dl.flathub.org/repo/refs/heads/app/org.gimp.GIMP/x86_64/stable',
  `http://dl.flathub.org/repo/objects/${OBJECT}.commitmeta`,
  `http://dl.flathub.org/repo/delta-indexes/aB/${'c'.repeat(41)}.index`,
];
const usual: readonly string[] = [
  'http://example.com/',
  'http://example.com/index.html',
  'http://example.com/a.db',
  'http://example.com/config',
  'http://example.com/objects/1',
  'http://example.com/refs/1',
  'http://example.com/images/logo.png',
  `${DEB}/dists/bookworm/`,
  `${DEB}/pool/main/g/`,
  `${DEB}/dists/bookworm/InRelease?x=1`,
  `${DEB}/pool/a/a_1_all.deb?token=1`,
  'http://dl.google.com/linux/direct/google-chrome-stable_current_amd64.deb',
  'http://dl.fedoraproject.org/pub/epel/epel-release-latest-9.noarch.rpm',
  'http://mirror.example/rpmfusion-free-release-40.noarch.rpm',
  'http://example.com/download/app-release.apk',
  'http://example.com/backup_2024.tar.gz',
  'http://mirrors.fedoraproject.org/metalink?repo=fedora-41&arch=x86_64',
  'http://cdimage.debian.org/debian-cd/12.7.0/amd64/iso-cd/debian-12.7.0-amd64-netinst.iso',
  'http://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img',
  `http://deb.debian.org/debian/by-hash/SHA256/${HEX(63)}`,
  `http://example.com/${'a'.repeat(300)}_1_all.deb`,
];
for (const [kind, urls] of Object.entries({ lasting, checked, usual })) {
  for (const url of urls) {
    test(`knownOf: ${kind}: ${url.slice(0, 120)}`, () => assert.equal(known(url).rule.kind, kind));
  }
}

test('knownOf: what is neither a file that lasts nor of several hosts is kept under its own URL', () => {
  for (const url of [...checked, ...usual]) assert.equal(known(url).key, textOf(urlOf(url)));
  assert.equal(
    known('http://mirror.example:8080/pool/a/a_1_all.deb').key,
    'http://mirror.example:8080/pool/a/a_1_all.deb',
  );
});

test('knownOf: SHA-256 in the path is the content’s, and only where its length says so', () => {
  const sums = lasting.filter((url) => known(url).sha256 !== undefined);
  assert.deepEqual(sums, [
    `${DEB}/dists/bookworm/main/binary-amd64/by-hash/SHA256/${HEX(64)}`,
    `http://mirror.example/fedora/repodata/${HEX(64)}-primary.xml.zck`,
  ]);
  for (const url of sums) assert.deepEqual([known(url).sha256, known(url).isSummed], [HEX(64), true]);
});

const same: readonly (readonly [key: string, ...urls: string[]])[] = [
  [
    'mirror:debian/pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb',
    'http://deb.debian.org/debian/pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb',
    'https://deb.debian.org/debian/pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb',
    'http://deb.debian.org/debian/pool/main/b/bash/bash_5.2.15-2%2bb7_amd64.deb',
    'http://ftp.debian.org/debian/pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb',
    'http://ftp.mx.debian.org/debian/pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb',
    'http://ftp2.de.debian.org/debian/pool/main/b/bash/bash_5.2.15-2%2Bb7_amd64.deb',
    'http://httpredir.debian.org/debian/pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb',
    'http://cdn-fastly.deb.debian.org/debian/pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb',
  ],
  [
    'mirror:debian-security/pool/updates/main/x/x/x_1_all.deb',
    'http://security.debian.org/debian-security/pool/updates/main/x/x/x_1_all.deb',
    'http://security.debian.org/pool/updates/main/x/x/x_1_all.deb',
    'http://security-cdn.debian.org/debian-security/pool/updates/main/x/x/x_1_all.deb',
    'https://deb.debian.org/debian-security/pool/updates/main/x/x/x_1_all.deb',
  ],
  [
    'mirror:ubuntu/pool/main/x/x_1~a_all.deb',
    'http://archive.ubuntu.com/ubuntu/pool/main/x/x_1~a_all.deb',
    'http://ar.archive.ubuntu.com/ubuntu/pool/main/x/x_1%7ea_all.deb',
    'http://us-east-1.ec2.archive.ubuntu.com/ubuntu/pool/main/x/x_1~a_all.deb',
    'http://security.ubuntu.com/ubuntu/pool/main/x/x_1~a_all.deb',
  ],
  [`mirror:ubuntu-ports/pool/x_1_all.deb`, 'http://ports.ubuntu.com/ubuntu-ports/pool/x_1_all.deb'],
  [
    'mirror:archlinux/core/os/x86_64/a-1-1-any.pkg.tar.zst',
    'https://geo.mirror.pkgbuild.com/core/os/x86_64/a-1-1-any.pkg.tar.zst',
    'http://mirror.pkgbuild.com/core/os/x86_64/a-1-1-any.pkg.tar.zst',
  ],
  [
    'mirror:manjaro/stable/core/x86_64/a-1-1-any.pkg.tar.zst',
    'https://mirrors.manjaro.org/repo/stable/core/x86_64/a-1-1-any.pkg.tar.zst',
    'https://mirrors2.manjaro.org/stable/core/x86_64/a-1-1-any.pkg.tar.zst',
  ],
  [
    'mirror:alpine/v3.20/main/x86_64/a-1-r0.apk',
    'http://dl-cdn.alpinelinux.org/alpine/v3.20/main/x86_64/a-1-r0.apk',
    'https://dl-4.alpinelinux.org/alpine/v3.20/main/x86_64/a-1-r0.apk',
  ],
  [
    'mirror:rocky/9/BaseOS/x86_64/os/Packages/a/a-1-1.el9.x86_64.rpm',
    'https://dl.rockylinux.org/pub/rocky/9/BaseOS/x86_64/os/Packages/a/a-1-1.el9.x86_64.rpm',
    'http://download.rockylinux.org/pub/rocky/9/BaseOS/x86_64/os/Packages/a/a-1-1.el9.x86_64.rpm',
  ],
  [
    `mirror:debian/dists/sid/main/source/by-hash/SHA256/${HEX(64)}`,
    `http://deb.debian.org/debian/dists/sid/main/source/by-hash/SHA256/${HEX(64)}`,
    `http://ftp.cl.debian.org/debian/dists/sid/main/source/by-hash/SHA256/${HEX(64)}`,
  ],
];
for (const [key, ...urls] of same) {
  for (const url of urls) test(`knownOf: one object: ${url}`, () => assert.equal(known(url).key, key));
}

const apart: readonly (readonly [why: string, url: string])[] = [
  ['somebody else’s mirror', 'http://mirrors.kernel.org/debian/pool/a/a_1_all.deb'],
  ['a name that begins like Debian’s', 'http://deb.debian.org.evil.example/debian/pool/a/a_1_all.deb'],
  ['a name that ends like Debian’s', 'http://evildebian.org/debian/pool/a/a_1_all.deb'],
  ['a host of Debian’s that is no mirror', 'http://people.debian.org/debian/pool/a/a_1_all.deb'],
  ['a name that ends like Ubuntu’s', 'http://evilarchive.ubuntu.com/ubuntu/pool/a/a_1_all.deb'],
  ['old releases are an archive of their own', 'http://old-releases.ubuntu.com/ubuntu/pool/a/a_1_all.deb'],
  ['another port', 'http://deb.debian.org:8080/debian/pool/a/a_1_all.deb'],
  ['another folder', 'http://deb.debian.org/debian-ports/pool/a/a_1_all.deb'],
  ['dot segments', 'http://deb.debian.org/debian/pool/../x/a_1_all.deb'],
  ['escaped dot segments', 'http://deb.debian.org/debian/pool/%2E./x/a_1_all.deb'],
  ['escaped slashes', 'http://deb.debian.org/debian/pool%2f/x/a_1_all.deb'],
  ['empty segments', 'http://deb.debian.org/debian//pool/x/a_1_all.deb'],
  ['escapes of escapes', 'http://deb.debian.org/debian/pool/x/a_1%252b_all.deb'],
  ['broken escapes', 'http://deb.debian.org/debian/pool/x/a_1%_all.deb'],
  ['control characters', 'http://deb.debian.org/debian/pool/x/a_1%0a_all.deb'],
  [
    'redirected to mirrors of others',
    'http://download.fedoraproject.org/pub/fedora/linux/releases/41/a-1-1.x86_64.rpm',
  ],
];
for (const [why, url] of apart) {
  test(`knownOf: a key of its own: ${why}`, () => {
    const { rule, key } = known(url);
    assert.deepEqual([rule.kind, key], ['lasting', textOf(urlOf(url))]);
  });
}

const listed: readonly (readonly [url: string, release: string, path: string])[] = [
  [`${DEB}/dists/bookworm/main/binary-amd64/Packages.xz`, `${DEB}/dists/bookworm/`, 'main/binary-amd64/Packages.xz'],
  [
    `${DEB}/dists/bookworm/main/debian-installer/binary-amd64/Packages.gz`,
    `${DEB}/dists/bookworm/`,
    'main/debian-installer/binary-amd64/Packages.gz',
  ],
  [`${DEB}/dists/bookworm/main/Contents-amd64.gz`, `${DEB}/dists/bookworm/`, 'main/Contents-amd64.gz'],
  [
    'http://archive.ubuntu.com/ubuntu/dists/noble/Contents-amd64.gz',
    'http://archive.ubuntu.com/ubuntu/dists/noble/',
    'Contents-amd64.gz',
  ],
  [
    'http://security.debian.org/dists/buster/updates/main/source/Sources.xz',
    'http://security.debian.org/dists/buster/updates/',
    'main/source/Sources.xz',
  ],
  [
    'http://repo.mongodb.org/apt/debian/dists/bookworm/mongodb-org/8.0/main/binary-amd64/Packages.gz',
    'http://repo.mongodb.org/apt/debian/dists/bookworm/mongodb-org/8.0/',
    'main/binary-amd64/Packages.gz',
  ],
  [
    `${DEB}/dists/bookworm/main/installer-amd64/current/images/SHA256SUMS`,
    `${DEB}/dists/bookworm/`,
    'main/installer-amd64/current/images/SHA256SUMS',
  ],
  ['http://mirror.example:8000/flat/Packages.gz', 'http://mirror.example:8000/flat/', 'Packages.gz'],
];
for (const [url, release, path] of listed) {
  test(`knownOf: listed by its release: ${url}`, () => {
    const { listed: by, isSummed } = known(url);
    assert.deepEqual([by, isSummed], [{ releaseKey: `${release}InRelease`, path }, true]);
    assert.equal(known(`${release}InRelease`).key, by?.releaseKey);
    assert.equal(known(`${release}Release`).key, plainReleaseKey(by?.releaseKey ?? ''));
  });
}

test('knownOf: releases are listed nowhere, nor is what no release lists', () => {
  for (const name of ['InRelease', 'Release', 'Release.gpg', 'README', 'x/y']) {
    const { listed: by, isSummed } = known(`${DEB}/dists/bookworm/${name}`);
    assert.deepEqual([by, isSummed], [undefined, false], name);
  }
  assert.equal(known('http://mirror.example/suse/repodata/repomd.xml').listed, undefined);
  assert.equal(known(`${DEB}/dists/${'a/'.repeat(30)}binary-amd64/Packages`).listed, undefined);
});

test('knownOf: whatever is asked for, nothing is thrown, and only an owner’s own hosts share', () => {
  const random = seeded(3129);
  const texts = [...lasting, ...checked, ...usual, ...apart.map(([, url]) => url)].map((url) =>
    Buffer.from(urlOf(url).path),
  );
  const hosts = ['deb.debian.org', 'mirror.example', 'snapshot.debian.org', '1.2.3.4', '::1', 'localhost', ''];
  for (let n = 0; n < 30_000; n++) {
    const path = `/${Buffer.from(mutate(texts[n % texts.length] ?? Buffer.of(47), random)).toString('latin1')}`;
    const host = hosts[n % hosts.length] ?? '';
    const url: Url = { scheme: 'http', host, port: 80, path };
    const { key, rule } = knownOf(url);
    if (key !== textOf(url)) assert.deepEqual([rule.kind, host], ['lasting', 'deb.debian.org'], path);
  }
});

test('knownOf: long paths that nearly fit take no longer than their length', () => {
  const nearly = [
    '/pool/',
    '/dists/',
    '/v1.1/',
    '/by-hash/SHA256/',
    '/repodata/',
    '/os/',
    '/installer-a/1',
    '/x86_64/',
    '-1',
    '_1',
    '/../',
    '%2e',
  ];
  for (const piece of nearly) {
    for (const end of ['', 'a_1.deb!', 'x.rpm', 'a-1-r.apk', 'a.db.tar.', '.pkg.tar.zst']) {
      const path = `/${piece.repeat(16_384 / piece.length)}${end}`;
      assert.ok(knownOf({ scheme: 'http', host: 'deb.debian.org', port: 80, path: `/debian${path}` }));
    }
  }
});
