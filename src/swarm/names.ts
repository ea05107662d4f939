/** What nodes are called where they don't stand in the MAC table. */

const MAX_LABEL_CHARS = 63;

/** One label of letters, digits and hyphens out of whatever a node calls itself; RFC 1123 §2.1. */
export function nodeName(claimed: string): string {
  const label = claimed.split('.', 1)[0]?.toLowerCase() ?? '';
  const clean = label.replaceAll(/[^a-z\d]+/g, '-').slice(0, MAX_LABEL_CHARS);
  return clean.replaceAll(/^-+|-+$/g, '') || 'fnode';
}

/** `name`, or with the first number behind it that makes it nobody else's: `fnode-2`. */
export function uniqueName(name: string, isTaken: (name: string) => boolean): string {
  let unique = name;
  for (let n = 2; isTaken(unique); n++) {
    const suffix = `-${n}`;
    unique = name.slice(0, MAX_LABEL_CHARS - suffix.length) + suffix;
  }
  return unique;
}
