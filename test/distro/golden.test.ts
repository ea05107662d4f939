/** The command lines of every family, each word with its reason and where that was read. UPDATE_GOLDEN=1 writes them. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { recognise } from '../../src/distro/recognise.ts';
import { explain } from './explain.ts';
import { imageView } from './kit.ts';
import { SAMPLES } from './samples.ts';

const families = new Set(Object.values(SAMPLES).map((sample) => sample.family));

for (const family of families) {
  test(`golden: command lines of ${family}`, async () => {
    const file = new URL(`golden/${family}.txt`, import.meta.url);
    const parts: string[] = [];
    for (const [id, sample] of Object.entries(SAMPLES)) {
      if (sample.family !== family) continue;
      const verdict = await recognise(imageView(sample.image));
      const { problem } = verdict;
      parts.push(
        [
          `== ${id}: ${[verdict.name, verdict.version, verdict.edition ?? ''].join(' ').trim()}`,
          ...(problem ? [`${problem.reason}: ${problem.says}${problem.cure ? ` ${problem.cure}` : ''}`] : []),
          ...verdict.entries.map((entry) => `\n${explain(verdict, entry)}`.trimEnd()),
        ].join('\n'),
      );
    }
    const text = `${parts.join('\n\n')}\n`;
    if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  });
}
