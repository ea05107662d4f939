/** A TFTP service over files in memory, in a fake world. */
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Endpoint, Ipv4 } from '../../src/core/addr.ts';
import { type Content, memoryContent, type OpenContent, type Visit } from '../../src/core/content.ts';
import type { Service } from '../../src/service.ts';
import { TFTP_BOUNDS, type TftpOptions, tftpService } from '../../src/tftp/server.ts';
import { type FakeHost, fakeHost, lan, seeded } from '../support/fakes.ts';

export interface World {
  readonly host: FakeHost;
  readonly service: Service & { readonly ports: () => readonly Endpoint[] };
  /** Contents that are open. */
  readonly open: () => number;
  readonly visits: readonly (Visit & { readonly path: string })[];
}

type File = Uint8Array | string | Partial<Content> | 'a folder' | 'busy';
/** What a promise stands for takes so long to open. */
export type Files = Readonly<Record<string, File | Promise<File>>>;

function bytesOf(file: Uint8Array | string): Uint8Array {
  return typeof file === 'string' ? Buffer.from(file) : file;
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash('sha256').update(bytes).digest('base64url')}"`;
}

export function noise(count: number): Uint8Array {
  const random = seeded(count);
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
}

/** Started; stopped after the test, and then nothing may be left of it. */
export async function serve(
  t: TestContext,
  files: Files,
  over: Partial<TftpOptions> = {},
  host = fakeHost(),
): Promise<World> {
  let open = 0;
  const visits: (Visit & { readonly path: string })[] = [];
  const opener: OpenContent = async (path, visit) => {
    visits.push({ ...visit, path });
    const file = await files[path];
    if (file === undefined) return { kind: 'missing', reason: 'not-found' };
    if (file === 'busy') return { kind: 'missing', reason: 'busy' };
    if (file === 'a folder') return { kind: 'folder', entries: [] };
    const isBytes = typeof file === 'string' || file instanceof Uint8Array;
    // The very bytes, not a copy: a test may write to them while they are sent.
    const bytes = isBytes ? bytesOf(file) : new Uint8Array(1000);
    const etag = etagOf(bytes);
    const isUnchanged = async (): Promise<boolean> => etagOf(bytes) === etag;
    const content = { ...memoryContent(bytes, etag, 0), isUnchanged, ...(isBytes ? {} : file) };
    open += 1;
    const close = async (): Promise<void> => {
      open -= 1;
    };
    return { kind: 'file', content: { ...content, close } };
  };
  const options: TftpOptions = { ...TFTP_BOUNDS, listen: ['172.16.0.1' as Ipv4], port: 69, httpPort: 80, ...over };
  const service = tftpService(() => options, { host, open: opener });
  await service.start();
  t.after(() => service.stop());
  return { host, service, open: () => open, visits };
}

export const twoNetworks = (): FakeHost => fakeHost([lan('eth0', '172.16.0.1'), lan('eth1', '10.0.0.1', 8)]);
