/** An fnode as a process of its own that serves NFS on the loopback, and calls to it by a client that knows the RFCs alone. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entry, freePort } from '../cli/support.ts';
import {
  args3,
  type Fattr3,
  getattr3res,
  good,
  lookup3res,
  PROC3,
  read3res,
  readdirplus3res,
  readlink3res,
} from './nfs3.ts';
import { args, RpcClient, resultsOf, type Where, xdr } from './rpc.ts';

export const PORTMAP = { program: 100_000, version: 2 } as const;
export const NFS = { program: 100_003, version: 3 } as const;
export const MOUNT = { program: 100_005, version: 3 } as const;
export const STATUS = { ok: 0, rofs: 30, stale: 70, badHandle: 10_001 } as const;

export interface NfsNode {
  readonly isos: string;
  readonly ports: { readonly nfs: number; readonly portmap: number };
  /** All that it has said. */
  said(): string;
  isAlive(): boolean;
  /** Resident memory. */
  rssBytes(): number;
  end(signal?: NodeJS.Signals): Promise<void>;
}

export interface NodeOptions {
  readonly isos: string;
  /** Where its own folders are made, or are already. */
  readonly home: string;
  readonly secretFile?: string;
  /** Those of a node before it. */
  readonly ports?: NfsNode['ports'];
}

/** Ready when it has said so; within twenty seconds. */
export async function startNfsNode(options: NodeOptions): Promise<NfsNode> {
  const { isos, home, secretFile } = options;
  const ports = options.ports ?? { nfs: await freePort(), portmap: await freePort() };
  for (const name of ['boot', 'state']) mkdirSync(join(home, name), { recursive: true });
  const config = {
    ...{ isos, boot: join(home, 'boot'), stateDir: join(home, 'state'), flink: 'none', listen: ['127.0.0.1'] },
    ports: { tftp: await freePort(), http: await freePort(), ...ports },
    ...(secretFile === undefined ? {} : { swarm: { secretFile } }),
  };
  // JSON is YAML.
  writeFileSync(join(home, 'fnode.yaml'), JSON.stringify(config));
  const child = spawn(
    process.execPath,
    [entry('fnode'), 'serve', '--config', join(home, 'fnode.yaml'), '--log-format', 'json'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const late = AbortSignal.timeout(20_000);
  while (!said.includes('"event":"ready"')) {
    if (child.exitCode !== null || late.aborted) throw new Error(`no fnode: ${said}`);
    await Promise.race([once(child.stdout, 'data', { signal: late }), once(child, 'exit')]).catch(() => {});
  }
  return {
    isos,
    ports,
    said: () => said,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    rssBytes: () => rssOf(child),
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
  };
}

function rssOf({ pid }: ChildProcess): number {
  const [, kib = 'no process'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** A connection, and what one asks on it. What is refused is a status; what is no answer at all throws. */
export class NfsAsker {
  readonly rpc: RpcClient;

  private constructor(rpc: RpcClient) {
    this.rpc = rpc;
  }

  static async to({ ports }: NfsNode, where: Partial<Where> = {}): Promise<NfsAsker> {
    return new NfsAsker(await RpcClient.to({ port: ports.nfs, ...where }));
  }

  async results(procedure: keyof typeof PROC3, octets: Uint8Array): Promise<Uint8Array> {
    const reply = await this.rpc.ask({ ...NFS, procedure: PROC3[procedure], args: octets });
    if (reply.kind !== 'success') throw new Error(`${procedure}: ${reply.kind}`);
    return reply.results;
  }

  /** The handle of a folder that is mounted. RFC 1813 §5.2.1 */
  async mount(path: string): Promise<Uint8Array> {
    const r = resultsOf(await this.rpc.ask({ ...MOUNT, procedure: 1, args: args(xdr.text(path)) }));
    assert.equal(r.u32(), 0, path);
    return r.opaque();
  }

  /** Of what is at `path` below `folder`. */
  async walk(folder: Uint8Array, path: string): Promise<Uint8Array> {
    let handle = folder;
    for (const name of path.split('/'))
      handle = good(lookup3res(await this.results('lookup', args3.lookup(handle, name)))).object;
    return handle;
  }

  async attributes(handle: Uint8Array): Promise<Fattr3> {
    return good(getattr3res(await this.results('getattr', args3.getattr(handle)))).objAttributes;
  }

  /** `nfsstat3` of GETATTR. */
  async status(handle: Uint8Array): Promise<number> {
    const res = getattr3res(await this.results('getattr', args3.getattr(handle)));
    return res.ok ? STATUS.ok : res.status;
  }

  async read(handle: Uint8Array, offset: number, count: number): Promise<Buffer> {
    return Buffer.from(good(read3res(await this.results('read', args3.read(handle, offset, count)))).data);
  }

  async target(handle: Uint8Array): Promise<string> {
    return good(readlink3res(await this.results('readlink', args3.readlink(handle)))).data;
  }

  /** All names of a folder, in the order that they come. */
  async names(folder: Uint8Array): Promise<readonly string[]> {
    const names: string[] = [];
    let cookie = 0n;
    let verifier: Uint8Array | undefined;
    for (let page = 0; page < 10_000; page++) {
      const sizes = { dircount: 8192, maxcount: 32_768 };
      const octets = await this.results('readdirplus', args3.readdirplus(folder, cookie, sizes, verifier));
      const { entries, eof, cookieverf } = good(readdirplus3res(octets));
      names.push(...entries.map(({ name }) => name));
      if (eof) return names;
      cookie = entries.at(-1)?.cookie ?? cookie;
      verifier = cookieverf;
    }
    throw new Error('a folder without an end');
  }

  close(): Promise<void> {
    return this.rpc.close();
  }
}
