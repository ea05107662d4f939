/** The demo's two machines, and what is told of them while they boot. */
import path from 'node:path';
import type { Cleanup } from './cleanup.ts';
import type { LogLine } from './follow.ts';
import { type FnodeName, openHall } from './hall.ts';
import type { Lab } from './lab.ts';
import { type Machine, type MachineEnd, type MachineOptions, type OnReport, powerOn } from './machine.ts';
import { Story } from './story.ts';

export interface Star {
  readonly name: 'bios' | 'uefi';
  readonly mac: string;
  readonly title: string;
  readonly fnode: FnodeName;
  /** Why it is told to load something else than its firmware would ask for. */
  readonly loader?: string;
  /** How its keys wait for the menu: what its serial line shows, or the moment at which the menu was fetched. */
  readonly menuShown: string;
}

export const STARS: readonly Star[] = [
  // QEMU's only BIOS boot ROM is iPXE; the row makes it boot as the ROM of a real BIOS laptop does.
  {
    name: 'bios',
    mac: '52:54:00:de:00:01',
    title: 'a BIOS machine',
    fnode: 'fnode01',
    loader: 'lpxelinux.0',
    menuShown: 'go wait:6',
  },
  {
    name: 'uefi',
    mac: '52:54:00:de:00:02',
    title: 'a UEFI machine',
    fnode: 'fnode00',
    menuShown: 'until:local.disk wait:2',
  },
];
const MENU = { title: 'FLISoL', timeout: '60s' } as const;
const INSTALLER = 'Select a language';
/** Idle, the slower one takes a minute and a half. */
const TIMEOUT_SEC = 600;

/** One line of the tale: `  12.3 s  bios   loader     lpxelinux.0 from fnode00 by TFTP, 94 kB in 0.1 s`. */
function tell(sec: number, machine: string, stage: string, text: string): void {
  console.log(`${sec.toFixed(1).padStart(6)} s  ${machine.padEnd(5)}  ${stage.padEnd(9)}  ${text}`);
}

/** Boots them all, side by side, and comes back when each has ended. Pictures go to `out`. */
export async function perform(
  lab: Lab,
  stars: readonly Star[],
  out: string,
  cleanup: Cleanup,
): Promise<readonly MachineEnd[]> {
  const powerOnMs = new Map<string, number>();
  const machines = new Map<string, Machine>();
  const story = new Story();
  const starOf = new Map(stars.map((star) => [star.mac, star]));
  const onLine = (source: 'flink' | FnodeName, line: LogLine): void => {
    for (const stage of source === 'flink' ? story.flink(line) : story.fnode(source, line)) {
      const star = starOf.get(stage.mac);
      if (!star) continue;
      tell((stage.atMs - (powerOnMs.get(stage.mac) ?? stage.atMs)) / 1000, star.name, stage.name, stage.text);
      if (stage.name === 'menu') void machines.get(stage.mac)?.go();
    }
  };
  await openHall(lab, {
    clients: stars.map(({ mac, fnode, loader }) => ({ mac, fnode, ...(loader && { loader }) })),
    menu: MENU,
    say: console.log,
    onLine,
  });
  console.log(`the hall is open: flink and two fnodes in lab ${lab.prefix}\n`);
  for (const star of stars) {
    powerOnMs.set(star.mac, Date.now());
    tell(0, star.name, 'power on', `${star.title} without a disk, ${star.mac}`);
    machines.set(star.mac, powerOn(lab, script(star, out), cleanup, report(star)));
  }
  return Promise.all([...machines.values()].map(({ done }) => done));
}

const report =
  ({ name }: Star): OnReport =>
  (kind, what, sec) => {
    if (kind === 'stage') tell(sec, name, what, `"${INSTALLER}"`);
    else tell(sec, name, 'picture', path.basename(what));
  };

function script(star: Star, out: string): MachineOptions {
  const { name, mac } = star;
  const picture = (what: string): string => path.join(out, `${name}-${what}.png`);
  return {
    name,
    firmware: name,
    mac,
    timeoutSec: TIMEOUT_SEC,
    until: INSTALLER,
    stages: { installer: INSTALLER },
    // The entry below the local disk, which is the default.
    keys: `${star.menuShown} shot:${picture('menu')} down wait:1 ret`,
    screenshot: picture('system'),
  };
}
