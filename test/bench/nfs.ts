/**
 * fnode's NFS beside nfs-ganesha's, both serving the same content out of the page cache: fnode from an image, ganesha from the tree that the
 * image was made of. `node test/bench/nfs.ts --help` says how. Needs root, gcc, libnfs-dev, nfs-ganesha, nfs-ganesha-vfs, rpcbind, genisoimage.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/core/errors.ts';
import { Hall } from '../support/netns.ts';
import { buildClient, hashOf } from '../support/nfsclient.ts';

const HELP = `node test/bench/nfs.ts [options]

  --rounds N      Of each figure; both servers take turns. Default: 5.
  --seconds N     Of each measurement. Default: 3.
  --mib N         Size of the file that is read. Default: 1024.
  --entries N     Of the folder that is listed; ganesha does not come to the end of each larger one. Default: 5000.
  --only PATTERN  Figures whose names have it.
  --folder DIR    Where a folder for all that is made; on a disk. Default: /var/tmp.
  --fnode FILE    What is run as fnode. Default: src/fnode.ts.
  --help          Says this.

Servers have the first processor, clients the last. Above 1 fnode is better; spread is (max - min) / median of the rounds' ratios.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    mib: { type: 'string', default: '1024' },
    entries: { type: 'string', default: '5000' },
    only: { type: 'string', default: '' },
    folder: { type: 'string', default: '/var/tmp' },
    fnode: { type: 'string', default: fileURLToPath(new URL('../../src/fnode.ts', import.meta.url)) },
    help: { type: 'boolean', default: false },
  },
});

interface Server {
  readonly name: string;
  /** Its host in the hall; whoever asks it is there, too. */
  readonly host: string;
  readonly pid: number;
  /** Where the content is. */
  readonly root: string;
}

interface Figure {
  readonly name: string;
  /** Arguments of `nfsclient.c`. */
  readonly ask: (root: string) => readonly string[];
  readonly unit: 'MiB/s' | 'answers/s';
}

const FILE = 'casper/filesystem.squashfs';
const KIB = 1024;
const reading = (clients: number, kib: number, depth: number): Figure => ({
  name: `${clients} client${clients > 1 ? 's' : ''}, READ of ${kib} KiB, ${depth} in flight`,
  ask: (root) => ['read', `${root}/${FILE}`, `${clients}`, `${kib * KIB}`, `${depth}`, values.seconds],
  unit: 'MiB/s',
});
const asking = (clients: number, depth: number): Figure => ({
  name: `${clients} client${clients > 1 ? 's' : ''}, GETATTR, ${depth} in flight`,
  ask: (root) => ['stat', `${root}/${FILE}`, `${clients}`, `${depth}`, values.seconds],
  unit: 'answers/s',
});
const FIGURES: readonly Figure[] = [
  reading(1, 256, 4),
  reading(1, 1024, 4),
  reading(16, 256, 4),
  reading(16, 1024, 4),
  asking(1, 1),
  asking(16, 8),
  {
    name: `READDIRPLUS of ${values.entries} entries`,
    ask: (root) => ['list', `${root}/many`, values.seconds],
    unit: 'answers/s',
  },
];

interface Measured {
  readonly rate: number;
  /** Processor seconds of the server for a GiB, or for a million answers. */
  readonly cost: number;
}

/** What the server has used of processors since it began, in seconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const onLast = (): readonly string[] => ['-c', execFileSync('nproc', { encoding: 'utf8' }).trim() === '1' ? '0' : '1'];

function run(hall: Hall, host: string, program: string, args: readonly string[]): string {
  const { code, output } = hall.run(host, 'taskset', [...onLast(), program, ...args], 60_000);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${output}`);
  return output;
}

function measure(hall: Hall, client: string, server: Server, figure: Figure): Measured {
  const before = cpuOf(server.pid);
  const told = JSON.parse(run(hall, server.host, client, figure.ask(server.root)));
  const cpuSec = cpuOf(server.pid) - before;
  const amount = figure.unit === 'MiB/s' ? told.octets / KIB ** 2 : told.answers;
  return { rate: amount / told.sec, cost: cpuSec / (figure.unit === 'MiB/s' ? amount / KIB : amount / 1e6) };
}

/** Nothing where the client didn't come to its end, which is said. */
function sampled(hall: Hall, client: string, server: Server, figure: Figure): Measured | undefined {
  try {
    return measure(hall, client, server, figure);
  } catch (error) {
    process.stderr.write(`  a round of "${figure.name}" is left out: ${messageOf(error)}\n`);
    return undefined;
  }
}

/** The tree and the image of it. */
function makeContent(folder: string): { readonly tree: string; readonly isos: string } {
  const [tree, isos] = [join(folder, 'tree'), join(folder, 'isos')];
  for (const each of [isos, join(tree, 'casper'), join(tree, 'many')]) mkdirSync(each, { recursive: true });
  execFileSync('sh', ['-c', `head -c ${values.mib}M /dev/urandom > '${join(tree, FILE)}'`]);
  for (let i = 0; i < Number(values.entries); i++)
    writeFileSync(join(tree, 'many', `p${String(i).padStart(6, '0')}.deb`), '');
  execFileSync('genisoimage', ['-quiet', '-R', '-o', join(isos, 'bench.iso'), tree], { stdio: 'ignore' });
  return { tree, isos };
}

