import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, tableLines } from '../../src/cli/table.ts';

type Row = readonly [string, string, string];
const columns: readonly Column<Row>[] = [
  { title: 'NAME', of: ([name]) => name },
  { title: 'N', of: ([, n]) => n, isNumber: true },
  { title: 'NOTE', of: ([, , note]) => note },
];
const rows: readonly Row[] = [
  ['fnode00', '5', 'all is well'],
  ['x', '1200', ''],
];

test('columns are aligned, figures to the right, nothing stands behind a line', () => {
  assert.deepEqual(tableLines(rows, columns, undefined), [
    'NAME        N  NOTE',
    'fnode00     5  all is well',
    'x        1200',
  ]);
});

test('in a narrow terminal the widest column gives way, and says so', () => {
  const lines = tableLines(rows, columns, 22);
  assert.deepEqual(lines, ['NAME        N  NOTE', 'fnode00     5  all is…', 'x        1200']);
  assert.ok(lines.every((line) => line.length <= 22));
});

test('a terminal that is narrower than any table gets one that is still one', () => {
  const lines = tableLines(rows, columns, 3);
  assert.deepEqual(lines, ['NAME       N  NOTE', 'fnode…     5  all i…', 'x       1200']);
});
