/** Whom a process runs as once its ports are open, and the folder where it keeps its state. */
import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { errnoOf, Fault } from '../core/errors.ts';

export interface RunUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** What becomes of root's rights. */
export type Rights =
  | { readonly kind: 'as-started' }
  | { readonly kind: 'drop'; readonly user: RunUser }
  /** `why` is one sentence with the cure. */
  | { readonly kind: 'stay-root'; readonly why: string };

export const DEFAULT_STATE_DIR = '/var/lib/flisolator';

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * The user to run as: `wanted`, else the owner of the state folder, else nobody; where that one may not read what is
 * served, the owner of it. Throws a `Fault` if `wanted` doesn't exist or may not read a folder.
 */
export function chooseRights(
  wanted: string | undefined,
  stateDir: string | undefined,
  folders: readonly string[],
): Rights {
  if (!isRoot()) {
    if (wanted === undefined || isMe(wanted)) return { kind: 'as-started' };
    throw new Fault('no-privilege', `only root can become ${JSON.stringify(wanted)}: run as root, or without --user`);
  }
  return wanted === undefined ? defaultRights(stateDir, folders) : wantedRights(wanted, folders);
}

function wantedRights(wanted: string, folders: readonly string[]): Rights {
  const user = findUser(wanted);
  if (user.uid === 0) return { kind: 'as-started' };
  if (!mayBecome(user)) throw new Fault('no-privilege', `root may not become ${user.name} here: ${ADD_CAPABILITIES}`);
  const locked = lockedFolder(user, folders);
  if (locked === undefined) return { kind: 'drop', user };
  throw new Fault('no-privilege', `user ${user.name} may not read ${locked}: chmod it, or give another --user`);
}

function defaultRights(stateDir: string | undefined, folders: readonly string[]): Rights {
  const user = ownerOf(stateDir) ?? nobody();
  if (!mayBecome(user)) return { kind: 'stay-root', why: `root may not become ${user.name} here: ${ADD_CAPABILITIES}` };
  const locked = lockedFolder(user, folders);
  if (locked === undefined) return { kind: 'drop', user };
  const owner = ownerOf(locked);
  if (owner && lockedFolder(owner, folders) === undefined) return { kind: 'drop', user: owner };
  return { kind: 'stay-root', why: `only root may read ${locked}: chmod a+rX it and what is above it, or give --user` };
}

/** What a container without these refuses. */
const ADD_CAPABILITIES = 'add CAP_SETUID and CAP_SETGID, or start as an ordinary user';

function mayBecome(user: RunUser): boolean {
  try {
    as(user, () => {});
    return true;
  } catch {
    return false;
  }
}

/** Gives up root for good: groups first, as they need root themselves. Call it when the ports are open. */
export function becomeUser(user: RunUser): void {
  enterGroups(user);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
}

/**
 * The folder for leases and the like, made if it is missing and given to `user`. Throws a `Fault` if it cannot be written.
 * A default that an ordinary user may not use gives way to one at home.
 */
export function prepareStateDir(wanted: string | undefined, user: RunUser | undefined): string {
  if (wanted !== undefined || isRoot()) return makeStateDir(wanted ?? DEFAULT_STATE_DIR, user);
  try {
    return makeStateDir(DEFAULT_STATE_DIR, user);
  } catch {
    return makeStateDir(homeStateDir(), user);
  }
}

/** A folder that may be made, for `user`; whether it is of use is found out by who opens it. */
export function prepareCacheDir(path: string, user: RunUser | undefined): void {
  try {
    makeStateDir(path, user);
  } catch {
    // What is kept there is only kept to save time: the sentence about it comes from who needs it.
  }
}

/**
 * The state folder for a command that looks at what the service keeps there: undefined where that has not made it yet, or
 * this user may not write in it. Made by a command it would belong to the wrong user, and the service could not use it.
 */
export function findStateDir(wanted: string | undefined): string | undefined {
  const places = wanted !== undefined || isRoot() ? [wanted ?? DEFAULT_STATE_DIR] : [DEFAULT_STATE_DIR, homeStateDir()];
  return places.find(isInUse);
}

function isInUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory() && !isFresh(path);
  } catch {
    return false;
  }
}

/** An empty folder of root's: a volume of a container for instance, for whoever starts first. */
function isFresh(path: string): boolean {
  return statSync(path).uid === 0 && readdirSync(path).length === 0;
}

function homeStateDir(): string {
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'flisolator');
}

/** `path`, or what there is of it so far: whoever is to keep state there must be able to get that far. */
export function nearestFolder(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) || dirname(path) === path ? path : nearestFolder(dirname(path));
}

function makeStateDir(path: string, user: RunUser | undefined): string {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const made = mkdirSync(path, { recursive: true, mode: 0o750 });
    if (user && (made !== undefined || isFresh(path))) chownSync(path, user.uid, user.gid);
    as(user, () => {
      const probe = join(path, `.probe-${process.pid}`);
      writeFileSync(probe, '');
      rmSync(probe);
    });
    return path;
  } catch (error) {
    const who = user?.name ?? 'this user';
    const code = errnoOf(error);
    if (code === undefined) throw error;
    const cure = `chown -R ${user?.name ?? '$USER'} ${path}, or give another --state-dir`;
    throw new Fault('store-failed', `${who} cannot write in the state folder ${path} (${code}): ${cure}`, error);
  }
}

function isMe(wanted: string): boolean {
  return Number(wanted) === process.getuid?.() || accounts().find((a) => a.name === wanted)?.uid === process.getuid?.();
}

function findUser(wanted: string): RunUser {
  const all = accounts();
  const found = all.find((a) => a.name === wanted) ?? all.find((a) => String(a.uid) === wanted);
  if (found) return found;
  throw new Fault('usage', `no user is called ${JSON.stringify(wanted)}: give --user a name of /etc/passwd`);
}

function accounts(): readonly RunUser[] {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

const OVERFLOW_ID = 65_534;

function nobody(): RunUser {
  return accounts().find((a) => a.name === 'nobody') ?? { name: 'nobody', uid: OVERFLOW_ID, gid: OVERFLOW_ID };
}

/** Its owner, unless that is root or the folder isn't there. */
function ownerOf(folder: string | undefined): RunUser | undefined {
  const stat = folder === undefined ? undefined : statSync(folder, { throwIfNoEntry: false });
  if (!stat || stat.uid === 0) return undefined;
  const named = accounts().find((a) => a.uid === stat.uid);
  return named ?? { name: String(stat.uid), uid: stat.uid, gid: stat.gid };
}

function lockedFolder(user: RunUser, folders: readonly string[]): string | undefined {
  return folders.find((folder) => {
    try {
      as(user, () => readdirSync(folder));
      return false;
    } catch (error) {
      return errnoOf(error) === 'EACCES';
    }
  });
}

/** Whether `user` can open that file later, when root's rights are gone. */
export function mayRead(user: RunUser, file: string): boolean {
  try {
    as(user, () => closeSync(openSync(file, 'r')));
    return true;
  } catch {
    return false;
  }
}

/** Does `what` with the rights of `user`, then has root's again. Asking for mode bits would miss access lists. */
function as<Result>(user: RunUser | undefined, what: () => Result): Result {
  if (!user || !isRoot()) return what();
  const groups = process.getgroups?.() ?? [];
  const gid = process.getegid?.() ?? 0;
  try {
    enterGroups(user);
    process.setegid?.(user.gid);
    process.seteuid?.(user.uid);
    return what();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(gid);
    process.setgroups?.(groups);
  }
}

/** Documented for Node, but absent from its published types. */
const { initgroups } = process as { readonly initgroups?: (user: string, extraGroup: number) => void };

/** Its groups of /etc/group; a bare number has none but its own. */
function enterGroups(user: RunUser): void {
  if (/^\d+$/.test(user.name)) process.setgroups?.([user.gid]);
  else initgroups?.(user.name, user.gid);
}
