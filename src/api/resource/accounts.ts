import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kit/fault.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import { type AccountRecord, getAccount } from '../../store/accounts.ts';
import type { ApiDeps } from '../deps.ts';
import { checkAccount } from '../http/auth.ts';
import { listOf, ok, okOf, toResultInfo } from '../http/envelope.ts';
import { PAGES, PageInfo, Query, readPage } from '../http/page.ts';

const Account = Type.Object({
  id: Type.String(),
  name: Type.String(),
  created_on: Type.String(),
});
const LIST = {
  operationId: 'accounts-list-accounts',
  summary: 'The account of the caller',
  querystring: Query,
  parameters: PAGES,
  response: listOf(Account, PageInfo),
};
const GET = {
  operationId: 'accounts-account-details',
  summary: 'Get an account',
  params: Type.Object({ account_id: Type.String() }),
  response: okOf(Account),
};

/** Routes of /accounts: a token sees its own. */
export const accountRoutes =
  ({ pool }: Pick<ApiDeps, 'pool'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/accounts', { schema: LIST }, async ({ query, token }) => {
      const pages = readPage(query);
      const account = await getAccount(pool, token.accountId);
      const shown = account && pages.page === 1 ? [toReply(account)] : [];
      return { ...ok(shown), result_info: toResultInfo({ ...pages, count: shown.length, total: 1 }) };
    });
    app.get('/accounts/:account_id', { schema: GET }, async (request) => {
      checkAccount(request.token, request, request.params.account_id, 'Account Settings Read');
      const account = await getAccount(pool, request.params.account_id);
      if (!account) throw new Fault('invalid_object_id', 'the account is not there any more');
      return ok(toReply(account));
    });
  };

const toReply = ({ id, name, createdOn }: AccountRecord) => ({
  id,
  name,
  type: 'standard',
  settings: { enforce_twofactor: false },
  created_on: toWireTime(createdOn),
});
