import type { Answer } from '../ca/context.ts';
import type { JsonObject } from '../ca/reading.ts';
import type { Answerer, Exchange } from '../exchange.ts';
import type { Step } from './fault.ts';
import { isAbout } from './subject.ts';
import type { When } from './when.ts';

/** A fault, and the requests that it is for. */
export interface Rule {
  readonly when: When;
  readonly step: Step;
  /** As it was told; nothing for one that a test made by hand. */
  readonly told?: JsonObject;
}

/** A rule with the requests that matched it, and those of them that it was applied to. */
interface Counted {
  readonly rule: Rule;
  matched: number;
  applied: number;
}

/** What a CA does wrong, until it is told otherwise. */
export class FaultScript {
  #rules: readonly Counted[] = [];

  /** Puts rules in the place of those that were; all begin to count. */
  set(rules: readonly Rule[]): void {
    this.#rules = rules.map((rule) => ({ rule, matched: 0, applied: 0 }));
  }

  /** The rules as they were told, with how many requests matched each, and how many it was applied to. */
  shown(): readonly JsonObject[] {
    return this.#rules.map(({ rule, matched, applied }) => ({ ...rule.told, matched, applied }));
  }

  /** Has an exchange answered, by all rules whose turn it is, the first around the others, and within them by `answer`. */
  run(exchange: Exchange, answer: Answerer): Promise<Answer> {
    const steps = this.#rules.filter((one) => count(one, exchange)).map(({ rule }) => rule.step);
    const wrapped = steps.reduceRight<Answerer>((next, step) => async (one) => step(one, next), answer);
    return wrapped(exchange);
  }
}

/** Whether it is a rule's turn. */
function count(one: Counted, exchange: Exchange): boolean {
  const { when } = one.rule;
  if (!isAbout(when, exchange)) return false;
  one.matched += 1;
  if (!isTurn(when, one)) return false;
  one.applied += 1;
  return true;
}

function isTurn(
  { at, every = 1, from = every, times = Infinity }: When,
  { matched, applied }: Counted,
): boolean {
  if (at !== undefined) return matched === at;
  return matched >= from && (matched - from) % every === 0 && applied < times;
}
