/** A process for interrupted.test.ts: installs from played packages, and kills itself hard at the nth line that it says. */
import { installLoaders } from '../../src/loaders/apply.ts';
import { type Deb, fakeApt } from './fixtures.ts';

interface Order {
  readonly dir: string;
  readonly debs: readonly Deb[];
  readonly temporaryFolder: string;
  /** From 1; 0 lives to the end. */
  readonly dieAtLine: number;
}

const order: Order = JSON.parse(process.argv[2] ?? '');
let lines = 0;
await installLoaders(
  { dir: order.dir },
  {
    run: fakeApt({ system: order.debs }),
    say: () => {
      if (++lines === order.dieAtLine) process.kill(process.pid, 'SIGKILL');
    },
    clock: { date: () => 0 },
    temporaryFolder: order.temporaryFolder,
  },
);
console.log(lines);
