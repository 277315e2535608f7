/**
 * All that commands print goes through here: a terminal obeys characters that nobody sees, and names come from anywhere.
 * docs/cli.md.
 */
import { printable, printableJson } from '../kit/unprintable.ts';

/** A line of the command's answer. */
export const printLine = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

/** Lines of the command's answer, each of which ends. */
export const printLines = (text: string): void => void process.stdout.write(linesOf(text));

/** The command's answer, for programs. */
export const printJson = (value: unknown): void => void process.stdout.write(`${printableJson(value)}\n`);

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
