/** The lab's layouts, made as real images and read by the real reader, are recognised. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Content } from '../../src/core/content.ts';
import type { Verdict } from '../../src/core/image.ts';
import { recognise } from '../../src/distro/recognise.ts';
import { openVolume } from '../../src/iso/open.ts';
import { imageView } from '../../src/iso/view.ts';

/** Family, name, version and edition of each, and the keys of its entries. */
const WANTED: Readonly<Record<string, readonly [string, string, string]>> = {
  'ubuntu-22.04': ['casper', 'Ubuntu 22.04.4 LTS', 'live-nfs live'],
  'ubuntu-24.04': ['casper', 'Ubuntu 24.04.1 LTS', 'live-nfs live'],
  'ubuntu-mate': ['casper', 'Ubuntu MATE 22.04.4 LTS MATE', 'live-nfs live'],
  xubuntu: ['casper', 'Xubuntu 22.04.4 LTS Xfce', 'live-nfs live'],
  'mint-cinnamon': ['casper', 'Linux Mint 21.3 Cinnamon', 'live-nfs live'],
  'mint-mate': ['casper', 'Linux Mint 21.3 MATE', 'live-nfs live'],
  'mint-xfce': ['casper', 'Linux Mint 21.3 Xfce', 'live-nfs live'],
  'debian-live': ['live-boot', 'Debian 12.11.0 Xfce', 'live-nfs live'],
  'debian-netinst': ['debian-installer', 'Debian 12.11.0 netinst', 'install install-image expert-install rescue'],
  'manjaro-xfce': ['miso', 'Manjaro 24.0.1 Xfce', 'live-nfs live'],
  archlinux: ['archiso', 'Arch Linux 2024.05.01', 'live-nfs live'],
  systemrescue: ['archiso', 'SystemRescue 11.01', 'rescue-nfs rescue'],
  'gparted-live': ['live-boot', 'GParted Live 1.6.0-3', 'rescue-nfs rescue'],
  'fedora-live': ['dracut-live', 'Fedora 40 Workstation', 'live-nfs live'],
  'fedora-server': ['anaconda', 'Fedora 40 Server', 'install-nfs install'],
  'centos-stream': ['anaconda', 'CentOS Stream 9', 'install-nfs install'],
  'opensuse-leap': ['linuxrc', 'openSUSE Leap 15.6 DVD', 'install-nfs install'],
  alpine: ['alpine', 'Alpine 3.20.0 Standard', 'live'],
};

function isPossible(t: TestContext): boolean {
  const programs = ['xorriso', 'mksquashfs', 'bash'];
  const missing = programs.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  if (missing.length === 0) return true;
  if (process.env.CI) throw new Error(`needs ${missing.join(', ')}`);
  t.skip(`needs ${missing.join(', ')}`);
  return false;
}

async function verdictOf(folder: string, name: string): Promise<Verdict> {
  const file = await open(join(folder, name));
  try {
    const { size } = await file.stat();
    const content: Content = {
      sizeBytes: size,
      modifiedMs: 0,
      etag: '"image"',
      read: async (into, position) => (await file.read(into, 0, into.length, position)).bytesRead,
      isUnchanged: async () => true,
      close: async () => {},
    };
    return await recognise(imageView(await openVolume(content.read, size), content, name));
  } finally {
    await file.close();
  }
}

test("the lab's images are recognised through the reader", async (t) => {
  if (!isPossible(t)) return;
  const folder = mkdtempSync(join(tmpdir(), 'distro-images-'));
  try {
    const script = fileURLToPath(new URL('../lab/make-fake-isos.sh', import.meta.url));
    const only = Object.keys(WANTED).join(',');
    execFileSync('bash', [script, '--stub', '--only', only, folder], {
      env: { ...process.env, LAB_CACHE: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    for (const [id, want] of Object.entries(WANTED)) {
      const verdict = await verdictOf(folder, `${id}.iso`);
      const said = [verdict.name, verdict.version, verdict.edition].filter((part) => part).join(' ');
      assert.deepEqual([verdict.family, said, verdict.entries.map((entry) => entry.key).join(' ')], want, id);
      assert.deepEqual(verdict.archs, ['x86_64'], id);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
