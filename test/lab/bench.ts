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

export interface Bench {
  readonly lab: Lab;
  readonly hall: Hall;
  /** Where screenshots go. */
  readonly out: string;
  /** All packets on flink's WAN side, from before flink started. */
  readonly wanCapture: string;
  /**
   * Boots a machine until its pattern is seen, or until `isEnough` says so, asked with every line of the logs. Keys that
   * wait at `go` continue when the graphical menu of pxelinux is on its way.
   */
  boot(options: MachineOptions, isEnough?: () => boolean): Promise<MachineEnd>;
  /** What the machine fetched so far, from all fnodes, in the order of time. */
  fetched(mac: string): readonly Transfer[];
}

/** In `lab`, which is empty so far. */
export async function openBench(
  lab: Lab,
  out: string,
  options: Omit<HallOptions, 'onLine'>,
  cleanup: Cleanup,
): Promise<Bench> {
  const wanCapture = path.join(lab.state, 'wan.pcap');
  await lab.net('capture', 'wan', wanCapture);
  const listeners = new Set<() => void>();
  const onLine = (): void => {
    for (const listener of listeners) listener();
  };
  const hall = await openHall(lab, { ...options, onLine });
  return {
    lab,
    hall,
    out,
    wanCapture,
    fetched: (mac) => fetchedBy(hall, mac),
    boot: async (machine, isEnough = () => false) => {
      const vm = powerOn(lab, machine, cleanup, () => {});
      const listener = (): void => {
        if (isEnough()) void vm.stop();
        if (fetchedBy(hall, machine.mac).some(({ file }) => file.endsWith('/vesamenu.c32'))) void vm.go();
      };
      listeners.add(listener);
      return vm.done.finally(() => listeners.delete(listener));
    },
  };
}

function fetchedBy(hall: Hall, mac: string): readonly Transfer[] {
  const acks = hall.logs.flink.lines.filter(({ event, fields }) => event === 'ack' && fields.mac === mac);
  const addresses = new Set(acks.map(({ fields }) => fields.ip));
  const transfers = FNODES.flatMap(({ name }) =>
    hall.logs[name].lines.flatMap((line) => {
      const sent = sentOf(line);
      return sent && addresses.has(sent.ip) ? [{ ...sent, fnode: name }] : [];
    }),
  );
  return transfers.toSorted((a, b) => a.atMs - b.atMs);
}
