/** Both images, built once without an engine, and what their compose files say of how to run them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { must } from '../lab/shell.ts';
import { type ComposeService, PROJECT, ROLES, type RoleName, serviceOf } from './compose.ts';
import { type Container, type Image, type Limits, openImage, startContainer } from './container.ts';

const CACHE = process.env.LAB_CACHE ?? '/var/cache/flisolator-lab/cache';
const BUILD_MS = 1_500_000;
/** For a test that runs containers: taste. */
export const TEST_MS = 60_000;

export const folder = mkdtempSync(join(tmpdir(), 'flisolator-docker-'));
export const isos = join(folder, 'isos');
export const skip = whyNot();
const images = new Map<RoleName, Image>();

/** In CI everything has to be there. */
function whyNot(): string | false {
  if (process.env.CI) return false;
  if (process.getuid?.() !== 0) return 'images are built and run by root only';
  for (const program of ['buildah', 'debootstrap', 'unshare', 'setpriv', 'nsenter', 'ip', 'nft', 'tc']) {
    const found = execFileSync('sh', ['-c', `command -v ${program} || true`], { encoding: 'utf8' });
    if (found === '') return `there is no ${program}: test/lab/install.sh --all`;
  }
  return false;
}

before(
  async () => {
    if (skip !== false) return;
    chmodSync(folder, 0o755);
    mkdirSync(isos);
    writeFileSync(join(isos, 'tiny.iso'), 'not much of an image\n');
    for (const role of ROLES) {
      const { image, build } = serviceOf(role, { LAN: 'lan0' });
      const args = ['--context', PROJECT, '--target', build.target, `${PROJECT}/Dockerfile`, image];
      await must(`${PROJECT}/test/lab/build-image.sh`, args, { env: { LAB_CACHE: CACHE }, timeoutMs: BUILD_MS });
      images.set(role, await openImage(join(CACHE, 'containers'), image));
    }
  },
  { timeout: 2 * BUILD_MS },
);

after(async () => {
  for (const image of images.values()) await image.remove();
  rmSync(folder, { recursive: true, force: true });
});

export function imageOf(role: RoleName): Image {
  const image = images.get(role);
  assert.ok(image, 'the image was not built');
  return image;
}

/** A path in the image's root folder. */
export const inside = (role: RoleName, path: string): string => join(imageOf(role).root, path);

/** What the compose file gives: each volume as it says, a new one with the image's owner and mode, as engines make it. */
export function limitsOf(role: RoleName, service: ComposeService): Limits {
  const mounts = service.volumes.map(({ type, source, target, read_only }) => {
    const from = type === 'volume' ? newVolume(inside(role, target)) : source;
    return `${from}:${target}:${read_only === true ? 'ro' : 'rw'}`;
  });
  return { capabilities: service.cap_add, mounts };
}

/** How a role is started: as its compose file does, or with a file of settings in place of the arguments there. */
export function started(role: RoleName, text?: string): Limits & { readonly args: readonly string[] } {
  const service = serviceOf(role, { LAN: 'lan0', ISOS: isos });
  const limits = limitsOf(role, service);
  if (text === undefined) return { ...limits, args: service.command };
  const args = ['serve', '--config', `/etc/flisolator/${role}-set.yaml`];
  return { ...limits, mounts: [...limits.mounts, settings(`${role}-set.yaml`, text)], args };
}

function newVolume(like: string): string {
  const volume = mkdtempSync(join(folder, 'volume-'));
  const { uid, gid, mode } = statSync(like);
  chownSync(volume, uid, gid);
  chmodSync(volume, mode);
  return volume;
}

/** A file of settings, and the mount that shows it to a container. */
export function settings(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return `${join(folder, name)}:/etc/flisolator/${name}:ro`;
}

/** Runs `use` beside a role at work, and leaves nothing of it. */
export async function beside(
  role: RoleName,
  args: readonly string[],
  limits: Limits,
  use: (container: Container) => Promise<void>,
): Promise<void> {
  const container = await startContainer(imageOf(role), args, limits);
  try {
    await use(container);
  } finally {
    await container.kill();
  }
}
