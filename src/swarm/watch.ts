/** What changes about the hall's nodes, each thing said once. */
import type { BootNode } from './choose.ts';
import type { NodeReport, NodeState } from './registry.ts';

export interface Hall {
  readonly nodes: readonly Pick<NodeReport, 'name' | 'address' | 'state'>[];
  readonly candidates: readonly BootNode[];
  readonly boots: readonly { readonly mac: string; readonly boot: string }[];
  /** flink has just started: not everybody has been heard. */
  readonly isYoung: boolean;
}

/** A line for the log. */
export interface Change {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: 'node-live' | 'node-gone' | 'no-node' | 'node-back' | 'no-node-heard' | 'no-node-has-it';
  readonly fields: Readonly<Record<string, string>>;
}

/** Whom machines can be sent to; `unheard`: to nodes that are taken on trust. */
type Supply = 'heard' | 'unheard' | 'none';

const NO_NODE_CURE = 'machines get addresses and nothing to boot: start an fnode';
const UNHEARD_CURE = 'no fnode has announced itself; machines are sent there all the same: start it, or see its log';

export class HallWatch {
  #states = new Map<string, NodeState>();
  #supply: Supply = 'heard';
  /** Entries that rows name and no node has. */
  #missing: ReadonlySet<string> = new Set();

  /** What is different from what was seen before. */
  see(hall: Hall): readonly Change[] {
    // Before everybody has been heard and has said what it has, nothing is missing.
    return [...this.#nodes(hall), ...this.#whoIsLeft(hall), ...(hall.isYoung ? [] : this.#entries(hall))];
  }

  #nodes({ nodes }: Hall): readonly Change[] {
    const changes = nodes.flatMap(({ name, address, state }): Change[] => {
      if (state === 'unheard' || state === this.#states.get(name)) return [];
      const fields = { fnode: name, ip: address };
      return [
        state === 'live'
          ? { level: 'info', event: 'node-live', fields }
          : { level: 'warn', event: 'node-gone', fields },
      ];
    });
    this.#states = new Map(nodes.map(({ name, state }) => [name, state]));
    return changes;
  }

  #whoIsLeft(hall: Hall): readonly Change[] {
    const before = this.#supply;
    this.#supply = supplyOf(hall);
    if (before === this.#supply) return [];
    const fnode = hall.candidates.map(({ name }) => name).join(', ');
    if (this.#supply === 'heard') return [{ level: 'info', event: 'node-back', fields: { fnode } }];
    return [
      this.#supply === 'none'
        ? { level: 'error', event: 'no-node', fields: { cure: NO_NODE_CURE } }
        : { level: 'warn', event: 'no-node-heard', fields: { fnode, cure: UNHEARD_CURE } },
    ];
  }

  #entries({ candidates, boots }: Hall): readonly Change[] {
    if (candidates.length === 0 || candidates.some(({ entries }) => entries === undefined)) return [];
    const isMissing = (boot: string) => !candidates.some(({ entries }) => entries?.has(boot));
    const missing = new Map(boots.filter(({ boot }) => isMissing(boot)).map(({ boot, mac }) => [boot, mac]));
    const fresh = [...missing].filter(([boot]) => !this.#missing.has(boot));
    this.#missing = new Set(missing.keys());
    const cure = 'node dist/fnode.js isos shows what entries are called; until a node has it, any node is named';
    return fresh.map(([boot, mac]) => ({ level: 'warn', event: 'no-node-has-it', fields: { mac, boot, cure } }));
  }
}

/** Not only for machines whose row names it. */
export const isForAnybody = ({ weight }: BootNode): boolean => weight > 0;

function supplyOf({ nodes, candidates, isYoung }: Hall): Supply {
  if (!candidates.some(isForAnybody)) return 'none';
  return !isYoung && nodes.every(({ state }) => state === 'unheard') ? 'unheard' : 'heard';
}
