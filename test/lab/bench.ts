/** What every boot test needs: a hall with a watched WAN side, machines, and what each of them was sent. */
import path from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { FNODES, type FnodeName, type Hall, type HallOptions, openHall } from './hall.ts';
import type { Lab } from './lab.ts';
import { type MachineEnd, type MachineOptions, powerOn } from './machine.ts';
import { type Sent, sentOf } from './story.ts';

export interface Transfer extends Sent {
  readonly fnode: FnodeName;
}

export interface BootWatch {
  /** Asked with every line of the logs: whether the boot has shown enough. */
  readonly isEnough?: () => boolean;
  /** Told of the machine's `stages`, with seconds after power-on; `stop` pulls the plug. */
  readonly onStage?: (name: string, sec: number, stop: () => void) => void;
}

export interface BenchOptions extends Omit<HallOptions, 'onLine'> {
  /** Where it isn't flink that gives them: the addresses that a machine has had. */
  readonly addressesOf?: (mac: string) => readonly string[];
}

export interface Bench {
  readonly lab: Lab;
  readonly hall: Hall;
  /** Where screenshots go. */
  readonly out: string;
  /** All packets on flink's WAN side, from before flink started. */
  readonly wanCapture: string;
  /**
   * Boots a machine until its pattern is seen. Keys that wait at `go` continue when the graphical menu of pxelinux is on
   * its way.
   */
  boot(options: MachineOptions, watch?: BootWatch): Promise<MachineEnd>;
  /** What the machine fetched so far, from all fnodes, in the order of time. */
  fetched(mac: string): readonly Transfer[];
}

/** In `lab`, which is empty so far. */
export async function openBench(lab: Lab, out: string, options: BenchOptions, cleanup: Cleanup): Promise<Bench> {
  const wanCapture = path.join(lab.state, 'wan.pcap');
  await lab.net('capture', 'wan', wanCapture);
  const listeners = new Set<() => void>();
  const onLine = (): void => {
    for (const listener of listeners) listener();
  };
  const hall = await openHall(lab, { ...options, onLine });
  const addressesOf = options.addressesOf ?? ((mac: string) => acked(hall, mac));
  const fetched = (mac: string): readonly Transfer[] => fetchedBy(hall, addressesOf(mac));
  return {
    lab,
    hall,
    out,
    wanCapture,
    fetched,
    boot: async (machine, { isEnough = () => false, onStage = () => {} } = {}) => {
      const vm = powerOn(lab, machine, cleanup, (kind, what, sec) => {
        if (kind === 'stage') onStage(what, sec, () => void vm.stop());
      });
      const listener = (): void => {
        if (isEnough()) void vm.stop();
        if (fetched(machine.mac).some(({ file }) => file.endsWith('/vesamenu.c32'))) void vm.go();
      };
      listeners.add(listener);
      return vm.done.finally(() => listeners.delete(listener));
    },
  };
}

function acked({ logs }: Hall, mac: string): readonly string[] {
  const acks = logs.flink.lines.filter(({ event, fields }) => event === 'ack' && fields.mac === mac);
  return acks.map(({ fields }) => String(fields.ip));
}

function fetchedBy(hall: Hall, addresses: readonly string[]): readonly Transfer[] {
  const transfers = FNODES.flatMap(({ name }) =>
    hall.logs[name].lines.flatMap((line) => {
      const sent = sentOf(line);
      return sent && addresses.includes(sent.ip) ? [{ ...sent, fnode: name }] : [];
    }),
  );
  return transfers.toSorted((a, b) => a.atMs - b.atMs);
}
