/** One request from its head to the end of its answer: the proxy's flow. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../host.ts';
import type { Connection } from '../http/connection.ts';
import { ageSecOf } from './age.ts';
import { type UpstreamClient, UpstreamFault } from './client.ts';
import { type Delivered, type DeliverMeans, pour, sendEntry, sendFlight, sendRefusal, type To } from './deliver.ts';
import { mayAsk, type Reach } from './destination.ts';
import type { Fetches } from './fetches.ts';
import { elementsOf, type Fields, fieldOf, hasField } from './fields.ts';
import type { Flight } from './flight.ts';
import { endToEnd, lessNamed, type Provenance, toClient, toOrigin } from './forward.ts';
import { HOT_BYTES, type HotAnswers } from './hot.ts';
import { COOKIES } from './keepable.ts';
import { outdated } from './outdated.ts';
import { type Plan, plan } from './plan.ts';
import { extentOf, portionOf } from './portion.ts';
import type { Ranges } from './ranges.ts';
import type { Releases } from './releases.ts';
import { type Known, knownOf } from './repository.ts';
import type { Tally } from './tally.ts';
import { type Door, type TargetTerms, targetOf } from './target.ts';
import type { Asked, Entry, Head, Refusal, Rule } from './types.ts';
import { textOf, type Url } from './url.ts';
import type { Fetched, Want } from './want.ts';

/** As they are now: a reload changes them. */
export interface ProxyTerms extends TargetTerms {
  readonly reach: Reach;
  readonly isBlocked: (host: string) => boolean;
  /** `refresh:` of the configuration; nothing where no pattern fits. */
  readonly refreshRule: (url: string) => Rule | undefined;
  /** What a path below one of flink's own names stands for. */
  readonly mirrorUrl: (path: string) => Url | undefined;
  /** For people who look at one of flink's own names. */
  readonly page: () => string;
}

export interface ServeDeps extends DeliverMeans {
  readonly terms: () => ProxyTerms;
  readonly client: UpstreamClient;
  readonly fetches: Fetches;
  readonly ranges: Ranges;
  readonly releases: Releases;
  readonly tally: Tally;
  readonly log: Log;
}

/** Where what is asked again and again is remembered. */
export interface Remembering {
  readonly hot: HotAnswers;
  /** The very octets of the request that a connection began with. */
  readonly asked: WeakMap<Socket, string>;
}

/** A request on its way through. */
interface Job extends To {
  readonly request: IncomingMessage;
  readonly known: Known;
  readonly rule: Rule;
  /** If its answer is to be remembered: where, and by which octets. */
  readonly again: { readonly hot: HotAnswers; readonly text: string } | undefined;
}

/** By its Date, which has no fractions, what is answered at once may seem a second old. */
const SURELY_OLD_SEC = 2;

export const BLOCKED: Refusal = {
  ...{ status: 403, reason: 'blocked' },
  says: 'This name is on the blocklist of this network (proxy.blocklist).',
};
export const BAD_PORT: Refusal = {
  ...{ status: 403, reason: 'port' },
  says: 'This port is not reached through the proxy: those of web servers are, others if proxy.allow names them.',
};
const NO_MIRROR: Refusal = {
  ...{ status: 404, reason: 'no-mirror' },
  says: 'No mirror has this name: look at / for those there are.',
};
const INCONSISTENT: Refusal = {
  ...{ status: 504, reason: 'inconsistent' },
  says: 'The server does not answer, and what is kept of this index belongs to an older release than is kept of that.',
};
const NOT_KEPT: Refusal = {
  ...{ status: 504, reason: 'not-cached' },
  says: 'This is not in the cache, and the server does not answer.',
};

export interface Turn extends Remembering {
  readonly door: Door;
  readonly connection: Connection;
}

