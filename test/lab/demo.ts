/** A hall in a box: a BIOS and a UEFI machine boot through flink and fnode while one watches. `npm run demo`. */
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Cleanup } from './cleanup.ts';
import type { LogLine } from './follow.ts';
import { type FnodeName, openHall } from './hall.ts';
import { LAB_DIR, type Lab, openLab, PROJECT_DIR } from './lab.ts';
import { type MachineEnd, type MachineOptions, powerOn } from './machine.ts';
import { must, run, tail } from './shell.ts';
import { Story } from './story.ts';

const HELP = `usage: npm run demo -- [--only bios|uefi] [--out DIR] [--keep]
Boots virtual machines without a disk from the network, through flink and two fnodes, into Debian's installer. Needs Debian
and root; installs the packages that it needs; touches no network but its own. Several can run side by side.
  --only WHICH   one of the two machines
  --out DIR      where the screenshots go (default: demo)
  --keep         leave flink and the fnodes running at the end, to look around`;

interface Wanted {
  readonly only?: string | undefined;
  readonly out: string;
  readonly keep: boolean;
}

interface Star {
  readonly name: 'bios' | 'uefi';
  readonly mac: string;
  readonly title: string;
  readonly fnode: FnodeName;
  /** Why it is told to load something else than its firmware would ask for. */
  readonly loader?: string;
}

const STARS: readonly Star[] = [
  // QEMU's only BIOS boot ROM is iPXE; the row makes it boot as the ROM of a real BIOS laptop does.
  { name: 'bios', mac: '52:54:00:de:00:01', title: 'a BIOS machine', fnode: 'fnode01', loader: 'lpxelinux.0' },
  { name: 'uefi', mac: '52:54:00:de:00:02', title: 'a UEFI machine', fnode: 'fnode00' },
];
const MENU = { title: 'FLISoL', timeout: '60s' } as const;
const TIMEOUT_SEC = 600;

function parse(argv: readonly string[]): Wanted | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string' },
      out: { type: 'string' },
      keep: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const { only } = values;
  if (only !== undefined && !STARS.some(({ name }) => name === only))
    throw new Error(`--only: want bios or uefi, got "${only}"`);
  return { only, out: path.resolve(values.out ?? path.join(PROJECT_DIR, 'demo')), keep: values.keep ?? false };
}

/** Debian's packages, and our own servers, if they are not there yet. */
async function prepare(): Promise<void> {
  const install = path.join(LAB_DIR, 'install.sh');
  const { code, stdout } = await run(install, ['--boot', '--check']);
  if (code !== 0) {
    console.log(`installing ${stdout.trim().split('\n').length} Debian packages (once; some minutes)`);
    await must(install, ['--boot']);
  }
  const isBuilt = await access(path.join(PROJECT_DIR, 'dist/flink.js')).then(
    () => true,
    () => false,
  );
  if (!isBuilt) await must('npm', ['run', '--silent', 'build', '--prefix', PROJECT_DIR]);
}

/** One line of the tale: `  12.3 s  bios   loader     lpxelinux.0 from fnode00 by TFTP, 94 kB in 0.1 s`. */
function tell(sec: number, machine: string, stage: string, text: string): void {
  console.log(`${sec.toFixed(1).padStart(6)} s  ${machine.padEnd(5)}  ${stage.padEnd(9)}  ${text}`);
}

/** Stages that only the machine's own screen and serial line show. */
const CONSOLE_STAGES: Readonly<Record<string, { readonly pattern: string; readonly text: string }>> = {
  linux: { pattern: 'Linux version|Loading Linux|EFI stub', text: 'starts' },
  installer: { pattern: 'Select a language', text: 'asks for the language' },
};

async function perform(
  lab: Lab,
  stars: readonly Star[],
  out: string,
  cleanup: Cleanup,
): Promise<readonly MachineEnd[]> {
  const powerOnMs = new Map<string, number>();
  const story = new Story();
  const starOf = new Map(stars.map((star) => [star.mac, star]));
  const onLine = (source: 'flink' | FnodeName, line: LogLine): void => {
    for (const stage of source === 'flink' ? story.flink(line) : story.fnode(source, line)) {
      const star = starOf.get(stage.mac);
      if (star) tell((stage.atMs - (powerOnMs.get(stage.mac) ?? stage.atMs)) / 1000, star.name, stage.name, stage.text);
    }
  };
  await openHall(lab, {
    clients: stars.map(({ mac, fnode, loader }) => ({ mac, fnode, ...(loader && { loader }) })),
    menu: MENU,
    onLine,
  });
  console.log(`the hall is open: flink and two fnodes in lab ${lab.prefix}\n`);
  return Promise.all(
    stars.map((star) => {
      powerOnMs.set(star.mac, Date.now());
      tell(0, star.name, 'power on', `${star.title} without a disk, ${star.mac}`);
      return powerOn(lab, script(star, out), cleanup, (kind, what, sec) => {
        if (kind === 'stage') tell(sec, star.name, what, CONSOLE_STAGES[what]?.text ?? '');
        else tell(sec, star.name, 'screen', path.relative(process.cwd(), what));
      }).done;
    }),
  );
}

function script(star: Star, out: string): MachineOptions {
  const { name, mac } = star;
  return {
    name,
    firmware: name,
    mac,
    timeoutSec: TIMEOUT_SEC,
    until: 'Select a language',
    stages: Object.fromEntries(Object.entries(CONSOLE_STAGES).map(([stage, { pattern }]) => [stage, pattern])),
    keys: `until:FLISoL wait:3 shot:${path.join(out, `${name}-menu.png`)} down wait:1 ret`,
    screenshot: path.join(out, `${name}-system.png`),
  };
}

async function main(): Promise<number> {
  const wanted = parse(process.argv.slice(2));
  if (!wanted) {
    console.log(HELP);
    return 0;
  }
  if (process.getuid?.() !== 0)
    throw new Error('the demo makes network namespaces and virtual machines: run it as root');
  const cleanup = new Cleanup();
  try {
    await prepare();
    await mkdir(wanted.out, { recursive: true });
    const lab = await openLab('demo', cleanup);
    const stars = STARS.filter(({ name }) => !wanted.only || name === wanted.only);
    const ends = await perform(lab, stars, wanted.out, cleanup);
    const failed = ends.flatMap((end, i) => (end.verdict === 'seen' ? [] : [{ end, star: stars[i] }]));
    for (const { end, star } of failed)
      console.log(`\n${star?.title}: ${end.verdict}; its console ends:\n${tail(end.transcript, 25)}`);
    console.log(`\nscreenshots: ${wanted.out}`);
    if (wanted.keep) {
      cleanup.forget();
      console.log(
        `flink and the fnodes go on; to end them: LAB_PREFIX=${lab.prefix} LAB_STATE=${lab.state} ${path.join(LAB_DIR, 'net.sh')} down`,
      );
    }
    return failed.length === 0 ? 0 : 1;
  } finally {
    await cleanup.run();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`demo: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  },
);
