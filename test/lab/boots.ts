/** Runs the boots that must work and counts: `npm run lab`. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Bench, openBench } from './bench.ts';
import { CASES, CLIENTS } from './cases.ts';
import { MENU } from './checks.ts';
import { Cleanup } from './cleanup.ts';
import { FALLBACKS } from './fallback.ts';
import { type Gallery, openGallery } from './gallery.ts';
import type { Ground } from './ground.ts';
import { bootsLiveImage, LIVE_CLIENTS, recognisesAll } from './images.ts';
import { openLab } from './lab.ts';
import { MATRIX, MATRIX_CLIENTS } from './matrix.ts';
import { bootsWithLittleMemory, outlivesItsNode } from './nfs.ts';
import { comparesTrees, NFS_CLIENTS } from './nfs-clients.ts';
import { changesRoles, openProxyHall, proxyBios, proxyUefi } from './proxy.ts';
import { RELAYS } from './relay.ts';
import { tail } from './shell.ts';

/** Halls are opened when a boot first needs one. */
interface Halls {
  readonly installers: () => Promise<Bench>;
  readonly gallery: () => Promise<Gallery>;
  readonly proxy: () => Promise<Bench>;
  /** For those that have one to themselves. */
  readonly ground: Ground;
}

interface Boot {
  readonly name: string;
  readonly title: string;
  /** About, while one other boots. */
  readonly sec: number;
  /** By itself, with --all, with --matrix. */
  readonly runs: 'always' | 'all' | 'matrix';
  /** It waits most of its time, and no machine is in it: it is not counted among the jobs. */
  readonly isQuiet?: boolean;
  readonly run: (halls: Halls) => Promise<void>;
}

const BOOTS: readonly Boot[] = [
  ...CASES.map(({ name, title, sec, isOptional, run }): Boot => {
    return {
      name,
      title,
      sec,
      runs: isOptional ? 'all' : 'always',
      run: async (halls) => run(await halls.installers()),
    };
  }),
  {
    name: 'proxy-bios',
    sec: 70,
    title: "beside dnsmasq: BIOS by iPXE's ROM to the installer, and by lpxelinux.0 to its kernel",
    runs: 'all',
    run: async (halls) => proxyBios(await halls.proxy()),
  },
  {
    name: 'proxy-uefi',
    sec: 40,
    title: 'beside dnsmasq: UEFI x64 by iPXE to its kernel',
    runs: 'all',
    run: async (halls) => proxyUefi(await halls.proxy()),
  },
  {
    name: 'proxy-auto',
    sec: 100,
    title: 'dhcp.mode auto: proxy while dnsmasq is there, server when it has gone',
    runs: 'all',
    isQuiet: true,
    run: async ({ ground }) => changesRoles(ground),
  },
  ...FALLBACKS.map(({ name, title, sec, run }): Boot => {
    return { name, title, sec, runs: 'all', run: async ({ ground }) => run(ground) };
  }),
  {
    name: 'catalogue',
    sec: 10,
    title: 'every layout of image is recognised',
    runs: 'always',
    run: async (halls) => recognisesAll(await halls.gallery()),
  },
  {
    name: 'live-image',
    sec: 150,
    title: 'a real Debian live image, dropped into the folder, boots on BIOS and UEFI',
    runs: 'all',
    run: async (halls) => bootsLiveImage(await halls.gallery()),
  },
  {
    name: 'nfs-clients',
    sec: 40,
    title: "the kernel's NFS client by five ways of mounting: whole trees as libarchive reads them, loops, refusals",
    runs: 'all',
    run: async (halls) => comparesTrees(await halls.gallery()),
  },
  {
    name: 'live-nfs',
    sec: 75,
    title: 'a real live image of 480 MiB boots by NFS with 512 MiB of memory, where by HTTP it does not',
    runs: 'all',
    run: async ({ ground }) => bootsWithLittleMemory(ground),
  },
  {
    name: 'nfs-restart',
    sec: 90,
    title: 'the node of such a boot is killed and started again, then replaced by another: the boot goes on',
    runs: 'all',
    run: async ({ ground }) => outlivesItsNode(ground),
  },
  ...MATRIX.map(({ name, title, isChosen, run }): Boot => {
    return {
      name,
      title,
      sec: 20,
      runs: isChosen ? 'all' : 'matrix',
      run: async (halls) => run(await halls.gallery()),
    };
  }),
];

const isOfMatrix = ({ name }: Boot): boolean => name.includes(':');

const HELP = `usage: npm run lab -- [CASE...] [--all] [--matrix] [--out DIR] [--jobs N]
Boots virtual machines through flink and fnode (dist/), as root; needs what install.sh --tests installs.
${BOOTS.filter((boot) => !isOfMatrix(boot))
  .map(
    ({ name, title, sec, runs }) =>
      `  ${name.padEnd(14)} ${`${sec} s`.padStart(5)}  ${title}${runs === 'always' ? '' : ' (only if named, or with --all)'}`,
  )
  .join('\n')}
  LOADER:IMAGE    20 s  an image of make-fake-isos.sh through ipxe, pxelinux or grub (grub:ubuntu-24.04), or by NFS (nfs:mint-22)
  --all          all of these; of LOADER:IMAGE all images through ipxe, one of each family through the others and by NFS
  --matrix       every LOADER:IMAGE, and nothing else
  --out DIR      where screenshots go (default: demo)
  --jobs N       cases at the same time (default 2)`;

