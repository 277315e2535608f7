import { minutes, type Seconds } from '../kit/time.ts';

/**
 * How long what a CA says against all that it said before is asked again, before it is believed: one of several servers may be
 * behind the others, for seconds mostly, and for minutes in trouble.
 */
export const PATIENCE: Seconds = minutes(15);
