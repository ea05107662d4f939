/** The director's commands. */
import { findLan } from '../config/lan.ts';
import { type Loaded, loadFlink } from '../config/load.ts';
import type { FlinkConfig } from '../config/types.ts';
import { type Mac, parseMac } from '../core/addr.ts';
import { Fault } from '../core/errors.ts';
import { readLinks } from '../host/links.ts';
import { openLog } from '../host/log.ts';
import { systemHost } from '../host/system.ts';
import { DEFAULT_STATE_DIR, nearestFolder, prepareCacheDir, prepareStateDir } from '../host/user.ts';
import type { Host } from '../host.ts';
import { cacheCommands } from './cache.ts';
import { check } from './check.ts';
import type { Command, Input, Program, Terminal } from './command.ts';
import { printDns } from './dns.ts';
import { explain } from './explain.ts';
import { firewallCommands } from './firewall.ts';
import { FLINK_OPTIONS, JSON_OPTION, loadFrom, logSettings, SERVE_OPTIONS } from './options.ts';
import { printFindings } from './print.ts';
import { FNODES_REPORT, LEASE_STATES, leasesReport, printReport, type Report } from './reports.ts';
import type { ExplainQuestion, Explanation, FlinkParts } from './role.ts';
import { serve } from './serve.ts';
import { flinkUnserved } from './unserved.ts';
import { warmCommand } from './warm.ts';

export function flinkProgram(parts: FlinkParts): Program {
  return {
    name: 'flink',
    summary: 'the director of a hall: addresses and boot data for every machine on its LAN.',
    commands: [
      serveCommand(parts),
      checkCommand(parts),
      explainCommand(parts),
      leasesCommand(parts),
      fnodesCommand(parts),
      dnsCommand(parts),
      ...cacheCommands((input, terminal) => {
        const host = quietHost(input, terminal);
        return { config: load(parts, input, terminal, host).config, host };
      }),
      warmCommand(parts.warm, (input, terminal) => {
        const host = quietHost(input, terminal);
        return { config: load(parts, input, terminal, host).config, host };
      }),
      ...firewallCommands(parts.firewall, (input, terminal) => {
        const host = quietHost(input, terminal);
        inspectFlag(input, host);
        return { config: load(parts, input, terminal, host).config, host };
      }),
      doctorCommand(parts),
    ],
  };
}

/** `terminal` is where it is typed, `host` where it is to run. */
function load(parts: FlinkParts, input: Input, terminal: Terminal, host: Host): Loaded<FlinkConfig> {
  const facts = { interfaces: host.interfaces(), optionProblem: parts.optionProblem };
  return loadFlink(loadFrom(input, FLINK_OPTIONS, terminal), facts);
}

function serveCommand(parts: FlinkParts): Command {
  return {
    name: 'serve',
    summary: 'Runs the director.',
    options: { ...FLINK_OPTIONS, ...SERVE_OPTIONS },
    run: (input, terminal) =>
      serve(
        {
          name: 'flink',
          load: (host) => load(parts, input, terminal, host),
          unserved: flinkUnserved,
          inspect: ({ config }, host) => {
            findLan({ lan: config.lan, range: config.dhcp.range }, host.interfaces(), readLinks());
          },
          role: parts.flinkRole,
          folders: (config) => [nearestFolder(config.stateDir ?? DEFAULT_STATE_DIR)],
          stateDir: (config) => config.stateDir ?? DEFAULT_STATE_DIR,
          prepare: (config, user) => {
            prepareCacheDir(config.proxy.cacheDir, user);
            return { ...config, stateDir: prepareStateDir(config.stateDir, user) };
          },
        },
        input,
        terminal,
      ),
  };
}

function checkCommand(parts: FlinkParts): Command {
  return {
    name: 'check',
    summary: 'Reads the configuration and prints every problem with its line.',
    options: { ...FLINK_OPTIONS, ...JSON_OPTION },
    run: async (input, terminal) => {
      // A flag is about this machine; a file may be for another one.
      const host = quietHost(input, terminal);
      inspectFlag(input, host);
      const find = () => load(parts, input, terminal, host);
      return check(find, (loaded) => notes(loaded, host), input.has('json'), terminal);
    },
  };
}

/** `--lan` has to be here, whatever the command. */
function inspectFlag(input: Input, host: Host): void {
  const lan = input.text('lan');
  if (lan !== undefined) findLan({ lan, range: undefined }, host.interfaces(), readLinks());
}

function notes(loaded: Loaded<FlinkConfig>, host: Host): readonly string[] {
  const { lan } = loaded.config;
  const keys = flinkUnserved(loaded);
  const isHere = host.interfaces().some((i) => i.name === lan);
  return [
    ...(keys.length > 0 ? [`${keys.join(', ')}: declared, not served by this version`] : []),
    ...(lan === undefined
      ? ['lan: not given, so serve will need --lan; addresses were not held against its subnet']
      : []),
    ...(lan !== undefined && !isHere ? [`lan: ${lan} has no address here: nothing was held against its subnet`] : []),
  ];
}

