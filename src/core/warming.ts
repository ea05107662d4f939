/** Filling the proxy's cache ahead of the hall: what is asked for, how far it is, what came of it. */
import type { Endpoint } from './addr.ts';

export interface WarmQuestion {
  /** Lists: short names, files, `-` for the standard input, URLs of lists. */
  readonly from: readonly string[];
  /** What short names are to install besides the base: `gnome`, `ssh-server`. */
  readonly tasks: readonly string[];
  /** In place of the mirror that a short name has. */
  readonly mirror: string | undefined;
  /** As Debian calls it. Default: amd64. */
  readonly architecture: string | undefined;
  /** Of package descriptions: `en`, `es`, `pt_BR`. */
  readonly languages: readonly string[];
  /** Of what comes from outside; nothing: as fast as it comes. */
  readonly rateBitsPerSec: number | undefined;
  /** How many are fetched at the same time. */
  readonly jobs: number;
  /** Packages are not fetched but told; indexes are, since nothing is known without them. */
  readonly isDry: boolean;
  /** Where the running flink's proxy may be, the likeliest first. */
  readonly proxies: readonly Endpoint[];
  /** Where file names begin. */
  readonly workingDir: string;
}

/** How far it is. What has no known size counts with none until it is there. */
export interface WarmStanding {
  readonly doing: 'indexes' | 'objects';
  readonly objects: number;
  readonly doneObjects: number;
  readonly bytes: number;
  readonly doneBytes: number;
  /** Of those done: they had been kept before. */
  readonly keptObjects: number;
  readonly failedObjects: number;
  /** From outside, in octets. */
  readonly broughtBytes: number;
  /** Since it began. */
  readonly elapsedMs: number;
}

export interface WarmFailure {
  /** A URL, or what was asked for and is in no index. */
  readonly what: string;
  readonly why: string;
}

export interface WarmObject {
  readonly url: string;
  readonly sizeBytes: number | undefined;
  readonly isKept: boolean;
}

export interface WarmReport extends WarmStanding {
  readonly failures: readonly WarmFailure[];
  /** Sentences for people. */
  readonly notes: readonly string[];
  /** Somebody ended it before it was done. */
  readonly isStopped: boolean;
  /** Answered from what is kept, because nobody answers outside. */
  readonly staleObjects: number;
  /** What would be fetched; nothing where it was. */
  readonly listed: readonly WarmObject[] | undefined;
}

export interface WarmEars {
  readonly onStanding: (standing: WarmStanding) => void;
  readonly signal: AbortSignal;
}
