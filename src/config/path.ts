/** Where in a file something is, as people write it: `dns.upstreams[0]`. */

/** `dns.upstreams`, `clients[0]`; keys that are not plain words are quoted. */
export function childPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  const word = /^[\w-]+$/.test(key) ? key : JSON.stringify(key.slice(0, 60));
  return path === '' ? word : `${path}.${word}`;
}

/** What `path` is directly in; '' for the file as a whole. */
export function parentPath(path: string): string {
  const match = /^(.*?)(?:\[\d+\]|\.?[\w-]+|\.?"(?:[^"\\]|\\.)*")$/.exec(path);
  return match?.[1] ?? '';
}
