/** What flink remembers of its placing over restarts: where each machine was sent, so that it stays there. */
import { parseMac } from '../core/addr.ts';
import type { MachineKey } from '../core/swarm.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import { MAX_MACHINES } from '../swarm/assignments.ts';
import { openMemory } from './memory.ts';

export type PlacementMemory = Service & {
  /** The machine has been told to boot from that node. */
  keep(machine: MachineKey, node: string): void;
};

/** Taste: an install-fest lasts a day. Who comes to the next one is placed anew, over the nodes of then. */
const REMEMBERED_MS = 24 * 3_600_000;

interface Placed {
  readonly node: string;
  /** By the wall clock; of another day's clock, in the future, it counts as new. */
  readonly atMs: number;
}

/** In `placements-*.log` in `folder`. `onFound` is told of each machine when it settles. */
export function placementMemory(
  folder: string | undefined,
  host: Host,
  onFound: (machine: MachineKey, node: string) => void,
): PlacementMemory {
  const name = 'placements';
  const isOld = ({ atMs }: Placed): boolean => host.clock.date() - atMs > REMEMBERED_MS;
  const memory = openMemory(
    {
      ...{ name, folder, max: MAX_MACHINES },
      onFound: (key, value) => {
        const [machine, placed] = [machineOf(key), placedOf(value)];
        if (machine && placed && !isOld(placed)) onFound(machine, placed.node);
      },
      outdated: (values) => {
        const surplus = Math.max(0, values.size - MAX_MACHINES);
        return [...values].flatMap(([key, value], i) => {
          const placed = placedOf(value);
          return i < surplus || !placed || isOld(placed) ? [key] : [];
        });
      },
    },
    host,
  );
  const { settle, stop } = memory;
  return {
    ...{ name, start: async () => {}, settle, stop, health: () => ({ ok: true }) },
    keep: ({ mac, uuid }, node) => {
      const key = `${mac} ${uuid ?? ''}`;
      const before = placedOf(memory.read(key));
      if (before?.node !== node || isOld(before)) memory.note(key, { node, atMs: host.clock.date() });
    },
  };
}

function machineOf(key: string): MachineKey | undefined {
  const [text = '', uuid = ''] = key.split(' ');
  const mac = parseMac(text);
  return mac && { mac, uuid: uuid === '' ? undefined : uuid };
}

function placedOf(value: unknown): Placed | undefined {
  if (typeof value !== 'object' || value === null || !('node' in value) || !('atMs' in value)) return undefined;
  const { node, atMs } = value;
  return typeof node === 'string' && typeof atMs === 'number' ? { node, atMs } : undefined;
}
