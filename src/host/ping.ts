/** ICMP echo, through the system's own program: Node has no raw sockets. */
import { type Ipv4, LOOPBACK } from '../core/addr.ts';
import type { RunCommand } from './exec.ts';

/** Whether the address answered in time. Never rejects. */
export type Ping = (address: Ipv4, timeoutMs: number) => Promise<boolean>;

/** More than the program needs to start on a busy machine. */
const TRIAL_MS = 2000;

/** `ping` where it is installed and may be used, tried on ourselves; nothing where it is not. */
export async function systemPing(run: RunCommand): Promise<Ping | undefined> {
  const ping: Ping = async (address, timeoutMs) => {
    // One echo, numbers only; the program's own time-out is in whole seconds in some versions, so ours ends it.
    const { code } = await run('ping', ['-n', '-q', '-c', '1', '-W', '1', address], { timeoutMs });
    return code === 0;
  };
  return (await ping(LOOPBACK, TRIAL_MS)) ? ping : undefined;
}
