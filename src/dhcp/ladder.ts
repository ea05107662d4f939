/**
 * Which variant of the answer a machine gets now. One that comes back without progress gets the next: firmware in the field wants
 * option 43 or fails on it, asks port 4011 or never, and fails with one loader where another runs. Pure: the machine as it is
 * remembered goes in, and comes out as it is to be remembered.
 */
import { ATTEMPT_MS, type Attempt, type Machine, type Slot } from './machines.ts';
import type { Rung } from './rungs.ts';

/** What the step depends on of one request. */
export interface Ask {
  readonly slot: Slot;
  readonly xid: number;
  /** DISCOVER: whatever else comes belongs to the attempt that one has begun. */
  readonly isDiscover: boolean;
  /** The answer is an ACK. */
  readonly isTaken: boolean;
  readonly door: 'dhcp' | 'pxe';
  /** Whether lack of progress can be seen, and may be answered. */
  readonly mayClimb: boolean;
  readonly nowMs: number;
}

/**
 * `first`: a boot begins, and nothing better is known. `worked`: that rung led further before. `same`: its attempt goes on. `climbed`: it came back
 * without progress. `around`: so it did on the last rung. `circle`: an iPXE that was given a loader and is here again.
 */
export type StepReason = 'first' | 'worked' | 'same' | 'climbed' | 'around' | 'circle';

export interface Step {
  readonly rung: Rung;
  readonly reason: StepReason;
  readonly machine: Machine;
}

export type Rungs = readonly [Rung, ...Rung[]];

/** A firmware that asks anew sooner has hardly tried what it got: its boot file alone takes seconds. Taste. */
const TRIED_MS = 10_000;
/** Quirk(constant-xid): some ROMs use one xid for ever; a DISCOVER so long after its ACK is no stray of the network. */
const STRAY_MS = 2000;

/** For firmware. */
export function climb(rungs: Rungs, machine: Machine, ask: Ask): Step {
  const order = inOrder(rungs, machine.worked[ask.slot]);
  const last = machine.attempts[ask.slot];
  const at = order.findIndex(({ name }) => name === last?.rung);
  const current = order[at];
  if (!last || !current || ask.nowMs - last.answeredAtMs > ATTEMPT_MS) return begin(order, machine, ask);
  if (!isAnew(last, ask)) return goOn(current, last, machine, ask);
  // What had come further has been switched off and on: nothing was wrong with the answer.
  const isFine = last.reached === 'further';
  if (isFine || !ask.mayClimb || order.length === 1) return begin(order, machine, ask);
  if (ask.nowMs - last.answeredAtMs < TRIED_MS) return { rung: current, reason: 'same', machine };
  const next = order[at + 1];
  return next ? attempt(next, 'climbed', machine, ask) : attempt(order[0], 'around', machine, ask);
}

/** The one that worked first, the others as they stand. */
function inOrder(rungs: Rungs, worked: string | undefined): Rungs {
  const best = rungs.find(({ name }) => name === worked);
  return best ? [best, ...rungs.filter((rung) => rung !== best)] : rungs;
}

function begin([first]: Rungs, machine: Machine, ask: Ask): Step {
  return attempt(first, machine.worked[ask.slot] === first.name ? 'worked' : 'first', machine, ask);
}

function isAnew(last: Attempt, { isDiscover, xid, nowMs }: Ask): boolean {
  if (!isDiscover) return false;
  return xid !== last.xid || (last.isTaken && nowMs - last.answeredAtMs >= STRAY_MS);
}

function goOn(rung: Rung, last: Attempt, machine: Machine, ask: Ask): Step {
  // The port 4011 is asked with an xid of its own. Any other is a second try beside the first, whose time goes on.
  if (ask.xid !== last.xid && ask.door === 'dhcp') return { rung, reason: 'same', machine };
  const now = { ...last, file: rung.file, answeredAtMs: ask.nowMs, isTaken: last.isTaken || ask.isTaken };
  return { rung, reason: 'same', machine: withAttempt(machine, ask.slot, now) };
}

function attempt(rung: Rung, reason: StepReason, machine: Machine, ask: Ask, loads = { loads: 0, loadsSinceMs: 0 }) {
  const { xid, isTaken, nowMs } = ask;
  const begun = { rung: rung.name, file: rung.file, xid, answeredAtMs: nowMs, isTaken, reached: 'nothing', ...loads };
  return { rung, reason, machine: withAttempt(machine, ask.slot, begun as Attempt) };
}

/** Each packet of a boot passes here; a computed name in a literal costs ten times an assignment. */
function withAttempt({ key, address, attempts: before, worked }: Machine, slot: Slot, now: Attempt): Machine {
  const attempts: Record<Slot, Attempt> = { ...before };
  attempts[slot] = now;
  return { key, address, attempts, worked };
}

/** A person needs ten seconds to switch a machine off and on; what loads itself is back within five. */
const CIRCLE_MS = 60_000;
const CIRCLE_LOADS = 6;

/**
 * For iPXE: `rungs` are what it gets, a loader if that is first, and the script behind it. A loader may be an iPXE again, and that
 * one the same for ever (ipxe #922): our own is given once a boot, to one that cannot do with its script; any other until it is
 * plain that it goes in a circle.
 */
export function guard(rungs: Rungs, machine: Machine, ask: Ask): Step {
  const last = machine.attempts[ask.slot];
  const isRecent = last !== undefined && ask.nowMs - last.answeredAtMs <= ATTEMPT_MS;
  const current = isRecent ? rungs.find(({ name }) => name === last.rung) : undefined;
  if (last && current && !isAnew(last, ask)) return goOn(current, last, machine, ask);
  const [first, script = first] = rungs;
  const isCounted = isRecent && last.reached !== 'further' && ask.nowMs - last.loadsSinceMs <= CIRCLE_MS;
  const loads = isCounted ? last.loads : 0;
  const loadsSinceMs = loads === 0 ? ask.nowMs : (last?.loadsSinceMs ?? ask.nowMs);
  if (!first.isLoader) return attempt(first, 'first', machine, ask, { loads, loadsSinceMs });
  if (first.isOnce) {
    // Its script first, as for every iPXE; ours when it is back without having got any further with that.
    const isDue = current === script && last?.reached !== 'further' && loads === 0 && ask.mayClimb;
    if (!isDue) return attempt(script, current === first ? 'circle' : 'first', machine, ask, { loads, loadsSinceMs });
    return attempt(first, 'climbed', machine, ask, { loads: 1, loadsSinceMs });
  }
  if (loads >= CIRCLE_LOADS) return attempt(script, 'circle', machine, ask, { loads, loadsSinceMs });
  return attempt(first, 'first', machine, ask, { loads: loads + 1, loadsSinceMs });
}
