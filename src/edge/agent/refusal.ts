import { FAULTS, Fault } from '../../kit/fault.ts';

/** An answer to an agent whose request failed. */
export interface Refusal {
  readonly status: number;
  /** For whoever runs it. */
  readonly words: string;
  /** Whether the service is at fault; what it was is not told. */
  readonly isOurs: boolean;
}

/** What is answered for an error. Of what is not foreseen nothing is told: it may have keys in it. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof Fault)) return { status: 503, words: 'the service cannot answer now', isOurs: true };
  const { status } = FAULTS[error.fault];
  const isOurs = status >= 500;
  return { status, words: isOurs ? 'the service cannot answer now' : error.message, isOurs };
}
