/** How busy nodes say that they are, and what that changes about who gets new machines. */
import type { NodeLoad } from '../core/swarm.ts';

/** Taste: what a machine takes while it boots, so that many small transfers and few large ones count alike. */
const BITS_PER_TRANSFER = 40e6;
/** Of what is heard every two seconds: a peak of one announcement moves nobody, ten seconds of it do. */
const NEWEST_SHARE = 0.3;
/** Busier by so much per weight than the average is markedly busier. In a hall that boots at random, two nodes of equal weight differ by less. */
const MARKED = 1.5;
/** Everybody's, per node: with next to nothing to do, twice as much means nothing. */
const IDLE_TRANSFERS = 8;
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
  const averageWeight = said.reduce((sum, { weight }) => sum + weight, 0) / said.length;
  const averageBusy = said.reduce((sum, { busy }) => sum + busy, 0) / said.length;
  return nodes.map(({ weight, busy }) => {
    if (busy === undefined) return weight;
    const ratio = (busy * (averageWeight / weight) + IDLE_TRANSFERS) / (averageBusy + IDLE_TRANSFERS);
    return weight * Math.max(LEAST_SHARE, Math.min(1, MARKED / ratio));
  });
}