/** Answers it, whatever it is. Never rejects for what a client or an origin does. */
export async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { door, connection, hot, asked: texts }: Turn,
  deps: ServeDeps,
): Promise<void> {
  const text = texts.get(request.socket);
  if (text !== undefined) texts.delete(request.socket);
  const terms = deps.terms();
  const { method = 'GET', url: target = '/', httpVersion: version, rawHeaders: fields } = request;
  const meant = targetOf({ method, target, version, fields }, door, terms);
  if (meant.kind === 'refused') return turnAway(response, meant, deps, true);
  if (meant.kind === 'tunnel') return turnAway(response, BAD_PORT, deps, true);
  const url = meant.kind === 'object' ? meant.url : terms.mirrorUrl(meant.path);
  if (!url) {
    ownPage(response, meant.kind === 'own' ? meant.path : '/', deps);
    return;
  }
  const problem = meant.kind === 'object' ? problemOf(url, terms) : undefined;
  if (problem) return turnAway(response, problem, deps, hasContent(request));
  const known = knownOf(url);
  const asked: Asked = {
    ...{ method, url, fields: lessNamed(fields), version: version === '1.0' ? '1.0' : '1.1' },
    ...{ hasContent: hasContent(request), client: connection.ends.clientAddress },
  };
  const rule = terms.refreshRule(textOf(url)) ?? known.rule;
  const again = text === undefined ? undefined : { hot, text };
  await go({ request, response, connection, asked, known, rule, again }, deps);
}

function problemOf({ host, port }: Url, { reach, isBlocked }: ProxyTerms): Refusal | undefined {
  if (!mayAsk(host, port, 'object', reach)) return BAD_PORT;
  return isBlocked(host) ? BLOCKED : undefined;
}

