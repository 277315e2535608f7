import type { Log } from './log.ts';

/** What of the operator's can stop working: which kind, and its name among those. */
export interface Subject {
  readonly kind: 'ca' | 'edge' | 'database' | 'dns' | 'clock' | 'installation';
  readonly name: string;
}

/** Something that does not work now. */
export interface Trouble extends Subject {
  readonly why: string;
}

/** How it is said that something does not work, and that it works again. */
interface Words {
  readonly began: string;
  readonly over: string;
}

const works = (what: string): Words => ({ began: `${what} does not work`, over: `${what} works again` });

const WORDS: Readonly<Record<Subject['kind'], (name: string) => Words>> = {
  ca: (name) => works(`the CA ${name}`),
  edge: (name) => works(`the edge ${name}`),
  database: () => works('the database'),
  dns: (name) => works(`DNS (${name})`),
  installation: (name) => ({
    began: `the name server ${name} is another copy’s`,
    over: `the name server ${name} is of this installation again`,
  }),
  clock: () => ({
    began: 'the clock of this machine is off',
    over: 'the clock of this machine is right again',
  }),
};

/** Tells once when something of the operator's stops working, and once when it works again. */
export class Troubles {
  readonly #log: Log;
  readonly #now = new Map<string, Trouble & { readonly since: number }>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** It does not work; `why` is told, and what is logged with it. */
  began({ kind, name }: Subject, why: string, about: object = {}): void {
    const key = keyOf({ kind, name });
    if (this.#now.has(key)) return;
    this.#now.set(key, { kind, name, why, since: performance.now() });
    this.#log.warn({ [kind]: name, ...about }, `${WORDS[kind](name).began}: ${why}`);
  }

  /** It works. */
  over({ kind, name }: Subject): void {
    const key = keyOf({ kind, name });
    const trouble = this.#now.get(key);
    if (!trouble) return;
    this.#now.delete(key);
    const seconds = Math.round((performance.now() - trouble.since) / 1_000);
    this.#log.warn({ [kind]: name, seconds }, WORDS[kind](name).over);
  }

  /** Why it does not work; undefined: it does, as far as is known. */
  whyOf(subject: Subject): string | undefined {
    return this.#now.get(keyOf(subject))?.why;
  }

  /** What does not work now. */
  list(): Trouble[] {
    return [...this.#now.values()].map(({ kind, name, why }) => ({ kind, name, why }));
  }
}

const keyOf = ({ kind, name }: Subject): string => `${kind} ${name}`;
