/** Header fields as they stand on the wire: name, value, name, value ..., in order, letters as they came. RFC 9110 §5. */

export type Fields = readonly string[];

/** Each field line. */
export function* linesOf(fields: Fields): Generator<readonly [name: string, value: string]> {
  for (let i = 0; i + 1 < fields.length; i += 2) yield [fields[i] ?? '', fields[i + 1] ?? ''];
}

/** Every value of a field; `name` in lower case. */
export function valuesOf(fields: Fields, name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (isNamed(fields[i], name)) values.push(fields[i + 1] ?? '');
  }
  return values;
}

/** The field as one value, its lines joined (RFC 9110 §5.3); nothing where there is none. `name` in lower case. */
export function fieldOf(fields: Fields, name: string): string | undefined {
  const values = valuesOf(fields, name);
  return values.length > 1 ? values.join(', ') : values[0];
}

export function hasField(fields: Fields, name: string): boolean {
  for (let i = 0; i + 1 < fields.length; i += 2) if (isNamed(fields[i], name)) return true;
  return false;
}

/** All lines but those with one of the names, which are in lower case. */
export function without(fields: Fields, names: ReadonlySet<string>): Fields {
  const left: string[] = [];
  for (const [name, value] of linesOf(fields)) if (!names.has(name.toLowerCase())) left.push(name, value);
  return left;
}

/**
 * The elements of a list field, each without white space around it, none empty; a comma in quotes does not part. RFC 9110 §5.6.1. From
 * a quote on that has no end, quotes are letters like any other. In linear time whatever the value.
 */
export function elementsOf(value: string | undefined): readonly string[] {
  const elements: string[] = [];
  if (value === undefined) return elements;
  let start = 0;
  let mayQuote = value.includes('"');
  for (let i = 0; i <= value.length; i++) {
    if (i === value.length || value[i] === ',') {
      const element = value.slice(start, i).trim();
      if (element !== '') elements.push(element);
      start = i + 1;
    } else if (mayQuote && value[i] === '"') {
      const end = closingQuote(value, i);
      // Where one is not closed no later one is: what an expression would find out anew at each, for seconds.
      if (end === undefined) mayQuote = false;
      else i = end;
    }
  }
  return elements;
}

/** Where the quoted string ends that begins at `at`. RFC 9110 §5.6.4. */
function closingQuote(value: string, at: number): number | undefined {
  for (let i = at + 1; i < value.length; i++) {
    if (value[i] === '\\') i += 1;
    else if (value[i] === '"') return i;
  }
  return undefined;
}

function isNamed(name: string | undefined, wanted: string): boolean {
  return name !== undefined && name.length === wanted.length && name.toLowerCase() === wanted;
}
