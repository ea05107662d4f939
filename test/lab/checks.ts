/** What boots have in common, and what each of them must show. */
import assert from 'node:assert/strict';
import type { Bench } from './bench.ts';
import { type FnodeName, INSTALLER_ENTRY } from './hall.ts';
import type { MachineEnd } from './machine.ts';

/** Both fnodes: the installer starts by itself, so that no key has to be pressed at the right moment. */
export const MENU = { title: 'FLISoL', timeout: '8s', default: INSTALLER_ENTRY } as const;

/** The installer's first dialogue. */
export const INSTALLER = 'Select a language';
/** Idle, the slowest takes a minute; other work on the machine multiplies it. */
export const BOOT_TIMEOUT_SEC = 480;
/** On the serial line; a key script takes no spaces. */
export const MENU_SHOWN = 'local.disk';
export function reached({ verdict, transcript, complaints }: MachineEnd): void {
  assert.equal(verdict, 'seen', `its serial console ends:\n${transcript.slice(-2000)}\n${complaints}`);
}

/** All of `wanted` ("tftp NAME"), whole, in this order; and not a byte from another fnode. */
export function fetchedFrom(bench: Bench, mac: string, fnode: FnodeName, wanted: readonly string[]): void {
  const transfers = bench.fetched(mac);
  const list = transfers.map((t) => `${t.by} ${t.file.split('/').at(-1)}`);
  const shown = transfers.map((t) => `${t.fnode} ${t.by} ${t.file} ${t.bytes}`).join('\n');
  let from = 0;
  for (const want of wanted) {
    const at = list.indexOf(want, from);
    assert.ok(at >= 0, `${mac} did not fetch "${want}" (in this order) but:\n${shown}`);
    from = at + 1;
  }
  assert.ok(
    transfers.every((t) => t.fnode === fnode),
    `${mac} must fetch from ${fnode} only, but fetched:\n${shown}`,
  );
}
