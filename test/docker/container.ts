/** Containers without an engine: an image's root folder, namespaces, the compose file's limits, and a process 1. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Finished, must, run } from '../lab/shell.ts';

export interface Image {
  /** Its root folder, ours to write in. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly env: readonly string[];
  readonly workdir: string;
  remove(): Promise<void>;
}

/** A storage folder of buildah's, as `build-image.sh` fills it. */
export async function openImage(storage: string, tag: string): Promise<Image> {
  const buildah = (...args: readonly string[]): Promise<string> =>
    must('buildah', ['--storage-driver', 'vfs', '--root', `${storage}/root`, '--runroot', `${storage}/run`, ...args]);
  const { OCIv1 } = JSON.parse(await buildah('inspect', '--type', 'image', `localhost/${tag}`)) as Inspected;
  const container = (await buildah('from', '--pull-never', `localhost/${tag}`)).trim();
  const { Entrypoint, Env, WorkingDir } = OCIv1.config;
  return {
    root: (await buildah('mount', container)).trim(),
    entrypoint: Entrypoint,
    env: Env,
    workdir: WorkingDir,
    remove: async () => {
      await buildah('rm', container);
    },
  };
}

/** OCI image specification, "Image Configuration". */
interface Inspected {
  readonly OCIv1: {
    readonly config: {
      readonly Entrypoint: readonly string[];
      readonly Env: readonly string[];
      readonly WorkingDir: string;
    };
  };
}

export interface Limits {
  /** As compose files name them: `NET_BIND_SERVICE`. */
  readonly capabilities: readonly string[];
  /** `FROM:TO:ro` or `FROM:TO:rw`. */
  readonly mounts: readonly string[];
  /** Whether its machine forwards IPv4. It does where this is not said. */
  readonly isRouter?: boolean;
}

export interface Container {
  /** The number of its process 1 out here. */
  pid(): number;
  /** What it printed so far, both streams. */
  text(): string;
  signal(signal: NodeJS.Signals): void;
  /** Its exit code. */
  readonly ended: Promise<number>;
  /** Runs a command in it, under the same limits. */
  exec(command: readonly string[]): Promise<Finished>;
  /** Runs a command of this machine in its network, which is there until `kill`. */
  inNetwork(command: readonly string[]): Promise<Finished>;
  /** Ends it if it has not ended, and gives up its network. */
  kill(): Promise<void>;
}

const CONTAIN = fileURLToPath(new URL('contain.sh', import.meta.url));
const ENTERED = ['--net', '--mount', '--pid', '--ipc', '--root'];
const NAMESPACES = ['--net', '--mount', '--pid', '--ipc', '--fork'];

/** Longer than anything here takes on a busy machine; no container outlives it without a `ready`. */
const PATIENCE_SEC = 40;

/** To its end, which is not awaited for ever. */
export function runContainer(image: Image, args: readonly string[], limits: Limits): Promise<Finished> {
  return run('unshare', unshareArgs(image, ['timeout', `${PATIENCE_SEC}`, ...image.entrypoint, ...args], limits));
}

/** Resolves when a line of its log says `ready`; rejects with what it printed when it ends before. */
export async function startContainer(image: Image, args: readonly string[], limits: Limits): Promise<Container> {
  const command = unshareArgs(image, [...image.entrypoint, ...args], limits);
  const child = spawn('unshare', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const timer = setTimeout(() => killFirst(child), PATIENCE_SEC * 1000);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (line.includes('"event":"ready"')) resolve();
      });
    }
    ended.then((code) => reject(new Error(`ended with exit code ${code}\n${lines.join('\n')}`)));
  }).finally(() => clearTimeout(timer));
  return handle(image, { child, ended, lines }, limits);
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
  readonly lines: readonly string[];
}

function handle(image: Image, { child, ended, lines }: Started, limits: Limits): Container {
  const pid = (): number => firstOf(child);
  const network = openSync(`/proc/${pid()}/ns/net`, 'r');
  return {
    pid,
    ended,
    text: () => lines.join('\n'),
    signal: (signal) => process.kill(pid(), signal),
    exec: (command) => run('nsenter', ['--target', `${pid()}`, ...ENTERED, ...limited(image, command, limits)]),
    inNetwork: (command) => run('nsenter', [`--net=/proc/${process.pid}/fd/${network}`, ...command]),
    kill: async () => {
      killFirst(child);
      await ended;
      closeSync(network);
    },
  };
}

/** The number of process 1, out here. */
function firstOf(unshare: ChildProcess): number {
  return Number(readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8'));
}

/** Not unshare: its --kill-child loses hold of a process that becomes another user. prctl(2), PR_SET_PDEATHSIG. */
function killFirst(unshare: ChildProcess): void {
  if (unshare.exitCode === null && unshare.signalCode === null) process.kill(firstOf(unshare), 'SIGKILL');
}

function unshareArgs(image: Image, command: readonly string[], limits: Limits): readonly string[] {
  const kind = limits.isRouter === false ? 'host' : 'router';
  return [...NAMESPACES, CONTAIN, image.root, kind, ...limits.mounts, '--', ...limited(image, command, limits)];
}

/** The image's environment, the compose file's capabilities, no way to others. */
function limited({ env, workdir }: Image, command: readonly string[], { capabilities }: Limits): readonly string[] {
  const bounds = ['-all', ...capabilities.map((name) => `+${name.toLowerCase()}`)].join(',');
  return [
    ...['env', '--ignore-environment', `--chdir=${workdir}`, ...env],
    ...['setpriv', '--no-new-privs', `--bounding-set=${bounds}`, '--inh-caps=-all', ...command],
  ];
}
