/** Asks the running flink's proxy, as any client of the hall does. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { Endpoint } from '../core/addr.ts';
import type { Answer } from './answer.ts';

export interface Got extends Answer {
  /** Of the content that came. */
  readonly bytes: number;
  readonly sha256: string;
}

export interface Ask {
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  /** Only what is kept, or only what the server says is right. RFC 9111 §5.2.1. */
  readonly cacheControl?: 'only-if-cached' | 'no-cache';
  /** The head is there: whether its content is wanted. */
  readonly onHead?: (answer: Answer) => boolean;
  /** Content came; no more is read before it resolves. */
  readonly onContent?: (chunk: Buffer) => void | Promise<void>;
  readonly signal: AbortSignal;
}

export interface ProxyClient {
  /** Rejects where the connection breaks, nothing comes for too long, or `signal` says so. */
  ask(ask: Ask): Promise<Got>;
  close(): void;
}

/** A proxy that waits for a slow server says nothing meanwhile; it gives up by itself before this. */
const SILENCE_MS = 120_000;
/** Of an error's page. */
const SAID_BYTES = 2048;

export function proxyClient(proxy: Endpoint, jobs: number): ProxyClient {
  const agent = new http.Agent({ keepAlive: true, maxSockets: jobs });
  return {
    ask: async (ask) => {
      const response = await headOf(request(ask, proxy, agent), ask.signal);
      return readAll(response, ask);
    },
    close: () => agent.destroy(),
  };
}

function request(ask: Ask, proxy: Endpoint, agent: http.Agent): http.ClientRequest {
  const headers: Record<string, string> = { Host: new URL(ask.url).host, 'User-Agent': 'flisolator-warm' };
  if (ask.cacheControl) headers['Cache-Control'] = ask.cacheControl;
  return http.request({
    ...{ host: proxy.address, port: proxy.port, method: ask.method, path: ask.url, headers, agent, signal: ask.signal },
  });
}

function headOf(sent: http.ClientRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.setTimeout(SILENCE_MS, () => sent.destroy(new Error(`nothing came for ${SILENCE_MS / 1000} s`)));
    sent.on('response', resolve);
    sent.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    sent.end();
  });
}

async function readAll(response: http.IncomingMessage, ask: Ask): Promise<Got> {
  const answer = { ...headIn(response), says: '' };
  const isWanted = response.statusCode === 200 && ask.onHead?.(answer) !== false;
  const hash = createHash('sha256');
  const said: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (!isWanted) {
      said.push(chunk);
      // Leaving the loop closes the connection: what is long is not read for its own sake.
      if (bytes > SAID_BYTES) break;
      continue;
    }
    hash.update(chunk);
    await ask.onContent?.(chunk);
  }
  if (isWanted && !response.complete) throw new Error('the connection broke');
  return {
    ...answer,
    says: Buffer.concat(said).toString('utf8').slice(0, SAID_BYTES),
    bytes,
    sha256: hash.digest('hex'),
  };
}

function headIn({ statusCode = 0, headers }: http.IncomingMessage): Omit<Answer, 'says'> {
  const size = headers['content-length'];
  const cacheStatus = headers['cache-status'];
  return {
    status: statusCode,
    via: headers.via,
    cacheStatus: Array.isArray(cacheStatus) ? cacheStatus.join(', ') : cacheStatus,
    sizeBytes: size !== undefined && /^\d+$/.test(size) ? Number(size) : undefined,
  };
}
