/** A process for debian.test.ts, which runs it as a user without privilege: the installation with the real apt. */
import { runCommand } from '../../src/host/exec.ts';
import { systemClock } from '../../src/host/system.ts';
import { installLoaders } from '../../src/loaders/apply.ts';

const [dir = '', temporaryFolder = '', user] = process.argv.slice(2);
if (user !== undefined) {
  // Only now, when every module is loaded: the checkout may be one that this user cannot read.
  process.setgroups?.([Number(user)]);
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
  process.chdir('/');
}
const report = await installLoaders(
  { dir },
  { run: runCommand, say: console.log, clock: systemClock, temporaryFolder },
);
process.exitCode = report.isComplete ? 0 : 1;
