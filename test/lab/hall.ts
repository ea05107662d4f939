/** A hall in a lab: one flink with a WAN behind it, two fnodes that get their addresses from its MAC table. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Followed, follow, type LogLine } from './follow.ts';
import type { Lab, LabHost } from './lab.ts';
import { FLINK, FNODE, NODE, pidOf, START_TIMEOUT_MS, start } from './servers.ts';
import { stock } from './stock.ts';

export const FNODES = [
  { name: 'fnode00', host: 'fnode0', mac: '02:1a:b0:00:01:00', ip: '172.16.0.10' },
  { name: 'fnode01', host: 'fnode1', mac: '02:1a:b0:00:01:01', ip: '172.16.0.11' },
] as const;
export type FnodeName = (typeof FNODES)[number]['name'];

/** pxelinux's menu is graphical where it does not go to a serial line as well, so there is one fnode of each kind. */
const SERIAL: Readonly<Record<FnodeName, 'on' | 'off'>> = { fnode00: 'on', fnode01: 'off' };
/** Of the installer in the images folder, the way without a mouse. */
export const INSTALLER_ENTRY = 'debian-12-amd64';

export interface ClientRow {
  readonly mac: string;
  readonly fnode?: FnodeName;
  readonly loader?: string;
  readonly boot?: string;
}

export interface HallOptions {
  readonly clients: readonly ClientRow[];
  /** The `menu:` section that both fnodes share; see `SERIAL`. */
  readonly menu: Readonly<Record<string, string>>;
  /** Says, once, what takes its time. */
  readonly say: (text: string) => void;
  readonly onLine: (source: 'flink' | FnodeName, line: LogLine) => void;
  /** A folder of images other than the one that every lab shares. */
  readonly isos?: string;
  /** Likewise of boot loaders. */
  readonly boot?: string;
  /** Of flink's section `dhcp:` what is different from other halls. */
  readonly dhcp?: Readonly<Record<string, unknown>>;
}

/** On an fnode: which entry starts by itself on which machine. */
export interface BootRow {
  readonly mac: string;
  readonly boot: string;
}

/** What `flink explain --json` says, as far as the lab looks. */
export interface Explained {
  readonly from: 'running' | 'configuration';
  readonly address?: string;
  readonly fnode?: { readonly name: string; readonly address: string };
  readonly bootFile?: string;
}

export interface Again {
  /** What its log and its folder of state are called: another name each time. */
  readonly daemon: string;
  readonly host?: LabHost;
  readonly isos?: string;
}

export interface Hall {
  readonly logs: Readonly<Record<'flink' | FnodeName, Followed>>;
  explain(mac: string, ...args: readonly string[]): Promise<Explained>;
  /** Gives both fnodes these rows instead of those they have. */
  setBoots(rows: readonly BootRow[]): Promise<void>;
  /** Starts the fnode once more: where it was or on another host, with its configuration, maybe over another folder of images. */
  startAgain(name: FnodeName, as: Again): Promise<void>;
  /** A command of the fnode, with its folders; rejects unless it succeeds. Comes back with what it printed. */
  askFnode(name: FnodeName, command: string, ...args: readonly string[]): Promise<string>;
}

