/** Kinds of values in the file: text as people write it in, our own values out. Messages say what is wanted and what came. */
import * as z from 'zod';
import {
  type Endpoint,
  type Ipv4,
  isIpv6,
  type Mac,
  parseIpv4,
  parseMac,
  parseMacPattern,
  parseRange,
  parseSubnet,
} from '../core/addr.ts';
import { parseIpv6, showIpv6 } from '../core/ipv6.ts';
import { parseDurationSec, parseMemorySize, parseRateBitsPerSec, parseSizeBytes } from '../core/units.ts';
import { nearest } from './nearest.ts';
import type { FlinkDoor, OpenPort, Upstream } from './types.ts';

/** `want an address, got "x"`; a value that is not there at all is missing. */
export function wantGot(want: string, got: unknown): string {
  if (got === undefined) return `is missing: want ${want}`;
  return `want ${want}, got ${showValue(got)}`;
}

const SHOWN_CHARS = 60;

function showValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'keys and values';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

const error = (want: string) => (issue: { readonly input?: unknown }) => wantGot(want, issue.input);

/** Text that `parse` understands; nothing from it means that it isn't what is wanted. */
function parsed<Value>(want: string, parse: (text: string) => Value | undefined) {
  const input = z.string({ error: error(want) }).meta({ title: want });
  return input.transform((text, context): Value => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: wantGot(want, text), input: text });
    return z.NEVER;
  });
}

/** The same, where a bare number is what people write, too; at most `max`. */
function measured(want: string, parse: (text: string) => number | undefined, max = Number.MAX_SAFE_INTEGER) {
  const either = z.union([z.string(), z.int().min(0)], { error: error(want) }).meta({ title: want });
  return either.transform((input, context): number => {
    const value = typeof input === 'number' ? input : parse(input.trim());
    if (value !== undefined && value <= max) return value;
    context.addIssue({ code: 'custom', message: wantGot(want, input), input });
    return z.NEVER;
  });
}

/** One line of printable text of at most `maxChars`: it ends up in menus and packets. */
export const text = (want: string, maxChars = 255) =>
  parsed(want, (t) => (t !== '' && t.length <= maxChars && !/\p{Cc}/u.test(t) ? t : undefined));

export const ipv4 = () => parsed('an IPv4 address like 172.16.0.1', parseIpv4);
export const range = () => parsed('a range like 172.16.0.101-172.16.0.254, low end first', parseRange);
export const subnet = () => parsed('a subnet like 10.1.0.0/24', parseSubnet);
export const mac = () => parsed('a MAC with colons like 52:54:00:12:34:56', parseMac);
export const macPattern = () =>
  parsed('a MAC like 52:54:00:12:34:56 or a pattern like "52:54:00:*" in quotes', parseMacPattern);
export const folder = () => text('a folder', 4096);
export const file = () => text('a file', 4096);

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** One DNS label, RFC 1123 §2.1, in lower case. */
export const hostName = () =>
  parsed('a host name: letters, digits and dashes', (t) => (LABEL.test(t.toLowerCase()) ? t.toLowerCase() : undefined));
/** Dots between labels, RFC 1035 §2.3.4; a trailing dot is dropped. */
export const domainName = () => parsed('a domain name like flisol.lan', parseDomainName);
/** Linux: up to 15 octets, no slash, no space. */
export const interfaceName = () =>
  parsed('the name of a network interface like enp3s0', (t) => (/^[^\s/]{1,15}$/.test(t) ? t : undefined));
/** What the loader asks for below /boot: a relative path without `..`. */
export const bootFile = () =>
  parsed('a file name below boot/ like lpxelinux.0, or a URL', (t) =>
    /^[\x21-\x7e]{1,127}$/.test(t) && !t.split('/').includes('..') ? t : undefined,
  );

export const durationSec = () => measured('a duration like 24h, 30m or 45s', parseDurationSec);
/** `off` is none of it. */
export const durationOrOffSec = (maxSec: number, shownMax: string) =>
  measured(`a duration of up to ${shownMax} like 24h, or off`, (t) => (t === 'off' ? 0 : parseDurationSec(t)), maxSec);
/** RFC 2131 §3.3: 32 bits, of which all ones means for ever. */
export const leaseSec = () =>
  durationSec().refine((sec) => sec >= 60 && sec < 2 ** 32 - 1, { error: 'want a lease of 60s or more, like 24h' });
