import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox';
import {
  ALERT_EVENTS,
  ALERT_TYPE_NAMES,
  ALERT_TYPES,
  type AlertFilter,
  type AlertTypeRow,
} from '../../../pack/alert-types.ts';
import { PACK_STATUSES } from '../../../pack/pack.ts';
import { ok, okOf } from '../../http/envelope.ts';
import { Account, ALERTING, accountOf, READ } from './place.ts';

const Option = Type.Object({
  Key: Type.String(),
  ComparisonOperator: Type.Literal('=='),
  Optional: Type.Boolean(),
  Range: Type.String(),
  AvailableValues: Type.Optional(Type.Array(Type.Object({ ID: Type.String(), Description: Type.String() }))),
});
const Available = Type.Object({
  type: Type.String(),
  display_name: Type.String(),
  description: Type.String(),
  filter_options: Type.Array(Option),
});

const SCHEMA = {
  operationId: 'notification-alert-types-get-alert-types',
  summary: 'Types of alerts, by product, and by what each can be narrowed',
  params: Account,
  response: okOf(Type.Record(Type.String(), Type.Array(Available))),
};

/** Route of GET …/alerting/v3/available_alerts: what can really be told here. */
export const availableAlertsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get(`${ALERTING}/available_alerts`, { schema: SCHEMA }, async (request) => {
    accountOf(request, READ);
    return ok(AVAILABLE);
  });
};

const valuesOf = (filter: AlertFilter, { events }: AlertTypeRow) => {
  if (filter === 'event_type')
    return { AvailableValues: events.map((ID) => ({ ID, Description: ALERT_EVENTS[ID] })) };
  if (filter === 'new_status')
    return { AvailableValues: PACK_STATUSES.map((ID) => ({ ID, Description: ID.replaceAll('_', ' ') })) };
  return {};
};

const toOption = (filter: AlertFilter, row: AlertTypeRow): Static<typeof Option> => ({
  Key: filter,
  ComparisonOperator: '==',
  Optional: true,
  Range: '1-n',
  ...valuesOf(filter, row),
});

const AVAILABLE: Record<string, Static<typeof Available>[]> = {};
for (const type of ALERT_TYPE_NAMES) {
  const row: AlertTypeRow = ALERT_TYPES[type];
  const list = (AVAILABLE[row.product] ??= []);
  list.push({
    type,
    display_name: row.name,
    description: row.description,
    filter_options: row.filters.map((filter) => toOption(filter, row)),
  });
}
