/** What the Faults of a CA's steps say beside their words. */
import type { Problem } from '../acme/acme.ts';
import { isObject } from '../acme/fields.ts';
import { errorStatusOf, isProblem } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';

/** The problem document for which a step failed. */
const problemIn = (error: Fault): Partial<Problem> | undefined =>
  isObject(error.cause) && typeof error.cause['type'] === 'string' ? error.cause : undefined;

/** Whether the CA refused the certificate request itself, or its key: another one is to be made. */
export function isRequestRefused(error: unknown): boolean {
  const { type } = (error instanceof Fault && problemIn(error)) || {};
  return type !== undefined && ['badCSR', 'badPublicKey'].some((name) => isProblem({ type }, name));
}

/** HTTP status of the error with which the CA answered; undefined where it did not, or answered no error. */
export function answeredStatus(error: unknown): number | undefined {
  if (!(error instanceof Fault)) return undefined;
  return problemIn(error)?.status ?? errorStatusOf(error.cause);
}
