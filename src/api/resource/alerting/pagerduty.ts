import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../../kit/fault.ts';
import { createAlertPagerduty } from '../../../operation/create-alert-pagerduty.ts';
import { deletePagerduty } from '../../../operation/delete-alert-destination.ts';
import { listAlertPagerduty } from '../../../store/alert-pagerduty.ts';
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
  Name,
  okPage,
  READ,
  SHORT_PAGES,
  WRITE,
} from './place.ts';

const PATH = `${ALERTING}/destinations/pagerduty`;
const Service = Type.Object({ id: Type.String(), name: Type.String() });
const NewService = Type.Object(
  { name: Name, integration_key: Type.String({ pattern: '^[A-Za-z0-9_-]{16,64}$' }) },
  { additionalProperties: false },
);
const NoBody = Type.Optional(Type.Union([Type.Null(), Type.Object({})]));

const LIST = {
  operationId: 'notification-destinations-with-pager-duty-list-pager-duty-services',
  summary: 'Services of PagerDuty that alerts can be sent to',
  params: Account,
  querystring: Query,
  parameters: SHORT_PAGES,
  response: listOf(Service, PageInfo),
};
const CREATE = {
  operationId: 'create-pagerduty-service',
  summary: 'Add a service of PagerDuty by the integration key of its events',
  params: Account,
  body: NewService,
  response: okOf(IdReply),
};
const DELETE_ALL = {
  operationId: 'notification-destinations-with-pager-duty-delete-pager-duty-services',
  summary: 'Take all services of PagerDuty away, and out of the policies that name them',
  params: Account,
  response: okOf(Type.Null()),
};
const DELETE = {
  operationId: 'delete-pagerduty-service',
  summary: 'Take a service of PagerDuty away, and out of the policies that name it',
  params: Type.Object({ account_id: Type.String(), pagerduty_id: Type.String() }),
  response: okOf(IdReply),
};
const CONNECT = {
  operationId: 'notification-destinations-with-pager-duty-connect-pager-duty',
  summary: 'Refuses: there is no sign-in at PagerDuty here',
  params: Account,
  body: NoBody,
  response: okOf(IdReply),
};
const LINK = {
  operationId: 'notification-destinations-with-pager-duty-connect-pager-duty-token',
  summary: 'Refuses: there is no sign-in at PagerDuty here',
  params: Type.Object({ account_id: Type.String(), token_id: Type.String() }),
  response: okOf(IdReply),
};

/** Routes of …/alerting/v3/destinations/pagerduty. */
export const pagerdutyRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(PATH, { schema: LIST }, async (request) => {
      const services = await listAlertPagerduty(deps.pool, accountOf(request, READ));
      return okPage(
        services.map(({ id, name }) => ({ id, name })),
        request.query,
      );
    });

    app.post(PATH, { schema: CREATE }, async (request) => {
      const accountId = accountOf(request, WRITE);
      const { name, integration_key: integrationKey } = request.body;
      const terms = { name: checkName(name), integrationKey };
      const keyed = keyedRequest(request, accountId, 'alert_pagerduty');
      const { id } = await createAlertPagerduty(deps, { accountId, terms, request: keyed }, actorOf(request));
      return ok({ id });
    });

    app.delete(PATH, { schema: DELETE_ALL }, async (request) => {
      await deletePagerduty(deps, { accountId: accountOf(request, WRITE) }, actorOf(request));
      return ok(null);
    });

    app.delete(`${PATH}/:pagerduty_id`, { schema: DELETE }, async (request) => {
      const key = keyOf(accountOf(request, WRITE), 'alert_pagerduty', request.params.pagerduty_id);
      await deletePagerduty(deps, key, actorOf(request));
      return ok({ id: key.id });
    });

    app.post(`${PATH}/connect`, { schema: CONNECT }, async (request) => {
      accountOf(request, WRITE);
      throw notConnected();
    });

    app.get(`${PATH}/connect/:token_id`, { schema: LINK }, async (request) => {
      accountOf(request, READ);
      throw notConnected();
    });
  };

const notConnected = (): Fault =>
  new Fault(
    'pagerduty_not_connected',
    'there is no sign-in at PagerDuty here: POST …/destinations/pagerduty with the name and the integration_key of a service',
  );
