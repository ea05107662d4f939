/** Whether a request's head can be read in one way only, and what it says of the way. RFC 9112 §3.2, §6; RFC 9110 §5, §7.6. */
import { elementsOf, type Fields, hasField, valuesOf } from './fields.ts';
import { type Round, roundOf } from './loop.ts';
import { isFieldValue, isToken } from './syntax.ts';
import type { Refusal } from './types.ts';
import { MAX_URL_BYTES } from './url.ts';

/** A request's head as the parser gave it. */
export interface RequestHead {
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  readonly version: string;
  readonly fields: Fields;
}

/** What one pass over the fields finds. */
export interface Said {
  readonly host: string | undefined;
  /** Of OPTIONS; RFC 9110 §7.6.2. */
  readonly maxForwards: number | undefined;
  readonly hasContent: boolean;
}

/** Taste: browsers send some twenty. */
const MAX_FIELDS = 200;
/** Octets, names and values with what stands between them on the wire. */
const MAX_FIELD_BYTES = 65_536;
const FIELD_OVERHEAD_BYTES = ': \r\n'.length;

function garbled(says: string): Refusal {
  return { status: 400, reason: 'garbled', says };
}

const BAD = {
  version: { status: 505, reason: 'garbled', says: 'Only HTTP/1.1 and HTTP/1.0 are spoken here.' },
  method: garbled('The request begins with no method.'),
  target: { status: 414, reason: 'too-large', says: 'The URL is longer than 16 kB.' },
  fields: {
    status: 431,
    reason: 'too-large',
    says: 'The request has more than 200 header fields, or more than 64 kB of them: delete the cookies of the site.',
  },
  field: garbled('A header field has characters that none may have.'),
  hosts: garbled('The request has more than one Host field.'),
  noHost: garbled('The request has no Host field.'),
  length: garbled('The Content-Length is not one number.'),
  lengths: garbled('The request has both Content-Length and Transfer-Encoding.'),
  coding: garbled('The request has a Transfer-Encoding that does not end in "chunked", or is HTTP/1.0 and has one.'),
  codings: { status: 501, reason: 'garbled', says: 'Of transfer codings only "chunked" is understood.' },
  maxForwards: garbled('The Max-Forwards is not one number.'),
  via: garbled('A comment in Via has no end.'),
  loop: {
    status: 508,
    reason: 'loop',
    says: 'The request has been here before: proxies point at each other, so take one of them out of the other.',
  },
} as const satisfies Readonly<Record<string, Refusal>>;

/** A refusal has a `reason`. `pseudonym`: see `TargetTerms`. */
export function readHead({ method, target, version, fields }: RequestHead, pseudonym: string): Said | Refusal {
  if (version !== '1.1' && version !== '1.0') return BAD.version;
  if (!isToken(method)) return BAD.method;
  if (target.length > MAX_URL_BYTES) return BAD.target;
  const fault = faultOfFields(fields);
  if (fault) return fault;
  const [host, ...hosts] = all(fields, 'host');
  if (hosts.length > 0) return BAD.hosts;
  if (host === undefined && version === '1.1') return BAD.noHost;
  const contentBytes = readFraming(fields, version);
  if (typeof contentBytes === 'object') return contentBytes;
  const maxForwards = method === 'OPTIONS' ? readMaxForwards(all(fields, 'max-forwards')) : undefined;
  if (maxForwards === 'garbled') return BAD.maxForwards;
  return refusedRound(fields, pseudonym) ?? { host, maxForwards, hasContent: contentBytes > 0 };
}

const NONE: readonly string[] = [];

/** Of most requests most of these fields are not there, and nothing is made. */
function all(fields: Fields, name: string): readonly string[] {
  return hasField(fields, name) ? valuesOf(fields, name) : NONE;
}

/** White space before a colon is part of no name (RFC 9112 §5.1), nor is a line end part of a value (§5.2). */
function faultOfFields(fields: Fields): Refusal | undefined {
  if (fields.length > MAX_FIELDS * 2) return BAD.fields;
  if (fields.length % 2 !== 0) return BAD.field;
  let bytes = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    bytes += name.length + value.length + FIELD_OVERHEAD_BYTES;
    if (bytes > MAX_FIELD_BYTES) return BAD.fields;
    if (!isToken(name) || !isFieldValue(value)) return BAD.field;
  }
  return undefined;
}

/**
 * Octets of content that follow, `Infinity` where chunks tell. Who reads the end of a request elsewhere than we do, reads another request
 * behind it. RFC 9112 §6.1, §6.3, §11.2.
 */
function readFraming(fields: Fields, version: string): number | Refusal {
  const lengths = all(fields, 'content-length');
  const codings = all(fields, 'transfer-encoding');
  if (codings.length === 0) return readLength(lengths);
  if (lengths.length > 0) return BAD.lengths;
  if (version === '1.0') return BAD.coding;
  const text = codings.join(',').toLowerCase();
  return text === 'chunked' ? Number.POSITIVE_INFINITY : faultOfCodings(text);
}

/** The same number twice would do (RFC 9110 §8.6), but nobody means well by it. */
function readLength(lengths: readonly string[]): number | Refusal {
  const [length] = lengths;
  if (length === undefined) return 0;
  // Fifteen digits are below 2^53, and more than any disk has.
  return lengths.length === 1 && /^\d{1,15}$/.test(length) ? Number(length) : BAD.length;
}

/** Of all that is not just `chunked`: other codings before it are unknown here; else nobody can tell where the content ends. */
function faultOfCodings(text: string): Refusal {
  const names = elementsOf(text);
  const isLast = names.length > 1 && names.indexOf('chunked') === names.length - 1;
  return isLast && names.every(isToken) ? BAD.codings : BAD.coding;
}

function readMaxForwards(values: readonly string[]): number | undefined | 'garbled' {
  const [value] = values;
  if (value === undefined) return undefined;
  return values.length === 1 && /^\d{1,9}$/.test(value) ? Number(value) : 'garbled';
}

const ROUNDS: Readonly<Record<Round, Refusal | undefined>> = { first: undefined, loop: BAD.loop, garbled: BAD.via };

function refusedRound(fields: Fields, pseudonym: string): Refusal | undefined {
  const vias = all(fields, 'via');
  const loops = all(fields, 'cdn-loop');
  return vias.length + loops.length === 0 ? undefined : ROUNDS[roundOf(vias, loops, pseudonym)];
}
