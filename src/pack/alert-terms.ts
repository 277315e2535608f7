/** What a policy of alerts may say besides its type: how often, to whom by mail, and how much of all. */
import type { Seconds } from '../kit/time.ts';

/** Most that an account may have of each. */
export const MOST_POLICIES = 200;
export const MOST_WEBHOOKS = 100;
export const MOST_PAGERDUTY = 100;
export const MOST_SILENCES = 500;
/** Most channels of a policy, of all kinds, and most values of a filter. */
export const MOST_CHANNELS = 20;
export const MOST_VALUES = 100;

/** Bounds of an interval. */
const [LEAST, MOST]: readonly [Seconds, Seconds] = [60, 30 * 86_400];
const UNITS: Readonly<Record<string, Seconds>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/**
 * How often the same is told again, `30m` or `1h30m`, in seconds; undefined: that cannot be said so, or is shorter than a minute
 * or longer than 30 days.
 */
export function intervalOf(text: string): Seconds | undefined {
  if (!/^(?:\d{1,6}[smhd]){1,4}$/.test(text)) return undefined;
  let sum = 0;
  for (const [, number, unit = ''] of text.matchAll(/(\d+)([smhd])/g))
    sum += Number(number) * (UNITS[unit] ?? 0);
  return sum >= LEAST && sum <= MOST ? sum : undefined;
}

/** Whether a text is one mail address that can be sent to (RFC 5321 4.1.2): no name beside it, no quotes, no address literal. */
export function isMailAddress(text: string): boolean {
  const [, local = '', domain = ''] = MAIL.exec(text) ?? [];
  return (
    text.length <= 254 &&
    local !== '' &&
    local.length <= 64 &&
    !/^\.|\.$|\.\./.test(local) &&
    isDomain(domain)
  );
}

const MAIL = /^([\w.!#$%&'*+/=?^`{|}~-]+)@([^@]+)$/;

const isDomain = (text: string): boolean =>
  text.length <= 253 &&
  text.includes('.') &&
  text.split('.').every((label) => /^(?!-)[\p{L}\p{N}-]{1,63}(?<!-)$/u.test(label));
