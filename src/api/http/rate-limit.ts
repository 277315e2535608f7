import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import { Fault } from '../../kit/fault.ts';
import { minutes } from '../../kit/time.ts';
import { hashOf } from '../../store/tokens.ts';
import type { HttpOptions } from '../deps.ts';
import { credentialOf } from './credentials.ts';

/** In which so many requests may be made; Cloudflare's. */
const WINDOW = minutes(5);
/** Tokens whose accounts are remembered, and callers that are counted. */
const MOST_CALLERS = 10_000;

/**
 * Refuses requests of a caller who made too many within five minutes, with 429 and `Retry-After`; tells in each answer
 * how many are left (`x-ratelimit-*`). A caller is an account, by all its tokens together, as far as these were good before;
 * who shows none that was is the address where the request comes from, so that nobody is counted anew by guessing another.
 * Each process counts for itself.
 */
export async function limitRates(app: FastifyInstance, { rateLimit: max }: HttpOptions): Promise<void> {
  if (max === 0) return;
  await app.register(rateLimit, { global: false, cache: MOST_CALLERS });
  const accounts: Accounts = new LRUCache({ max: MOST_CALLERS });
  const count = app.createRateLimit({
    max,
    timeWindow: WINDOW * 1_000,
    keyGenerator: (request) => callerOf(request, accounts),
  });
  app.addHook('onRequest', async (request, reply) => {
    // By the route that was found: the path of a request can be written in many ways.
    const { url: route = '/client/v4/' } = request.routeOptions;
    if (!route.startsWith('/client/v4/')) return;
    const seen = await count(request);
    if (seen.isAllowed) return;
    const left = { limit: seen.max, remaining: seen.remaining, reset: seen.ttlInSeconds };
    for (const [name, value] of Object.entries(left)) reply.raw.setHeader(`x-ratelimit-${name}`, value);
    if (seen.isExceeded) throw tooMany(seen.max, seen.ttlInSeconds);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const shown = shownBy(request);
    const { token }: { token?: FastifyRequest['token'] } = request;
    if (shown !== undefined && reply.statusCode === 401) accounts.delete(shown);
    else if (shown !== undefined && token) accounts.set(shown, token.accountId);
    done();
  });
}

const tooMany = (max: number, seconds: number): Fault =>
  new Fault(
    'too_many_requests',
    `more than ${max} requests in five minutes (option rate_limit); go on in ${seconds} s`,
    { retryAfter: seconds },
  );

/** The account of each token that was good, by what is shown of it. */
type Accounts = LRUCache<string, string>;

const callerOf = (request: FastifyRequest, accounts: Accounts): string => {
  const shown = shownBy(request);
  return (shown !== undefined && accounts.get(shown)) || networkOf(request.ip);
};

/** What a request shows to be let in, as authentication reads it, however it is spelt; undefined: nothing that could be good. */
function shownBy(request: FastifyRequest): string | undefined {
  try {
    return hashOf(credentialOf(request).secret).toString('base64');
  } catch {
    return undefined;
  }
}

/** An address; of IPv6 the network of 64 bits, which one client has to himself. */
function networkOf(ip: string): string {
  if (!ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  return address.kind() === 'ipv4' ? address.toString() : address.toByteArray().slice(0, 8).join('.');
}
