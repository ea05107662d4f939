/**
 * A helper that keeps the rights which flink gives up: it waits for one word to take the firewall out, and can do nothing else. When
 * flink crashes no word comes, and the rules stay.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Fault } from '../core/errors.ts';

export interface Guard {
  /** Says the word and waits for the end. Rejects with a `Fault` that says what stands in the way; the second time nothing happens. */
  remove(): Promise<void>;
}

/** A shell is a twentieth of the memory of another Node. What stops flink is sent to all its processes, and this one comes after. */
const WAIT = `trap '' HUP INT TERM; read -r word && [ "$word" = remove ] && exec "$@"`;
/** Less than flink takes to be impatient with its services; a slow machine starts Node in two seconds. */
const REMOVE_MS = 6000;
const KEPT_CHARS = 2000;

/** `removal` is a program with its arguments. Rejects with a `Fault` where it cannot be started. */
export async function startGuard(removal: readonly string[]): Promise<Guard> {
  // Sockets that a service manager handed to this process are not handed on.
  const { LISTEN_FDS: _handed, ...env } = process.env;
  const child = spawn('/bin/sh', ['-c', WAIT, 'sh', ...removal], {
    ...{ cwd: '/', env, detached: true, stdio: ['pipe', 'ignore', 'pipe'] },
  });
  await once(child, 'spawn').catch((error: unknown) => {
    throw new Fault(
      'firewall-failed',
      'the helper that takes the firewall out cannot be started: is there /bin/sh?',
      error,
    );
  });
  // Its word may come after its end.
  child.stdin?.on('error', () => {});
  child.unref();
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, KEPT_CHARS);
  });
  let removing: Promise<void> | undefined;
  const remove = async (): Promise<void> => {
    const code = await ended(child, () => child.stdin?.end('remove\n'));
    if (code === 0) return;
    const why = said.trim().split('\n')[0] || `code ${code ?? 'none'}`;
    throw new Fault('firewall-failed', `the firewall is still there (${why}): flink firewall remove, as root`);
  };
  return {
    remove: () => {
      removing ??= remove();
      return removing;
    },
  };
}

/** Its code; nothing where it was killed, or takes too long. */
async function ended(child: ChildProcess, begin: () => void): Promise<number | undefined> {
  if (child.exitCode !== null || child.signalCode !== null) return undefined;
  const patience = AbortSignal.timeout(REMOVE_MS);
  const end = once(child, 'close', { signal: patience });
  begin();
  try {
    const [code] = (await end) as [number | null];
    return code ?? undefined;
  } catch {
    child.kill('SIGKILL');
    return undefined;
  }
}
