import { type Logger, pino } from 'pino';

export type Log = Logger;

/** Structured logs, one JSON object a line, on stderr: stdout belongs to what a command answers. */
export function newLog(level: string): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}
