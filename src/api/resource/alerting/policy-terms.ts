/** What a request says of a policy of alerts. */
import { type Static, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../../kit/fault.ts';
import type { PolicyTerms } from '../../../operation/create-alert-policy.ts';
import { intervalOf, isMailAddress, MOST_CHANNELS, MOST_VALUES } from '../../../pack/alert-terms.ts';
import {
  ALERT_TYPE_NAMES,
  type AlertFilter,
  type AlertFilters,
  type AlertTypeRow,
  alertTypeOf,
} from '../../../pack/alert-types.ts';
import { toName, toSuffix } from '../../../pack/hosts.ts';
import { PACK_STATUSES } from '../../../pack/pack.ts';
import {
  type AlertPolicy,
  MECHANISMS,
  type Mechanism,
  type Mechanisms,
} from '../../../store/alert-policies.ts';
import { isHexId } from '../../http/auth.ts';
import { checkName, malformed, Name, toId } from './place.ts';

const Channel = Type.Object(
  { id: Type.String({ minLength: 1, maxLength: 254 }), name: Type.Optional(Type.String()) },
  { additionalProperties: false },
);
const Channels = Type.Optional(Type.Union([Type.Null(), Type.Array(Channel, { maxItems: MOST_CHANNELS })]));
const MechanismsBody = Type.Object(
  { email: Channels, pagerduty: Channels, webhooks: Channels },
  { additionalProperties: false },
);
const Filters = Type.Record(
  Type.String(),
  Type.Array(Type.String({ minLength: 1, maxLength: 260 }), { maxItems: MOST_VALUES }),
);

const FIELDS = {
  name: Name,
  alert_type: Type.String({ maxLength: 100 }),
  enabled: Type.Boolean(),
  mechanisms: MechanismsBody,
};
const MORE = {
  description: Type.Optional(Type.Union([Type.Null(), Type.String({ maxLength: 1_000 })])),
  alert_interval: Type.Optional(Type.Union([Type.Null(), Type.String({ maxLength: 32 })])),
  filters: Type.Optional(Type.Union([Type.Null(), Filters])),
};

/** Body of a new policy. */
export const NewPolicyBody = Type.Object({ ...FIELDS, ...MORE }, { additionalProperties: false });

/** Body of a change: what is left out stays. What is only told may come back with it, and changes nothing. */
export const PolicyBody = Type.Object(
  {
    ...Type.Partial(Type.Object(FIELDS)).properties,
    ...MORE,
    id: Type.Optional(Type.String()),
    created: Type.Optional(Type.String()),
    modified: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
type PolicyBody = Static<typeof PolicyBody>;

/** Terms of a new policy. Throws `malformed_request` with a pointer, or `alert_type_not_offered`. */
export const toNewTerms = (body: Static<typeof NewPolicyBody>): PolicyTerms => ({
  name: '',
  alertType: '',
  isEnabled: true,
  mechanisms: {},
  description: '',
  filters: {},
  alertInterval: undefined,
  ...toTerms(body, undefined),
});

/** What a body says; of a policy that there is, as it stays otherwise. Throws as `toNewTerms`. */
export function toTerms(body: PolicyBody, before: AlertPolicy | undefined): Partial<PolicyTerms> {
  const { name, enabled, mechanisms, description, alert_interval: interval } = body;
  return {
    ...(name !== undefined && { name: checkName(name) }),
    ...(enabled !== undefined && { isEnabled: enabled }),
    ...(mechanisms && { mechanisms: toMechanisms(mechanisms) }),
    ...(description !== undefined && { description: toDescription(description ?? '') }),
    ...(interval !== undefined && { alertInterval: toInterval(interval) }),
    ...toSubject(body, before),
  };
}

/** It may have lines. */
const toDescription = (text: string): string => {
  checkName(text.replaceAll(/[\r\n\t]/g, ''), '/description');
  return text;
};

/** The type, and the filters, which have to fit it whichever of both is given. */
function toSubject(
  { alert_type: given, filters }: PolicyBody,
  before: AlertPolicy | undefined,
): Partial<PolicyTerms> {
  if (given === undefined && filters === undefined) return {};
  const alertType = given ?? before?.alertType ?? '';
  const row = alertTypeOf(alertType);
  if (!row) throw notOffered(alertType);
  return { alertType, filters: toFilters(filters === undefined ? before?.filters : filters, row) };
}

const notOffered = (type: string): Fault =>
  new Fault(
    'alert_type_not_offered',
    `nothing is told here by alerts of type ${JSON.stringify(type)}; there are ${ALERT_TYPE_NAMES.join(', ')}`,
    { pointer: '/alert_type' },
  );

function toInterval(text: string | null): string | undefined {
  if (text === null || text === '') return undefined;
  if (intervalOf(text) !== undefined) return text;
  throw malformed('/alert_interval', 'must be from 1m to 30d, as 30m, 24h or 1h30m');
}

function toMechanisms(given: Static<typeof MechanismsBody>): Mechanisms {
  const kinds = MECHANISMS.flatMap((kind) => {
    const channels = given[kind];
    return channels ? [[kind, channels.map(({ id }, i) => ({ id: toChannel(kind, id, i) }))] as const] : [];
  });
  const count = kinds.reduce((sum, [, channels]) => sum + channels.length, 0);
  if (count > MOST_CHANNELS)
    throw malformed('/mechanisms', `name ${count} channels; a policy has at most ${MOST_CHANNELS}`);
  return Object.fromEntries(kinds);
}

function toChannel(kind: Mechanism, id: string, i: number): string {
  const pointer = `/mechanisms/${kind}/${i}/id`;
  if (kind === 'email') {
    if (isMailAddress(id)) return id;
    throw malformed(pointer, 'must be a mail address, as ops@example.com');
  }
  if (isHexId(toId(id))) return toId(id);
  throw malformed(pointer, 'must be an id of 32 hexadecimal characters');
}

/** Filters as they are kept. A filter without a value would let nothing through. */
function toFilters(
  given: Readonly<Record<string, readonly string[]>> | null | undefined,
  row: AlertTypeRow,
): AlertFilters {
  return Object.fromEntries(
    Object.entries(given ?? {}).map(([name, values]) => {
      const filter = row.filters.find((one) => one === name);
      if (!filter)
        throw malformed(
          `/filters/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`,
          `is no filter of this type of alert, which has ${row.filters.join(', ')}`,
        );
      if (values.length === 0) throw malformed(`/filters/${filter}`, 'must have a value, or be left out');
      return [filter, values.map((value, i) => toValue(row, filter, value, `/filters/${filter}/${i}`))];
    }),
  );
}

function toValue(row: AlertTypeRow, filter: AlertFilter, value: string, pointer: string): string {
  return READS[filter](value, row, pointer);
}

type Read = (value: string, row: AlertTypeRow, pointer: string) => string;
const READS: Readonly<Record<AlertFilter, Read>> = {
  zones: (value, _, pointer) => {
    if (isHexId(value)) return value;
    throw malformed(pointer, 'must be the id of a zone');
  },
  target_hostname: (value, _, pointer) => toHost(value, pointer),
  event_type: (value, { events }, pointer) => oneOf(value, events, pointer),
  new_status: (value, _, pointer) => oneOf(value, PACK_STATUSES, pointer),
};

function oneOf(value: string, values: readonly string[], pointer: string): string {
  if (values.includes(value)) return value;
  throw malformed(pointer, `must be one of ${values.join(', ')}`);
}

function toHost(value: string, pointer: string): string {
  try {
    return value.startsWith('*.') ? toName(value) : toSuffix(value);
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.fault, error.message, { pointer });
    throw error;
  }
}
