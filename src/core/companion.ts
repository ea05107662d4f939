/** Companion kernels by their ids, `debian-12-amd64`: which can be had, and what is known of one that is there. */
import type { Arch, SecureBoot } from './image.ts';
import { type Kernel, secureBootOf } from './kernel.ts';

export interface CompanionName {
  readonly system: 'debian' | 'alpine';
  /** `12`, `3.20.0`. */
  readonly release: string;
  /** As they write it: `amd64`, `x86_64`. */
  readonly architecture: string;
}

/** Debian has packages for these releases, and dropped the installer for i386 with 13; Alpine has archives of releases. */
const OFFERED: Readonly<Record<CompanionName['system'], RegExp>> = {
  debian: /^debian-(?<release>1[1-3])-(?<architecture>amd64|(?<!-13-)i386|arm64)$/,
  alpine: /^alpine-(?<release>\d{1,3}\.\d{1,3}\.\d{1,3})-(?<architecture>x86_64|x86|aarch64|armv7)$/,
};

/** What an id stands for; undefined for one that nobody offers. */
export function parseCompanion(id: string): CompanionName | undefined {
  for (const system of ['debian', 'alpine'] as const) {
    const { release, architecture } = OFFERED[system].exec(id)?.groups ?? {};
    if (release !== undefined && architecture !== undefined) return { system, release, architecture };
  }
  return undefined;
}

/** What a companion's own kernel says. */
export interface CompanionFacts {
  /** Of the kernel: `6.1.0-37-amd64`. Modules that lie elsewhere fit it only if they are of the same. */
  readonly version?: string;
  readonly secureBoot: SecureBoot;
  readonly isBiosOnly: boolean;
}

/** Of one that nobody has looked at. */
export const UNSEEN_COMPANION: CompanionFacts = { secureBoot: 'unknown', isBiosOnly: false };

const ARCHS: Readonly<Record<string, Arch>> = { amd64: 'x86_64', x86_64: 'x86_64', i386: 'i386', x86: 'i386' };

/** No shim of an image starts it: it is another system's. */
export function companionFacts({ architecture }: CompanionName, kernel: Kernel): CompanionFacts {
  return {
    ...(kernel.version === undefined ? {} : { version: kernel.version }),
    secureBoot: secureBootOf(kernel, ARCHS[architecture] ?? 'arm64', false),
    isBiosOnly: kernel.isBiosOnly ?? false,
  };
}
