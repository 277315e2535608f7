/** The description of the API is a whole one, and what the API answers is as it says. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Fastify from 'fastify';
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { okOf } from '../../src/api/http/envelope.ts';
import { serveOpenApi } from '../../src/api/http/openapi.ts';
import { createToken } from '../../src/store/tokens.ts';
import { givenAccount, startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { givenPack } from '../support/job-deps.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { name: string; in: string }[];
  readonly responses: Readonly<Record<string, { content: Record<string, { schema: TSchema }> }>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, TSchema>> };
}

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
let token: string;
let document: Document;
before(async () => {
  api = await startApi(ends);
  account = await givenAccount(api.jobs, ['one.test']);
  token = await createToken(
    api.jobs.pool,
    { accountId: account.id, name: 'admin', access: 'write' },
    new Date(),
  );
  const [zone] = account.zones;
  if (zone) for (let i = 0; i < 3; i++) await givenPack(api.jobs, zone);
  const answer = await fetch(`${api.url}/openapi.json`);
  assert.equal(answer.status, 200);
  document = JSON.parse(await answer.text());
});
after(() => ends.disposeAsync());

it('is an OpenAPI document by the schema of OpenAPI itself', async () => {
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  assert(valid, JSON.stringify(errors));
  assert.equal(document.openapi, '3.1.0');
});

it('calls every route by an operationId of its own', () => {
  const ids = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
});

it('cannot be without a route: one that does not say what it is keeps the service from starting', () => {
  const app = Fastify();
  serveOpenApi(app);
  const schema = { operationId: 'x', response: okOf(Type.String()) };
  assert.throws(() => app.get('/silent', { schema }, () => ''), /GET \/silent does not say what it is/);
});

/** Fails unless the answer of a path is as the document says of that status. */
async function assertAnswers(template: string, path: string, status: number, bearer = token): Promise<void> {
  const answer = await api.get(path, bearer);
  assert.equal(answer.status, status, path);
  const body: unknown = JSON.parse(await answer.text());
  const { responses } = document.paths[`/client/v4${template}`]?.['get'] ?? assert.fail(template);
  const schema =
    responses[status]?.content['application/json']?.schema ?? assert.fail(`${template} ${status}`);
  const shape = Compile(status === 200 ? schema : (document.components.schemas['Failure'] ?? assert.fail()));
  assert(shape.Check(body), `${path}: ${JSON.stringify([...shape.Errors(body)].slice(0, 3))}`);
}

it('says what is answered, to what works and to what does not', async () => {
  const [zone] = account.zones;
  const packs = `/zones/${zone?.id}/ssl/certificate_packs`;
  const { result }: { result: { id: string }[] } = JSON.parse(
    await (await api.get(`${packs}?status=all`, token)).text(),
  );
  assert.equal(result.length, 3);
  const P = '/zones/{zone_id}/ssl/certificate_packs';
  await assertAnswers(P, `${packs}?status=all`, 200);
  for (const what of ['', '/events', '/explain', '/certificates', '/edges'])
    await assertAnswers(`${P}/{certificate_pack_id}${what}`, `${packs}/${result[0]?.id}${what}`, 200);
  await assertAnswers(`${P}/quota`, `${packs}/quota`, 200);
  const verification = `/zones/${zone?.id}/ssl/verification`;
  await assertAnswers('/zones/{zone_id}/ssl/verification', verification, 200);
  await assertAnswers('/zones', '/zones', 200);
  await assertAnswers('/zones/{zone_id}', `/zones/${zone?.id}`, 200);
  await assertAnswers('/accounts', '/accounts', 200);
  await assertAnswers('/accounts/{account_id}', `/accounts/${account.id}`, 200);
  await assertAnswers(
    '/accounts/{account_id}/ssl/certificate_packs',
    `/accounts/${account.id}/ssl/certificate_packs`,
    200,
  );
  const resources = ['summary', 'bulk', 'events/latest'].map((one) => `certificate_packs/${one}`);
  for (const resource of [...resources, 'certificate_authorities'])
    await assertAnswers(
      `/accounts/{account_id}/ssl/${resource}`,
      `/accounts/${account.id}/ssl/${resource}`,
      200,
    );
  await assertAnswers(`${P}/summary`, `${packs}/summary`, 200);
  const log = `/accounts/${account.id}/logs/audit`;
  await assertAnswers('/accounts/{account_id}/logs/audit', log, 200);
  await assertAnswers('/user/tokens', '/user/tokens', 200);
  await assertAnswers('/user/tokens/verify', '/user/tokens/verify', 200);
  await assertAnswers('/user/tokens/permission_groups', '/user/tokens/permission_groups', 200);
  await assertAnswers('/zones/{zone_id}/dcv_delegation/uuid', `/zones/${zone?.id}/dcv_delegation/uuid`, 200);
  await assertAnswers(P, `${packs}?page=-1`, 400);
  await assertAnswers(P, packs, 401, 'cp_nobody');
  await assertAnswers('/zones/{zone_id}', `/zones/${'0'.repeat(32)}`, 404);
});

it('names the parameters that lists take, and these alone', async () => {
  const [zone] = account.zones;
  const packs = `/zones/${zone?.id}/ssl/certificate_packs`;
  const { parameters } =
    document.paths['/client/v4/zones/{zone_id}/ssl/certificate_packs']?.['get'] ?? assert.fail();
  const names = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
  assert.deepEqual(names.toSorted(), ['deploy', 'page', 'per_page', 'status']);
  for (const name of names)
    assert.equal((await api.get(`${packs}?${name}=nonsense`, token)).status, 400, name);
  const all =
    document.paths['/client/v4/accounts/{account_id}/ssl/certificate_packs']?.['get'] ?? assert.fail();
  for (const { name } of all.parameters.filter((one) => one.in === 'query'))
    assert.equal(
      (await api.get(`/accounts/${account.id}/ssl/certificate_packs?${name}=%00`, token)).status,
      400,
      name,
    );
});
