/** What the figures are: counted decisions, and what the services have to say when somebody asks. */
import { type Family, Histogram, type Sample } from './exposition.ts';
import { type DecisionEvent, FNODE_STATES, type FnodeRow, type Pool } from './shape.ts';

/** What others count, at this moment. Labels come from tables in the code, never from a packet. */
export interface Counts {
  /** By state. */
  readonly leases: Readonly<Record<string, number>>;
  /** Since the start, by outcome: free, taken and the like. */
  readonly probes: Readonly<Record<string, number>>;
  readonly store: { readonly commits: number; readonly failures: number };
}

/** Of this process. */
export interface ProcessFigures {
  readonly cpuSec: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly openFiles: number | undefined;
  /** Since 1970. */
  readonly startedAtSec: number;
  /** How late timers were, since the figures were asked for last. */
  readonly loopDelaySec: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Below a hundred words of ours; nodes are as many as the registry takes. */
const MAX_SERIES = 256;
/** Half of all answers take under 0.1 ms; one that waits for a probe takes half a second. */
const ANSWER_SEC = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Told of each decision. */
export class DecisionTally {
  readonly #decisions = new Map<string, { readonly labels: Sample['labels'] & object; value: number }>();
  readonly #placements = new Map<string, number>();
  readonly #answers = new Histogram(ANSWER_SEC);

  count({ kind, reason = '', fnode, tookMs }: DecisionEvent): void {
    const key = `${kind}|${reason}`;
    const known = this.#decisions.get(key);
    if (known) known.value += 1;
    else if (this.#decisions.size < MAX_SERIES) this.#decisions.set(key, { labels: { kind, reason }, value: 1 });
    if (kind !== 'ignore') this.#answers.observe(tookMs / 1000);
    if (fnode === undefined || (!this.#placements.has(fnode) && this.#placements.size >= MAX_SERIES)) return;
    this.#placements.set(fnode, (this.#placements.get(fnode) ?? 0) + 1);
  }

  families(): readonly Family[] {
    return [
      {
        name: 'flisolator_dhcp_decisions_total',
        help: 'DHCP messages by what became of them and by which rule.',
        type: 'counter',
        samples: [...this.#decisions.values()],
      },
      {
        name: 'flisolator_dhcp_answer_seconds',
        help: 'From the datagram to the answer, of messages that were answered.',
        type: 'histogram',
        samples: this.#answers.samples(),
      },
      {
        name: 'flisolator_placements_total',
        help: 'Answers that sent a client to this fnode.',
        type: 'counter',
        samples: labelled('fnode', this.#placements),
      },
    ];
  }
}

export function serviceFamilies(counts: Counts, pools: readonly Pool[], fnodes: readonly FnodeRow[]): Family[] {
  // A state without nodes is 0, so that an alarm can compare it.
  const states = new Map<string, number>(FNODE_STATES.map((state) => [state, 0]));
  for (const { state } of fnodes) states.set(state, (states.get(state) ?? 0) + 1);
  const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
    ...{ name, help, type: 'gauge', samples },
  });
  const ofPools = (value: (pool: Pool) => number): Sample[] =>
    pools.map((each) => ({ labels: { network: each.network }, value: value(each) }));
  const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
    ...{ name, help, type: 'counter', samples },
  });
  return [
    gauge('flisolator_leases', 'Leases by state.', labelled('state', Object.entries(counts.leases))),
    gauge(
      'flisolator_pool_addresses',
      'Addresses of the pool.',
      ofPools(({ size }) => size),
    ),
    gauge(
      'flisolator_pool_free_addresses',
      'Addresses of the pool that nobody holds.',
      ofPools(({ free }) => free),
    ),
    gauge(
      'flisolator_pool_declined_addresses',
      'Addresses that rest because somebody else was found there.',
      ofPools(({ declined }) => declined),
    ),
    gauge('flisolator_fnodes', 'Boot nodes by state.', labelled('state', states)),
    gauge(
      'flisolator_fnode_machines',
      'Machines that were sent to this fnode within the last half hour.',
      fnodes.map(({ name, machines }) => ({ labels: { fnode: name }, value: machines })),
    ),
    counter('flisolator_probes_total', 'Addresses looked at.', labelled('outcome', Object.entries(counts.probes))),
    counter('flisolator_store_commits_total', 'Times that leases were put on disk.', [{ value: counts.store.commits }]),
    counter('flisolator_store_failures_total', 'Times that they could not be.', [{ value: counts.store.failures }]),
  ];
}

/** The names that dashboards for Prometheus know. */
export function processFamilies(figures: ProcessFigures): Family[] {
  const { loopDelaySec: delay, openFiles } = figures;
  const one = (name: string, type: 'gauge' | 'counter', help: string, value: number): Family => ({
    ...{ name, help, type, samples: [{ value }] },
  });
  return [
    one('process_cpu_seconds_total', 'counter', 'Processor time, user and system.', figures.cpuSec),
    one('process_resident_memory_bytes', 'gauge', 'Resident memory.', figures.residentBytes),
    one('process_start_time_seconds', 'gauge', 'When it started, since 1970.', figures.startedAtSec),
    ...(openFiles === undefined ? [] : [one('process_open_fds', 'gauge', 'Open files and sockets.', openFiles)]),
    one('nodejs_heap_size_used_bytes', 'gauge', "Memory of JavaScript's own.", figures.heapUsedBytes),
    {
      name: 'flisolator_event_loop_delay_seconds',
      help: 'How late timers were since the scrape before.',
      type: 'gauge',
      samples: [
        { labels: { quantile: '0.5' }, value: delay.p50 },
        { labels: { quantile: '0.99' }, value: delay.p99 },
        { labels: { quantile: '1' }, value: delay.max },
      ],
    },
  ];
}

function labelled(label: string, values: Iterable<readonly [string, number]>): Sample[] {
  return [...values].map(([name, value]) => ({ labels: { [label]: name }, value }));
}
