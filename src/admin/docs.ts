/** Writes schema/flink-api.json; a part of `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openApiText } from './openapi.ts';

const NAME = 'schema/flink-api.json';
writeFileSync(fileURLToPath(new URL(`../../${NAME}`, import.meta.url)), openApiText());
process.stdout.write(`${NAME}\n`);
