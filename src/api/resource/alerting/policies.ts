import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { foundAlert } from '../../../operation/alert-event.ts';
import { changeAlertPolicy } from '../../../operation/change-alert-policy.ts';
import { createAlertPolicy } from '../../../operation/create-alert-policy.ts';
import { deleteAlertPolicy } from '../../../operation/delete-alert-policy.ts';
import { toWireTime } from '../../../pack/pack-json.ts';
import { type AlertPolicy, getAlertPolicy, listAlertPolicies } from '../../../store/alert-policies.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorOf } from '../../http/auth.ts';
import { listOf, type Message, ok, okOf } from '../../http/envelope.ts';
import { MESSAGE_CODES } from '../../http/message-codes.ts';
import { PageInfo, Query } from '../../http/page.ts';
import { keyedRequest } from '../keyed-request.ts';
import { Account, ALERTING, accountOf, IdReply, keyOf, okPage, READ, SHORT_PAGES, WRITE } from './place.ts';
import { NewPolicyBody, PolicyBody, toNewTerms, toTerms } from './policy-terms.ts';

const PATH = `${ALERTING}/policies`;
const One = Type.Object({ account_id: Type.String(), policy_id: Type.String() });
const Channels = Type.Optional(Type.Array(Type.Object({ id: Type.String() })));

/** A policy on the wire. */
const PolicyReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  alert_type: Type.String(),
  enabled: Type.Boolean(),
  mechanisms: Type.Object({ email: Channels, pagerduty: Channels, webhooks: Channels }),
  filters: Type.Record(Type.String(), Type.Array(Type.String())),
  alert_interval: Type.Optional(Type.String()),
  created: Type.String(),
  modified: Type.String(),
});

const LIST = {
  operationId: 'notification-policies-list-notification-policies',
  summary: 'Policies of alerts',
  params: Account,
  querystring: Query,
  parameters: SHORT_PAGES,
  response: listOf(PolicyReply, PageInfo),
};
const CREATE = {
  operationId: 'notification-policies-create-a-notification-policy',
  summary: 'Have somebody told of what happens',
  params: Account,
  body: NewPolicyBody,
  response: okOf(IdReply),
};
const GET = {
  operationId: 'notification-policies-get-a-notification-policy',
  summary: 'Get a policy of alerts',
  params: One,
  response: okOf(PolicyReply),
};
const UPDATE = {
  operationId: 'notification-policies-update-a-notification-policy',
  summary: 'Change a policy of alerts; what is left out stays',
  params: One,
  body: PolicyBody,
  response: okOf(IdReply),
};
const DELETE = {
  operationId: 'notification-policies-delete-a-notification-policy',
  summary: 'Take a policy of alerts away, with its silences',
  params: One,
  response: okOf(IdReply),
};

/** Routes of …/alerting/v3/policies: who is told of what. */
export const policyRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(PATH, { schema: LIST }, async (request) => {
      const policies = await listAlertPolicies(deps.pool, accountOf(request, READ));
      return okPage(policies.map(toReply), request.query);
    });

    app.post(PATH, { schema: CREATE }, async (request) => {
      const accountId = accountOf(request, WRITE);
      const terms = toNewTerms(request.body);
      const keyed = keyedRequest(request, accountId, 'alert_policy');
      const policy = await createAlertPolicy(deps, { accountId, terms, request: keyed }, actorOf(request));
      return ok({ id: policy.id }, messagesOf(deps, policy));
    });

    app.get(`${PATH}/:policy_id`, { schema: GET }, async (request) => {
      const key = keyOf(accountOf(request, READ), 'alert_policy', request.params.policy_id);
      return ok(toReply(foundAlert('alert_policy', await getAlertPolicy(deps.pool, key))));
    });

    app.put(`${PATH}/:policy_id`, { schema: UPDATE }, async (request) => {
      const key = keyOf(accountOf(request, WRITE), 'alert_policy', request.params.policy_id);
      const to = (before: AlertPolicy) => toTerms(request.body, before);
      const policy = await changeAlertPolicy(deps, key, to, actorOf(request));
      return ok({ id: policy.id }, messagesOf(deps, policy));
    });

    app.delete(`${PATH}/:policy_id`, { schema: DELETE }, async (request) => {
      const key = keyOf(accountOf(request, WRITE), 'alert_policy', request.params.policy_id);
      await deleteAlertPolicy(deps, key, actorOf(request));
      return ok({ id: key.id });
    });
  };

/** What whoever makes a policy may not expect of it. */
function messagesOf({ alerting }: Pick<ApiDeps, 'alerting'>, { mechanisms }: AlertPolicy): Message[] {
  const isNobody = Object.values(mechanisms).every((channels) => channels.length === 0);
  if (isNobody)
    return [
      { code: MESSAGE_CODES.nobody_told, message: 'the policy names no channel: nobody is told by it' },
    ];
  if (!mechanisms.email?.length || alerting.isMailed) return [];
  const message =
    'the operator of this service has not set up mail: nothing is sent to the addresses of the policy';
  return [{ code: MESSAGE_CODES.mail_not_set_up, message }];
}

const toReply = (policy: AlertPolicy): Static<typeof PolicyReply> => ({
  id: policy.id,
  name: policy.name,
  description: policy.description,
  alert_type: policy.alertType,
  enabled: policy.isEnabled,
  mechanisms: Object.fromEntries(
    Object.entries(policy.mechanisms).map(([kind, channels]) => [kind, channels.map(({ id }) => ({ id }))]),
  ),
  filters: Object.fromEntries(Object.entries(policy.filters).map(([name, values]) => [name, [...values]])),
  ...(policy.alertInterval !== undefined && { alert_interval: policy.alertInterval }),
  created: toWireTime(policy.createdOn),
  modified: toWireTime(policy.modifiedOn),
});
