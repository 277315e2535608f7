import Cloudflare, { type ClientOptions } from 'cloudflare';
import { checkedFetch } from './cloudflare-schema.ts';

/** Cloudflare's own client, without retries. It rejects an answer that is not as Cloudflare describes it. */
export const newClient = (options: ClientOptions): Cloudflare =>
  new Cloudflare({ maxRetries: 0, fetch: checkedFetch, ...options });
