/** What is told, before it is given the shape of a channel. Stored with each delivery, and what history shows. */
import { createHash } from 'node:crypto';
import type { HostnameAlert } from './alert-hostname.ts';
import type { AlertEvent } from './alert-types.ts';

export const ALERT_SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** One of those that a digest names. */
export interface DigestItem {
  readonly title: string;
  readonly link?: string | undefined;
}

/** Several messages in one. */
export interface Digest {
  readonly count: number;
  /** The first of them. */
  readonly items: readonly DigestItem[];
}

export interface AlertBody {
  readonly event: AlertEvent;
  readonly severity: AlertSeverity;
  /** `end`: what was told before of the same subject is over. */
  readonly state: 'start' | 'end';
  /** The same for all that is told of one subject under one policy: 32 hexadecimal characters. */
  readonly correlationId: string;
  /** One line. Texts of strangers are in it, here and below, as they are: a channel makes them harmless in its own markup. */
  readonly title: string;
  /** Sentences: how it is, whose move it is, what to do. */
  readonly text: string;
  /** When it happened, as ISO 8601 has it. */
  readonly madeOn: string;
  /** What Cloudflare's `data` has. */
  readonly data: Readonly<Record<string, string>>;
  /** Where a person sees more of it. */
  readonly link?: string | undefined;
  /** Of a custom hostname. */
  readonly hostname?: HostnameAlert | undefined;
  readonly digest?: Digest | undefined;
  /** Before that it is not sent, as ISO 8601 has it: until then it may be over. */
  readonly notBefore?: string | undefined;
}

/** Most of those that a digest names. */
const MOST_DIGEST_ITEMS = 20;

/** A digest with one more in it. */
export function withOneMore(body: AlertBody, { title, link }: DigestItem): AlertBody {
  const { count, items } = body.digest ?? { count: 0, items: [] };
  const digest = {
    count: count + 1,
    items: items.length < MOST_DIGEST_ITEMS ? [...items, { title, ...(link && { link }) }] : items,
  };
  return { ...body, digest, title: `${digest.count} alerts`, text: digestText(digest) };
}

function digestText({ count, items }: Digest): string {
  const rest = count - items.length;
  const lines = items.map(({ title, link }) => (link ? `- ${title}\n  ${link}` : `- ${title}`));
  return [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
}

/** What groups all that is told of one subject under one policy. */
export const correlationOf = (policyId: string, subject: string): string =>
  createHash('sha256').update(`${policyId} ${subject}`).digest('hex').slice(0, 32);
