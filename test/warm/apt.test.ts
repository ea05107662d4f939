/** Real apt and debootstrap with the cable pulled, after everything was fetched that they are believed to ask for. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { WarmQuestion } from '../../src/core/warming.ts';
import { systemClock } from '../../src/host/system.ts';
import { warmCache } from '../../src/warm/apply.ts';
import { needs } from '../support/netns.ts';
import { aptWith, run } from './aptroot.ts';
import { Archive, type PackageSpec, Signer } from './archive.ts';
import { Stub } from './stub.ts';

const PROGRAMS = ['apt-get', 'dpkg-deb', 'debootstrap', 'xz', 'gpg', 'gpgv'];
const DEBIAN = 'http://deb.debian.org/debian';
const SECURITY = 'http://security.debian.org/debian-security';

/** All that `debian-12` names and does not call dispensable, then what shows how names and versions are spelt. */
const ALWAYS =
  'linux-image-amd64 initramfs-tools busybox grub-pc grub-efi-amd64 efibootmgr console-setup keyboard-configuration locales tasksel discover laptop-detect installation-report popularity-contest os-prober eject sudo usbutils pciutils lvm2 cryptsetup mdadm btrfs-progs xfsprogs dosfstools';
const MAIN: readonly PackageSpec[] = [
  ...ALWAYS.split(' ').map((name) => ({ name })),
  { name: 'base-files', fields: { Priority: 'required' } },
  { name: 'apt', version: '2.6.1', fields: { Priority: 'required', 'Pre-Depends': 'libstdc++6 (>= 12)' } },
  { name: 'libstdc++6', version: '12.2.0-14+deb12u1' },
  { name: 'usr-is-merged' },
  { name: 'nano', fields: { Priority: 'important' } },
  { name: 'task-ssh-server', fields: { Depends: 'openssh-server', Recommends: 'motd-teller | motd-other' } },
  { name: 'openssh-server', version: '1:9.2p1-2+deb12u3~really', fields: { Depends: 'virtual-thing, libstdc++6' } },
  { name: 'thing-giver', fields: { Provides: 'virtual-thing (= 2)' } },
  { name: 'motd-teller' },
];
const UPDATED: readonly PackageSpec[] = [
  { name: 'openssh-server', version: '1:9.2p1-2+deb12u9', fields: { Depends: 'new-lib' } },
  { name: 'new-lib' },
];
const EXTRAS = {
  'i18n/Translation-en': 'Package: x\n',
  'i18n/Translation-es': 'Package: y\n',
  'dep11/Components-amd64.yml': '---\n',
  'dep11/icons-48x48.tar': 'icons',
  'dep11/icons-64x64.tar': 'more icons',
};

/** Debian's two archives behind a proxy. */
async function world(
  t: TestContext,
): Promise<{ readonly stub: Stub; readonly folder: string; readonly keyring: string }> {
  const stub = new Stub();
  await stub.start();
  const signer = new Signer();
  const debian = new Archive(signer);
  const security = new Archive(signer);
  const folder = mkdtempSync(join(tmpdir(), 'warm-'));
  t.after(() => {
    stub.close();
    signer.close();
    debian.close();
    security.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const firmware = [{ name: 'firmware-iwlwifi', version: '20230210-5~deb12u1' }];
  const more = EXTRAS;
  debian.addSuite({
    suite: 'bookworm',
    components: { main: MAIN, 'non-free-firmware': firmware },
    udebs: [{ name: 'nic-modules-6.1.0-di' }],
    more,
  });
  debian.addSuite({ suite: 'bookworm-updates', components: { main: [], 'non-free-firmware': [] }, more: {} });
  const components = { main: UPDATED, 'non-free-firmware': [] };
  security.addSuite({
    suite: 'bookworm-security',
    components,
    isXzOnly: true,
    release: { Components: 'updates/main updates/non-free-firmware' },
  });
  stub.add(DEBIAN, debian.files);
  stub.add(SECURITY, security.files);
  return { stub, folder, keyring: signer.keyring };
}

const question = (stub: Stub, more: Partial<WarmQuestion> = {}): WarmQuestion => ({
  ...{ from: ['debian-12'], tasks: ['ssh-server'], mirror: undefined, architecture: undefined, languages: ['es'] },
  ...{ rateBitsPerSec: undefined, jobs: 4, isDry: false, workingDir: '/' },
  proxies: [{ address: '127.0.0.1' as Ipv4, port: stub.port }],
  ...more,
});

const warm = (asked: WarmQuestion) =>
  warmCache(asked, {
    clock: systemClock,
    stdin: process.stdin,
    signal: new AbortController().signal,
    onStanding: () => {},
  });

/** As Debian's installer leaves its sources. */
function aptOf(folder: string, stub: Stub, keyring: string): (...args: readonly string[]) => Promise<string> {
  const lines = [`${DEBIAN} bookworm`, `${DEBIAN} bookworm-updates`, `${SECURITY} bookworm-security`].flatMap((line) =>
    ['deb', 'deb-src'].map((kind) => `${kind} [signed-by=${keyring}] ${line} main non-free-firmware`),
  );
  return aptWith(folder, stub.port, lines);
}

test('debian-12: with the cable pulled, apt updates and installs as if nothing were missing', async (t) => {
  if (!needs(t, PROGRAMS)) return;
  const { stub, folder, keyring } = await world(t);
  const report = await warm(question(stub));
  assert.deepEqual(report.failures, []);
  stub.isUnplugged = true;
  stub.asked.length = 0;
  const apt = aptOf(folder, stub, keyring);
  const said = await apt('update');
  assert.doesNotMatch(said, /^(W|E|Err)/m);
  await apt(
    '--download-only',
    'install',
    'task-ssh-server',
    'linux-image-amd64',
    'grub-pc',
    'nano',
    'firmware-iwlwifi',
  );
  const packages = stub.asked
    .filter(({ url }) => url.endsWith('.deb'))
    .map(({ url }) => url.slice(url.lastIndexOf('/') + 1));
  // It chose what was foreseen: the newest, what provides, what is recommended first; in its own spelling.
  for (const wanted of [
    'openssh-server_9.2p1-2%2bdeb12u9_all.deb',
    'new-lib_1.0-1_all.deb',
    'motd-teller_1.0-1_all.deb',
  ])
    assert.ok(packages.includes(wanted), `${wanted} in ${packages.join(' ')}`);
  const missed = stub.asked.filter(({ from }) => from !== 'kept').map(({ url }) => url);
  assert.deepEqual(missed, []);
});

test('debian-12: debootstrap with the cable pulled takes the release itself, without its updates', async (t) => {
  if (!needs(t, PROGRAMS)) return;
  const { stub, folder, keyring } = await world(t);
  assert.deepEqual((await warm(question(stub))).failures, []);
  stub.isUnplugged = true;
  stub.asked.length = 0;
  const args = ['--download-only', `--keyring=${keyring}`, '--arch=amd64', 'bookworm', join(folder, 'root'), DEBIAN];
  await run('debootstrap', args, { http_proxy: `http://127.0.0.1:${stub.port}` });
  const missed = stub.asked.filter(({ from }) => from !== 'kept').map(({ url }) => url);
  assert.deepEqual(missed, []);
  assert.ok(stub.asked.some(({ url }) => url.endsWith('/base-files_1.0-1_all.deb')));
});