interface Wanted {
  readonly boots: readonly Boot[];
  readonly out: string;
  readonly jobs: number;
}

function parse(argv: readonly string[]): Wanted | undefined {
  const options = {
    out: { type: 'string' },
    jobs: { type: 'string' },
    all: { type: 'boolean' },
    matrix: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
  const unknown = positionals.find((name) => !BOOTS.some((boot) => boot.name === name));
  if (unknown !== undefined) throw new Error(`no case named ${unknown}; see --help`);
  if (values.help) return undefined;
  const isWanted = (boot: Boot): boolean => {
    if (positionals.length > 0) return positionals.includes(boot.name);
    if (values.matrix) return isOfMatrix(boot);
    return boot.runs === 'always' || (values.all === true && boot.runs === 'all');
  };
  const jobs = Math.max(1, Number(values.jobs ?? 2) || 1);
  return { boots: BOOTS.filter(isWanted), out: path.resolve(values.out ?? 'demo'), jobs };
}

/** Why each of them failed, by its title. */
type Failures = readonly (readonly [title: string, why: string])[];

/** Runs them, `jobs` at a time, the quiet ones beside them. */
async function runAll(halls: Halls, boots: readonly Boot[], jobs: number): Promise<Failures> {
  const failures: [string, string][] = [];
  const work = async (queue: Boot[]): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const why = (await runOne(halls, next)) === undefined ? undefined : await runOne(halls, next, AGAIN);
      if (why !== undefined) failures.push([next.title, why]);
    }
  };
  const queue = boots.filter(({ isQuiet }) => !isQuiet);
  const quiet = boots.filter(({ isQuiet }) => isQuiet);
  await Promise.all([work(quiet), ...Array.from({ length: jobs }, () => work(queue))]);
  return failures;
}

/** An emulated machine is at the mercy of whatever else the host does: one that fails is tried once more, and that is said. */
const AGAIN = ', at the second try';

/** Why it failed, if it did. */
async function runOne(halls: Halls, { title, run }: Boot, note = ''): Promise<string | undefined> {
  const startMs = performance.now();
  const took = (): string => `${((performance.now() - startMs) / 1000).toFixed(1).padStart(6)} s`;
  try {
    await run(halls);
    console.log(`  ok    ${took()}  ${title}${note}`);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.log(`  FAIL  ${took()}  ${title}${note}\n${why}`);
    return why;
  }
}

async function showLogs(bench: Bench): Promise<void> {
  for (const name of ['flink', 'fnode00', 'fnode01']) {
    const text = await readFile(path.join(bench.lab.state, `${name}.log`), 'utf8').catch(() => '');
    console.log(`--- end of ${name}'s log\n${tail(text, 40)}`);
  }
}

/** Each at most once; `opened` are those that are open. */
function hallsOf(out: string, cleanup: Cleanup): { readonly halls: Halls; readonly opened: Bench[] } {
  const opened: Bench[] = [];
  const once = <Hall extends Bench>(open: () => Promise<Hall>): (() => Promise<Hall>) => {
    let hall: Promise<Hall> | undefined;
    return () => {
      hall ??= open().then((bench) => {
        opened.push(bench);
        return bench;
      });
      return hall;
    };
  };
  const say = (text: string): void => console.log(`        ${text}`);
  const installers = once(async () =>
    openBench(
      await openLab('boots', cleanup),
      out,
      { clients: CLIENTS, menu: MENU, say, dhcp: { relays: RELAYS } },
      cleanup,
    ),
  );
  const ground: Ground = { out, say, cleanup };
  const clients = [...MATRIX_CLIENTS, ...LIVE_CLIENTS, ...NFS_CLIENTS];
  const gallery = once(() => openGallery({ name: 'gallery', images: '*', clients }, ground));
  const proxy = once(() => openProxyHall(ground));
  return { halls: { installers, gallery, proxy, ground }, opened };
}

async function main(): Promise<number> {
  const wanted = parse(process.argv.slice(2));
  if (!wanted) {
    console.log(HELP);
    return 0;
  }
  if (process.getuid?.() !== 0) throw new Error('the lab makes network namespaces: run it as root');
  const cleanup = new Cleanup();
  try {
    await mkdir(wanted.out, { recursive: true });
    const { halls, opened } = hallsOf(wanted.out, cleanup);
    const failures = await runAll(halls, wanted.boots, wanted.jobs);
    if (failures.length > 0) for (const bench of opened) await showLogs(bench);
    // Last, where whoever sees only the end of a long log finds it.
    for (const [title, why] of failures) console.log(`--- why not "${title}"\n${tail(why, 40)}`);
    console.log(`${wanted.boots.length - failures.length} passed, ${failures.length} failed`);
    return failures.length > 0 ? 1 : 0;
  } finally {
    await cleanup.run();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`lab: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  },
);
