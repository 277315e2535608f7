import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as http, type IncomingMessage } from 'node:http';
import { request as https } from 'node:https';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';
import { connect } from 'node:tls';
import { startGround } from '../support/ground.ts';
import {
  RESPONDERS,
  type Serving,
  socketOf,
  startEdge,
  startServe,
  writeConfiguration,
} from '../support/serve.ts';
import { until } from '../support/world.ts';

const HOST = 'api.own.test';

it('the API is served with the certificates of its own pack, and with those of the next without a restart', {
  timeout: 120_000,
}, async (t) => {
  const { dir, databaseUrl, simulator, token } = await startGround(t, 'own');
  const { rootPem } = simulator.cas.google;
  const edge = await startEdge(t, socketOf(dir, 0));
  const options = {
    CERTPACKS_CONFIG: writeConfiguration(dir, simulator, [edge]),
    CERTPACKS_DATABASE_URL: databaseUrl,
    CERTPACKS_DATA_DIR: dir,
    CERTPACKS_EDGE_SOCKET: socketOf(dir, 0),
    CERTPACKS_DNS_LISTEN: RESPONDERS.map((address) => `${address}:${simulator.dnsPort}`).join(),
  };
  const early = startServe(t, { ...options, CERTPACKS_TLS_HOST: HOST });
  await assert.rejects(early, /no certificate pack serves api\.own\.test in production yet/);

  const plain = await startServe(t, options);
  const zone = await ask(plain, token, ['POST', '/zones'], { name: 'own.test', type: 'full' });
  const packs = `/zones/${zone.id}/ssl/certificate_packs`;
  const order = {
    type: 'advanced',
    hosts: [HOST],
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
  };
  const first = await ask(plain, token, ['POST', `${packs}/order`], order);
  await until(() => ask(plain, token, ['GET', `${packs}/${first.id}`]), isActive, 60);

  plain.child.kill('SIGTERM');
  await once(plain.child, 'exit');
  const served = await startServe(t, { ...options, CERTPACKS_TLS_HOST: HOST });
  assert.match(served.api, /^https:/);
  const trusted = await shownBy(served, rootPem);
  assert.equal(trusted.subjectaltname, `DNS:${HOST}`);
  const next = await ask({ api: served.api, ca: rootPem }, token, ['POST', `${packs}/order`], order);
  assert.notEqual(next.id, first.id);
  // The pack that was ordered later takes over the name.
  const shown = async () => (await shownBy(served, rootPem)).fingerprint256;
  await until(shown, (fingerprint) => fingerprint !== trusted.fingerprint256, 60);
});

const isActive = ({ status }: Result): boolean => status === 'active';

interface Result {
  readonly id: string;
  readonly status: string;
}

/** A request as the bearer of the token, to who trusts the root of the simulated CA where the API speaks TLS. */
async function ask(
  { api, ca }: { readonly api: string; readonly ca?: string },
  token: string,
  [method, path]: readonly [string, string],
  body?: object,
): Promise<Result> {
  const options = {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(30_000),
  };
  const sent =
    ca === undefined ? http(api + path, options) : https(api + path, { ...options, ca, servername: HOST });
  sent.end(body && JSON.stringify(body));
  const [answer]: IncomingMessage[] = await once(sent, 'response');
  const { result }: { result: Result } = JSON.parse(await text(answer ?? assert.fail()));
  return result;
}

/** The certificate that the API shows to who trusts this root alone. Throws where the chain does not lead there. */
async function shownBy({ api }: Serving, ca: string) {
  const socket = connect({ port: Number(new URL(api).port), host: '127.0.0.1', servername: HOST, ca });
  await once(socket, 'secureConnect');
  const shown = socket.getPeerCertificate();
  socket.destroy();
  return shown;
}
