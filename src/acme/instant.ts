/** Parts of RFC 3339 5.6, and what servers write in its place: a space, no zone, a zone without its colon or in letters. */
const LOOSE =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ]+(\d\d:\d\d(?::\d\d)?)(\.\d+)?)?\s*(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?(?:\[[\w/+-]+\])?$/;

/** The three forms of RFC 9110 5.6.7. */
const HTTP_DATE =
  /^[A-Z][a-z]{2,8},? (?:\d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/;

/** An instant as servers write it, in one of the forms of RFC 3339, RFC 9110 or seconds since 1970; undefined for none. */
export function readInstant(value: unknown): Date | undefined {
  if (typeof value === 'number') return valid(new Date(value > MILLISECONDS ? value : value * 1_000));
  if (typeof value !== 'string' || value.length > 100) return undefined;
  const text = value.trim();
  return readHttpDate(text) ?? readLoose(text);
}

/** The instant of an HTTP date; undefined for any other text. */
export function readHttpDate(text: string): Date | undefined {
  if (!HTTP_DATE.test(text)) return undefined;
  return valid(new Date(text.endsWith('GMT') ? text : `${text} GMT`));
}

/** Seconds since 1970 reach it in five thousand years. */
const MILLISECONDS = 1e11;

function readLoose(text: string): Date | undefined {
  const [whole, date, time = '00:00:00', fraction = '', zone = 'Z'] = LOOSE.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const [, sign, hours, minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const offset = sign === undefined ? 'Z' : `${sign}${hours}:${minutes}`;
  return valid(new Date(`${date}T${time}${fraction.slice(0, 4)}${offset}`));
}

const valid = (date: Date): Date | undefined => (Number.isNaN(date.getTime()) ? undefined : date);
