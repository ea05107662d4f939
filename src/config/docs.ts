/** Writes docs/configuration.md and schema/*.json; `npm run docs`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishedFiles } from './reference.ts';

for (const [name, text] of Object.entries(publishedFiles())) {
  const path = fileURLToPath(new URL(`../../${name}`, import.meta.url));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  process.stdout.write(`${name}\n`);
}
