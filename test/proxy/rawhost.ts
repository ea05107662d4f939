/** A host that says what a test has it say, octet by octet, and a client that asks it. */
import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import {
  type Answer,
  type ClientTerms,
  type Outgoing,
  openClient,
  type UpstreamClient,
} from '../../src/proxy/client.ts';

export interface RawHost {
  readonly port: number;
  /** What each connection has said so far, in the order in which they came. */
  readonly heard: string[];
  readonly sockets: Socket[];
  /** Connections that are open. */
  open(): number;
  /** Nobody listens there any more. */
  close(): void;
}

/** `onRequest` is called for each head that has come whole (a blank line), with the number of its connection, from 0, and its own on it. */
export async function rawHost(
  t: TestContext,
  onRequest: (socket: Socket, connection: number, request: number) => void,
  at: { readonly port?: number; readonly address?: string } = {},
): Promise<RawHost> {
  const heard: string[] = [];
  const sockets: Socket[] = [];
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const nth = sockets.push(socket) - 1;
    heard.push('');
    let requests = 0;
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => {
      heard[nth] += chunk.toString('latin1');
      for (const came = heads(heard[nth] ?? ''); requests < came; ) onRequest(socket, nth, requests++);
    });
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server.listen(at.port ?? 0, at.address ?? '127.0.0.1'), 'listening');
  const port = (server.address() as net.AddressInfo).port;
  return {
    port,
    heard,
    sockets,
    open: () => sockets.filter((socket) => !socket.closed).length,
    close: () => server.close(),
  };
}

const heads = (text: string): number => text.split('\r\n\r\n').length - 1;

/** Long past hope: a test that waits for what never comes ends, and leaves the processor to others. */
const GIVE_UP_MS = 20_000;

/** Returns once it is so. Turns of the event loop pass meanwhile, and no more. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + GIVE_UP_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`never came true: ${isSo}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export const HOST = 'origin.example';

/** Closed when the test is over. */
export function clientOf(t: TestContext, terms: Partial<ClientTerms> = {}): UpstreamClient {
  const client = openClient({ resolve: async () => ['127.0.0.1'], mayConnect: () => true, ...terms });
  t.after(() => client.stop());
  return client;
}

export function request(port: number, more: Partial<Outgoing> = {}, path = '/'): Outgoing {
  const url = { scheme: 'http', host: HOST, port, path } as const;
  return { url, method: 'GET', fields: ['Host', `${HOST}:${port}`], ...more };
}

export async function textOf(content: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

/** Status and content. */
export async function whole(answer: Promise<Answer>): Promise<string> {
  const { head, content } = await answer;
  return `${head.status} ${await textOf(content)}`;
}

/** `502 broken`: what the client was told instead. */
export async function refused(answer: Promise<unknown>): Promise<string> {
  const error = await answer.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  const { refusal } = (error ?? {}) as { refusal?: { status: number; reason: string } };
  return refusal ? `${refusal.status} ${refusal.reason}` : `no refusal: ${error}`;
}
