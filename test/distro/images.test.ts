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
import type { SecureBoot, Verdict } from '../../src/core/image.ts';
import { recognise } from '../../src/distro/recognise.ts';
import { openVolume } from '../../src/iso/open.ts';
import { imageView } from '../../src/iso/view.ts';
import { fileOf, LAYOUTS } from '../lab/layouts.ts';
import { STREAMS } from '../lab/streams.ts';

/** Family, keys of its entries, Secure Boot of the first, by the signatures that the kernels carry. */
const WANTED: Readonly<Record<string, readonly [string, string, SecureBoot]>> = {
  'ubuntu-24.04': ['casper', 'live-nfs live', 'no'],
  'ubuntu-18.04': ['casper', 'live-nfs', 'no'],
  'debian-live': ['live-boot', 'live-nfs live', 'debian-signed'],
  'debian-11-live-i386': ['live-boot', 'live-nfs live', 'no'],
  'kali-live': ['live-boot', 'live-nfs live', 'no'],
  'debian-netinst': ['debian-installer', 'install install-image expert-install rescue', 'unknown'],
  'manjaro-xfce': ['miso', 'live-nfs live', 'no'],
  archlinux: ['archiso', 'live-nfs live', 'no'],
  systemrescue: ['archiso', 'rescue-nfs rescue', 'no'],
  'fedora-live': ['dracut-live', 'live-nfs live', 'no'],
  'fedora-server': ['anaconda', 'install-nfs install', 'no'],
  'opensuse-leap': ['linuxrc', 'install-nfs install', 'no'],
  'opensuse-leap-16': ['agama', 'install', 'no'],
  alpine: ['alpine', 'live', 'unknown'],
  proxmox: ['proxmox', 'install text-install', 'no'],
  'windows-11': ['windows', 'start-pe-bios start-pe-uefi', 'no'],
};
/** For BIOS or UEFI alone. */
const ONE_SIDED = ['memtest86plus', 'freedos', 'windows-11'];

function isPossible(t: TestContext): boolean {
  const programs = ['xorriso', 'mksquashfs', 'genisoimage', 'bash'];
  const missing = programs.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  if (missing.length === 0) return true;
  if (process.env.CI) throw new Error(`needs ${missing.join(', ')}`);
  t.skip(`needs ${missing.join(', ')}`);
  return false;
}

/** What the image is, and which of `names` are no files in it. */
async function lookAt(
  folder: string,
  name: string,
  names: readonly string[],
): Promise<{ readonly verdict: Verdict; readonly missing: readonly string[] }> {
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
    const read = content.read;
    const view = imageView(await openVolume(read, size), { image: content, read, fileName: name });
    const missing: string[] = [];
    for (const path of names) if (!(await view.read(`/${path}`, 1))) missing.push(path);
    return { verdict: await recognise(view), missing };
  } finally {
    await file.close();
  }
}

test("the lab's images are recognised through the reader", async (t) => {
  if (!isPossible(t)) return;
  const folder = mkdtempSync(join(tmpdir(), 'distro-images-'));
  try {
    const script = fileURLToPath(new URL('../lab/make-fake-isos.sh', import.meta.url));
    execFileSync('bash', [script, '--stub', folder], {
      env: { ...process.env, LAB_CACHE: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const seen = new Set<string>();
    for (const layout of LAYOUTS.filter(({ problem }) => problem !== 'not-an-image')) {
      const { name } = layout;
      const streams = STREAMS[name];
      const { verdict, missing } = await lookAt(folder, fileOf(layout), streams?.gets ?? []);
      assert.deepEqual([verdict.name, verdict.version, verdict.edition], [...layout.is, undefined].slice(0, 3), name);
      assert.deepEqual(verdict.archs, layout.arch === '' ? [] : [layout.arch], name);
      const { entries } = verdict;
      if (layout.boots) assert.ok(entries.length > 0, name);
      else if (layout.problem !== undefined) assert.equal(verdict.problem?.reason, layout.problem, name);
      if (!ONE_SIDED.includes(name))
        for (const { firmware } of entries) assert.deepEqual(firmware, ['bios', 'uefi'], name);
      const overNfs = entries.find(({ transport }) => transport === 'nfs')?.how;
      const words = overNfs?.kind === 'linux' ? overNfs.arguments : [];
      assert.equal(streams === undefined, overNfs === undefined, `${name} over NFS`);
      assert.deepEqual(
        streams?.words.filter((word) => !words.includes(word)) ?? [],
        [],
        `${name} over NFS: ${words.join(' ')}`,
      );
      assert.deepEqual(missing, [], name);
      const want = WANTED[name];
      const got = [verdict.family, entries.map(({ key }) => key).join(' '), entries[0]?.secureBoot];
      if (want) assert.deepEqual(got, want, name);
      seen.add(name);
    }
    assert.deepEqual(
      Object.keys(WANTED).filter((name) => !seen.has(name)),
      [],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