function explainCommand(parts: FlinkParts): Command {
  return {
    name: 'explain',
    summary: 'Tells what a client would get, and why, rule by rule; sends nothing.',
    options: {
      mac: { value: 'MAC', help: "The client's MAC." },
      arch: { value: 'N', help: 'Its option 93: 0 BIOS, 7 x64 UEFI, 6 ia32 UEFI, 11 arm64 UEFI, 16 x64 HTTP Boot.' },
      'user-class': { value: 'TEXT', help: 'Its option 77: iPXE.' },
      'http-client': { help: 'It does UEFI HTTP Boot.' },
      ...FLINK_OPTIONS,
      ...JSON_OPTION,
    },
    run: async (input, terminal) => {
      const question = readQuestion(input);
      const host = quietHost(input, terminal);
      inspectFlag(input, host);
      const { config } = load(parts, input, terminal, host);
      return explain(
        { config, question, offline: () => explainOffline(parts, config, question, host) },
        input,
        terminal,
      );
    },
  };
}

function explainOffline(parts: FlinkParts, config: FlinkConfig, question: ExplainQuestion, host: Host): Explanation {
  return parts.explainClient(config, question, host);
}

function leasesCommand(parts: FlinkParts): Command {
  return {
    name: 'leases',
    summary: 'Prints who has which address, as the running flink knows it.',
    options: {
      state: { value: 'STATE', help: 'Only those in that state.', choices: LEASE_STATES },
      ...FLINK_OPTIONS,
      ...JSON_OPTION,
    },
    run: (input, terminal) => report(parts, leasesReport(input.text('state')), input, terminal),
  };
}

function fnodesCommand(parts: FlinkParts): Command {
  return {
    name: 'fnodes',
    summary: 'Prints the boot nodes and how they are, as the running flink knows it.',
    options: { ...FLINK_OPTIONS, ...JSON_OPTION },
    run: (input, terminal) => report(parts, FNODES_REPORT, input, terminal),
  };
}

function dnsCommand(parts: FlinkParts): Command {
  return {
    name: 'dns',
    summary: 'Prints what the resolver answers and from where, as the running flink knows it.',
    options: { ...FLINK_OPTIONS, ...JSON_OPTION },
    run: async (input, terminal) => {
      const { config } = load(parts, input, terminal, quietHost(input, terminal));
      return printDns(config.admin, input.has('json'), terminal);
    },
  };
}

/** The configuration says where the running flink is asked. */
async function report(parts: FlinkParts, wanted: Report, input: Input, terminal: Terminal): Promise<number> {
  const { config } = load(parts, input, terminal, quietHost(input, terminal));
  return printReport(wanted, config.admin, input.has('json'), terminal);
}

function readQuestion(input: Input): ExplainQuestion {
  const arch = input.text('arch');
  const number = Number(arch);
  if (arch !== undefined && (!/^(0x[\da-f]+|\d+)$/i.test(arch) || number > 0xffff)) {
    throw new Fault('usage', `--arch: want option 93's number, like 7, got ${JSON.stringify(arch)}`);
  }
  return {
    mac: readMac(input, 'explain'),
    arch: arch === undefined ? undefined : number,
    userClass: input.text('user-class'),
    isHttpClient: input.has('http-client'),
  };
}

function readMac(input: Input, command: string): Mac {
  const typed = input.text('mac');
  if (typed === undefined) throw new Fault('usage', `${command} wants a client: --mac 52:54:00:12:34:56`);
  return parseMacFlag(typed);
}

/** Throws a `Fault` of code `usage`. */
export function parseMacFlag(typed: string): Mac {
  const mac = parseMac(typed);
  if (mac) return mac;
  throw new Fault('usage', `--mac: want a MAC like 52:54:00:12:34:56, got ${JSON.stringify(typed)}`);
}

function doctorCommand(parts: FlinkParts): Command {
  return {
    name: 'doctor',
    summary: 'Looks whether everything is in place; one line each, with the cure.',
    options: { ...FLINK_OPTIONS, ...JSON_OPTION },
    run: async (input, terminal) => {
      const host = quietHost(input, terminal);
      const { config } = load(parts, input, terminal, host);
      return printFindings(await parts.doctorFlink(config, host), input.has('json'), terminal);
    },
  };
}

const STDERR = 2;

/** For commands whose output is for people or programs: the log goes elsewhere, and only what matters. */
export function quietHost(input: Input, terminal: Terminal): Host {
  return systemHost(openLog(logSettings(input, 'warn', terminal), STDERR));
}