function hasContent({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

async function go(job: Job, deps: ServeDeps): Promise<void> {
  const { asked, response, known } = job;
  const landing = deps.fetches.landing(known.key);
  if (landing && isAboutKept(asked)) await landing;
  const decided = decide(job, deps);
  switch (decided.kind) {
    case 'tell': {
      const { entry, ageSec, isStale } = decided;
      if (isStale) renew(job, entry, deps);
      return tell(job, entry, { source: isStale ? 'stale' : 'hit', ageSec }, deps);
    }
    case 'ask':
      return ask(job, decided, deps);
    case 'pass':
      await pass(job, deps);
      return;
    default:
      return turnAway(response, decided, deps, asked.hasContent);
  }
}

/** Whether it matters that something is kept, and not merely here: for HEAD, no-cache, only-if-cached, and what outdates it. */
function isAboutKept({ method, fields }: Asked): boolean {
  return method !== 'GET' || hasField(fields, 'cache-control') || hasField(fields, 'pragma');
}

function decide(
  { asked, known, rule }: Pick<Job, 'asked' | 'known' | 'rule'>,
  { store, clock, ranges, fetches }: ServeDeps,
): Plan {
  const entries = entriesOf(known, store);
  const decided = plan(asked, entries, rule, clock.date());
  // The last octet may have left before all is on disk: it is here all the same.
  const isHere = decided.kind === 'refused' && decided.reason === 'not-cached' && fetches.isFlying(known.key, asked);
  if (isHere) return { kind: 'ask', stored: undefined, fallback: undefined };
  const isNew = decided.kind === 'ask' && !decided.stored && isPart(asked);
  return isNew && ranges.isPassed(known.key) && !fetches.isFlying(known.key, asked)
    ? { kind: 'pass', reason: 'condition' }
    : decided;
}

/** What has its checksum in its name is the same wherever it was fetched. */
function entriesOf({ key, sha256 }: Known, store: ServeDeps['store']): readonly Entry[] {
  const entries = store.find(key);
  if (entries.length > 0 || sha256 === undefined) return entries;
  const same = store.findBySha256(sha256);
  if (!same || hasField(same.head.fields, 'content-encoding')) return [];
  return [store.alias({ ...same, head: { status: 200, fields: plainFields(same) } }, key)];
}

/** The content is sure to be the same; what another server said of it is not. */
function plainFields({ head }: Entry): Fields {
  const date = fieldOf(head.fields, 'date');
  return ['Content-Type', 'application/octet-stream', ...(date === undefined ? [] : ['Date', date])];
}

async function tell(job: Job, entry: Entry, provenance: Provenance, deps: ServeDeps): Promise<void> {
  const { store, tally } = deps;
  const sent = await sendEntry(job, entry, provenance, deps);
  if (sent) {
    store.used(entry);
    tally.served(job.asked.url.host, provenance.source, sent.bytes, 0);
    if (provenance.source === 'hit' && sent.status === 200 && sent.isWhole) remember(job, entry, deps);
    return;
  }
  // It was lost, is not what was written, or cannot be read now: as if it had never been there.
  const decided = plan(job.asked, [], job.rule, deps.clock.date());
  if (decided.kind === 'ask') await ask(job, decided, deps);
  else if (decided.kind === 'pass') await pass(job, deps);
  else turnAway(job.response, NOT_KEPT, deps, false);
}

/** The next who asks so is answered without all this. Nothing of this request's connection is kept. */
function remember({ asked, known, rule, again }: Job, entry: Entry, deps: ServeDeps): void {
  if (!again || asked.method !== 'GET' || entry.sizeBytes > HOT_BYTES) return;
  again.hot.keep(again.text, {
    entry,
    host: asked.url.host,
    again: () => {
      if (problemOf(asked.url, deps.terms())) return undefined;
      const decided = decide({ asked, known, rule }, deps);
      if (decided.kind !== 'tell' || decided.entry !== entry || decided.isStale) return undefined;
      const { ageSec } = decided;
      return toClient(entry.head, { source: 'hit', ageSec }, deps.pseudonym, deps.clock.date());
    },
  });
}

function wantOf({ asked, known, rule }: Job, { stored, fallback }: Pick<Want, 'stored' | 'fallback'>): Want {
  const { key, isSummed } = known;
  return { asked, key, rule, isSummed, stored, fallback };
}

/** Behind the client's back. RFC 5861 §3. */
function renew(job: Job, entry: Entry, { fetches, log }: ServeDeps): void {
  const { fetched } = fetches.get(
    wantOf({ ...job, asked: { ...job.asked, method: 'GET' } }, { stored: entry, fallback: entry }),
  );
  fetched.then(
    (outcome) => {
      if (outcome.kind === 'answer') outcome.answer.content.destroy();
      else if (outcome.kind === 'flight') fetches.left(outcome.flight);
    },
    (error: unknown) => bug(log, error),
  );
}

async function ask(job: Job, decided: Plan & { kind: 'ask' }, deps: ServeDeps): Promise<void> {
  const { response } = job;
  if (response.destroyed) return;
  const want: Want = { ...wantOf(job, decided), onInterim: interim(job) };
  const { fetched, leave } = deps.fetches.get(want);
  response.once('close', leave);
  const outcome = await fetched.finally(() => response.off('close', leave));
  if (response.destroyed) drop(outcome, deps);
  else await hand(job, outcome, deps);
}

function drop(outcome: Fetched, { fetches }: ServeDeps): void {
  if (outcome.kind === 'answer') outcome.answer.content.destroy();
  else if (outcome.kind === 'flight') fetches.left(outcome.flight);
}

async function hand(job: Job, outcome: Fetched, deps: ServeDeps): Promise<void> {
  const { asked, response, known } = job;
  switch (outcome.kind) {
    case 'flight':
      return follow(job, outcome.flight, outcome.isFirst, deps);
    case 'answer': {
      if (isPart(asked) && outcome.answer.head.status === 200) {
        // The whole of it is for nobody.
        outcome.answer.content.destroy();
        deps.ranges.note(known.key);
        await pass(job, deps);
        return;
      }
      const { bytes } = await pour(job, outcome.answer, { source: 'miss' }, deps);
      deps.tally.served(asked.url.host, 'miss', bytes, bytes);
      return;
    }
    case 'entry': {
      const { entry, source } = outcome;
      if (source === 'stale' && known.listed && !(await deps.releases.agrees(known.listed, entry))) {
        return turnAway(response, INCONSISTENT, deps, false);
      }
      const ageSec = Math.max(0, Math.round((deps.clock.date() - entry.answeredAtMs) / 1000));
      return tell(job, entry, { source, ageSec }, deps);
    }
    default:
      return turnAway(response, outcome.refusal, deps, false);
  }
}

async function follow(job: Job, flight: Flight, isFirst: boolean, deps: ServeDeps): Promise<void> {
  const { asked, known } = job;
  const { head, totalBytes = 0 } = flight.facts;
  const part = isPart(asked) ? extentOf(portionOf(asked, head, totalBytes, deps.boundary)) : undefined;
  if (part && deps.ranges.isFar(part.start, part.end, flight.receivedBytes, totalBytes)) {
    // Begun for this part alone, it ends again.
    deps.fetches.left(flight);
    deps.ranges.note(known.key);
    await pass(job, deps);
    return;
  }
  const source = isFirst ? 'miss' : 'shared';
  const ageSec = ageToTell(flight, isFirst, deps.clock.date());
  const sent: Delivered = await sendFlight(job, flight, { source, ageSec }, deps);
  deps.fetches.left(flight);
  deps.tally.served(asked.url.host, source, sent.bytes, 0);
}

/**
 * Whoever gets what another asked for is told how old it is (RFC 9111 §4), and who asked first where it was old when it
 * came: out of another cache, or long under way (§4.2.3).
 */
function ageToTell({ facts }: Flight, isFirst: boolean, nowMs: number): number | undefined {
  if (!facts.arrived) return undefined;
  const ageSec = ageSecOf(facts.arrived, nowMs);
  return isFirst && !facts.isAged && ageSec < SURELY_OLD_SEC ? undefined : ageSec;
}

/** Whether less than all is asked for, or may be. */
const isPart = ({ method, fields }: Asked): boolean => method === 'GET' && hasField(fields, 'range');

/** For this client alone; what an unsafe method changes is forgotten. RFC 9111 §4.4. */
async function pass(job: Job, deps: ServeDeps): Promise<void> {
  const { asked, request, response } = job;
  const { client, store, fetches, tally, pseudonym } = deps;
  const length = fieldOf(asked.fields, 'content-length');
  const content = asked.hasContent
    ? { from: request, bytes: length === undefined ? undefined : Number(length), onWanted: awaited(job) }
    : undefined;
  const asking = client.ask({
    ...{ url: asked.url, method: asked.method, fields: toOrigin(asked, pseudonym), content },
    ...{ client: asked.client, onInterim: interim(job) },
  });
  const abort = (): void => asking.abort();
  response.once('close', abort);
  try {
    const answer = await asking.answer;
    for (const url of outdated(asked, answer.head)) {
      fetches.outdate(url);
      store.remove(url);
    }
    const { bytes } = await pour(job, answer, { source: 'pass' }, deps);
    tally.served(asked.url.host, 'pass', bytes, bytes);
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error;
    turnAway(response, error.refusal, deps, asked.hasContent);
  } finally {
    response.off('close', abort);
  }
}

/** Who waits to be told that content is wanted. Not HTTP/1.0. RFC 9110 §10.1.1. */
function awaited({ asked, response }: Job): (() => void) | undefined {
  if (asked.version === '1.0' || !/100-continue/i.test(fieldOf(asked.fields, 'expect') ?? '')) return undefined;
  return () => {
    if (!response.headersSent && !response.destroyed) response.writeContinue();
  };
}

/** 103 goes on to the client, as far as the runtime finds its links in order; the others say nothing to it. RFC 8297. */
function interim({ asked, response }: Job): ((head: Head) => void) | undefined {
  if (asked.version === '1.0') return undefined;
  return ({ status, fields }) => {
    if (response.headersSent || response.destroyed) return;
    if (status === 103) hint(response, endToEnd({ status, fields }).fields);
    else if (status === 102) response.writeProcessing();
  };
}

/** Links, and what else a proxy must send on: RFC 9110 §15.2. The runtime throws at links that it does not understand. */
function hint(response: ServerResponse, fields: Fields): void {
  const hints: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i]?.toLowerCase() ?? '';
    // A line of each, which cookies cannot share.
    if (!COOKIES.has(name)) hints[name] ??= fieldOf(fields, name) ?? '';
  }
  try {
    response.writeEarlyHints({ ...hints, link: [...elementsOf(hints.link)] });
  } catch {
    // It was no more than a hint.
  }
}

function turnAway(response: ServerResponse, refusal: Refusal, { tally }: ServeDeps, isClosing: boolean): void {
  tally.served('', refusal.reason, 0, 0);
  if (!response.destroyed) sendRefusal(response, refusal, isClosing);
}

function ownPage(response: ServerResponse, path: string, deps: ServeDeps): void {
  if (path === '*') {
    response.writeHead(204, ['Allow', 'GET, HEAD, OPTIONS']);
    response.end();
    return;
  }
  if (path !== '/') {
    turnAway(response, NO_MIRROR, deps, false);
    return;
  }
  const body = Buffer.from(deps.terms().page());
  response.writeHead(200, ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', `${body.length}`]);
  response.end(body);
}

export function bug(log: Log, error: unknown): void {
  log.error('proxy', 'bug', { error: (error instanceof Error && error.stack) || String(error) });
}
