import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideRange, MAX_RANGES, type RangeDecision } from '../../src/http/range.ts';
import { mutate, seeded } from '../support/fakes.ts';

const cases: readonly {
  readonly name: string;
  readonly header?: string;
  readonly size?: number;
  readonly want: string;
}[] = [
  { name: 'no header means all of it', want: 'whole no-range' },
  { name: 'first and last position are both included, §14.1.2', header: 'bytes=0-99', want: '0-99' },
  { name: 'one octet, as archiso probes', header: 'bytes=0-0', want: '0-0' },
  { name: 'open-ended goes to the end, §14.1.2', header: 'bytes=900-', want: '900-999' },
  { name: 'a last position past the end is the end, §14.1.2', header: 'bytes=900-5000', want: '900-999' },
  { name: 'a suffix counts from the end, §14.1.2', header: 'bytes=-100', want: '900-999' },
  { name: 'a suffix longer than the content is all of it, §14.1.2', header: 'bytes=-5000', want: '0-999' },
  { name: 'units are case-insensitive, §14.1', header: 'BYTES=0-9', want: '0-9' },
  { name: 'several, in the order asked for, §15.3.7.2', header: 'bytes=500-599,0-99', want: '500-599 0-99' },
  { name: 'space around the comma, §5.6.1', header: 'bytes=0-0 ,\t2-2', want: '0-0 2-2' },
  { name: 'empty list elements are ignored, §5.6.1.2', header: 'bytes=,0-0,,2-2,', want: '0-0 2-2' },
  { name: 'overlapping ones are merged, §15.3.7.2', header: 'bytes=0-99,50-149', want: '0-149' },
  { name: 'touching ones are merged, §15.3.7.2', header: 'bytes=100-199,0-99', want: '0-199' },
  { name: 'one inside another vanishes in it', header: 'bytes=0-500,100-200,499-600', want: '0-600' },
  { name: 'the whole many times is the whole once', header: `bytes=${Array(60).fill('0-').join(',')}`, want: '0-999' },
  { name: 'unsatisfiable ones beside a good one are left out, §15.3.7.2', header: 'bytes=5000-,3-4', want: '3-4' },
  { name: 'beyond the end is unsatisfiable, §15.5.17', header: 'bytes=1000-', want: 'unsatisfiable' },
  { name: 'a suffix of nothing is unsatisfiable, §14.1.2', header: 'bytes=-0', want: 'unsatisfiable' },
  { name: 'digits beyond any file', header: `bytes=${'9'.repeat(400)}-`, want: 'unsatisfiable' },
  { name: 'past 4 GiB', header: 'bytes=5000000000-5000000009', size: 6_000_000_000, want: '5000000000-5000000009' },
  { name: 'nothing has no first octet, §14.1.2', header: 'bytes=0-0', size: 0, want: 'unsatisfiable' },
  {
    name: 'a suffix of nothing at all is nothing at all, §14.1.2',
    header: 'bytes=-5',
    size: 0,
    want: 'whole everything',
  },
  { name: 'another unit is ignored, §14.2', header: 'lines=0-9', want: 'whole other-unit' },
  { name: 'last before first is invalid, §14.1.1', header: 'bytes=9-0', want: 'whole malformed' },
  { name: 'one invalid part spoils the set, §14.2', header: 'bytes=0-9,x', want: 'whole malformed' },
  { name: 'no digits at all', header: 'bytes=-', want: 'whole malformed' },
  { name: 'no ranges at all', header: 'bytes=', want: 'whole malformed' },
  { name: 'signs', header: 'bytes=+1-2', want: 'whole malformed' },
  { name: 'no equals sign', header: 'bytes 0-9', want: 'whole malformed' },
  { name: 'the most that is taken', header: `bytes=${list(MAX_RANGES)}`, want: list(MAX_RANGES).replaceAll(',', ' ') },
  {
    name: 'one too many is answered with the whole, §14.2',
    header: `bytes=${list(MAX_RANGES + 1)}`,
    want: 'whole too-many',
  },
  { name: 'thousands too', header: `bytes=${list(10_000)}`, size: 1e6, want: 'whole too-many' },
];

for (const { name, header, size = 1000, want } of cases) {
  test(`range: ${name}`, () => assert.equal(show(decideRange(header, size)), want));
}

test('range: whatever stands in the header, the parts lie apart inside the content', () => {
  const random = seeded(20_260_101);
  const seeds = cases.flatMap(({ header }) => (header && header.length < 500 ? [Buffer.from(header)] : []));
  for (let round = 0; round < 20_000; round++) {
    const header = Buffer.from(mutate(seeds[round % seeds.length] ?? Buffer.of(), random)).toString('latin1');
    const size = [0, 1, 1000, 2 ** 40][round % 4] ?? 0;
    const decision = decideRange(header, size);
    if (decision.kind !== 'parts') continue;
    let sum = 0;
    for (const { start, end } of decision.parts) {
      assert.ok(start >= 0 && start < end && end <= size, header);
      sum += end - start;
    }
    assert.ok(sum <= size, header);
  }
});

function list(count: number): string {
  return Array.from({ length: count }, (_, i) => `${2 * i}-${2 * i}`).join(',');
}

function show(decision: RangeDecision): string {
  if (decision.kind === 'parts') return decision.parts.map(({ start, end }) => `${start}-${end - 1}`).join(' ');
  return decision.kind === 'whole' ? `whole ${decision.reason}` : decision.kind;
}
