import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import { foundAlert } from '../../../operation/alert-event.ts';
import {
  changeAlertSilences,
  checkTimes,
  deleteAlertSilence,
  type SilenceChange,
} from '../../../operation/change-alert-silences.ts';
import { createAlertSilences, type SilenceTerms } from '../../../operation/create-alert-silences.ts';
import { toWireTime } from '../../../pack/pack-json.ts';
import { type AlertSilence, getAlertSilence, listAlertSilences } from '../../../store/alert-silences.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorOf, isHexId } from '../../http/auth.ts';
import { listOf, ok, okOf } from '../../http/envelope.ts';
import { instantIn, PageInfo, Query } from '../../http/page.ts';
import { keyedRequest } from '../keyed-request.ts';
import {
  Account,
  ALERTING,
  accountOf,
  IdReply,
  keyOf,
  malformed,
  okPage,
  READ,
  SHORT_PAGES,
  toId,
  WRITE,
} from './place.ts';

const PATH = `${ALERTING}/silences`;
const One = Type.Object({ account_id: Type.String(), silence_id: Type.String() });
const Instant = Type.String({ maxLength: 40 });

const NewSilences = Type.Array(
  Type.Object(
    { policy_id: Type.String(), start_time: Instant, end_time: Instant },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: 100 },
);
const Changes = Type.Array(
  Type.Object(
    {
      id: Type.String(),
      start_time: Type.Optional(Instant),
      end_time: Type.Optional(Instant),
      // Only told: may come back with a change.
      policy_id: Type.Optional(Type.String()),
      created_at: Type.Optional(Type.String()),
      updated_at: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: 100 },
);
const SilenceReply = Type.Object({
  id: Type.String(),
  policy_id: Type.String(),
  start_time: Type.String(),
  end_time: Type.String(),
  created_at: Type.String(),
  updated_at: Type.String(),
});

const LIST = {
  operationId: 'notification-silences-list-notification-silences',
  summary: 'Times in which policies tell nobody, those that are over with them',
  params: Account,
  querystring: Query,
  parameters: SHORT_PAGES,
  response: listOf(SilenceReply, PageInfo),
};
const CREATE = {
  operationId: 'notification-silences-create-notification-silences',
  summary: 'Have policies tell nobody for a time',
  params: Account,
  body: NewSilences,
  response: okOf(Type.Array(SilenceReply)),
};
const UPDATE = {
  operationId: 'notification-silences-update-notification-silences',
  summary: 'Give silences other times',
  params: Account,
  body: Changes,
  response: okOf(Type.Array(SilenceReply)),
};
const GET = {
  operationId: 'notification-silences-get-notification-silence',
  summary: 'Get a silence',
  params: One,
  response: okOf(SilenceReply),
};
const DELETE = {
  operationId: 'notification-silences-delete-notification-silence',
  summary: 'End a silence',
  params: One,
  response: okOf(IdReply),
};

/** Routes of …/alerting/v3/silences: times in which policies tell nobody. */
export const silenceRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(PATH, { schema: LIST }, async (request) => {
      const silences = await listAlertSilences(deps.pool, accountOf(request, READ));
      return okPage(silences.map(toReply), request.query);
    });

    app.post(PATH, { schema: CREATE }, async (request) => {
      const accountId = accountOf(request, WRITE);
      const wishes = request.body.map(toTerms);
      const keyed = keyedRequest(request, accountId, 'alert_silence');
      const ask = { accountId, wishes, request: keyed };
      return ok((await createAlertSilences(deps, ask, actorOf(request))).map(toReply));
    });

    app.put(PATH, { schema: UPDATE }, async (request) => {
      const accountId = accountOf(request, WRITE);
      const wishes = request.body.map((one, i) => toChange(accountId, one, i));
      return ok((await changeAlertSilences(deps, accountId, wishes, actorOf(request))).map(toReply));
    });

    app.get(`${PATH}/:silence_id`, { schema: GET }, async (request) => {
      const key = keyOf(accountOf(request, READ), 'alert_silence', request.params.silence_id);
      return ok(toReply(foundAlert('alert_silence', await getAlertSilence(deps.pool, key))));
    });

    app.delete(`${PATH}/:silence_id`, { schema: DELETE }, async (request) => {
      const key = keyOf(accountOf(request, WRITE), 'alert_silence', request.params.silence_id);
      await deleteAlertSilence(deps, key, actorOf(request));
      return ok({ id: key.id });
    });
  };

function toTerms(one: Static<typeof NewSilences>[number], i: number): SilenceTerms {
  const policyId = toId(one.policy_id);
  if (!isHexId(policyId)) throw malformed(`/${i}/policy_id`, 'must be the id of a policy of alerts');
  const times = {
    startsOn: toInstant(one.start_time, `/${i}/start_time`),
    endsOn: toInstant(one.end_time, `/${i}/end_time`),
  };
  checkTimes(times, i);
  return { policyId, ...times };
}

function toChange(accountId: string, one: Static<typeof Changes>[number], i: number): SilenceChange {
  const { start_time: start, end_time: end } = one;
  return {
    id: keyOf(accountId, 'alert_silence', one.id).id,
    ...(start !== undefined && { startsOn: toInstant(start, `/${i}/start_time`) }),
    ...(end !== undefined && { endsOn: toInstant(end, `/${i}/end_time`) }),
  };
}

function toInstant(text: string, pointer: string): Date {
  const instant = instantIn(text);
  if (instant) return instant;
  throw malformed(pointer, 'must be an instant, as 2026-01-31T12:00:00Z (RFC 3339)');
}

const toReply = (silence: AlertSilence): Static<typeof SilenceReply> => ({
  id: silence.id,
  policy_id: silence.policyId,
  start_time: toWireTime(silence.startsOn),
  end_time: toWireTime(silence.endsOn),
  created_at: toWireTime(silence.createdOn),
  updated_at: toWireTime(silence.updatedOn),
});
