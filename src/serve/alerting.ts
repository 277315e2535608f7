import type { AlertingTerms } from '../api/deps.ts';
import type { Options } from '../kit/config.ts';
import { isMailed, mayReachOf } from './alert-sending.ts';

/** How alerts are sent, as the options have it. */
export const alertingOf = (options: Options): AlertingTerms => ({
  isMailed: isMailed(options),
  mayReach: mayReachOf(options),
});
