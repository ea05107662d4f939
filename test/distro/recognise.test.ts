/** Every distribution of the tables is recognised by what lies on its image. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recognise } from '../../src/distro/recognise.ts';
import { imageView } from './kit.ts';
import { SAMPLES } from './samples.ts';

for (const [id, sample] of Object.entries(SAMPLES)) {
  test(`recognises ${id}`, async () => {
    const verdict = await recognise(imageView(sample.image));
    const got = {
      family: verdict.family,
      name: verdict.name,
      version: verdict.version,
      codename: verdict.codename,
      edition: verdict.edition,
      archs: verdict.archs,
      group: verdict.group,
      keys: verdict.entries.map((entry) => entry.key),
      problem: verdict.problem?.reason,
    };
    assert.deepEqual(got, {
      family: sample.family,
      name: sample.name,
      version: sample.version,
      codename: sample.codename,
      edition: sample.edition,
      archs: sample.archs ?? ['x86_64'],
      group: sample.group ?? sample.name,
      keys: sample.keys,
      problem: sample.problem,
    });
  });
}
