/** What an answer through the proxy means for warming: kept, brought, or not to be had, and why. */

export interface Answer {
  readonly status: number;
  readonly via: string | undefined;
  /** RFC 9211. */
  readonly cacheStatus: string | undefined;
  /** As it was said; nothing where it was not. */
  readonly sizeBytes: number | undefined;
  /** The beginning of what an error says of itself. */
  readonly says: string;
}

/** `stale`: kept before, and nobody outside could be asked. `unsure`: brought, and it does not say whether it was kept. */
export type Provenance = 'kept' | 'stale' | 'brought' | 'unsure';

export type Judgement =
  | { readonly kind: 'came'; readonly from: Provenance }
  /** `isFinal`: asking again will not help. */
  | { readonly kind: 'failed'; readonly why: string; readonly isFinal: boolean }
  /** It was not flink's proxy that answered. */
  | { readonly kind: 'foreign' };

const OURS = /(?:^|[\s,])flisolator/i;

/** Of an answer's head. */
export function judge({ status, via, cacheStatus = '', says }: Answer): Judgement {
  const isOurs = OURS.test(via ?? '') || OURS.test(cacheStatus);
  if (status !== 200) return { kind: 'failed', why: whyNot(status, says), isFinal: !AGAIN.has(status) };
  if (!isOurs) return { kind: 'foreign' };
  // The nearest cache is the last of the list. RFC 9211 §2.
  const ours = cacheStatus.slice(Math.max(0, cacheStatus.lastIndexOf('flisolator')));
  const words = new Set(ours.split(';').map((word) => word.trim()));
  if (words.has('detail=stale')) return { kind: 'came', from: 'stale' };
  if (words.has('hit')) return { kind: 'came', from: 'kept' };
  if (words.has('fwd=bypass')) return { kind: 'failed', why: NOT_KEPT, isFinal: true };
  const isKept = words.has('stored') || words.has('collapsed') || words.has('fwd-status=304');
  return { kind: 'came', from: isKept ? 'brought' : 'unsure' };
}

export const NOT_KEPT =
  'it came, but the proxy does not keep it: its server forbids it, or proxy.maxObject or the disk is too small';

/** Others may be better in a while. 504 with only-if-cached never gets here. RFC 9110 §15.5, §15.6 */
const AGAIN: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

function whyNot(status: number, says: string): string {
  const sentence = says.split('\n', 1)[0]?.trim().slice(0, 200) ?? '';
  const isText = sentence !== '' && !sentence.startsWith('<');
  return `${status}${isText ? ` (${sentence})` : WORDS[status] === undefined ? '' : ` ${WORDS[status]}`}`;
}

const WORDS: Readonly<Record<number, string>> = {
  403: 'forbidden',
  404: 'not found',
  410: 'gone',
  502: 'the proxy could not reach the server',
  503: 'not available',
  504: 'the proxy could not reach the server in time',
};

/** Whether what came is what an index says; else why not. */
export function mismatch(
  wanted: { readonly sizeBytes: number | undefined; readonly sha256: string | undefined },
  got: { readonly bytes: number; readonly sha256: string },
): string | undefined {
  if (wanted.sizeBytes !== undefined && wanted.sizeBytes !== got.bytes)
    return `${got.bytes} octets instead of the ${wanted.sizeBytes} that the index says: the mirror is being changed, or broken`;
  if (wanted.sha256 !== undefined && wanted.sha256 !== got.sha256)
    return 'not what the index says (SHA-256): the mirror is being changed, or broken';
  return undefined;
}
