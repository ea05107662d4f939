/** File and flags to a frozen configuration, or every fault of both at once. */
import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type * as z from 'zod';
import { subnetOf } from '../core/addr.ts';
import { type ConfigFault, ConfigFaults, errnoOf } from '../core/errors.ts';
import type { LocalInterface } from '../host.ts';
import { type CheckFacts, checkFlink, checkFnode } from './check.ts';
import { findLan } from './lan.ts';
import { type Check, parse } from './parse.ts';
import { parentPath } from './path.ts';
import { flinkShape, fnodeShape } from './shape.ts';
import { isTreeMap, MAX_FILE_BYTES, readSource, type Source, type Tree, type TreeMap } from './source.ts';
import type { FlinkConfig, FnodeConfig, Problem } from './types.ts';

/** A flag that says what a key of the file says. */
export interface Override {
  /** `--dhcp`. */
  readonly flag: string;
  readonly path: readonly string[];
  readonly value: string | readonly string[];
}

export interface LoadFrom {
  /** The file, if there is one; messages show it as it is written here. */
  readonly file: string | undefined;
  readonly overrides: readonly Override[];
  /** The folder that relative paths of flags and defaults start from; those of the file start from the file's. */
  readonly workingDir: string;
}

export interface Loaded<Config> {
  readonly config: Config;
  /** Whether file or flags say something at `path` (`proxy`, `dhcp.relays`): not just a default. */
  readonly isGiven: (path: string) => boolean;
}

export interface FlinkFacts extends Pick<CheckFacts, 'optionProblem'> {
  /** Where there is an interface of the LAN's name here, the subnet is checked, too. */
  readonly interfaces: readonly LocalInterface[];
}

/** Throws `ConfigFaults`. */
export function loadFlink(from: LoadFrom, facts: FlinkFacts): Loaded<FlinkConfig> {
  const paths = ['stateDir', 'proxy.cacheDir', 'proxy.blocklist', 'admin.passwordFile', 'swarm.secretFile'];
  return load(from, flinkShape, paths, (config, isCut) => {
    const { lan, dhcp } = config;
    const isHere = facts.interfaces.some((i) => i.name === lan);
    const found = isHere ? findLan({ lan, range: dhcp.range }, facts.interfaces) : undefined;
    const known = found && { address: found.address, subnet: subnetOf(found.address, found.prefixBits) };
    return checkFlink(config, { lan: known, optionProblem: facts.optionProblem, isCut });
  });
}

/** Throws `ConfigFaults`. */
export function loadFnode(from: LoadFrom): Loaded<FnodeConfig> {
  return load(from, fnodeShape, ['isos', 'boot'], (config) => checkFnode(config));
}

/** Taste: who has more to mend sees the rest at the next try. */
const MAX_FAULTS = 100;

function load<Config extends FlinkConfig | FnodeConfig>(
  from: LoadFrom,
  shape: z.ZodType<Config>,
  pathKeys: readonly string[],
  check: Check<Config>,
): Loaded<Config> {
  const source = from.file === undefined ? EMPTY : readConfigFile(from.file);
  const fileDir = from.file === undefined ? from.workingDir : resolve(from.workingDir, dirname(from.file));
  const flags = new Map(from.overrides.map((o) => [o.path.join('.'), o.flag]));
  let tree = anchor(source.tree, pathKeys, fileDir);
  for (const { path, value } of from.overrides) tree = withValue(tree, path, value);
  tree = anchor(tree, pathKeys, from.workingDir);

  const place = placeIn(from.file, source, flags);
  const { config, problems } = parse(tree, shape, check);
  const faults = [...source.faults, ...problems.map((problem) => inPlace(problem, place))];
  if (faults.length > 0 || config === undefined) throw new ConfigFaults(limited(byLine(faults)));

  const given = [...source.lines.keys(), ...flags.keys()];
  return {
    config: deepFreeze(withPlaces(config, place)),
    isGiven: (path) => given.some((g) => g === path || g.startsWith(`${path}.`) || g.startsWith(`${path}[`)),
  };
}

const EMPTY: Source = { tree: {}, lines: new Map(), faults: [] };

function readConfigFile(file: string): Source {
  try {
    return readSource(readBounded(file), file);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    throw new ConfigFaults([{ file, path: '', problem: UNREADABLE[code] ?? `cannot be read (${code})` }]);
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file: give the right one with --config',
  EACCES: 'may not be read by this user: chmod it, or run as its owner',
  EISDIR: 'is a folder: give a file with --config',
};

/** One octet more than allowed is enough to see that it is too much; pipes have no size to ask for. */
function readBounded(file: string): Uint8Array {
  const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
  const fd = openSync(file, 'r');
  try {
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(fd, bytes, length, bytes.length - length, null);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

type FindPlace = (path: string) => Omit<ConfigFault, 'problem'>;

/** What a flag set is named by the flag; what the file doesn't have, by the nearest thing around it that it has. */
function placeIn(file: string | undefined, source: Source, flags: ReadonlyMap<string, string>): FindPlace {
  return (path) => {
    const flag = flags.get(path.replace(/\[\d+\]$/, ''));
    if (flag !== undefined) return { path: flag };
    if (file === undefined) return { path };
    for (let around = path; around !== ''; around = parentPath(around)) {
      const line = source.lines.get(around);
      if (line !== undefined) return { file, line, path };
    }
    return { file, path };
  };
}

function inPlace({ path, problem, earlier }: Problem, place: FindPlace): ConfigFault {
  if (earlier === undefined) return { ...place(path), problem };
  const { line } = place(earlier);
  return { ...place(path), problem: `${problem} (it is ${earlier}${line === undefined ? '' : ` in line ${line}`})` };
}

function byLine(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  return faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function limited(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  if (faults.length <= MAX_FAULTS) return faults;
  const left = faults.length - MAX_FAULTS;
  return [...faults.slice(0, MAX_FAULTS), { path: '', problem: `and ${left} more: mend these first` }];
}

/** Relative folders and files as absolute ones. */
function anchor(tree: TreeMap, keys: readonly string[], dir: string): TreeMap {
  return keys.reduce((t, key) => {
    const path = key.split('.');
    const value = path.reduce<Tree | undefined>((below, step) => (isTreeMap(below) ? below[step] : undefined), t);
    return typeof value === 'string' && value !== '' ? withValue(t, path, resolve(dir, value)) : t;
  }, tree);
}

function withValue(tree: TreeMap, path: readonly string[], value: Tree): TreeMap {
  const [key, ...below] = path;
  if (key === undefined) return tree;
  const inner = tree[key];
  const next = below.length === 0 ? value : withValue(isTreeMap(inner) ? inner : {}, below, value);
  return Object.assign(Object.create(null), tree, { [key]: next });
}

/** Extra options are decoded later: they take their place along, for messages. */
function withPlaces<Config extends FlinkConfig | FnodeConfig>(config: Config, place: FindPlace): Config {
  if (!('dhcp' in config)) return config;
  const options = config.dhcp.options.map((o) => ({ ...o, place: place(o.place.path) }));
  return { ...config, dhcp: { ...config.dhcp, options } };
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
