import { type Logger, pino } from 'pino';
import { StandardError } from './standard-error.ts';

export type Log = Logger;

/** The end of standard error that all logs of a process share; opened by the first. */
let out: StandardError | undefined;

/**
 * Structured logs, one JSON object a line, on stderr: stdout belongs to what a command answers. Nobody waits for whoever
 * reads them: what he leaves unread beyond a bound is dropped, and counted.
 */
export function newLog(level: string): Log {
  out ??= new StandardError(2);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, out);
}

/** Lines that were dropped so far. */
export const droppedLines = (): number => out?.dropped ?? 0;

/** Gives what was logged a moment to be read, and lets go of it: it keeps the process no longer. */
export async function closeLog(): Promise<void> {
  await out?.end();
}
