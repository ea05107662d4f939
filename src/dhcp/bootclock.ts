/** What moments on disk mean to the process that reads them, however often machine and wall clock were set anew since. */
import type { Clock } from '../host.ts';

/** Rows of clocks are called `clock/3`, one a start of the machine. */
export type ClockKey = `clock/${number}`;

/**
 * Both clocks at one moment: the steady one, which moments on disk are by and which begins anew with the machine, and the
 * wall's. The last such row of a start counts: the wall clock may have been put right after the first.
 */
export interface BootClock {
  readonly [name: string]: string | number | Seen | undefined;
  /** Absent where the system does not say: then no other process knows what its steady clock shows. */
  readonly bootId: string | undefined;
  readonly nowMs: number;
  readonly dateMs: number;
  /** What a later start of the machine made of it, once for all: its wall clock may jump, too. */
  readonly seen: Seen | undefined;
}

export interface Seen {
  readonly [name: string]: string | number | undefined;
  /** Whose steady clock the others are by. */
  readonly by: ClockKey;
  readonly atMs: number;
  /** What this clock's moments are later there; absent where its wall clock was never set. */
  readonly shiftMs: number | undefined;
}

/** A moment on disk. */
export interface Moment {
  readonly endMs: number;
  /** How far away it was when it was written: wherever clocks are, it is never further. */
  readonly termMs: number;
  readonly clock: string;
}

/** A wall clock before this has not been set: a board without a battery begins at 1970. */
const SET_SINCE_MS = Date.UTC(2024, 0, 1);
/** The wall clock creeps after the steady one as NTP slews it; more than this is a step. Taste. */
const STEP_MS = 3000;

export class BootClocks {
  readonly #clock: Clock;
  readonly #rows: Map<string, BootClock>;
  /** Rows that are not on disk yet. */
  readonly #unkept = new Set<string>();
  /** The row of this start. */
  readonly key: ClockKey;

  /** `values` is everything that is on disk. */
  constructor(clock: Clock, values: ReadonlyMap<string, unknown>) {
    const rows = readClocks(values);
    this.#clock = clock;
    this.#rows = new Map(rows);
    this.key = keyOf(clock.bootId, rows) ?? freshKey(values);
    this.#note();
    const here = this.#row();
    for (const [key, row] of rows) {
      if (key === this.key || row.seen?.by === this.key) continue;
      this.#rows.set(key, { ...row, seen: seenFrom(row, here, this.key) });
      this.#unkept.add(key);
    }
  }

  /** Rows that have to be on disk with moments of now. */
  news(): readonly (readonly [string, BootClock])[] {
    const here = this.#rows.get(this.key);
    const { nowMs, dateMs } = this.#row();
    if (!here || Math.abs(dateMs - nowMs - (here.dateMs - here.nowMs)) > STEP_MS) this.#note();
    return [...this.#rows].filter(([key]) => this.#unkept.has(key));
  }

  /** Those are. */
  kept(rows: readonly (readonly [string, BootClock])[]): void {
    for (const [key, row] of rows) if (this.#rows.get(key) === row) this.#unkept.delete(key);
  }

  /** `atMs`, by this process's clock, for the disk. */
  moment(atMs: number): Moment {
    return { endMs: Math.ceil(atMs), termMs: Math.max(0, Math.ceil(atMs - this.#clock.now())), clock: this.key };
  }

  /** By this process's clock. Exact within one start of the machine, else as far as the wall clocks of both can be believed. */
  atMs({ endMs, termMs, clock }: Moment): number {
    if (clock === this.key) return endMs;
    const seen = this.#rows.get(clock)?.seen;
    const latestMs = (seen?.atMs ?? this.#clock.now()) + termMs;
    return seen?.shiftMs === undefined ? latestMs : Math.min(endMs + seen.shiftMs, latestMs);
  }

  #note(): void {
    this.#rows.set(this.key, this.#row());
    this.#unkept.add(this.key);
  }

  #row(): BootClock {
    const { bootId } = this.#clock;
    return { bootId, nowMs: Math.round(this.#clock.now()), dateMs: Math.round(this.#clock.date()), seen: undefined };
  }
}

function keyOf(bootId: string | undefined, rows: ReadonlyMap<string, BootClock>): ClockKey | undefined {
  const same = bootId === undefined ? undefined : [...rows].find(([, row]) => row.bootId === bootId);
  return same?.[0] as ClockKey | undefined;
}

/** One that no moment on disk is by, even where the row of its clock was lost. */
function freshKey(values: ReadonlyMap<string, unknown>): ClockKey {
  let highest = 0;
  for (const [key, value] of values) {
    const { clock } = { ...(value as Partial<Moment> | null) };
    for (const name of [key, clock]) if (ROW.test(`${name}`)) highest = Math.max(highest, numberOf(`${name}`));
  }
  return `clock/${highest + 1}`;
}

const ROW = /^clock\/\d{1,9}$/;
const numberOf = (key: string): number => Number(key.slice('clock/'.length));

/** Where our own wall clock has not been set yet, moments come out far ahead, and their bound is what counts. */
function seenFrom(row: BootClock, here: BootClock, by: ClockKey): Seen {
  // The same moment of the wall by both clocks.
  const shiftMs = here.nowMs - here.dateMs - (row.nowMs - row.dateMs);
  return { by, atMs: here.nowMs, shiftMs: row.dateMs < SET_SINCE_MS ? undefined : shiftMs };
}

/** The rows among everything that is on disk. */
function readClocks(values: ReadonlyMap<string, unknown>): Map<string, BootClock> {
  const rows = new Map<string, BootClock>();
  for (const [key, value] of values) {
    const row = ROW.test(key) ? readClock(value) : undefined;
    if (row) rows.set(key, row);
  }
  return rows;
}

function readClock(value: unknown): BootClock | undefined {
  const { bootId, nowMs, dateMs, seen } = { ...(value as Partial<BootClock> | null) };
  if (!Number.isFinite(nowMs) || !Number.isFinite(dateMs)) return undefined;
  return { bootId, nowMs: Number(nowMs), dateMs: Number(dateMs), seen };
}
