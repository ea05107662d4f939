/** What a request gets to boot, and what is remembered of its machine: the next stage noted, a step of the ladder taken, its words made. */
import type { Ipv4, Mac } from '../core/addr.ts';
import { type BootAnswer, bootAnswer } from './boot.ts';
import { climb, guard, type Rungs } from './ladder.ts';
import { afterNextStage, IPXE_SLOT, type Machine, type MachineView, newMachine } from './machines.ts';
import { OPTION, readText, readU8 } from './options.ts';
import type { DhcpPacket } from './packet.ts';
import type { DhcpPolicy, Placement } from './policy.ts';
import type { BootClient } from './pxe.ts';
import { MESSAGE } from './reply.ts';
import { platformOf, type Rung, rungsFor } from './rungs.ts';

export interface BootFacts {
  readonly request: DhcpPacket;
  readonly client: BootClient;
  readonly mac: Mac;
  readonly policy: DhcpPolicy;
  readonly machines: MachineView;
  readonly door: 'dhcp' | 'pxe';
  readonly nowMs: number;
}

export interface Booting {
  readonly boot: BootAnswer | undefined;
  /** Only where there is something new to be remembered. */
  readonly machine: Machine | undefined;
}

/** `address`: what the machine is offered or uses; `isTaken`: the answer is an ACK. */
export function bootingOf(
  facts: BootFacts,
  placement: Placement,
  address: Ipv4 | undefined,
  isTaken: boolean,
): Booting {
  const { request, client, mac, policy, door, nowMs } = facts;
  const key = { mac, uuid: client.machineId };
  const known = facts.machines.of(key);
  const rungs = rungsFor(client, placement, policy);
  const { node } = placement;
  if (!isAny(rungs) || !node) return { boot: undefined, machine: changed(known, known && seen(facts, known, address)) };
  const slot = client.stage === 'ipxe' ? IPXE_SLOT : (platformOf(client) ?? IPXE_SLOT);
  const step = (client.stage === 'ipxe' ? guard : climb)(rungs, seen(facts, known ?? newMachine(key), address), {
    slot,
    xid: request.xid,
    door,
    nowMs,
    isTaken,
    isDiscover: readU8(request.options.get(OPTION.messageType)) === MESSAGE.discover,
    mayClimb: policy.hasLadder && placement.isWatched === true,
  });
  const boot = bootAnswer({ client, mac, door, options: request.options }, node, step.rung, step.reason);
  return { boot, machine: changed(known, step.machine) };
}

/** The machine with what the request itself tells: its address, and that the stage before this one led on. */
export function seen(
  { request, client, nowMs }: Pick<BootFacts, 'request' | 'client' | 'nowMs'>,
  known: Machine,
  address: Ipv4 | undefined,
): Machine {
  const isWindows = readText(request.options.get(OPTION.vendorClass))?.startsWith('MSFT ') === true;
  const machine = afterNextStage(known, client, isWindows, nowMs);
  return address === undefined || machine.address === address ? machine : { ...machine, address };
}

const isAny = (rungs: readonly Rung[]): rungs is Rungs => rungs.length > 0;
const changed = (before: Machine | undefined, after: Machine | undefined) => (after === before ? undefined : after);
