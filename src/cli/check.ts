/** `check`: every problem of a configuration, or ok. */
import type { Loaded } from '../config/load.ts';
import { ConfigFaults, showConfigFault } from '../core/errors.ts';
import type { Terminal } from './command.ts';

/** `notes`: what is no fault but worth a line. Faults go to stdout: they are what was asked for. */
export function check<Config>(
  load: () => Loaded<Config>,
  notes: (loaded: Loaded<Config>) => readonly string[],
  asJson: boolean,
  terminal: Terminal,
): number {
  try {
    const lines = notes(load());
    if (asJson) terminal.out(JSON.stringify({ ok: true, faults: [], notes: lines }, null, 2));
    else for (const line of [...lines.map((note) => `note: ${note}`), 'ok']) terminal.out(line);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error;
    if (asJson) terminal.out(JSON.stringify({ ok: false, faults: error.faults, notes: [] }, null, 2));
    else for (const fault of error.faults) terminal.out(showConfigFault(fault));
    return error.exitCode;
  }
}
