/**
 * The states in which a database cannot do what it could before, and can again by itself or by its operator's hand. One
 * list: by it requests are told to come again, the process says that it is not ready, and connections are given up.
 */
import pg from 'pg';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';

/** What a state says something of: of what was asked alone, of the server, which a new connection shows, or of its means. */
type Scope = 'statement' | 'server' | 'means';

/** A state, in words for whoever asked, and how long he is to wait. */
interface State {
  readonly scope: Scope;
  readonly again: Seconds;
  readonly words: string;
}

// biome-ignore format: a table is read by column
const STATES = {
  away:      { scope: 'server',    again: 1,  words: 'the database cannot be reached' },
  unnamed:   { scope: 'server',    again: 5,  words: 'the database cannot be reached: the name of its server cannot be looked up in DNS' },
  closed:    { scope: 'server',    again: 5,  words: 'the database does not let this service in' },
  restarts:  { scope: 'server',    again: 1,  words: 'the database ends or starts just now' },
  crowded:   { scope: 'server',    again: 2,  words: 'the database has no connection left' },
  read_only: { scope: 'server',    again: 2,  words: 'the database takes no writes: it is read-only now' },
  full:      { scope: 'means',     again: 10, words: 'the disk of the database is full' },
  memory:    { scope: 'means',     again: 5,  words: 'the database is short of memory or of another of its limits' },
  broken:    { scope: 'means',     again: 10, words: 'the database cannot read or write its files' },
  locked:    { scope: 'means',     again: 2,  words: 'the database is busy: what is to be changed stays locked' },
  slow:      { scope: 'means',     again: 2,  words: 'the database did not answer in time' },
  contended: { scope: 'statement', again: 1,  words: 'others change the same in the database just now' },
} as const satisfies Record<string, State>;

/** By SQLSTATE, or by its class (PostgreSQL, appendix A). */
const BY_SQLSTATE: Readonly<Record<string, State>> = {
  '08': STATES.away,
  '28': STATES.closed,
  '3D': STATES.closed,
  '25006': STATES.read_only,
  '25P03': STATES.slow,
  '25P04': STATES.slow,
  '40': STATES.contended,
  '53': STATES.memory,
  '53100': STATES.full,
  '53300': STATES.crowded,
  '55006': STATES.locked,
  '55P03': STATES.locked,
  '57014': STATES.slow,
  '57P': STATES.restarts,
  '58': STATES.broken,
};

/** By the code of the system, or of Node. */
const BY_CODE: Readonly<Record<string, State>> = {
  EAI_AGAIN: STATES.unnamed,
  ENOTFOUND: STATES.unnamed,
  ECONNABORTED: STATES.away,
  ECONNREFUSED: STATES.away,
  ECONNRESET: STATES.away,
  EHOSTDOWN: STATES.away,
  EHOSTUNREACH: STATES.away,
  ENETDOWN: STATES.away,
  ENETUNREACH: STATES.away,
  EPIPE: STATES.away,
  ETIMEDOUT: STATES.away,
};

/** By the words of `pg`, which has no codes for its own. */
const BY_MESSAGE: readonly (readonly [RegExp, State])[] = [
  [/^Connection terminated|Client (?:has encountered|was closed)|Cannot use a pool after/, STATES.away],
  [/timeout exceeded when trying to connect/, STATES.crowded],
  [/Query read timeout/, STATES.slow],
];

/**
 * The fault of whoever asked a database that cannot answer now (`database_unavailable`, with when to come again); undefined
 * for any other error: then it was the statement that was wrong.
 */
export function unavailability(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error.fault === 'database_unavailable' ? error : undefined;
  if (!(error instanceof Error)) return undefined;
  const state = stateOfError(error);
  return state && unavailable(state.words, { cause: error, retryAfter: state.again });
}

/** What an error says something of, where it is one of a database that cannot answer now. */
export function scopeOf(error: unknown): Scope | undefined {
  if (error instanceof Fault)
    return error.fault === 'database_unavailable' ? (scopeOf(error.cause) ?? 'server') : undefined;
  return error instanceof Error ? stateOfError(error)?.scope : undefined;
}

/** A fault of the database in words of one's own. */
export const unavailable = (
  words: string,
  options: { readonly cause?: unknown; readonly retryAfter?: Seconds } = {},
): Fault => new Fault('database_unavailable', `${words}; try again`, options);

/** A connection that could not be opened, for whatever reason: it is the operator who finds that in the log. */
export const unreachable = (cause: unknown): Fault =>
  unavailability(cause) ?? unavailable(STATES.away.words, { cause, retryAfter: STATES.away.again });

function stateOfError(error: Error): State | undefined {
  const code = 'code' in error ? String(error.code) : '';
  if (error instanceof pg.DatabaseError)
    return BY_SQLSTATE[code] ?? BY_SQLSTATE[code.slice(0, 3)] ?? BY_SQLSTATE[code.slice(0, 2)];
  return BY_CODE[code] ?? BY_MESSAGE.find(([words]) => words.test(error.message))?.[1];
}
