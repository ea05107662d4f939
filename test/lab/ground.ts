/** What boots get that have a hall to themselves. */
import type { Cleanup } from './cleanup.ts';

export interface Ground {
  /** Where screenshots go. */
  readonly out: string;
  readonly say: (text: string) => void;
  readonly cleanup: Cleanup;
}
