/** Moments as HTTP writes them. RFC 9110 §5.6.7. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)';
/** Each with its captures as day, month, year, hours, minutes, seconds, in the order that `order` gives. */
const FORMS = [
  {
    name: 'IMF-fixdate',
    shape: new RegExp(`^\\w{3}, (\\d\\d) (\\w{3}) (\\d{4}) ${TIME} GMT$`),
    order: [1, 2, 3, 4, 5, 6],
  },
  {
    name: 'rfc850-date',
    shape: new RegExp(`^\\w{6,9}, (\\d\\d)-(\\w{3})-(\\d\\d) ${TIME} GMT$`),
    order: [1, 2, 3, 4, 5, 6],
  },
  {
    name: 'asctime-date',
    shape: new RegExp(`^\\w{3} (\\w{3}) ([ \\d]\\d) ${TIME} (\\d{4})$`),
    order: [2, 1, 6, 3, 4, 5],
  },
] as const;

/** Seconds since 1970 in any of the three forms that RFC 9110 §5.6.7 wants understood, or nothing. */
export function parseHttpDateSec(text: string): number | undefined {
  for (const { shape, order } of FORMS) {
    const match = shape.exec(text);
    if (!match) continue;
    const [day, month, year, hours, minutes, seconds] = order.map((group) => match[group] ?? '');
    const monthIndex = MONTHS.indexOf(month ?? '');
    if (monthIndex < 0) return undefined;
    const ms = Date.UTC(fullYear(year ?? ''), monthIndex, Number(day), Number(hours), Number(minutes), Number(seconds));
    return ms / 1000;
  }
  return undefined;
}

/** Two digits: 70 to 99 are of the last century. No file here is dated fifty years ahead, which is what the RFC guards. */
function fullYear(digits: string): number {
  if (digits.length === 4) return Number(digits);
  return Number(digits) + (Number(digits) < 70 ? 2000 : 1900);
}

/** `Sun, 06 Nov 1994 08:49:37 GMT`; fractions of a second are dropped. */
export function showHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}
