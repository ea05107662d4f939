/** What went over the wire, octet by octet: a client without manners, and a server with folders to ask. */
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Endpoint } from '../../src/core/addr.ts';
import { LOOPBACK } from '../../src/core/addr.ts';
import type { OpenContent, Visit } from '../../src/core/content.ts';
import { folderContent } from '../../src/host/files.ts';
import { type HttpOptions, type HttpService, httpService } from '../../src/http/server.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';

export interface Heard {
  /** Status line and fields, without the empty line. */
  readonly head: string;
  readonly body: Buffer;
  /** The peer cut the connection instead of closing it. */
  readonly isReset: boolean;
}

/** Sends `text` as it stands and hears until the server closes. Without `from` it is the server's own machine that asks. */
export function ask(to: Endpoint, text: string | Uint8Array, from?: string): Promise<Heard> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let isReset = false;
    const socket = net.connect(aim(to, from), () => socket.write(text));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {
      isReset = true;
    });
    socket.on('close', () => resolve({ ...split(Buffer.concat(chunks)), isReset }));
  });
}

/** Where to connect, and as whom: any address of 127.0.0.0/8 is a client of its own. */
export function aim(to: Endpoint, from?: string): net.TcpNetConnectOpts {
  return { port: to.port, host: to.address, ...(from === undefined ? {} : { localAddress: from }) };
}

export function split(all: Buffer): { readonly head: string; readonly body: Buffer } {
  const end = all.indexOf('\r\n\r\n');
  if (end < 0) return { head: all.toString('latin1'), body: Buffer.alloc(0) };
  return { head: all.subarray(0, end).toString('latin1'), body: all.subarray(end + 4) };
}

/** A request of HTTP/1.1 that the server closes after; `fields` as `Range: bytes=0-0`. */
export function request(target: string, fields: readonly string[] = [], method = 'GET'): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close', ...fields, '', ''].join('\r\n');
}

/** The value of a field, by its exact name. */
export function field(heard: { readonly head: string }, name: string): string | undefined {
  const line = heard.head.split('\r\n').find((l) => l.startsWith(`${name}: `));
  return line?.slice(name.length + 2);
}

export interface Node {
  readonly folder: string;
  readonly service: HttpService;
  readonly at: Endpoint;
  readonly host: FakeHost;
  readonly visits: Visit[];
  readonly openFiles: () => number;
  stop(): Promise<void>;
}

/** A node on a free port of 127.0.0.1 with a folder of images and one of loaders. */
export async function startNode(options: Partial<HttpOptions> = {}, open?: OpenContent): Promise<Node> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flisolator-http-'));
  for (const name of ['isos', 'boot']) fs.mkdirSync(path.join(folder, name));
  const isos = folderContent(path.join(folder, 'isos'));
  const boot = folderContent(path.join(folder, 'boot'));
  const host = fakeHost();
  // Files are dated by the system's clock.
  host.clock.jump(Date.now() + 1000 - host.clock.date());
  const visits: Visit[] = [];
  const fromFolders: OpenContent = async (name) => {
    if (name === '/isos' || name.startsWith('/isos/')) return isos.open(name.slice('/isos'.length));
    if (name === '/boot' || name.startsWith('/boot/')) return boot.open(name.slice('/boot'.length));
    return { kind: 'missing', reason: 'not-found' };
  };
  const service = httpService(() => ({ listen: [LOOPBACK], port: 0, nodeName: 'fnode00', ...options }), {
    host,
    open: (name, visit) => {
      visits.push(visit);
      return (open ?? fromFolders)(name, visit);
    },
    health: () => ({ ok: true, services: { http: { ok: true } } }),
  });
  await service.start();
  const at = service.address()[0];
  if (!at) throw new Error('not bound');
  const stop = async (): Promise<void> => {
    await service.stop();
    fs.rmSync(folder, { recursive: true });
  };
  return { folder, service, at, host, visits, openFiles: () => isos.openFiles() + boot.openFiles(), stop };
}

/** Octets that tell where they stand. */
export function pattern(length: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >>> 8) * 13 + (i >>> 16) * 29 + seed) & 0xff;
  return bytes;
}
