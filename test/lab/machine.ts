/** One virtual machine without a disk: `boot.sh` as an object. */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { LAB_DIR, type Lab } from './lab.ts';

export type Firmware = 'bios' | 'uefi' | 'uefi-http' | 'ia32' | 'arm64';

export interface MachineOptions {
  readonly name: string;
  readonly firmware: Firmware;
  readonly mac: string;
  /** On the far LAN, behind the relay. */
  readonly isFar?: boolean;
  /** What its serial console must show: a Python regular expression. */
  readonly until: string;
  readonly timeoutSec: number;
  /** Names and patterns of what is reported on the way there. */
  readonly stages?: Readonly<Record<string, string>>;
  /** What a person would type, see `boot.sh --help`. */
  readonly keys?: string;
  /** PNG of the screen at the end. */
  readonly screenshot?: string;
  readonly memoryMb?: number;
}

export type Verdict = 'seen' | 'failed' | 'timeout' | 'ended' | 'stopped';

export interface MachineEnd {
  readonly verdict: Verdict;
  /** The serial console, without control sequences and with times. */
  readonly transcript: string;
  /** The same as it came: whole lines. */
  readonly serial: string;
  readonly complaints: string;
}

/** `stage NAME` or `shot FILE`, seconds after power-on. */
export type OnReport = (kind: 'stage' | 'shot', what: string, sec: number) => void;

export interface Machine {
  readonly done: Promise<MachineEnd>;
  /** Lets the keys go on that wait at the word `go`. */
  go(): Promise<void>;
  /** Pulls the plug. */
  stop(): Promise<MachineEnd>;
}

const VERDICTS: Readonly<Record<number, Verdict>> = {
  0: 'seen',
  1: 'failed',
  124: 'timeout',
  3: 'ended',
  143: 'stopped',
};

/** The installer's dialogue on the screen follows the one on the serial line by some seconds. */
const SETTLE_SEC = '20';

export function powerOn(lab: Lab, options: MachineOptions, cleanup: Cleanup, onReport: OnReport): Machine {
  const transcript = path.join(lab.state, `${options.name}.serial`);
  const child = spawn(path.join(LAB_DIR, 'boot.sh'), bootArgs(options, transcript), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...lab.env },
  });
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => reportLines(text, onReport));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const done = new Promise<MachineEnd>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', async (code) => {
      const text = await readFile(`${transcript}.timed`, 'utf8').catch(() => '');
      const serial = await readFile(transcript, 'latin1').catch(() => '');
      resolve({ verdict: VERDICTS[code ?? 143] ?? 'failed', transcript: text, serial, complaints });
    });
  });
  const stop = (): Promise<MachineEnd> => {
    child.kill('SIGTERM');
    return done;
  };
  cleanup.add(stop);
  return { done, stop, go: () => writeFile(`${transcript}.go`, '') };
}

function bootArgs(options: MachineOptions, transcript: string): readonly string[] {
  const { firmware, mac, until, timeoutSec, stages = {}, keys, screenshot, memoryMb, isFar } = options;
  return [
    ...['--firmware', firmware, '--mac', mac, '--until', until, '--timeout', String(timeoutSec)],
    ...['--transcript', transcript],
    ...(isFar ? ['--far'] : []),
    ...Object.entries(stages).flatMap(([name, pattern]) => ['--stage', `${name}=${pattern}`]),
    ...(keys === undefined ? [] : ['--keys', keys]),
    ...(screenshot === undefined ? [] : ['--screenshot', screenshot, '--settle', SETTLE_SEC]),
    ...(memoryMb === undefined ? [] : ['--mem', String(memoryMb)]),
  ];
}

function reportLines(text: string, onReport: OnReport): void {
  for (const [, kind, what, sec] of text.matchAll(/^(stage|shot) (\S+) ([\d.]+)$/gm)) {
    if (kind && what) onReport(kind as 'stage' | 'shot', what, Number(sec));
  }
}
