/** How many files, sockets and connections this process may hold, and who gets how many of them. */
import fs from 'node:fs';

/** Descriptors that are nobody's share: the runtime's own, the doors, what is opened for a moment. */
const RESERVED_DESCRIPTORS = 32;
/**
 * Of the others, so that no service takes what another needs: a node's come to one. `files` is for each of the two
 * folders, `nfs` for each of its two doors; `looks`, at addresses, `dns` and `proxy` are flink's.
 */
const SHARES = { http: 0.3, tftp: 0.3, files: 0.1, nfs: 0.1, looks: 0.2, dns: 0.2, proxy: 0.4 } as const;
/** What works at all, however few there are. */
const MIN_SHARE = 8;

/** How many of this process's descriptors may be used for that at once. */
export function descriptorShare(user: keyof typeof SHARES): number {
  return Math.max(MIN_SHARE, Math.floor((descriptorLimit() - RESERVED_DESCRIPTORS) * SHARES[user]));
}

/** How many descriptors this process may hold. Node has raised the soft limit to the hard one when it started. */
export function descriptorLimit(): number {
  const limits = fs.readFileSync('/proc/self/limits', 'latin1');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}
