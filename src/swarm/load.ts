/** How busy nodes say that they are, and what that changes about who gets new machines. */
import type { NodeLoad } from '../core/swarm.ts';

/** Taste: what a machine takes while it boots, so that many small transfers and few large ones count alike. */
const BITS_PER_TRANSFER = 40e6;
/** Of what is heard every two seconds: a peak of one announcement moves nobody, ten seconds of it do. */
const NEWEST_SHARE = 0.3;
/** So many times as busy per weight as the others together is markedly busier. Simulated: what machines that boot at random differ by leaves shares within 20 % of the weights. */
const MARKED = 2;
/** Everybody's, per node: with next to nothing to do, twice as much means nothing. */
const IDLE_TRANSFERS = 16;
/** However busy it is, it keeps so much of its share: what it says may be wrong. */
const LEAST_SHARE = 0.25;

/** In transfers; a processor core that is used up makes them count twice. */
export function busyness(load: NodeLoad): number {
  return (load.transfers + load.sentBitsPerSec / BITS_PER_TRANSFER) * (1 + load.cpuShare);
}

export function smoothed(before: number | undefined, newest: number): number {
  return before === undefined ? newest : before + (newest - before) * NEWEST_SHARE;
}

export interface Burden {
  readonly weight: number;
  /** Undefined: it has not said. */
  readonly busy?: number | undefined;
}

/** For each of `nodes`, all of a weight over 0, the weight that it has for new machines: its own, less where it is markedly busier than the others. */
export function currentWeights(nodes: readonly Burden[]): readonly number[] {
  const said = nodes.flatMap(({ weight, busy }) => (busy === undefined ? [] : [{ weight, busy }]));
  if (said.length < 2) return nodes.map(({ weight }) => weight);
  const allWeight = said.reduce((sum, { weight }) => sum + weight, 0);
  const allBusy = said.reduce((sum, { busy }) => sum + busy, 0);
  const idle = (IDLE_TRANSFERS * said.length) / allWeight;
  return nodes.map(({ weight, busy }) => {
    if (busy === undefined) return weight;
    const ratio = (busy / weight + idle) / ((allBusy - busy) / (allWeight - weight) + idle);
    return weight * Math.max(LEAST_SHARE, Math.min(1, MARKED / ratio));
  });
}
