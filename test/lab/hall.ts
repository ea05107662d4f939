/** A hall in a lab: one flink with a WAN behind it, two fnodes that get their addresses from its MAC table. */
import { cp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Followed, follow, type LogLine } from './follow.ts';
import { holdSoon, type Lab, type LabHost, PROJECT_DIR } from './lab.ts';
import { must, tail } from './shell.ts';

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
}

/** On an fnode: which entry starts by itself on which machine. */
export interface BootRow {
  readonly mac: string;
  readonly boot: string;
}

/** What `flink explain --json` says, as far as the lab looks. */
export interface Explained {
  readonly address?: string;
  readonly fnode?: { readonly name: string; readonly address: string };
  readonly bootFile?: string;
}

export interface Hall {
  readonly logs: Readonly<Record<'flink' | FnodeName, Followed>>;
  explain(mac: string, ...args: readonly string[]): Promise<Explained>;
  /** Gives both fnodes these rows instead of those they have. */
  setBoots(rows: readonly BootRow[]): Promise<void>;
  /** A command of the fnode, with its folders; rejects unless it succeeds. Comes back with what it printed. */
  askFnode(name: FnodeName, command: string, ...args: readonly string[]): Promise<string>;
}

/** The Node that runs this, which is the one that `npm ci` brought. */
const NODE = process.execPath;
const FLINK = path.join(PROJECT_DIR, 'dist/flink.js');
const FNODE = path.join(PROJECT_DIR, 'dist/fnode.js');
/** Package debian-installer-12-netboot-amd64. */
const INSTALLER = '/usr/lib/debian-installer/images/12/amd64/text';

/**
 * The demo's machines see an entry of their own. With the screen as the last console, Debian's installer shows itself
 * there and on the serial line; with the serial line as the last one, the screen stays empty.
 */
const DEMO_MENU = `entries:
  - id: demo
    title: Install Debian 12
    kernel: debian-12-netboot-amd64/text/debian-installer/amd64/linux
    initrd: debian-12-netboot-amd64/text/debian-installer/amd64/initrd.gz
    arguments: vga=788 console=ttyS0,115200n8 console=tty0 --- quiet
    memory: 512MB
    secureBoot: debian-signed
    macs: "52:54:00:de:*"
`;
const START_TIMEOUT_MS = 30_000;

export async function openHall(lab: Lab, options: HallOptions): Promise<Hall> {
  const shared = await stock(lab, options.say);
  const isos = options.isos ?? shared.isos;
  const boot = options.boot ?? shared.boot;
  const flinkFile = path.join(lab.state, 'flisolator.yaml');
  await writeFile(flinkFile, flinkYaml(lab, options.clients));
  const json = ['--log-format', 'json'];
  const watch = (source: 'flink' | FnodeName, log: string) => follow(log, (line) => options.onLine(source, line));

  const flinkLog = await start(lab, 'flink', 'flink', 67, [FLINK, 'serve', '--config', flinkFile, ...json]);
  const flink = watch('flink', flinkLog);
  const configure = (name: FnodeName, clients: readonly BootRow[]): Promise<void> =>
    writeFile(fnodeFile(lab, name), flow({ menu: { ...options.menu, serial: SERIAL[name] }, clients }));
  const folders = (name: FnodeName) => ['--config', fnodeFile(lab, name), '--isos', isos, '--boot', boot];
  const fnodes = FNODES.map(async ({ name, host }) => {
    await lab.net('dhcp', host);
    await configure(name, []);
    const args = [
      ...folders(name),
      '--flink',
      'none',
      '--name',
      name,
      '--state-dir',
      path.join(lab.state, `${name}.d`),
    ];
    return watch(name, await start(lab, host, name, 69, [FNODE, 'serve', ...args, ...json]));
  });
  const [fnode00, fnode01] = await Promise.all(fnodes);
  if (!fnode00 || !fnode01) throw new Error('two fnodes were wanted');
  const logs = { flink, fnode00, fnode01 };
  return {
    logs,
    setBoots: async (rows) => {
      for (const { name } of FNODES) {
        await configure(name, rows);
        await reload(lab, name, logs[name]);
      }
    },
    askFnode: async (name, command, ...args) => {
      const { host } = FNODES.find((fnode) => fnode.name === name) ?? FNODES[0];
      const { code, stdout, stderr } = await lab.exec(host, [NODE, FNODE, command, ...folders(name), ...args]);
      if (code !== 0) throw new Error(`fnode ${command}: exit code ${code}\n${stderr}`);
      return stdout;
    },
    explain: async (mac, ...args) => {
      const asked = ['explain', '--config', flinkFile, '--json', '--mac', mac, ...args];
      const { code, stdout, stderr } = await lab.exec('flink', [NODE, FLINK, ...asked]);
      if (code !== 0) throw new Error(`explain --mac ${mac}: exit code ${code}\n${stderr}`);
      return JSON.parse(stdout) as Explained;
    },
  };
}

/** JSON is YAML: no quoting to get wrong. */
const flow = (value: unknown): string => JSON.stringify(value);

function flinkYaml(lab: Lab, clients: readonly ClientRow[]): string {
  return `lan: eth0
wan: eth1
domain: lab.test
stateDir: ${path.join(lab.state, 'flink')}
dhcp: { range: 172.16.1.1-172.16.1.250, leaseTime: 1h }
fnodes:
${FNODES.map(({ name, mac, ip }) => `  - ${flow({ name, mac, ip })}\n`).join('')}clients:
${clients.map((row) => `  - ${flow(row)}\n`).join('')}`;
}

/** Starts a server and waits until its UDP port is there. Comes back with its log file; rejects with the log's end. */
async function start(lab: Lab, host: LabHost, name: string, port: number, args: readonly string[]): Promise<string> {
  const log = await lab.spawn(host, name, [NODE, ...args]);
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const { stdout } = await lab.exec(host, ['ss', '-Hlun', `sport = :${port}`]);
    if (stdout.trim() !== '') return log;
    if (!(await isRunning(lab, name)) || Date.now() > deadline) break;
    await sleep(100);
  }
  throw new Error(`${name} does not answer on port ${port}; its log ends:\n${tail(await readFile(log, 'utf8'), 20)}`);
}

async function isRunning(lab: Lab, name: string): Promise<boolean> {
  return isThere(`/proc/${await pidOf(lab, name)}`);
}

async function pidOf(lab: Lab, name: string): Promise<number> {
  return Number((await readFile(path.join(lab.state, `${name}.pid`), 'utf8')).trim());
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

interface Stock {
  readonly isos: string;
  readonly boot: string;
}

/** What every lab of this machine serves, made once: a folder of images, and the boot loaders. */
export async function stock(lab: Lab, say: HallOptions['say']): Promise<Stock> {
  const isos = path.join(lab.cache, 'isos');
  const boot = path.join(lab.cache, 'boot');
  const release = await holdSoon('cache');
  try {
    const installer = path.join(isos, 'debian-12-netboot-amd64');
    if (!(await isThere(installer))) {
      // Whole or absent; and real files, since an fnode follows no links.
      await rm(`${installer}.part`, { recursive: true, force: true });
      await cp(INSTALLER, `${installer}.part/text`, { recursive: true, dereference: true });
      await rename(`${installer}.part`, installer);
    }
    await writeFile(path.join(isos, 'demo.yaml'), DEMO_MENU);
    if (!(await isThere(path.join(boot, 'LOADERS.json')))) {
      say("fetching the boot loaders from Debian's packages (once)");
      await must(NODE, [FNODE, 'loaders', 'install', '--dir', boot]);
    }
  } finally {
    release();
  }
  return { isos, boot };
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