async function startOurs(hall: Hall, folder: string, isos: string): Promise<Server> {
  for (const name of ['boot', 'state']) mkdirSync(join(folder, name));
  const folders = ['--isos', isos, '--boot', join(folder, 'boot'), '--state-dir', join(folder, 'state')];
  const argv = [values.fnode, 'serve', ...folders, '--flink', 'none', '--log-format', 'json', '--log-level', 'warn'];
  const ready = 'until nfs-ls nfs://127.0.0.1/tree/bench >/dev/null 2>&1; do sleep 0.2; done; echo serving';
  const { pid = 0 } = await hall.start('ours', ['taskset', '-c', '0', process.execPath, ...argv], /^/);
  await hall.start('ours', ['sh', '-c', ready], /serving/);
  return { name: 'fnode', host: 'ours', pid, root: 'nfs://127.0.0.1/tree/bench' };
}

const GANESHA = (tree: string): string => `
NFS_CORE_PARAM { Protocols = 3; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; MNT_Port = 20048; }
EXPORT_DEFAULTS { Access_Type = RO; Squash = None; Protocols = 3; Transports = TCP; SecType = sys; }
EXPORT { Export_Id = 1; Path = ${tree}; Pseudo = /tree; FSAL { Name = VFS; } }
`;

/** With a portmapper, and folders of state of its own. */
async function startGanesha(hall: Hall, folder: string, tree: string): Promise<Server> {
  const config = join(folder, 'ganesha.conf');
  writeFileSync(config, GANESHA(tree));
  const script = `
    mount -t tmpfs none /run && mkdir -p /run/rpcbind && mount -t tmpfs none /var/lib/nfs && mkdir -p /var/lib/nfs/ganesha
    rpcbind -f & until rpcinfo -p 127.0.0.1 >/dev/null 2>&1; do sleep 0.2; done
    exec taskset -c 0 ganesha.nfsd -F -f '${config}' -L /dev/stderr -N EVENT -p /run/ganesha.pid`;
  const { pid = 0 } = await hall.start('peer', ['unshare', '-m', 'sh', '-c', script], /NFS SERVER INITIALIZED/);
  return { name: 'ganesha', host: 'peer', pid, root: `nfs://127.0.0.1${tree}` };
}

/** Both give the very file; and it is in memory afterwards, wherever they keep it. */
function compare(hall: Hall, client: string, servers: readonly Server[], want: string): void {
  for (const { name, host, root } of [...servers, ...servers]) {
    const read = `${client} part ${root}/${FILE} 0 ${Number(values.mib) * KIB ** 2} | sha256sum`;
    if (run(hall, host, 'sh', ['-c', read]).slice(0, 64) !== want) throw new Error(`${name} gives other octets`);
  }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

/** `| name | ratio of rates, spread | ratio of costs |`, and the figures themselves for whoever watches. */
function told(figure: Figure, ours: readonly Measured[], theirs: readonly Measured[]): string {
  const rates = ours.map(({ rate }, i) => rate / (theirs[i]?.rate ?? Number.NaN));
  const costs = ours.map(({ cost }, i) => (theirs[i]?.cost ?? Number.NaN) / cost);
  const spread = (Math.max(...rates) - Math.min(...rates)) / median(rates);
  const own = [ours, theirs].map((all) => {
    const cost = median(all.map((each) => each.cost)).toFixed(2);
    return `${Math.round(median(all.map((each) => each.rate)))} ${figure.unit}, ${cost} s/${figure.unit === 'MiB/s' ? 'GiB' : 'million'}`;
  });
  process.stderr.write(`  ${figure.name}: ours ${own[0]}; ganesha ${own[1]}\n`);
  return `| ${figure.name} | ${median(rates).toFixed(2)} | ${spread.toFixed(2)} | ${median(costs).toFixed(2)} |`;
}

async function bench(): Promise<void> {
  const folder = mkdtempSync(join(values.folder, 'nfs-bench-'));
  const hall = new Hall({ ours: undefined, peer: undefined });
  try {
    const client = buildClient(folder);
    const { tree, isos } = makeContent(folder);
    const ours = await startOurs(hall, folder, isos);
    const ganesha = await startGanesha(hall, folder, tree);
    compare(hall, client, [ours, ganesha], hashOf(join(tree, FILE)));
    const lines = ['| figure | rate | spread | CPU |', '|---|---|---|---|'];
    for (const figure of FIGURES.filter(({ name }) => new RegExp(values.only).test(name))) {
      const measured: [Measured[], Measured[]] = [[], []];
      for (let round = 0; round < Number(values.rounds); round++) {
        // Whoever comes second finds the machine as the first left it: they take turns in that, too.
        const [first, second] = round % 2 === 0 ? [ours, ganesha] : [ganesha, ours];
        const samples = new Map([first, second].map((server) => [server, sampled(hall, client, server, figure)]));
        const [our, their] = [samples.get(ours), samples.get(ganesha)];
        // A round is of both: ganesha does not come to the end of each.
        if (!our || !their) continue;
        measured[0].push(our);
        measured[1].push(their);
      }
      if (measured[0].length > 0) lines.push(told(figure, ...measured));
    }
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    await hall.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(`${HELP}\n`);
else if (process.getuid?.() !== 0) {
  process.stderr.write('It needs root, for network namespaces.\n');
  process.exitCode = 2;
} else await bench();
