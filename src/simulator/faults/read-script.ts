import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { Fault } from '../../kit/fault.ts';
import { isObject, type JsonObject } from '../ca/reading.ts';
import type { CaFault, Step } from './fault.ts';
import type { Rule } from './script.ts';
import { CA_FAULTS } from './table.ts';
import { WHEN, type When } from './when.ts';

/** A rule as it is told, in JSON. */
export type ToldRule = {
  [Name in keyof typeof CA_FAULTS]: { readonly fault: Name } & When &
    Static<(typeof CA_FAULTS)[Name]['takes']>;
}[keyof typeof CA_FAULTS];

/** Rules of one script. */
const MOST_RULES = 1_000;

/** The rules of a script in JSON. Throws `malformed_request`, with a sentence that says which rule is wrong, and how. */
export function readScript(told: unknown): Rule[] {
  if (!Array.isArray(told) || told.length > MOST_RULES)
    throw new Fault('malformed_request', `faults must be an array of at most ${MOST_RULES} rules`);
  return told.map((rule, i) => {
    try {
      return readRule(isObject(rule) ? rule : {});
    } catch (error) {
      if (error instanceof Fault) throw new Fault(error.fault, `rule ${i + 1} ${error.message}`);
      throw error;
    }
  });
}

function readRule(told: JsonObject): Rule {
  const { fault: name, ...rest } = told;
  const faults: Readonly<Record<string, CaFault>> = CA_FAULTS;
  const fault = typeof name === 'string' && Object.hasOwn(faults, name) ? faults[name] : undefined;
  if (!fault) throw wrong(`needs a fault, one of ${Object.keys(faults).join(', ')}`);
  const members = Object.entries(rest);
  const when = checked(WHEN_SHAPE, Object.fromEntries(members.filter(([member]) => isWhen(member))));
  if (when.at !== undefined && (when.from ?? when.every ?? when.times) !== undefined)
    throw wrong("has 'at', which stands without 'from', 'every' and 'times'");
  const own = Object.fromEntries(members.filter(([member]) => !isWhen(member)));
  return { when, step: stepOf(fault, own), told };
}

const WHEN_SHAPE = Type.Object(WHEN);

const isWhen = (member: string): boolean => Object.hasOwn(WHEN, member);

/** What a fault does with these parameters. */
function stepOf<Takes extends TObject>(fault: CaFault<Takes>, told: JsonObject): Step {
  const known = Object.keys(fault.takes.properties);
  const strange = Object.keys(told).find((member) => !known.includes(member));
  if (strange === undefined) return fault.step(checked(fault.takes, told));
  const takes = [...known, ...Object.keys(WHEN)].join(', ');
  throw wrong(`has ${JSON.stringify(strange.slice(0, 100))}; this fault takes ${takes}`);
}

/** The value, which is of this shape. */
function checked<Shape extends TSchema>(shape: Shape, value: unknown): Static<Shape> {
  if (Check(shape, value)) return value;
  const errors = Errors(shape, value);
  const { instancePath = '', message = '', params = {} } = errors.at(-1) ?? {};
  const allowed = 'allowedValues' in params ? `: ${String(params.allowedValues)}` : '';
  throw wrong(`has a wrong value at '${instancePath}': ${message}${allowed}`);
}

const wrong = (message: string) => new Fault('malformed_request', message);
