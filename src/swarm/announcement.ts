/** What a node says of itself, read from octets that anybody may have sent. */
import { parseIpv4 } from '../core/addr.ts';
import {
  type Announcement,
  type Fetched,
  type FetchStage,
  MAX_ANNOUNCEMENT_BYTES,
  type NodeCatalog,
  type NodeImage,
  type NodeLoad,
} from '../core/swarm.ts';

export type Parsed =
  | { readonly ok: true; readonly announcement: Announcement }
  /** `field`: where it is wrong, `catalog.images[3].etag`. */
  | { readonly ok: false; readonly reason: 'too-big' | 'not-json' | 'wrong-shape'; readonly field?: string };

/** Taste: several times what a hall has. The node leaves away what is more. */
export const MAX_IMAGES = 2000;
export const MAX_LOADERS = 64;
export const MAX_ENTRIES = 8000;
export const MAX_FETCHED = 4096;
/** File names of the usual file systems, and some folders before them. */
const MAX_NAME_CHARS = 512;
const MAX_WORD_CHARS = 128;

/**
 * The announcement in `body`, made of known fields alone: whatever else it holds goes no further. Never throws.
 * Nesting costs nothing: the parser keeps no call for each level, and nobody walks deeper than the fields below.
 */
export function parseAnnouncement(body: Uint8Array): Parsed {
  if (body.length > MAX_ANNOUNCEMENT_BYTES) return { ok: false, reason: 'too-big' };
  const json = parseJson(body);
  if (json === undefined) return { ok: false, reason: 'not-json' };
  try {
    return { ok: true, announcement: announcementOf(json) };
  } catch (error) {
    if (error instanceof Unfit) return { ok: false, reason: 'wrong-shape', field: error.field };
    throw error;
  }
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** A field is not what it has to be; never leaves this file. */
class Unfit extends Error {
  readonly field: string;
  constructor(field: string) {
    super(field);
    this.field = field;
  }
}

function announcementOf(json: unknown): Announcement {
  const all = object(json, '');
  if (all.version !== 1) throw new Unfit('version');
  return {
    version: 1,
    name: label(all.name, 'name'),
    session: word(all.session, 'session'),
    sequence: count(all.sequence, 'sequence'),
    httpPort: port(all.httpPort, 'httpPort'),
    tftpPort: port(all.tftpPort, 'tftpPort'),
    load: loadOf(all.load),
    freeBytes: count(all.freeBytes, 'freeBytes'),
    catalogTag: word(all.catalogTag, 'catalogTag'),
    fetched: list(all.fetched, 'fetched', MAX_FETCHED).map(fetchedOf),
    isLeaving: yesOrNo(all.isLeaving, 'isLeaving'),
    ...(all.catalog === undefined ? {} : { catalog: catalogOf(all.catalog) }),
    ...(all.challenge === undefined ? {} : { challenge: word(all.challenge, 'challenge') }),
    ...(all.nonce === undefined ? {} : { nonce: word(all.nonce, 'nonce') }),
  };
}

function loadOf(json: unknown): NodeLoad {
  const load = object(json, 'load');
  return {
    transfers: count(load.transfers, 'load.transfers'),
    sentBitsPerSec: amount(load.sentBitsPerSec, 'load.sentBitsPerSec'),
    cpuShare: Math.min(1, amount(load.cpuShare, 'load.cpuShare')),
  };
}

function catalogOf(json: unknown): NodeCatalog {
  const catalog = object(json, 'catalog');
  return {
    loaders: words(catalog.loaders, 'catalog.loaders', MAX_LOADERS),
    images: list(catalog.images, 'catalog.images', MAX_IMAGES).map(imageOf),
    entries: words(catalog.entries, 'catalog.entries', MAX_ENTRIES),
  };
}

function imageOf(json: unknown, i: number): NodeImage {
  const at = `catalog.images[${i}]`;
  const image = object(json, at);
  return {
    alias: alias(image.alias, `${at}.alias`),
    name: label(image.name, `${at}.name`),
    sizeBytes: count(image.sizeBytes, `${at}.sizeBytes`),
    etag: name(image.etag, `${at}.etag`),
    entries: words(image.entries, `${at}.entries`, MAX_ENTRIES),
  };
}

const STAGES: ReadonlySet<unknown> = new Set<FetchStage>(['loader', 'menu', 'system']);
const isStage = (json: unknown): json is FetchStage => STAGES.has(json);

function fetchedOf(json: unknown, i: number): Fetched {
  const at = `fetched[${i}]`;
  const { client, stage, path, sentBytes } = object(json, at);
  const address = typeof client === 'string' ? parseIpv4(client) : undefined;
  if (!address) throw new Unfit(`${at}.client`);
  if (!isStage(stage)) throw new Unfit(`${at}.stage`);
  return { client: address, stage, path: label(path, `${at}.path`), sentBytes: count(sentBytes, `${at}.sentBytes`) };
}

function object(json: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Unfit(field);
  return json as Readonly<Record<string, unknown>>;
}

function list(json: unknown, field: string, max: number): readonly unknown[] {
  if (!Array.isArray(json) || json.length > max) throw new Unfit(field);
  return json;
}

const words = (json: unknown, field: string, max: number): readonly string[] =>
  list(json, field, max).map((item, i) => name(item, `${field}[${i}]`));

/** What things are called by: taken as it is, or not at all. */
function name(json: unknown, field: string, maxChars = MAX_NAME_CHARS): string {
  if (typeof json !== 'string' || json === '' || json.length > maxChars || /\p{C}/u.test(json)) throw new Unfit(field);
  return json;
}

/** It goes into URLs of other nodes' menus. */
function alias(json: unknown, field: string): string {
  const text = name(json, field);
  if (!/^[\w.+-]+$/.test(text)) throw new Unfit(field);
  return text;
}

const word = (json: unknown, field: string): string => name(json, field, MAX_WORD_CHARS);

/** For people alone; names that clients ask for are among it, so nothing in it makes a node unbelievable. */
function label(json: unknown, field: string): string {
  if (typeof json !== 'string') throw new Unfit(field);
  return json.slice(0, MAX_NAME_CHARS).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}

function amount(json: unknown, field: string): number {
  if (typeof json !== 'number' || json < 0 || json > Number.MAX_SAFE_INTEGER) throw new Unfit(field);
  return json;
}

function count(json: unknown, field: string): number {
  if (!Number.isInteger(json)) throw new Unfit(field);
  return amount(json, field);
}

function port(json: unknown, field: string): number {
  const value = count(json, field);
  if (value < 1 || value > 65_535) throw new Unfit(field);
  return value;
}

function yesOrNo(json: unknown, field: string): boolean {
  if (typeof json !== 'boolean') throw new Unfit(field);
  return json;
}