export const sizeBytes = () => measured('a size like 40GB or 512MiB', parseSizeBytes);
/** At most 99 in a hundred; `off` is none of it. */
export const memorySize = () =>
  parsed('a share of memory like 25%, a size like 2GB, or off', (t) =>
    t === 'off' ? { bytes: 0 } : parseMemorySize(t),
  );
export const rateBitsPerSec = () => measured('a rate like 90Mbps', parseRateBitsPerSec);

export const whole = (min: number, max: number) => {
  const want = `a whole number from ${min} to ${max}`;
  const whole = z.int({ error: error(want) }).min(min, { error: error(want) });
  return whole.max(max, { error: error(want) }).meta({ title: want });
};
export const port = () => whole(1, 65_535);
export const portOrOff = () => {
  const want = 'a port from 1 to 65535, or off';
  const said = { error: error(want) };
  const either = z.union([z.int().min(1, said).max(65_535, said), z.enum(['off']), z.literal(false)], said);
  return either.meta({ title: want }).transform((input) => (typeof input === 'number' ? input : undefined));
};
export const openPort = () => parsed('a port like tcp/2049 or udp/123', parseOpenPort);
/** A machine of the LAN, by what does not change. */
export const machine = () =>
  parsed('a MAC like 52:54:00:12:34:56 or an IPv4 address', (t): Ipv4 | Mac | undefined => parseIpv4(t) ?? parseMac(t));
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: error(`one of ${words.join(', ')}`) }).meta({ title: `one of ${words.join(', ')}` });

const SWITCH_WORDS: Readonly<Record<string, boolean>> = { on: true, yes: true, off: false, no: false };
/** YAML 1.2 reads `on` and `off` as text: both spellings are taken. */
export const onOff = () =>
  z
    .union([z.boolean(), z.enum(['on', 'off', 'yes', 'no'])], { error: error('on or off') })
    .meta({ title: 'on or off' })
    .transform((input) => (typeof input === 'boolean' ? input : SWITCH_WORDS[input] === true));

/** Those of HTML 4.01, section 6.5. */
const COLOUR_NAMES: ReadonlyMap<string, string> = new Map([
  ['black', '#000000'],
  ['silver', '#c0c0c0'],
  ['gray', '#808080'],
  ['white', '#ffffff'],
  ['maroon', '#800000'],
  ['red', '#ff0000'],
  ['purple', '#800080'],
  ['fuchsia', '#ff00ff'],
  ['green', '#008000'],
  ['lime', '#00ff00'],
  ['olive', '#808000'],
  ['yellow', '#ffff00'],
  ['navy', '#000080'],
  ['blue', '#0000ff'],
  ['teal', '#008080'],
  ['aqua', '#00ffff'],
]);

/** `#rrggbb` in small letters. */
export const colour = () =>
  parsed('a colour like navy or "#10243e", in quotes', (input) => {
    const small = input.trim().toLowerCase();
    return COLOUR_NAMES.get(small) ?? (/^#[\da-f]{6}$/.test(small) ? small : undefined);
  });

export const list = <Item extends z.ZodType>(item: Item, want: string, maxItems = 4096) =>
  z
    .array(item, { error: error(want) })
    .max(maxItems, { error: `want at most ${maxItems} of them` })
    .meta({ title: want });
/** Keys and values, no others; the message has one line for each unknown key, in the order of the issue's `keys`. */
export const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'invalid_type') return wantGot('keys and values', issue.input);
      if (issue.code !== 'unrecognized_keys') return undefined;
      return issue.keys.map((key) => unknownKey(key, Object.keys(shape))).join('\n');
    },
  });

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return meant === undefined
    ? `is no known key: want one of ${known.join(', ')}`
    : `is no known key: did you mean "${meant}"?`;
}

export const endpoint = () => parsed('an address and port like 127.0.0.1:8067', parseEndpoint);
export const destination = () => parsed('a destination as host:port', parseDestination);
export const upstream = () =>
  parsed('a resolver like 9.9.9.9, "[2620:fe::fe]:53" or "tls://1.1.1.1#cloudflare-dns.com"', parseUpstream);
export const mirrorAddress = () => parsed('a URL like http://ftp.es.debian.org/debian/', parseMirrorAddress);
export const flinkDoor = () => parsed('auto, none or a URL like http://172.16.0.1:8067', parseFlinkDoor);

