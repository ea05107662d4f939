/** Names and times of UDF. */
import { ByteReader, latin1 } from '../core/bytes.ts';

const utf16 = new TextDecoder('utf-16be', { ignoreBOM: true });

/**
 * OSTA compressed unicode: the first octet says whether one octet or two make a character. Undefined when it is
 * neither: such a name cannot be told. UDF 2.60 §2.1.1.
 */
export function charactersOf(bytes: Uint8Array): string | undefined {
  const [compressionId] = bytes;
  if (compressionId === 8) return latin1(bytes.subarray(1));
  if (compressionId !== 16) return undefined;
  // Half a pair of surrogates is left by some writers: it becomes U+FFFD, since no URL can say it.
  return utf16.decode(bytes.subarray(1, 1 + Math.floor((bytes.length - 1) / 2) * 2));
}

/** A string in a field of fixed width, whose last octet says how many are in use. Empty when it says nonsense. UDF 2.60 §2.1.3. */
export function dstring(field: Uint8Array): string {
  const usedBytes = field.at(-1) ?? 0;
  return (charactersOf(field.subarray(0, Math.min(usedBytes, field.length - 1))) ?? '').replaceAll('\0', '').trim();
}

/** A name as a path can carry it: undefined for what is none. A slash or NUL becomes `_`, as in Linux. */
export function nameOf(bytes: Uint8Array): string | undefined {
  const name = charactersOf(bytes)?.replaceAll(/[/\0]/g, '_');
  return name === '' || name === '.' || name === '..' ? undefined : name;
}

const NO_TIME_ZONE = -2047;

/** Milliseconds since 1970; 0 when none is recorded. 12 octets, ECMA-167 1/7.3. */
export function timestampMs(field: Uint8Array): number {
  const r = new ByteReader(field);
  const typeAndZone = r.u16le('typeAndTimezone');
  const year = signed(r.u16le('year'), 16);
  const [month, day, hour, minute, second] = r.take(5, 'month to second');
  if (!month || month > 12 || !day) return 0;
  const zone = signed(typeAndZone % 0x1000, 12);
  const isLocal = Math.floor(typeAndZone / 0x1000) === 1 && zone !== NO_TIME_ZONE;
  const atMs = Date.UTC(year, month - 1, day, hour, minute, second);
  return isLocal ? atMs - zone * 60_000 : atMs;
}

function signed(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}
