/** What flink answers, read from octets that anybody may have sent: all of it is right, or none is taken. */
import { parseIpv4, parseMacPattern } from '../core/addr.ts';
import type { Directions, Peer, Refusal } from '../core/swarm.ts';

/** Far above what flink sends: it names eight. */
const MAX_PEERS = 64;
/** Of the MAC table, and entries of a peer. */
const MAX_ROWS = 65_536;
const MAX_NAME_CHARS = 512;
const MAX_SENTENCE_CHARS = 300;

type Fields = Readonly<Record<string, unknown>>;

/** Nothing for whatever is no answer to an announcement. Fields that nobody knows are left out. */
export function parseDirections(body: string): Directions | undefined {
  const all = parseFields(body);
  if (all?.version !== 1 || !isHostName(all.name) || !isName(all.domain) || !isName(all.challenge)) return undefined;
  if (typeof all.wantsCatalog !== 'boolean') return undefined;
  const boots = listOf(all.boots, MAX_ROWS, bootOf);
  const peers = listOf(all.peers, MAX_PEERS, peerOf);
  if (!boots || !peers || !isOptional(all.mirrorUrl, isDoor)) return undefined;
  const { name, domain, wantsCatalog, challenge, mirrorUrl } = all;
  const mirror = mirrorUrl === undefined ? {} : { mirrorUrl };
  return { version: 1, name, domain, wantsCatalog, boots, peers, challenge, ...mirror };
}

/** Why flink doesn't take an announcement; without a reason where it doesn't say so in our words. */
export function parseRefusal(body: string): Partial<Refusal> {
  const all = parseFields(body);
  if (all?.version !== 1) return {};
  return {
    ...(isName(all.reason) ? { reason: all.reason } : {}),
    ...(typeof all.cure === 'string' ? { cure: plain(all.cure) } : {}),
    ...(isName(all.challenge) ? { challenge: all.challenge } : {}),
  };
}

function bootOf(row: Fields): Directions['boots'][number] | undefined {
  const { mac, boot } = row;
  return isName(mac) && isName(boot) && parseMacPattern(mac) ? { mac, boot } : undefined;
}

function peerOf({ name, address, httpPort, entries }: Fields): Peer | undefined {
  const ip = isName(address) ? parseIpv4(address) : undefined;
  const shared = listOf(entries, MAX_ROWS, sharedOf);
  if (!isHostName(name) || !ip || !isPort(httpPort) || !shared) return undefined;
  return { name, address: ip, httpPort, entries: shared };
}

function sharedOf({ id, alias, etag }: Fields): Peer['entries'][number] | undefined {
  if (!isName(id) || !isOptional(alias, isAlias) || !isOptional(etag, isName)) return undefined;
  return { id, ...(alias === undefined ? {} : { alias }), ...(etag === undefined ? {} : { etag }) };
}

/** Every item as `read` makes it; nothing when one is none, or there are too many. */
function listOf<Item>(json: unknown, max: number, read: (fields: Fields) => Item | undefined): Item[] | undefined {
  if (!Array.isArray(json) || json.length > max) return undefined;
  const items: Item[] = [];
  for (const each of json) {
    const item = isFields(each) ? read(each) : undefined;
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

function parseFields(body: string): Fields | undefined {
  try {
    const json: unknown = JSON.parse(body);
    return isFields(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function isFields(json: unknown): json is Fields {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function isName(json: unknown): json is string {
  return typeof json === 'string' && json !== '' && json.length <= MAX_NAME_CHARS && !/\p{C}/u.test(json);
}

/** It goes into menus. */
function isHostName(json: unknown): json is string {
  return isName(json) && /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(json);
}

/** It goes into URLs. */
function isAlias(json: unknown): json is string {
  return isName(json) && /^[\w.+-]+$/.test(json);
}

/** An address and a port, no name: clients are sent there. */
function isDoor(json: unknown): json is string {
  const [, address = '', port] = (isName(json) && /^http:\/\/([\d.]+)(?::(\d{1,5}))?$/.exec(json)) || [];
  return parseIpv4(address) !== undefined && (port === undefined || isPort(Number(port)));
}

function isPort(json: unknown): json is number {
  return typeof json === 'number' && Number.isInteger(json) && json >= 1 && json <= 65_535;
}

function isOptional(json: unknown, is: (json: unknown) => json is string): json is string | undefined {
  return json === undefined || is(json);
}

/** For the log. */
function plain(text: string): string {
  return text.slice(0, MAX_SENTENCE_CHARS).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}
