/** Runs a role: ports open, rights dropped, ready, until a signal ends it. */
import type { Loaded } from '../config/load.ts';
import { ConfigFaults, Fault } from '../core/errors.ts';
import { openLog } from '../host/log.ts';
import { systemHost } from '../host/system.ts';
import { becomeUser, chooseRights, mayRead, type Rights, type RunUser } from '../host/user.ts';
import type { Host, Log } from '../host.ts';
import { startAll, stopAll } from '../service.ts';
import type { Input, Terminal } from './command.ts';
import { logSettings } from './options.ts';
import type { Role } from './role.ts';

export interface Serving<Config> {
  readonly name: string;
  /** Reads the configuration, at start and at each reload. Throws a `Fault`. */
  readonly load: (host: Host) => Loaded<Config>;
  /** Keys that are set and not served. */
  readonly unserved?: (loaded: Loaded<Config>) => readonly string[];
  /** Refuses what cannot work on this machine, before anything is opened. */
  readonly inspect: (loaded: Loaded<Config>, host: Host) => void;
  readonly role: (config: Config, host: Host) => Role<Config>;
  /** What the run user must be able to read. */
  readonly folders: (config: Config) => readonly string[];
  readonly stateDir: (config: Config) => string | undefined;
  /** Makes what has to be there before ports open; at a reload nothing is made again. */
  readonly prepare: (config: Config, user: RunUser | undefined) => Config;
}

/** Resolves to 0 when a signal has ended it. Rejects with a `Fault` when it cannot start. */
export async function serve<Config>(serving: Serving<Config>, input: Input, terminal: Terminal): Promise<number> {
  const { name } = serving;
  const log = openLog(logSettings(input, 'info', terminal));
  const host = systemHost(log);
  const loaded = serving.load(host);
  serving.inspect(loaded, host);
  const stateDir = serving.stateDir(loaded.config);
  const rights = chooseRights(input.text('user'), stateDir, serving.folders(loaded.config));
  const user = rights.kind === 'drop' ? rights.user : undefined;
  const config = serving.prepare(loaded.config, user);
  const role = serving.role(config, host);

  const signals = listenToSignals(log, name, () => reload(serving, role, host));
  await startAll(role.services, () => {
    warnOfReload(rights, input.text('config'), name, log);
    takeRights(rights, name, log);
  });
  const unserved = serving.unserved?.(loaded) ?? [];
  if (unserved.length > 0) log.warn(name, 'not-served', { keys: unserved.join(', '), why: NOT_SERVED });
  log.info(name, 'ready', { serves: role.ready.join('; '), user: user?.name, pid: process.pid });

  // A role without a socket, such as flink with dhcp.mode off, must not end for want of something to wait for.
  const alive = setInterval(() => {}, STOP_MS * 1000);
  const signal = await signals.stopped;
  clearInterval(alive);
  log.info(name, 'stopping', { signal });
  await stopAll(role.services);
  log.info(name, 'stopped');
  return 0;
}

const NOT_SERVED = 'declared, not served by this version';

/** A file that only root can read is read now, and never again. */
function warnOfReload(rights: Rights, file: string | undefined, name: string, log: Log): void {
  if (rights.kind !== 'drop' || file === undefined || mayRead(rights.user, file)) return;
  const cure = `chgrp ${rights.user.gid} ${file}; chmod g+r ${file}`;
  log.warn(name, 'no-reload', { file, why: `${rights.user.name} may not read it, so SIGHUP cannot`, cure });
}

function takeRights(rights: Rights, name: string, log: Log): void {
  if (rights.kind === 'drop') becomeUser(rights.user);
  if (rights.kind === 'stay-root') log.warn(name, 'still-root', { why: rights.why });
}

/** A configuration that cannot be used is reported, and what runs goes on as it was. */
async function reload<Config>(serving: Serving<Config>, role: Role<Config>, host: Host): Promise<void> {
  try {
    await role.reload(serving.load(host).config);
    host.log.info(serving.name, 'reloaded');
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const faults = error instanceof ConfigFaults ? error.message.split('\n') : [error.message];
    for (const fault of faults) host.log.error(serving.name, 'reload-refused', { error: fault });
  }
}

/** One Ctrl-C arrives twice, from the terminal and from the process that started this one: taste. */
const SAME_SIGNAL_MS = 500;
/** Service managers lose patience later than this: taste. */
const STOP_MS = 8000;

interface Signals {
  readonly stopped: Promise<NodeJS.Signals>;
}

/** SIGTERM and SIGINT stop, a second one at once; SIGHUP reloads, one reload at a time. */
function listenToSignals(log: Log, name: string, onReload: () => Promise<void>): Signals {
  let reloading = Promise.resolve();
  process.on('SIGHUP', () => {
    reloading = reloading.then(onReload);
  });
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    let firstAtMs: number | undefined;
    const end = (why: string): never => {
      log.warn(name, 'forced', { why });
      process.exit(1);
    };
    const onSignal = (signal: NodeJS.Signals): void => {
      const nowMs = performance.now();
      if (firstAtMs !== undefined && nowMs - firstAtMs > SAME_SIGNAL_MS) end(signal);
      if (firstAtMs !== undefined) return;
      firstAtMs = nowMs;
      setTimeout(() => end('a service did not stop in time'), STOP_MS).unref();
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  return { stopped };
}
