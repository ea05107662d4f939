/** Rows for people: columns as wide as they have to be, and no wider than the terminal. */

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  /** Figures: right-aligned. */
  readonly isNumber?: boolean;
}

const GAP = '  ';
/** Of a column that has to give way. */
const MIN_CHARS = 6;

/** `maxChars`: of the terminal; without one nothing is cut. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  maxChars: number | undefined,
): readonly string[] {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ of }) => of(row)))];
  const widths = columns.map((_, i) => cells.reduce((widest, line) => Math.max(widest, line[i]?.length ?? 0), 0));
  const fitted = maxChars === undefined ? widths : fit(widths, maxChars - GAP.length * (columns.length - 1));
  return cells.map((line) =>
    line
      .map((cell, i) => aligned(cut(cell, fitted[i] ?? 0), fitted[i] ?? 0, columns[i]?.isNumber === true))
      .join(GAP)
      .trimEnd(),
  );
}

/** The widest gives way first. */
function fit(widths: readonly number[], maxChars: number): readonly number[] {
  const fitted = [...widths];
  let over = fitted.reduce((sum, width) => sum + width, 0) - maxChars;
  while (over > 0) {
    const widest = Math.max(...fitted);
    if (widest <= MIN_CHARS) break;
    fitted[fitted.indexOf(widest)] = widest - 1;
    over -= 1;
  }
  return fitted;
}

const cut = (cell: string, width: number): string => (cell.length <= width ? cell : `${cell.slice(0, width - 1)}…`);

const aligned = (cell: string, width: number, isNumber: boolean): string =>
  isNumber ? cell.padStart(width) : cell.padEnd(width);
