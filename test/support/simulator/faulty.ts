import { AcmeClient } from './acme-client.ts';
import { simulatedCa, type TestCa, type TestCaOptions, type TestRule } from './simulated-ca.ts';
import type { After } from './world.ts';

/** A simulated CA that goes wrong by `rules`, with an account at it that was made before. */
export async function faulty(
  t: After,
  rules: readonly TestRule[] = [],
  options: TestCaOptions = {},
): Promise<{ readonly ca: TestCa; readonly client: AcmeClient }> {
  const ca = await simulatedCa(t, options);
  const { directory, authority } = ca.server;
  const client = await AcmeClient.register({ directory, rootPem: authority.root.pem });
  t.after(() => client.close());
  ca.script(...rules);
  return { ca, client };
}

/** The chain of a certificate that is ordered anew, in PEM. Throws the CA's words where it does not come to that. */
export async function issued(
  client: AcmeClient,
  names: readonly string[],
  type: 'ec' | 'rsa' = 'ec',
): Promise<string> {
  const { body } = await client.order(names);
  await client.prove(body, async () => undefined);
  return client.certificate(body, names, type);
}
