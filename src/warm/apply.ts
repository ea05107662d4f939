/** Fills the running flink's cache: a client of its proxy that throws away what it gets. */
import { createReadStream } from 'node:fs';
import net from 'node:net';
import { isAbsolute, join } from 'node:path';
import type { Endpoint } from '../core/addr.ts';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import type { WarmEars, WarmFailure, WarmObject, WarmQuestion, WarmReport } from '../core/warming.ts';
import type { Clock } from '../host.ts';
import { type ProxyClient, proxyClient } from './client.ts';
import { Crew, type Wanted } from './crew.ts';
import { recipeFor, SHORT_NAMES } from './distributions.ts';
import { gather } from './gather.ts';
import { readableCompressions } from './inflate.ts';
import { type Listing, readList } from './list.ts';
import { Pace } from './pace.ts';

export interface WarmDeps extends WarmEars {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly stdin: NodeJS.ReadableStream;
}

/** Rejects with a `Fault` where no flink answers, or a list cannot be read. What could not be had is in the report. */
export async function warmCache(question: WarmQuestion, deps: WarmDeps): Promise<WarmReport> {
  const proxy = await answering(question.proxies);
  const client = proxyClient(proxy, question.jobs);
  try {
    return await warm(question, client, deps);
  } finally {
    client.close();
  }
}

async function warm(question: WarmQuestion, client: ProxyClient, deps: WarmDeps): Promise<WarmReport> {
  const { signal, clock, onStanding } = deps;
  const pace = new Pace(question.rateBitsPerSec);
  const crew = new Crew({ client, clock, pace, jobs: question.jobs, signal, onStanding });
  const readable = readableCompressions();
  const wanted = new Map<string, Wanted>();
  const failures: WarmFailure[] = [];
  for (const from of question.from) {
    const listing = await listingOf(from, question, client, deps);
    for (const url of listing.urls) if (!wanted.has(url)) wanted.set(url, byUrl(url));
    for (const recipe of listing.recipes) {
      if (signal.aborted) break;
      const gathered = await gather(recipe, crew, readable);
      failures.push(...gathered.failures);
      for (const { url, sizeBytes, sha256 } of gathered.packages)
        wanted.set(url, { url, sizeBytes, sha256, isLasting: true, mayBeMissing: false });
    }
  }
  const all = [...wanted.values()];
  const listed = question.isDry ? await lookAt(all, crew, question.jobs, signal) : undefined;
  if (!listed) await crew.fetchAll(all, 'objects');
  return {
    ...crew.standing,
    failures: [...failures, ...crew.failures],
    failedObjects: crew.failures.length + failures.length,
    staleObjects: crew.staleObjects,
    notes: crew.staleObjects > 0 ? [STALE] : [],
    isStopped: signal.aborted,
    listed,
  };
}

const STALE = 'some servers do not answer: what is kept of them was taken as it is';

const byUrl = (url: string): Wanted => ({
  ...{ url, sizeBytes: undefined, sha256: undefined, isLasting: false, mayBeMissing: false },
});

/** For each how long it is, and whether it is there already. */
async function lookAt(
  wanted: readonly Wanted[],
  crew: Crew,
  jobs: number,
  signal: AbortSignal,
): Promise<readonly WarmObject[]> {
  const found = new Map<Wanted, WarmObject>();
  const queue = wanted.values();
  const work = async (): Promise<void> => {
    for (const each of queue) {
      if (signal.aborted) return;
      const sizeBytes = each.sizeBytes ?? (await crew.sizeOf(each.url));
      found.set(each, { url: each.url, sizeBytes, isKept: await crew.isKept(each) });
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return wanted.flatMap((each) => found.get(each) ?? []);
}

const MAX_LIST_BYTES = 64 << 20;

/** A short name, a list's URL, `-`, or a file. */
async function listingOf(
  from: string,
  question: WarmQuestion,
  client: ProxyClient,
  { stdin, signal }: WarmDeps,
): Promise<Listing> {
  const choices = { ...question };
  const recipe = recipeFor(from, choices);
  if (recipe) return { urls: [], recipes: [recipe], faults: [] };
  const text = /^https?:\/\//i.test(from)
    ? await textOfUrl(from, client, signal)
    : await textOf(from === '-' ? stdin : fileStream(from, question.workingDir), from);
  const listing = readList(text, from === '-' ? 'the list' : from, choices);
  if (listing.faults.length === 0) return listing;
  throw new Fault('usage', listing.faults.map(({ line, problem }) => `${from}:${line}: ${problem}`).join('\n'));
}

const fileStream = (from: string, folder: string): NodeJS.ReadableStream =>
  createReadStream(isAbsolute(from) ? from : join(folder, from));

async function textOf(stream: NodeJS.ReadableStream, from: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_LIST_BYTES) throw new Fault('usage', `${from}: a list of more than 64 MB: cut it into several`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('usage', `--from ${JSON.stringify(from)}: ${listProblem(error)}`, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function listProblem(error: unknown): string {
  const code = errnoOf(error);
  if (code === 'ENOENT') return `there is no such file, and no such short name: want one of ${SHORT_NAMES.join(', ')}`;
  if (code === 'EACCES') return 'may not read it: chmod it, or name another file';
  if (code === 'EISDIR') return 'is a folder: name a file';
  return `cannot be read (${code ?? messageOf(error)}): name another file`;
}

async function textOfUrl(url: string, client: ProxyClient, signal: AbortSignal): Promise<string> {
  if (/^https:/i.test(url)) throw new Fault('usage', `--from ${url}: the proxy brings lists by http:// only`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  const onContent = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > MAX_LIST_BYTES) throw new Error('a list of more than 64 MB');
    chunks.push(chunk);
  };
  const got = await client.ask({ url, method: 'GET', onContent, signal }).catch((error: unknown) => {
    throw new Fault('upstream-failed', `--from ${url}: ${messageOf(error)}: try again, or bring it as a file`, error);
  });
  if (got.status === 200) return Buffer.concat(chunks).toString('utf8');
  throw new Fault('upstream-failed', `--from ${url}: the answer was ${got.status}: look at the URL`);
}

const CONNECT_MS = 3000;

/** The first that takes a connection. Throws a `Fault`. */
async function answering(proxies: readonly Endpoint[]): Promise<Endpoint> {
  for (const proxy of proxies) if (await isOpen(proxy)) return proxy;
  const where = proxies.map(({ address, port }) => `${address}:${port}`).join(' nor ');
  throw new Fault(
    'upstream-failed',
    `no proxy answers at ${where}: start flink, or name it with --proxy; a flink that has none says why in its log (proxy: not-served)`,
  );
}

function isOpen({ address, port }: Endpoint): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port, timeout: CONNECT_MS });
    const end = (answers: boolean) => (): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', end(true));
    socket.once('timeout', end(false));
    socket.once('error', end(false));
  });
}
