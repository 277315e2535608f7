/** Sends a message by a channel. */
import type { SecureContext } from 'node:tls';
import type { AddressesOf, MayReach } from './addresses.ts';
import { pagerdutyEvent } from './channels/pagerduty.ts';
import { channelOf } from './channels.ts';
import { post } from './http-post.ts';
import { type MailServer, sendMail } from './mail.ts';
import { failed, type Message, type Outcome, type Shaped } from './notify.ts';
import { signatureHeaders } from './signature.ts';

/** Who is told, with what is secret opened. */
export type Receiver =
  | {
      readonly mechanism: 'webhooks';
      readonly kind: string;
      readonly url: string;
      readonly secret: string | undefined;
      readonly signingKey: string;
    }
  | { readonly mechanism: 'pagerduty'; readonly key: string }
  | { readonly mechanism: 'email'; readonly address: string };

/** What sending needs of the world. */
export interface SendDeps {
  readonly addressesOf: AddressesOf;
  readonly mayReach: MayReach;
  readonly roots: () => SecureContext;
  /** Undefined: no mail is sent. */
  readonly mail: MailServer | undefined;
  /** Where PagerDuty takes events. */
  readonly pagerdutyUrl: string;
}

/** One attempt, of ten seconds at most. Rejects only with the reason of an aborted signal. */
export type Send = (
  message: Message,
  receiver: Receiver,
  at: { readonly now: Date; readonly signal: AbortSignal },
) => Promise<Outcome>;

export const newSend =
  (deps: SendDeps): Send =>
  async (message, receiver, at) => {
    if (receiver.mechanism === 'email')
      return deps.mail ? sendMail(deps.mail, message, receiver.address) : failed(NO_MAIL);
    if (receiver.mechanism === 'pagerduty') {
      const shaped = pagerdutyEvent(message, receiver.key);
      return posted(deps, shaped, { url: deps.pagerdutyUrl, headers: {} }, at.signal);
    }
    const { url, secret, kind, signingKey } = receiver;
    const shaped = channelOf(kind).shape(message, { url, secret, now: at.now });
    const signed = { id: message.id, sentOn: at.now, body: JSON.stringify(shaped.json) };
    const shown = secret !== undefined && !shaped.usesSecret && { 'cf-webhook-auth': secret };
    const headers = { ...shown, ...signatureHeaders(signingKey, signed) };
    return posted(deps, shaped, { url, headers }, at.signal);
  };

const NO_MAIL = 'this service sends no mail: the operator has to configure a mail server';

function posted(
  deps: SendDeps,
  { url, json, headers }: Shaped,
  usual: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<Outcome> {
  const what = {
    url: url ?? usual.url,
    body: JSON.stringify(json),
    headers: { ...usual.headers, ...headers },
  };
  return post({ ...deps, roots: deps.roots() }, what, signal);
}
