/** Durations, sizes and rates as people write them. */

const DURATION_SEC: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const DECIMAL = ['', 'K', 'M', 'G', 'T'];
/** As the SI writes them. */
const PREFIXES = ['', 'k', 'M', 'G', 'T'];

/** Seconds in `24h`, `90s`, `1h30m`, `7d`; a bare number is seconds. Nothing for anything else. */
export function parseDurationSec(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(\d+[smhdw])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g))
    seconds += Number(count) * (DURATION_SEC[unit ?? 's'] ?? 1);
  return seconds;
}

/** Octets in `40MB` (10^6), `40MiB` (2^20), `512k`; a bare number is octets. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)(B?)$/i.exec(text);
  if (!match) return undefined;
  const power = DECIMAL.indexOf((match[2] ?? '').toUpperCase());
  return Math.round(Number(match[1]) * (match[3] ? 1024 : 1000) ** power);
}

/** Octets, or a share of this machine's memory. */
export type MemorySize = { readonly bytes: number } | { readonly percent: number };

/** `25%`, or a size. */
export function parseMemorySize(text: string): MemorySize | undefined {
  const [, digits] = /^(\d{1,2})\s*%$/.exec(text) ?? [];
  if (digits !== undefined) return { percent: Number(digits) };
  const bytes = parseSizeBytes(text);
  return bytes === undefined ? undefined : { bytes };
}

/** Bits per second in `90Mbps`, `8Mbit`, `500kbps`. */
export function parseRateBitsPerSec(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:bps|bit|bit\/s)$/i.exec(text);
  return match ? Math.round(Number(match[1]) * 1000 ** DECIMAL.indexOf((match[2] ?? '').toUpperCase())) : undefined;
}

/** `1.4 GB`, `86 MB`, `512 B`: for people, decimal units. */
export function showBytes(bytes: number): string {
  const power = Math.min(DECIMAL.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${PREFIXES[power]}B`;
}

/**
 * `512 MB`, `1.5 GB`, `7.5 GB`: memory as machines are sold. One of 2 GB has 2048 MiB built in, and less to show for it:
 * firmware and graphics keep their part. From 4 GB on in halves, since nothing that it is computed from is more exact.
 */
export function showMemory(mib: number): string {
  const gib = mib / 1024;
  const parts = gib < 4 ? 10 : 2;
  return gib < 1 ? `${mib} MB` : `${Math.round(gib * parts) / parts} GB`;
}

/** `24h`, `1h30m`, `45s`: what `parseDurationSec` reads. */
export function showDuration(seconds: number): string {
  let left = Math.round(seconds);
  let text = '';
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(left / size);
    if (count > 0) text += `${count}${unit}`;
    left -= count * size;
  }
  return text || '0s';
}

/** Makes ISO 8601 of milliseconds since 1970; many decisions of a busy node are of the same one. */
export function isoMoments(): (dateMs: number) => string {
  let shownMs = Number.NaN;
  let shown = '';
  return (dateMs) => {
    if (dateMs !== shownMs) shown = new Date(dateMs).toISOString();
    shownMs = dateMs;
    return shown;
  };
}
