import { type ExecFileException, execFile } from 'node:child_process';
import type { Seconds } from '../../kit/time.ts';
import { printable } from '../../kit/unprintable.ts';

/** Most bytes that are read of what a program says. */
const MOST_BYTES = 262_144;
/** Most characters of it that are told on. */
const MOST_CHARACTERS = 600;

/** What became of a command: `words` are what it said, the first of its complaints, one line, bounded. */
export interface CommandEnd {
  readonly isDone: boolean;
  readonly words: string;
}

/** Runs a program with its arguments, without a shell; one that takes longer than `patience` is ended. Never rejects. */
export function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  patience: Seconds,
): Promise<CommandEnd> {
  const { promise, resolve } = Promise.withResolvers<CommandEnd>();
  const options = { timeout: patience * 1_000, killSignal: 'SIGKILL', maxBuffer: MOST_BYTES } as const;
  execFile(program, args, options, (error, stdout, stderr) => {
    const said = wordsIn(stderr.trim() === '' ? stdout : stderr);
    if (error === null) resolve({ isDone: true, words: said });
    else
      resolve({ isDone: false, words: error.killed ? lateWords(program, patience) : said || failed(error) });
  }).on('error', () => undefined);
  return promise;
}

const lateWords = (program: string, patience: Seconds): string =>
  `${program} did not end within ${patience} s`;

function failed({ code, signal }: ExecFileException): string {
  return `it ended with ${code ?? signal ?? 'nothing'} and without a word`;
}

/** Complaints first: programs say much besides. */
function wordsIn(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const complaints = lines.filter((line) => /\[(?:emerg|alert|crit|error)\]/.test(line));
  return printable((complaints.length > 0 ? complaints : lines).join(' | ')).slice(0, MOST_CHARACTERS);
}
