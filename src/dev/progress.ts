import { styleText } from 'node:util';
import { printable } from '../kit/unprintable.ts';

/** What a command tells a person while it works. Colours only where the output is a terminal. */
export interface Progress {
  heading(text: string): void;
  fact(name: string, value: string): void;
  /** A status that was reached, and after how many milliseconds. */
  step(status: string, ms: number): void;
  text(text: string): void;
}

/** What is told comes from CAs, DNS and clients; the styles are ours. */
const clean = (text: string): string => text.split('\n').map(printable).join('\n');

/** A screen on standard output. */
export function openProgress(out: NodeJS.WriteStream): Progress {
  const style = (format: 'bold' | 'dim' | 'green', text: string) => styleText(format, text, { stream: out });
  const line = (text: string) => out.write(`${text}\n`);
  return {
    heading: (text) => line(`\n${style('bold', clean(text))}`),
    fact: (name, value) => line(`  ${style('dim', name.padEnd(10))} ${clean(value)}`),
    step: (status, ms) =>
      line(
        `  ${style('dim', `${(ms / 1_000).toFixed(2)} s`.padEnd(10))} ${status === 'active' ? style('green', status) : clean(status)}`,
      ),
    text: (text) => line(clean(text).replaceAll(/^/gm, '  ')),
  };
}
