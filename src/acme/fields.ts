import { Fault } from '../kit/fault.ts';
import { readInstant } from './instant.ts';

/** Longest text of one field, in characters. */
const LONGEST_TEXT = 4_096;

/** Most entries of one list. */
const MOST_ENTRIES = 1_000;

/**
 * The fields of a JSON object from the network. What is demanded, and missing or of another kind, throws `ca_wrong_answer`;
 * what may be missing is undefined where it cannot be read.
 */
export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #what: string;

  /** `what` names the object in errors, e.g. `the order of ca.example`. */
  constructor(json: unknown, what: string) {
    this.#what = what;
    if (!isObject(json)) throw wrong(`${what} is not a JSON object`);
    this.#fields = json;
  }

  /** Whether it is there and says something: an empty text does not. */
  has(name: string): boolean {
    const value = this.#fields[name];
    return value !== undefined && value !== null && value !== '';
  }

  text(name: string): string {
    const text = this.maybeText(name);
    if (text !== undefined) return text;
    throw this.#wrong(name, 'text');
  }

  maybeText(name: string): string | undefined {
    const value = this.#fields[name];
    return typeof value === 'string' && value.length <= LONGEST_TEXT ? value : undefined;
  }

  /** An absolute URL; one without a host is of that of `base`. */
  url(name: string, base?: string): string {
    return this.toUrl(this.text(name), name, base);
  }

  /** The same of a field of which nothing may be needed; undefined where it cannot be asked. */
  readableUrl(name: string, base?: string): string | undefined {
    return serverUrl(this.maybeText(name) ?? '', base);
  }

  /** The same of a field that may be missing; one that is there is a URL. */
  maybeUrl(name: string, base?: string): string | undefined {
    return this.has(name) ? this.url(name, base) : undefined;
  }

  /** A list of URLs; a field that is missing has none. */
  urls(name: string, base?: string): string[] {
    if (!this.has(name)) return [];
    return this.list(name).map((one) => this.toUrl(typeof one === 'string' ? one : '', name, base));
  }

  toUrl(text: string, name: string, base?: string): string {
    const url = serverUrl(text, base);
    if (url !== undefined) return url;
    throw this.#wrong(name, 'an https URL');
  }

  instant(name: string): Date {
    const instant = this.maybeInstant(name);
    if (instant) return instant;
    throw this.#wrong(name, 'an instant (RFC 3339)');
  }

  maybeInstant(name: string): Date | undefined {
    return readInstant(this.#fields[name]);
  }

  /** Whether it says yes, in whatever form. */
  isSaid(name: string): boolean {
    const value = this.#fields[name];
    return value === true || value === 1 || (typeof value === 'string' && /^(true|yes|1)$/i.test(value));
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

/** Whether `json` is a JSON object. */
export const isObject = (json: unknown): json is Record<string, unknown> =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

const wrong = (message: string) => new Fault('ca_wrong_answer', message);

/**
 * The URL that a text stands for, beside `base` where it has no host; undefined where this client may not ask it. One that is
 * absolute stays as it was written: it is signed, and compared by whoever wrote it.
 */
export function serverUrl(text: string, base?: string): string | undefined {
  if (isServerUrl(text)) return text;
  const whole = text === '' || text.length > LONGEST_TEXT ? '' : (URL.parse(text, base)?.href ?? '');
  return isServerUrl(whole) ? whole : undefined;
}

/** Whether `text` is a URL this client may ask: https, or plain http on the machine itself. */
export function isServerUrl(text: string): boolean {
  const url = text.length <= 2_048 ? URL.parse(text) : null;
  if (!url || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || isLoopbackHttp(url);
}

/** Whether a URL is plain http to a loopback address. */
export const isLoopbackHttp = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(hostname);
