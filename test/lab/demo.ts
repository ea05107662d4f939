/** A hall in a box: a BIOS and a UEFI machine boot through flink and fnode while one watches. `npm run demo`. */
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Cleanup } from './cleanup.ts';
import { LAB_DIR, openLab, PROJECT_DIR } from './lab.ts';
import { must, run, tail } from './shell.ts';
import { perform, STARS } from './show.ts';

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
  const { code, stdout, stderr } = await run(install, ['--boot', '--check']);
  if (code === 2) throw new Error(stderr.trim());
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
    const failed = ends.flatMap((end, i) =>
      end.verdict === 'seen' || end.verdict === 'stopped' ? [] : [{ end, star: stars[i] }],
    );
    for (const { end, star } of failed)
      console.log(`\n${star?.title}: ${end.verdict}; its console ends:\n${tail(end.transcript, 25)}`);
    if (ends.some(({ verdict }) => verdict === 'stopped')) return 1;
    console.log(`\npictures of menus and systems: ${wanted.out}`);
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
