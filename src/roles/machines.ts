/** What flink remembers of machines over restarts: by which variant of the answer each has booted. */
import { messageOf } from '../core/errors.ts';
import type { MachineKey } from '../core/swarm.ts';
import { fromStored, MAX_MACHINES, type Machine, MachineTable, toStored } from '../dhcp/machines.ts';
import { type Journal, openJournal } from '../host/journal.ts';
import { journalFiles } from '../host/journalfiles.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';

export type MachineMemory = Service & { readonly table: MachineTable };

/** Lines beside those that are needed. Taste. */
const SPARE_LINES = 2000;
const WARN_EVERY_MS = 600_000;

/** In `machines-000001.log` and so on in `folder`; without one a restart forgets. */
export function machineMemory(folder: string | undefined, { clock, log }: Host): MachineMemory {
  let journal: Journal | undefined;
  let warnedAtMs = Number.NEGATIVE_INFINITY;

  /** Nobody waits for it: what is lost is found out again, by the machine's trying once more. */
  const write = ({ mac, uuid }: MachineKey, machine: Machine): void => {
    journal?.commit([[`${mac} ${uuid ?? ''}`, { ...toStored(machine) }]]).catch((fault: unknown) => {
      if (clock.now() - warnedAtMs < WARN_EVERY_MS) return;
      warnedAtMs = clock.now();
      log.warn('machines', 'not-remembered', { error: messageOf(fault) });
    });
  };
  const table = new MachineTable(write);

  return {
    name: 'machines',
    table,
    start: async () => {},
    settle: async () => {
      if (folder === undefined) return;
      journal = await openJournal({
        ...{ name: 'machines', files: journalFiles(folder, clock.bootId), log, spareLines: SPARE_LINES },
        outdated,
      });
      for (const value of journal.values.values()) {
        const machine = fromStored(value);
        if (machine) table.restore(machine);
      }
    },
    stop: async () => {
      await journal?.close();
      journal = undefined;
    },
    health: () => ({ ok: true }),
  };
}

/** Those that stand first were written first. Nothing is remembered of a machine for which the usual answer does. */
function outdated(values: ReadonlyMap<string, unknown>): Iterable<string> {
  const isEmpty = (value: unknown): boolean => Object.keys(fromStored(value)?.worked ?? {}).length === 0;
  const surplus = Math.max(0, values.size - MAX_MACHINES);
  return [...values].flatMap(([key, value], i) => (i < surplus || isEmpty(value) ? [key] : []));
}
