/**
 * All that commands print goes through here: a terminal obeys characters that nobody sees, and names come from anywhere.
 * docs/cli.md.
 */
import { styleText } from 'node:util';
import { printable, printableJson } from '../kit/unprintable.ts';

/** A piece of a line, in a colour where the answer goes to a terminal. */
export interface Piece {
  readonly text: string;
  readonly colour?: 'green' | 'yellow' | 'red' | 'dim' | undefined;
}

/**
 * Where a command's answer goes. A command whose answer nobody reads any more (`| head`) is over, as any program is that writes
 * there; where it cannot be written, that is said. What runs until it is asked to end does so in order (`asked`).
 */
export function output(): NodeJS.WriteStream {
  const { stdout } = process;
  if (!stdout.listeners('error').includes(endAtFailure)) stdout.on('error', endAtFailure);
  return stdout;
}

function endAtFailure({ code = '' }: NodeJS.ErrnoException): void {
  if (process.listenerCount('SIGTERM') > 0) return;
  if (code === 'EPIPE') process.exit(OF_SIGPIPE);
  tellLine(`certpacks: the standard output cannot be written (${code})`);
  process.exit(1);
}

/** As a shell tells of a program that SIGPIPE ended. */
const OF_SIGPIPE = 141;

const write = (text: string): void => void output().write(text);

/** A line of the command's answer. */
export const printLine = (line: string): void => write(`${printable(line)}\n`);

/** Lines of the command's answer, each of which ends. */
export const printLines = (text: string): void => write(linesOf(text));

/** A line of pieces. The colours are ours, and there are none in a file or with NO_COLOR. */
export const printPieces = (pieces: readonly Piece[]): void => write(`${pieces.map(styled).join('')}\n`);

const styled = ({ text, colour }: Piece): string =>
  colour ? styleText(colour, printable(text), { stream: process.stdout }) : printable(text);

/** The command's answer, for programs. */
export const printJson = (value: unknown): void => write(`${printableJson(value)}\n`);

/** A line for whoever waits for the answer, or learns why there is none. */
export const tellLine = (line: string): void => void process.stderr.write(`${printable(line)}\n`);

/** Lines for the same. */
export const tellLines = (text: string): void => void process.stderr.write(linesOf(text));

const linesOf = (text: string): string =>
  text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `${printable(line)}\n`)
    .join('');
