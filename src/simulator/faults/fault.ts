/**
 * What a simulated CA can be told to do wrong. Terms:
 * - fault: one way to go wrong, a row of `table.ts` and a file of its own.
 * - rule: a fault with its parameters, and the requests that it is for (`when.ts`).
 * - script: the rules of one CA, until they are put away (`script.ts`). It is JSON (`read-script.ts`), and lives as long as
 *   the process.
 * The front file: what a fault is.
 */
import type { Static, TObject } from 'typebox';
import type { Answer } from '../ca/context.ts';
import type { Answerer, Exchange } from '../exchange.ts';

/** Answers an exchange in its own way; `next` answers it as if this rule were not there. */
export type Step = (exchange: Exchange, next: Answerer) => Answer | Promise<Answer>;

/** One way to go wrong. */
export interface CaFault<Takes extends TObject = TObject> {
  /** Its parameters. */
  readonly takes: Takes;
  /** What it does with these parameters. */
  step(parameters: Static<Takes>): Step;
}
