import { Type } from 'typebox';
import { isObject } from '../ca/reading.ts';
import type { CaFault } from './fault.ts';

const Takes = Type.Object({});

/** URLs of the answer, in its JSON and in Location, are without the host. */
export const relative: CaFault<typeof Takes> = {
  takes: Takes,
  step: () => async (exchange, next) => {
    const answer = await next(exchange);
    const base = exchange.ca.url('');
    const { location, ...headers } = answer.headers ?? {};
    return {
      ...answer,
      headers: { ...headers, ...(typeof location === 'string' && { location: shortened(location, base) }) },
      ...(answer.body !== undefined && { body: shortenedIn(answer.body, base) }),
    };
  },
};

const shortened = (text: string, base: string): string =>
  text.startsWith(`${base}/`) ? text.slice(base.length) : text;

function shortenedIn(value: unknown, base: string): unknown {
  if (typeof value === 'string') return shortened(value, base);
  if (Array.isArray(value)) return value.map((one) => shortenedIn(one, base));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortenedIn(one, base)]));
}
