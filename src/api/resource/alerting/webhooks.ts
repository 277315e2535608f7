import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { foundAlert } from '../../../operation/alert-event.ts';
import { changeAlertWebhook, rollSigningKey } from '../../../operation/change-alert-webhook.ts';
import { createAlertWebhook, type WebhookTerms } from '../../../operation/create-alert-webhook.ts';
import { deleteAlertWebhook } from '../../../operation/delete-alert-destination.ts';
import { toWireTime } from '../../../pack/pack-json.ts';
import { toWebhookUrl, WEBHOOK_KINDS } from '../../../pack/webhook.ts';
import { type AlertWebhook, getAlertWebhook, listAlertWebhooks } from '../../../store/alert-webhooks.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorOf } from '../../http/auth.ts';
import { listOf, ok, okOf } from '../../http/envelope.ts';
import { PageInfo, Query } from '../../http/page.ts';
import { keyedRequest } from '../keyed-request.ts';
import {
  Account,
  ALERTING,
  accountOf,
  checkName,
  IdReply,
  keyOf,
  malformed,
  Name,
  okPage,
  READ,
  SHORT_PAGES,
  WRITE,
} from './place.ts';

const PATH = `${ALERTING}/destinations/webhooks`;
const One = Type.Object({ account_id: Type.String(), webhook_id: Type.String() });

const WebhookBody = Type.Object(
  {
    name: Name,
    url: Type.String({ minLength: 1 }),
    secret: Type.Optional(Type.Union([Type.Null(), Type.String({ maxLength: 1_000 })])),
    type: Type.Optional(Type.Enum([...WEBHOOK_KINDS])),
    // Only told: may come back with a change.
    id: Type.Optional(Type.String()),
    created_at: Type.Optional(Type.String()),
    last_success: Type.Optional(Type.String()),
    last_failure: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
const WebhookReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  url: Type.String(),
  type: Type.String(),
  created_at: Type.String(),
  last_success: Type.Optional(Type.String()),
  last_failure: Type.Optional(Type.String()),
});
const KeyReply = Type.Object({ id: Type.String(), signing_key: Type.String() });

const LIST = {
  operationId: 'notification-webhooks-list-webhooks',
  summary: 'Webhooks that alerts can be sent to',
  params: Account,
  querystring: Query,
  parameters: SHORT_PAGES,
  response: listOf(WebhookReply, PageInfo),
};
const CREATE = {
  operationId: 'notification-webhooks-create-a-webhook',
  summary: 'Make a webhook; the key that is signed with for it is in this answer alone',
  params: Account,
  body: WebhookBody,
  response: okOf(KeyReply),
};
const GET = {
  operationId: 'notification-webhooks-get-a-webhook',
  summary: 'Get a webhook',
  params: One,
  response: okOf(WebhookReply),
};
const UPDATE = {
  operationId: 'notification-webhooks-update-a-webhook',
  summary: 'Change a webhook; its secret stays where none is given',
  params: One,
  body: WebhookBody,
  response: okOf(IdReply),
};
const DELETE = {
  operationId: 'notification-webhooks-delete-a-webhook',
  summary: 'Take a webhook away, and out of the policies that name it',
  params: One,
  response: okOf(IdReply),
};
const ROLL = {
  operationId: 'roll-webhook-signing-key',
  summary: 'Give a webhook another key to be signed with',
  params: One,
  body: Type.Optional(Type.Union([Type.Null(), Type.Object({})])),
  response: okOf(KeyReply),
};

/** Routes of …/alerting/v3/destinations/webhooks. */
export const webhookRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    // A stand-in sends nobody a test.
    const isPinned = deps.pinned !== undefined;
    app.get(PATH, { schema: LIST }, async (request) => {
      const webhooks = await listAlertWebhooks(deps.pool, accountOf(request, READ));
      return okPage(webhooks.map(toReply), request.query);
    });

    app.post(PATH, { schema: CREATE }, async (request) => {
      const accountId = accountOf(request, WRITE);
      const terms = toTerms(deps, request.body);
      const keyed = keyedRequest(request, accountId, 'alert_webhook');
      const ask = { accountId, terms, isPinned, request: keyed };
      const { id, signingKey } = await createAlertWebhook(deps, ask, actorOf(request));
      deps.poke();
      return ok({ id, signing_key: signingKey });
    });

    app.get(`${PATH}/:webhook_id`, { schema: GET }, async (request) => {
      const key = keyOf(accountOf(request, READ), 'alert_webhook', request.params.webhook_id);
      return ok(toReply(foundAlert('alert_webhook', await getAlertWebhook(deps.pool, key))));
    });

    app.put(`${PATH}/:webhook_id`, { schema: UPDATE }, async (request) => {
      const key = keyOf(accountOf(request, WRITE), 'alert_webhook', request.params.webhook_id);
      const terms = { ...toTerms(deps, request.body), isPinned };
      await changeAlertWebhook(deps, key, terms, actorOf(request));
      return ok({ id: key.id });
    });

    app.put(`${PATH}/:webhook_id/signing_key`, { schema: ROLL }, async (request) => {
      const key = keyOf(accountOf(request, WRITE), 'alert_webhook', request.params.webhook_id);
      return ok({ id: key.id, signing_key: await rollSigningKey(deps, key, actorOf(request)) });
    });

    app.delete(`${PATH}/:webhook_id`, { schema: DELETE }, async (request) => {
      const key = keyOf(accountOf(request, WRITE), 'alert_webhook', request.params.webhook_id);
      await deleteAlertWebhook(deps, key, actorOf(request));
      return ok({ id: key.id });
    });
  };

/** Throws `malformed_request` or `webhook_refused`, with a pointer. */
const toTerms = (
  { alerting }: Pick<ApiDeps, 'alerting'>,
  { name, url, secret, type }: Static<typeof WebhookBody>,
): WebhookTerms => ({
  name: checkName(name),
  url: toWebhookUrl(url, alerting.mayReach),
  kind: type,
  secret: toSecret(secret),
});

/** What stands in a header (RFC 9110 5.5), and is read there as it was written. */
function toSecret(secret: string | null | undefined): string | undefined {
  if (secret === undefined || secret === null || /^(?:[!-~](?:[ -~]*[!-~])?)?$/.test(secret))
    return secret ?? undefined;
  throw malformed(
    '/secret',
    'goes into a header: it has printable ASCII characters, and no space at its ends',
  );
}

const toReply = (webhook: AlertWebhook): Static<typeof WebhookReply> => ({
  id: webhook.id,
  name: webhook.name,
  url: webhook.url,
  type: webhook.kind,
  created_at: toWireTime(webhook.createdOn),
  ...(webhook.lastSuccessOn && { last_success: toWireTime(webhook.lastSuccessOn) }),
  ...(webhook.lastFailureOn && { last_failure: toWireTime(webhook.lastFailureOn) }),
});