export async function openHall(lab: Lab, options: HallOptions): Promise<Hall> {
  const shared = await stock(lab, options.say);
  const folders: Folders = { isos: options.isos ?? shared.isos, boot: options.boot ?? shared.boot };
  const flinkFile = path.join(lab.state, 'flisolator.yaml');
  await writeFile(flinkFile, flinkYaml(lab, options));
  const flinkLog = await start(lab, {
    ...{ host: 'flink', name: 'flink', ready: 67 },
    command: [NODE, FLINK, 'serve', '--config', flinkFile, ...JSON_LOG],
  });
  const flink = follow(flinkLog, (line) => options.onLine('flink', line));
  const [fnode00, fnode01] = await Promise.all(
    FNODES.map(async ({ name, host }) => {
      await lab.net('dhcp', host);
      await configure(lab, name, options, []);
      const command = [NODE, FNODE, 'serve', ...fnodeArgs(lab, name, folders), ...JSON_LOG];
      return follow(await start(lab, { host, name, ready: 69, command }), (line) => options.onLine(name, line));
    }),
  );
  if (!fnode00 || !fnode01) throw new Error('two fnodes were wanted');
  const logs = { flink, fnode00, fnode01 };
  await Promise.all(FNODES.map(({ name }) => heardOf(flink, name)));
  return {
    logs,
    setBoots: async (rows) => {
      for (const { name } of FNODES) {
        await configure(lab, name, options, rows);
        await reload(lab, name, logs[name]);
      }
    },
    startAgain: async (name, { daemon, host = hostOf(name), isos = folders.isos }) => {
      const args = fnodeArgs(lab, name, { ...folders, isos }, daemon);
      await start(lab, { host, name: daemon, ready: 69, command: [NODE, FNODE, 'serve', ...args, ...JSON_LOG] });
    },
    askFnode: async (name, command, ...args) => {
      const asked = [NODE, FNODE, command, ...fnodeArgs(lab, name, folders), ...args];
      const { code, stdout, stderr } = await lab.exec(hostOf(name), asked);
      if (code !== 0) throw new Error(`fnode ${command}: exit code ${code}\n${stderr}`);
      return stdout;
    },
    explain: async (mac, ...args) => {
      const asked = ['explain', '--config', flinkFile, '--json', '--mac', mac, ...args];
      const { code, stdout, stderr } = await lab.exec('flink', [NODE, FLINK, ...asked]);
      if (code !== 0) throw new Error(`explain --mac ${mac}: exit code ${code}\n${stderr}`);
      const explained = JSON.parse(stdout) as Explained;
      if (explained.from !== 'running')
        throw new Error(`explain --mac ${mac} did not ask the running flink: ${stdout}`);
      return explained;
    },
  };
}

const JSON_LOG = ['--log-format', 'json'];

interface Folders {
  readonly isos: string;
  readonly boot: string;
}

const hostOf = (name: FnodeName): LabHost => (FNODES.find((fnode) => fnode.name === name) ?? FNODES[0]).host;

/** Neither its name nor where flink is: it finds flink, and is called as flink's table says. */
function fnodeArgs(lab: Lab, name: FnodeName, { isos, boot }: Folders, daemon: string = name): readonly string[] {
  const state = path.join(lab.state, `${daemon}.d`);
  return ['--config', fnodeFile(lab, name), '--isos', isos, '--boot', boot, '--state-dir', state];
}

function configure(lab: Lab, name: FnodeName, { menu }: HallOptions, clients: readonly BootRow[]): Promise<void> {
  return writeFile(fnodeFile(lab, name), flow({ menu: { ...menu, serial: SERIAL[name] }, clients }));
}

/** Waits until flink sends machines there. */
async function heardOf({ lines }: Followed, fnode: FnodeName): Promise<void> {
  const isLive = () => lines.some(({ event, fields }) => event === 'node-live' && fields.fnode === fnode);
  for (const deadline = Date.now() + START_TIMEOUT_MS; !isLive(); await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`${fnode} was not heard by flink`);
  }
}

/** JSON is YAML: no quoting to get wrong. */
const flow = (value: unknown): string => JSON.stringify(value);

function flinkYaml(lab: Lab, { clients, dhcp }: HallOptions): string {
  return `lan: eth0
wan: eth1
domain: lab.test
stateDir: ${path.join(lab.state, 'flink')}
dhcp: ${flow({ range: '172.16.1.1-172.16.1.250', leaseTime: '1h', ...dhcp })}
fnodes:
${FNODES.map(({ name, mac, ip }) => `  - ${flow({ name, mac, ip })}\n`).join('')}clients:
${clients.map((row) => `  - ${flow(row)}\n`).join('')}`;
}

const fnodeFile = (lab: Lab, name: FnodeName): string => path.join(lab.state, `${name}.yaml`);

/** Has the fnode read its configuration again, and waits until it says that it has. */
async function reload(lab: Lab, name: FnodeName, log: Followed): Promise<void> {
  const answers = () => log.lines.filter(({ event }) => event === 'reloaded' || event === 'reload-refused');
  const before = answers().length;
  process.kill(await pidOf(lab, name), 'SIGHUP');
  for (const deadline = Date.now() + START_TIMEOUT_MS; answers().length === before; await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`${name} did not read its configuration again`);
  }
  const answer = answers().at(-1);
  if (answer?.event !== 'reloaded') throw new Error(`${name}: ${JSON.stringify(answer?.fields)}`);
}
