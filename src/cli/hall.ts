/** A whole hall on one machine: a flink and an fnode, each in its own process, everything defaulted. */
import { readdirSync } from 'node:fs';
import { findLan } from '../config/lan.ts';
import { type Loaded, loadFlink, loadFnode } from '../config/load.ts';
import type { FlinkConfig, FnodeConfig } from '../config/types.ts';
import { ConfigFaults } from '../core/errors.ts';
import { readLinks } from '../host/links.ts';
import type { Host } from '../host.ts';
import { runEntry, runTogether } from './children.ts';
import type { Input, OptionTable, Program, Terminal } from './command.ts';
import { quietHost } from './flink.ts';
import { inspectFolders, isFolder } from './folders.ts';
import { FLINK_OPTIONS, FNODE_OPTIONS, loadFrom, logSettings, SERVE_OPTIONS } from './options.ts';
import type { FlinkParts } from './role.ts';

const HALL_OPTIONS: OptionTable = {
  ...FLINK_OPTIONS,
  ...FNODE_OPTIONS,
  'state-dir': FLINK_OPTIONS['state-dir'] ?? { help: '' },
  config: { value: 'FILE', help: "flink's configuration file (YAML)." },
  'fnode-config': { value: 'FILE', help: "The fnode's configuration file (YAML)." },
  ...SERVE_OPTIONS,
};

export function hallProgram(parts: Pick<FlinkParts, 'optionProblem'>): Program {
  return {
    name: 'npm start --',
    summary: 'a hall on one machine: flink and one fnode, side by side.',
    commands: [
      {
        name: 'serve',
        summary: 'Runs both.',
        options: HALL_OPTIONS,
        run: (input, terminal) => runHall(parts, input, terminal),
      },
    ],
  };
}

async function runHall(parts: Pick<FlinkParts, 'optionProblem'>, input: Input, terminal: Terminal): Promise<number> {
  const host = quietHost(input, terminal);
  const { flink, fnode } = loadBoth(parts, input, terminal, host);
  const lan = findLan({ lan: flink.config.lan, range: flink.config.dhcp.range }, host.interfaces(), readLinks());
  inspectFolders(fnode);
  const { boot } = fnode.config;
  if (!hasLoaders(boot)) await bringLoaders(boot, terminal);

  const common = [`--log-format=${logSettings(input, 'info', terminal).format}`, ...flags(input, SERVE_OPTIONS)];
  const flinkArgs = ['serve', ...flags(input, FLINK_OPTIONS), ...common];
  const fnodeArgs = ['serve', ...flags(input, without(FNODE_OPTIONS, ['config'])), ...common];
  const file = input.text('fnode-config');
  if (file !== undefined) fnodeArgs.push(`--config=${file}`);
  if (!fnode.isGiven('listen')) fnodeArgs.push(`--listen=${lan.address}`);
  const members = [
    { name: 'flink', args: flinkArgs },
    { name: 'fnode', args: fnodeArgs },
  ];
  return runTogether(members, terminal);
}

/** Both files' faults at once. */
function loadBoth(
  parts: Pick<FlinkParts, 'optionProblem'>,
  input: Input,
  terminal: Terminal,
  host: Host,
): { readonly flink: Loaded<FlinkConfig>; readonly fnode: Loaded<FnodeConfig> } {
  const facts = { interfaces: host.interfaces(), optionProblem: parts.optionProblem };
  const flink = attempt(() => loadFlink(loadFrom(input, FLINK_OPTIONS, terminal), facts));
  const fnodeFrom = { ...loadFrom(input, FNODE_OPTIONS, terminal), file: input.text('fnode-config') };
  const fnode = attempt(() => loadFnode(fnodeFrom));
  if (flink instanceof ConfigFaults || fnode instanceof ConfigFaults) {
    const faults = [flink, fnode].flatMap((result) => (result instanceof ConfigFaults ? result.faults : []));
    throw new ConfigFaults(faults);
  }
  return { flink, fnode };
}

function attempt<Result>(load: () => Result): Result | ConfigFaults {
  try {
    return load();
  } catch (error) {
    if (error instanceof ConfigFaults) return error;
    throw error;
  }
}

/** What was typed, for a child: `--lan=enp3s0`. */
function flags(input: Input, options: OptionTable): readonly string[] {
  const forwarded = Object.keys(without(options, ['log-format']));
  return forwarded.flatMap((name) => input.texts(name).map((value) => `--${name}=${value}`));
}

function without(options: OptionTable, names: readonly string[]): OptionTable {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}

function hasLoaders(boot: string): boolean {
  return isFolder(boot) && readdirSync(boot).some((name) => name !== 'README.md' && !name.startsWith('.'));
}

/** A hall without loaders still gives addresses: that they could not be had is said, and no reason to stop. */
async function bringLoaders(boot: string, terminal: Terminal): Promise<void> {
  terminal.out(`no boot loaders in ${boot} yet: bringing them (fnode loaders install)`);
  const code = await runEntry('fnode', ['loaders', 'install', `--dir=${boot}`], terminal);
  if (code !== 0) terminal.err('boot loaders are missing: machines get addresses, but most cannot boot');
}
