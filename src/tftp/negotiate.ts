/** What becomes of the options in a request. RFC 2347, 2348, 2349, 7440. */
import type { Option } from './packet.ts';

/** What the operator allows; a client gets what it asks for up to this. */
export interface Limits {
  readonly maxBlockBytes: number;
  readonly maxWindowBlocks: number;
  /** A window must fit into the receive buffer of a client that never enlarged it. */
  readonly maxWindowBytes: number;
}

/** More transfers than this are a crowd. A hall's loaders ask for less than what a crowd is granted anyway. */
const CROWD = 256;
/** One Ethernet frame: what OVMF asks for. */
const CROWD_BLOCK_BYTES = 1468;
const CROWD_WINDOW_BYTES = 64 << 10;

/** What one of `transfers` may have: the packets of its window are memory of ours until it has acknowledged them. */
export function limitsAmong(transfers: number, limits: Limits): Limits {
  if (transfers <= CROWD) return limits;
  return {
    ...limits,
    maxBlockBytes: Math.min(limits.maxBlockBytes, CROWD_BLOCK_BYTES),
    maxWindowBytes: Math.min(limits.maxWindowBytes, CROWD_WINDOW_BYTES),
  };
}

/** How a transfer runs. */
export interface Terms {
  readonly blockBytes: number;
  readonly windowBlocks: number;
  /** The longest that the client wants to wait for a resend. */
  readonly maxTimeoutMs: number | undefined;
  /** What the OACK says, in the order asked; empty: no OACK at all, RFC 2347 §3. */
  readonly accepted: readonly Option[];
}

type Name = 'blksize' | 'timeout' | 'tsize' | 'windowsize';

/** Outside of these an option is as good as unknown, and left out of the answer. */
const VALID: Readonly<Record<Name, { readonly min: number; readonly max: number; readonly from: string }>> = {
  blksize: { min: 8, max: 65_464, from: 'RFC 2348 §2' },
  timeout: { min: 1, max: 255, from: 'RFC 2349 §2' },
  tsize: { min: 0, max: Number.MAX_SAFE_INTEGER, from: 'RFC 2349 §3' },
  windowsize: { min: 1, max: 65_535, from: 'RFC 7440 §3' },
};

/** RFC 1350 §5: without options. */
const DEFAULT_BLOCK_BYTES = 512;
const DEFAULT_WINDOW_BLOCKS = 1;

/** The terms for a client that asks for `options`. `sizeBytes` is undefined where it is not known before the end. */
export function negotiate(options: readonly Option[], sizeBytes: number | undefined, limits: Limits): Terms {
  const asked = validOptions(options);
  const blockBytes = Math.min(asked.get('blksize')?.value ?? DEFAULT_BLOCK_BYTES, limits.maxBlockBytes);
  const fittingBlocks = Math.max(1, Math.floor(limits.maxWindowBytes / blockBytes));
  const windowBlocks = Math.min(
    asked.get('windowsize')?.value ?? DEFAULT_WINDOW_BLOCKS,
    limits.maxWindowBlocks,
    fittingBlocks,
  );
  const timeoutSec = asked.get('timeout')?.value;
  const answers: Readonly<Record<Name, number | undefined>> = {
    blksize: blockBytes,
    timeout: timeoutSec,
    tsize: sizeBytes,
    windowsize: windowBlocks,
  };
  return {
    blockBytes,
    windowBlocks,
    maxTimeoutMs: timeoutSec === undefined ? undefined : timeoutSec * 1000,
    accepted: [...asked].flatMap(([name, { spelling }]) => {
      const value = answers[name];
      return value === undefined ? [] : [{ name: spelling, value: String(value) }];
    }),
  };
}

interface Asked {
  readonly spelling: string;
  readonly value: number;
}

/** Known options with a value in range, first come first kept: each may stand once only, RFC 2347 §2. */
function validOptions(options: readonly Option[]): ReadonlyMap<Name, Asked> {
  const asked = new Map<Name, Asked>();
  for (const { name: spelling, value: text } of options) {
    const name = spelling.toLowerCase();
    if (!isName(name) || asked.has(name) || !/^\d{1,15}$/.test(text)) continue;
    const value = Number(text);
    if (value >= VALID[name].min && value <= VALID[name].max) asked.set(name, { spelling, value });
  }
  return asked;
}

function isName(name: string): name is Name {
  return Object.hasOwn(VALID, name);
}
