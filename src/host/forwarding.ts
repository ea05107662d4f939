/** Whether this machine is a router. proc(5), ip_forward */
import { readFile, writeFile } from 'node:fs/promises';

const SWITCH = '/proc/sys/net/ipv4/ip_forward';

/** False where the system does not say. */
export async function isForwarding(): Promise<boolean> {
  const text = await readFile(SWITCH, 'latin1').catch(() => '0');
  return text.trim() !== '0';
}

/** Rejects with the system's error. */
export async function setForwarding(isOn: boolean): Promise<void> {
  await writeFile(SWITCH, isOn ? '1\n' : '0\n');
}
