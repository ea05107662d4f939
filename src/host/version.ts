/** Which version of flisolator runs. */
import { readFileSync } from 'node:fs';

/** `0.1.0`. The package is two folders up from the sources as from what is built of them. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version?: unknown }).version);
}
