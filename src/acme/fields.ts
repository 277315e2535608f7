import { Fault } from '../kit/fault.ts';

/** Longest text of one field, in characters. */
const LONGEST_TEXT = 4_096;

/** Most entries of one list. */
const MOST_ENTRIES = 1_000;

/** The fields of a JSON object from the network. What is missing or of another kind throws `ca_wrong_answer`. */
export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #what: string;

  /** `what` names the object in errors, e.g. `the order of ca.example`. */
  constructor(json: unknown, what: string) {
    this.#what = what;
    if (!isObject(json)) throw wrong(`${what} is not a JSON object`);
    this.#fields = json;
  }

  has(name: string): boolean {
    const value = this.#fields[name];
    return value !== undefined && value !== null;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value === 'string' && value.length <= LONGEST_TEXT) return value;
    throw this.#wrong(name, 'text');
  }

  url(name: string): string {
    const text = this.text(name);
    if (isServerUrl(text)) return text;
    throw this.#wrong(name, 'an https URL');
  }

  instant(name: string): Date {
    const text = this.text(name);
    const date = new Date(RFC3339.test(text) ? text : Number.NaN);
    if (!Number.isNaN(date.getTime())) return date;
    throw this.#wrong(name, 'an instant (RFC 3339)');
  }

  flag(name: string): boolean {
    const value = this.#fields[name];
    if (typeof value === 'boolean') return value;
    throw this.#wrong(name, 'true or false');
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const text = this.text(name);
    const value = values.find((known) => known === text);
    if (value !== undefined) return value;
    throw this.#wrong(name, `one of ${values.join(', ')}`);
  }

  list(name: string): readonly unknown[] {
    const value = this.#fields[name];
    if (Array.isArray(value) && value.length <= MOST_ENTRIES) return value;
    throw this.#wrong(name, 'a list');
  }

  /** A field as it stands. */
  raw(name: string): unknown {
    return this.#fields[name];
  }

  #wrong(name: string, kind: string): Fault {
    return wrong(`${this.#what} has no '${name}' that is ${kind}`);
  }
}

/** The date-time of RFC 3339 5.6. */
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** Whether `json` is a JSON object. */
export const isObject = (json: unknown): json is Record<string, unknown> =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

const wrong = (message: string) => new Fault('ca_wrong_answer', message);

/** Whether `text` is a URL this client may ask: https, or plain http on the machine itself. */
export function isServerUrl(text: string): boolean {
  const url = text.length <= 2_048 ? URL.parse(text) : null;
  if (!url || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || isLoopbackHttp(url);
}

/** Whether a URL is plain http to a loopback address. */
export const isLoopbackHttp = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(hostname);
