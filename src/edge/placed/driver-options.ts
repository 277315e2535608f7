import { isAbsolute } from 'node:path';
import { Fault } from '../../kit/fault.ts';
import type { Seconds } from '../../kit/time.ts';

/** Paths and addresses that stand in configuration files of edges as they are: nothing that means something there. */
const PLAIN = /^[A-Za-z0-9_./:@+[\]*=~ -]{1,1024}$/;

/** Reads the options of a driver. Everything throws `configuration` that names the option at fault. */
export class DriverOptions {
  readonly #options: Readonly<Record<string, unknown>>;

  /** `known` are the names of all that there are, as in `EdgeDriver.options`. */
  constructor(
    kind: string,
    options: Readonly<Record<string, unknown>>,
    known: Readonly<Record<string, string>>,
  ) {
    this.#options = options;
    const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
    if (unknown === undefined) return;
    const all = Object.keys(known).join(', ');
    throw new Fault(
      'configuration',
      `[edge]: ${JSON.stringify(unknown)} is no option of kind ${kind}: ${all}`,
    );
  }

  /** An absolute path without characters that mean something in an edge's configuration. */
  path(name: string, otherwise: string): string;
  path(name: string, otherwise?: string): string | undefined;
  path(name: string, otherwise?: string): string | undefined {
    const value = this.#options[name] ?? otherwise;
    if (value === undefined) return undefined;
    if (typeof value === 'string' && isAbsolute(value) && !value.includes(' ') && PLAIN.test(value))
      return value.replace(/(?<=.)\/+$/, '');
    throw refused(name, 'must be an absolute path of letters, digits and . _ - / : @ + = ~');
  }

  /** As `path`, of one that has to be given, and without what means something in a list of words. */
  neededPath(name: string): string {
    const path = this.path(name);
    const isPlain = path !== undefined && /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._@+-]+){1,40}$/.test(path);
    if (isPlain && path.length <= 200) return path;
    throw refused(name, 'must be given: an absolute path of at most 200 letters, digits and . _ - / @ +');
  }

  /** One of several words, the first where none is given. */
  choice<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const value = this.#options[name] ?? choices[0];
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    throw refused(name, `must be one of ${choices.join(', ')}`);
  }

  /** The mode of a file, in octal: its owner reads it, nobody else writes it, and nobody runs it. */
  mode(name: string, otherwise: string): number {
    const value = this.#options[name] ?? otherwise;
    const mode = typeof value === 'string' && /^0?[0-7]{3}$/.test(value) ? Number.parseInt(value, 8) : 0;
    if ((mode & 0o400) !== 0 && (mode & 0o133) === 0) return mode;
    throw refused(
      name,
      "must be a mode in octal such as '640': its owner reads it, nobody else writes it, none runs it",
    );
  }

  /** A text without characters that mean something in an edge's configuration. */
  plain(name: string): string | undefined {
    const value = this.#options[name];
    if (value === undefined || (typeof value === 'string' && PLAIN.test(value))) return value;
    throw refused(name, 'must be a text of letters, digits and . _ - / : @ + = ~ [ ] *');
  }

  /** A number from `least` to `most`. */
  seconds(name: string, otherwise: Seconds, [least, most]: readonly [Seconds, Seconds]): Seconds {
    const value = this.#options[name] ?? otherwise;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    throw refused(name, `must be a number of seconds from ${least} to ${most}`);
  }

  /** Texts as they are: a program and its arguments, each by itself, for no shell. */
  command(name: string): readonly [string, ...string[]] | undefined {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    const [program, ...args] = textsIn(value);
    if (program !== undefined && program !== '') return [program, ...args];
    throw refused(name, 'must be a list of texts: a program and its arguments');
  }

  /** Texts without characters that mean something in an edge's configuration, one at least. */
  plains(name: string, otherwise: readonly string[]): readonly string[] {
    const value = this.#options[name];
    if (value === undefined) return otherwise;
    const texts = textsIn(value);
    if (texts.length > 0 && texts.every((text) => PLAIN.test(text))) return texts;
    throw refused(name, 'must be a list of texts of letters, digits and . _ - / : @ + = ~ [ ] *');
  }
}

/** The texts of a list; none where something else is in it. */
function textsIn(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  const texts = value.filter((text): text is string => typeof text === 'string' && !text.includes('\0'));
  return texts.length === value.length ? texts : [];
}

/** The `configuration` fault for an option. */
export const refused = (name: string, why: string): Fault =>
  new Fault('configuration', `[edge]: '${name}' ${why}`);
