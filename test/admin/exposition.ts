/** A strict reader of Prometheus' text format, written from its description: what it doesn't know is a fault. */
import assert from 'node:assert/strict';

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(
  `^(${NAME})(\\{${LABEL}(?:,${LABEL})*\\})? (\\+Inf|-Inf|NaN|-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`,
);
const TYPE_LINE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const HELP_LINE = new RegExp(`^# HELP (${NAME}) (?:[^\\\\]|\\\\[\\\\n])*$`);

/** Values by name and labels. HELP, TYPE, samples, in that order, each family and each series once. */
export function parseExposition(text: string): ReadonlyMap<string, number> {
  assert.ok(text.endsWith('\n'), 'the last line ends');
  const values = new Map<string, number>();
  const families = new Set<string>();
  let [helped, name, type] = ['', '', ''];
  for (const line of text.slice(0, -1).split('\n')) {
    const help = HELP_LINE.exec(line);
    const typed = TYPE_LINE.exec(line);
    if (help) helped = help[1] ?? '';
    else if (typed) {
      [, name = '', type = ''] = typed;
      assert.equal(name, helped, 'HELP stands before TYPE');
      assert.ok(!families.has(name), `twice: ${name}`);
      families.add(name);
    } else {
      const [, sample = '', labels = '', value = ''] =
        SAMPLE.exec(line) ?? assert.fail(`no line of the format: ${line}`);
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      assert.ok(
        suffixes.some((suffix) => sample === name + suffix),
        `${sample} is none of ${name}`,
      );
      assert.ok(!values.has(sample + labels), `twice: ${sample}${labels}`);
      values.set(sample + labels, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value));
    }
  }
  return values;
}
