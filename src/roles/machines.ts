/** What flink remembers of machines over restarts: by which variant of the answer each has booted. */
import { fromStored, MAX_MACHINES, MachineTable, toStored } from '../dhcp/machines.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import { openMemory } from './memory.ts';

export type MachineMemory = Service & { readonly table: MachineTable };

/** In `machines-*.log` in `folder`. What is lost is found out again, by the machine's trying once more. */
export function machineMemory(folder: string | undefined, host: Host): MachineMemory {
  const name = 'machines';
  const table = new MachineTable(({ mac, uuid }, machine) =>
    memory.note(`${mac} ${uuid ?? ''}`, { ...toStored(machine) }),
  );
  const onFound = (_key: string, value: unknown): void => {
    const machine = fromStored(value);
    if (machine) table.restore(machine);
  };
  const memory = openMemory({ name, folder, onFound, outdated, max: MAX_MACHINES }, host);
  const { settle, stop } = memory;
  return { name, table, start: async () => {}, settle, stop, health: () => ({ ok: true }) };
}

/** Those that stand first were written first. Nothing is remembered of a machine for which the usual answer does. */
function outdated(values: ReadonlyMap<string, unknown>): Iterable<string> {
  const isEmpty = (value: unknown): boolean => Object.keys(fromStored(value)?.worked ?? {}).length === 0;
  const surplus = Math.max(0, values.size - MAX_MACHINES);
  return [...values].flatMap(([key, value], i) => (i < surplus || isEmpty(value) ? [key] : []));
}