/** In lower case, or nothing. */
export function parseDomainName(input: string): string | undefined {
  const name = input.toLowerCase().replace(/\.$/, '');
  return name.length <= 253 && name.split('.').every((label) => LABEL.test(label)) ? name : undefined;
}

function parsePort(digits: string | undefined): number | undefined {
  const value = Number(digits);
  return digits !== undefined && /^\d{1,5}$/.test(digits) && value >= 1 && value <= 65_535 ? value : undefined;
}

function parseOpenPort(input: string): OpenPort | undefined {
  const [, protocol, digits] = /^(tcp|udp)\/(\d+)$/i.exec(input.trim()) ?? [];
  const portNumber = parsePort(digits);
  if (protocol === undefined || portNumber === undefined) return undefined;
  return { protocol: protocol.toLowerCase() === 'tcp' ? 'tcp' : 'udp', port: portNumber };
}

function parseEndpoint(input: string): Endpoint | undefined {
  const [host = '', digits, ...more] = input.split(':');
  const address: Ipv4 | undefined = parseIpv4(host);
  const portNumber = parsePort(digits);
  return address && portNumber && more.length === 0 ? { address, port: portNumber } : undefined;
}

/** A name, an IPv4 address, or an IPv6 address in brackets; a name that ends in a number is none. URL Standard §3.5. */
const DESTINATION = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(\d+)$/;

function parseDestination(input: string): { readonly host: string; readonly port: number } | undefined {
  const [, v6, name = '', digits] = DESTINATION.exec(input) ?? [];
  const groups = v6 === undefined ? undefined : parseIpv6(v6);
  const named = parseIpv4(name) ?? (/(^|\.)\d+\.?$/.test(name) ? undefined : parseDomainName(name));
  const host = groups ? showIpv6(groups) : named;
  const port = parsePort(digits);
  return host !== undefined && port !== undefined ? { host, port } : undefined;
}

/** Plain DNS is port 53, DNS over TLS 853. RFC 7858 §3.1. */
const UPSTREAM_PORTS = { udp: 53, tcp: 53, tls: 853 } as const;
const UPSTREAM = /^(?:(udp|tcp|tls):\/\/)?(?:\[([^[\]]+)\]|([\d.]+))(?::(\d+))?(?:#(.+))?$/i;

function parseUpstream(input: string): Upstream | undefined {
  const [whole, scheme = 'udp', v6 = '', v4 = '', digits, name] = UPSTREAM.exec(input) ?? [];
  const transport = scheme.toLowerCase() as keyof typeof UPSTREAM_PORTS;
  const address = whole === undefined ? ipv6Resolver(input) : (ipv6Resolver(v6) ?? ipv4Resolver(v4));
  const port = digits === undefined ? UPSTREAM_PORTS[transport] : parsePort(digits);
  if (address === undefined || port === undefined) return undefined;
  if (name === undefined) return { transport, address, port };
  const tlsName = parseDomainName(name);
  return tlsName !== undefined && transport === 'tls' ? { transport, address, port, tlsName } : undefined;
}

/** In lower case, so that equal ones are equal. */
function ipv6Resolver(text: string): string | undefined {
  return isIpv6(text) && !/^(::|ff[\da-f]{2}:.*)(%.*)?$/i.test(text) ? text.toLowerCase() : undefined;
}

/** What nobody has for an address, and what many have together, answers nothing. */
function ipv4Resolver(text: string): Ipv4 | undefined {
  const address = parseIpv4(text);
  const [first = 0] = (address ?? '').split('.').map(Number);
  return first > 0 && first < 224 ? address : undefined;
}

function parseFlinkDoor(input: string): FlinkDoor | undefined {
  if (input === 'auto' || input === 'none') return { kind: input };
  const url = URL.parse(input);
  return url && /^https?:$/.test(url.protocol) ? { kind: 'url', url: url.origin } : undefined;
}

/** A folder by HTTP or HTTPS; with a slash at its end. */
function parseMirrorAddress(text: string): string | undefined {
  const url = /^https?:\/\/[^?#@\s]+$/.test(text) ? URL.parse(text) : null;
  if (url?.username !== '') return undefined;
  return url.pathname.endsWith('/') ? url.href : `${url.href}/`;
}
