import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { after, days } from '../../kit/time.ts';
import { outcomeOf } from '../../pack/pack-event.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import {
  type EventCount,
  type LatestEvent,
  listLatestEvents,
  MOST_COUNTED,
} from '../../store/latest-events.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount, demandAll } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';
import { Query, readPerPage } from '../http/page.ts';
import { PackEventReply, seesTokens, toEventReply } from './pack-event-json.ts';

const PERMISSION = 'SSL and Certificates Read';

const Latest = Type.Object({
  as_of: Type.String(),
  steps: Type.Object({
    since: Type.String(),
    events: Type.Integer(),
    done: Type.Integer(),
    failed: Type.Integer(),
  }),
  events: Type.Array(
    Type.Object({
      ...PackEventReply.properties,
      hosts: Type.Array(Type.String(), { maxItems: 3 }),
      host_count: Type.Integer(),
    }),
  ),
});

const SCHEMA = {
  operationId: 'list-latest-account-certificate-pack-events',
  summary: 'The latest events of an account’s packs, and how many steps of the last day were done and failed',
  params: Type.Object({ account_id: Type.String() }),
  querystring: Query,
  parameters: { per_page: Type.Integer({ minimum: 1, maximum: 1_000, default: 20 }) },
  response: okOf(Latest),
};

/** Route of GET /accounts/{account_id}/ssl/certificate_packs/events/latest: a look, where the stream tells of each. */
export const latestEventsRoute =
  ({ pool, clock }: Pick<ApiDeps, 'pool' | 'clock'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/accounts/:account_id/ssl/certificate_packs/events/latest',
      { schema: SCHEMA },
      async (request) => {
        const { account_id: accountId } = request.params;
        checkAccount(request.token, request, accountId, PERMISSION);
        demandAll(request.token, PERMISSION);
        const now = clock.now();
        const dayAgo = after(now, -days(1));
        const ask = { since: dayAgo, most: readPerPage(request.query) };
        const { events, counts, lookedAt, since } = await listLatestEvents(pool, accountId, ask);
        return ok({
          as_of: toWireTime(now),
          // Where not all of the day was counted, it is told from when on.
          steps: {
            since: toWireTime(lookedAt < MOST_COUNTED || !since ? dayAgo : since),
            events: lookedAt,
            done: sumOf(counts, 'done'),
            failed: sumOf(counts, 'failed'),
          },
          events: events.map((event) => toReply(event, seesTokens(request.token))),
        });
      },
    );
  };

const sumOf = (counts: readonly EventCount[], outcome: ReturnType<typeof outcomeOf>): number =>
  counts.reduce((sum, one) => (outcomeOf(one) === outcome ? sum + one.count : sum), 0);

const toReply = (event: LatestEvent, isWithTokens: boolean) => ({
  ...toEventReply(event, isWithTokens),
  hosts: [...event.hosts],
  host_count: event.hostCount,
});
