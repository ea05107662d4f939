/** File and flags to a frozen configuration, or every fault of both at once. */
import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type * as z from 'zod';
import { subnetOf } from '../core/addr.ts';
import { ConfigFaults, errnoOf } from '../core/errors.ts';
import type { LocalInterface } from '../host.ts';
import { type CheckFacts, checkFlink, checkFnode } from './check.ts';
import { findLan } from './lan.ts';
import { type Check, parse } from './parse.ts';
import { byLine, type FindPlace, inPlace, limited, placeIn } from './place.ts';
import { flinkShape, fnodeShape } from './shape.ts';
import { isTreeMap, MAX_FILE_BYTES, readSource, type Source, type Tree, type TreeMap } from './source.ts';
import type { FlinkConfig, FnodeConfig } from './types.ts';

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
  const pathKeys = [
    'stateDir',
    'proxy.cacheDir',
    'dns.blocklist',
    'proxy.blocklist',
    'admin.passwordFile',
    'swarm.secretFile',
  ];
  const check: Check<FlinkConfig> = (config, isCut) => {
    const { lan, dhcp } = config;
    const isHere = facts.interfaces.some((i) => i.name === lan);
    const found = isHere ? findLan({ lan, range: dhcp.range }, facts.interfaces) : undefined;
    const known = found && { address: found.address, subnet: subnetOf(found.address, found.prefixBits) };
    return checkFlink(config, { lan: known, optionProblem: facts.optionProblem, isCut });
  };
  return load(from, { shape: flinkShape, pathKeys, check, finish: placeOptions });
}

/** Throws `ConfigFaults`. */
export function loadFnode(from: LoadFrom): Loaded<FnodeConfig> {
  const finish = (config: FnodeConfig): FnodeConfig => ({
    ...config,
    isos: resolve(from.workingDir, config.isos),
    boot: resolve(from.workingDir, config.boot),
  });
  const check: Check<FnodeConfig> = (config) => checkFnode(config);
  return load(from, { shape: fnodeShape, pathKeys: ['isos', 'boot', 'stateDir', 'swarm.secretFile'], check, finish });
}

interface FileKind<Config> {
  readonly shape: z.ZodType<Config>;
  /** Keys that name folders and files. */
  readonly pathKeys: readonly string[];
  readonly check: Check<Config>;
  /** The last touch, once nothing is wrong. */
  readonly finish: (config: Config, place: FindPlace) => Config;
}

function load<Config>(from: LoadFrom, { shape, pathKeys, check, finish }: FileKind<Config>): Loaded<Config> {
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
    config: deepFreeze(finish(config, place)),
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
function placeOptions(config: FlinkConfig, place: FindPlace): FlinkConfig {
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
