/** One connection to flink that is kept, and a question to who may be it. */
import dns from 'node:dns';
import http from 'node:http';
import { type Ipv4, parseIpv4 } from '../core/addr.ts';
import { SIGNATURE_HEADER } from '../core/swarm.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly signature: string | undefined;
}

/** Rejects where nobody answers, in time and with not too much. */
export type Post = (url: string, body: Uint8Array, headers: Readonly<Record<string, string>>) => Promise<Answer>;

/** Longer than this flink is not worth waiting for: the next announcement is due. */
const TIMEOUT_MS = 1500;
const HEALTH_TIMEOUT_MS = 1000;
const MAX_ANSWER_BYTES = 1 << 20;

export interface Line {
  readonly post: Post;
  /** Whoever waits is told that nobody answers. */
  close(): void;
}

export function openLine(): Line {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  return {
    post: (url, body, headers) => ask(url, { agent, method: 'POST', headers }, { body, timeoutMs: TIMEOUT_MS }),
    close: () => agent.destroy(),
  };
}

/** Whether who answers there is a flink, well or not: one whose last node died says 503, and has to be found by the next. */
export async function isFlink(url: string): Promise<boolean> {
  try {
    const { body } = await ask(`${url}/healthz`, { agent: false }, { timeoutMs: HEALTH_TIMEOUT_MS });
    const health: unknown = JSON.parse(body);
    return typeof health === 'object' && health !== null && 'services' in health;
  } catch {
    return false;
  }
}

interface Terms {
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
}

function ask(url: string, options: http.RequestOptions, { body, timeoutMs }: Terms): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error('answer-too-large'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        const signature = response.headers[SIGNATURE_HEADER];
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          signature: typeof signature === 'string' ? signature : undefined,
        });
      });
      response.on('error', reject);
    });
    const late = setTimeout(() => request.destroy(new Error('no-answer')), timeoutMs);
    request.on('close', () => clearTimeout(late));
    request.on('error', reject);
    request.end(body);
  });
}

/** Resolvers may take half a minute to give up, each in a thread that files are read by: one at a time. */
let asked: Promise<readonly Ipv4[]> | undefined;

export function lookup(name: string): Promise<readonly Ipv4[]> {
  asked ??= dns.promises
    .lookup(name, { family: 4, all: true })
    .then(
      (found) => found.flatMap(({ address }) => parseIpv4(address) ?? []),
      () => [],
    )
    .finally(() => {
      asked = undefined;
    });
  return asked;
}
