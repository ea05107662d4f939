/** An uplink that does not drown: what tc(8) is told so that queues stand here, where clients share them, and not in a modem. */

export interface Uplink {
  readonly wan: string;
  /** Undefined: that way is not shaped. */
  readonly downBitsPerSec: number | undefined;
  readonly upBitsPerSec: number | undefined;
}

/** Program and arguments. */
export type Command = readonly [string, ...string[]];

/** How a way is shaped, the best first; kernels lack some. tc-cake(8), tc-fq_codel(8), tc-pfifo(8) */
export const QUEUES = ['cake', 'fq_codel', 'pfifo'] as const;
export type Queue = (typeof QUEUES)[number];

/** What comes in is queued behind this: a device that leads nowhere. */
export const DOWN_DEVICE = 'ifb-flisolator';
/** By it ours is told from others'. */
export const ROOT_HANDLE = 'f150:';

/** A little less than the line carries: then the queue is ours. Taste, as in sqm-scripts. */
const SHARE = 0.95;

/** In this order; each must succeed. */
export function shapeCommands(
  { wan, upBitsPerSec: up, downBitsPerSec: down }: Uplink,
  queue: Queue,
): readonly Command[] {
  return [
    ...(up === undefined ? [] : shaped(wan, up, queue, CAKE.up)),
    ...(down === undefined
      ? []
      : [
          ...INWARDS,
          ...shaped(DOWN_DEVICE, down, queue, CAKE.down),
          ['tc', 'qdisc', 'add', 'dev', wan, 'handle', 'ffff:', 'ingress'] as const,
          ['tc', 'filter', 'add', 'dev', wan, 'parent', 'ffff:', ...EVERYTHING, 'action', ...REDIRECT] as const,
        ]),
  ];
}

/** Takes it all out; what is not there may fail. */
export function unshapeCommands(wan: string): readonly Command[] {
  return [
    ['tc', 'qdisc', 'del', 'dev', wan, 'root', 'handle', ROOT_HANDLE],
    ['tc', 'qdisc', 'del', 'dev', wan, 'ingress'],
    ['ip', 'link', 'del', DOWN_DEVICE],
  ];
}

/** By the LAN's addresses, which cake finds behind the masquerade: a client with twenty connections gets no more than one with one. */
const CAKE = {
  up: ['besteffort', 'nat', 'dual-srchost'],
  down: ['besteffort', 'nat', 'dual-dsthost', 'ingress'],
} as const;

const INWARDS: readonly Command[] = [
  ['ip', 'link', 'add', DOWN_DEVICE, 'type', 'ifb'],
  ['ip', 'link', 'set', DOWN_DEVICE, 'up'],
];
const EVERYTHING = ['protocol', 'all', 'prio', '10', 'u32', 'match', 'u32', '0', '0'] as const;
const REDIRECT = ['mirred', 'egress', 'redirect', 'dev', DOWN_DEVICE] as const;

function shaped(device: string, lineBitsPerSec: number, queue: Queue, cake: readonly string[]): readonly Command[] {
  const rate = `${Math.round(lineBitsPerSec * SHARE)}bit`;
  const root = ['tc', 'qdisc', 'add', 'dev', device, 'root', 'handle', ROOT_HANDLE] as const;
  if (queue === 'cake') return [[...root, 'cake', 'bandwidth', rate, ...cake]];
  const only = `${ROOT_HANDLE}1`;
  const leaf = ['tc', 'qdisc', 'add', 'dev', device, 'parent', only] as const;
  return [
    [...root, 'htb', 'default', '1'],
    ['tc', 'class', 'add', 'dev', device, 'parent', ROOT_HANDLE, 'classid', only, 'htb', 'rate', rate, 'ceil', rate],
    queue === 'fq_codel' ? [...leaf, 'fq_codel'] : [...leaf, 'pfifo', 'limit', String(packetsOf(lineBitsPerSec))],
  ];
}

/** A fifth of a second of full packets: more is felt, less makes bursts lose. Taste. */
function packetsOf(bitsPerSec: number): number {
  return Math.min(1000, Math.max(16, Math.round(bitsPerSec / 5 / (1500 * 8))));
}
