/** A CA of the simulator in the test's own process: real ACME over HTTPS, with what it finds and does wrong in the test's hands. */
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, newAccountKey } from '../../../src/acme/account.ts';
import type { CaRow } from '../../../src/ca/ca.ts';
import { documentedRows } from '../../../src/ca/configuration.ts';
import { type Clock, VirtualClock } from '../../../src/kit/clock.ts';
import { newHexId } from '../../../src/kit/id.ts';
import { newLog } from '../../../src/kit/log.ts';
import type { CertificateAuthority } from '../../../src/pack/pack.ts';
import { keepAuthority } from '../../../src/simulator/ca/authority.ts';
import type { CaMail, Validate } from '../../../src/simulator/ca/context.ts';
import type { Authority } from '../../../src/simulator/ca/key-pair.ts';
import { readJwk, thumbprintOf } from '../../../src/simulator/ca/keys.ts';
import { makeAuthority } from '../../../src/simulator/ca/make-authority.ts';
import { CA_TERMS, type CaTerms } from '../../../src/simulator/ca/terms.ts';
import { CaServer } from '../../../src/simulator/ca-server.ts';
import type { Exchange } from '../../../src/simulator/exchange.ts';
import type { Step } from '../../../src/simulator/faults/fault.ts';
import { readScript, type ToldRule } from '../../../src/simulator/faults/read-script.ts';
import type { Rule } from '../../../src/simulator/faults/script.ts';
import type { When } from '../../../src/simulator/faults/when.ts';
import type { After } from './world.ts';

/** A rule as the control interface takes it, or one with a step of the test's own where JSON does not say enough. */
export type TestRule = ToldRule | (When & { readonly step: Step });

/** A running CA that finds control shown whatever is published, and what was asked of it. */
export interface TestCa {
  readonly server: CaServer;
  /** The CA as a configured one, without limits. */
  readonly row: CaRow;
  /** File of all that it knows. */
  readonly journal: string;
  /** Each request, in order. */
  readonly seen: readonly Exchange[];
  /** The same as `METHOD kind`. */
  readonly requests: readonly string[];
  /** Has it go wrong by these rules from now on; by none, no longer. A step that throws fails the test. */
  readonly script: (...rules: readonly TestRule[]) => void;
  /** An account that it knows, made without a request. */
  readonly newAccount: () => Account;
}

/** What of a CA is not as usual. */
export interface TestCaOptions {
  /** `lets_encrypt` unless told. */
  readonly name?: CertificateAuthority;
  readonly terms?: Partial<CaTerms>;
  readonly clock?: Clock;
  /** How it sends mail; it does not unless told. */
  readonly mail?: CaMail;
}

/** Starts a CA; it ends with the test. */
export async function simulatedCa(t: After, options: TestCaOptions = {}): Promise<TestCa> {
  const { name = 'lets_encrypt', clock = new VirtualClock(), mail } = options;
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-ca-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  await keepAuthority(dir, await authorityOf(name));
  const terms = { ...CA_TERMS[name], ...options.terms };
  const parts = { terms, dir, clock, validate: findControl, log: newLog('silent') };
  const server = await CaServer.start({ ...parts, ...(mail && { mail }) });
  t.after(() => server.close());
  await server.warmUp();
  const [seen, requests]: [Exchange[], string[]] = [[], []];
  const noting: Rule = {
    when: {},
    step: (exchange, next) => {
      seen.push(exchange);
      requests.push(`${exchange.method} ${exchange.kind}`);
      return next(exchange);
    },
  };
  const watch = watcher(t);
  const script = (...rules: readonly TestRule[]) =>
    server.faults.set([noting, ...rules.flatMap((rule) => toRules(rule, watch))]);
  script();
  const journal = join(dir, 'journal.jsonl');
  return {
    server,
    row: rowOf(server),
    journal,
    seen,
    requests,
    script,
    newAccount: () => newAccount(server),
  };
}

/** Control is found, whatever is shown. */
const findControl: Validate = async () => undefined;

/** Keys are made once in a process: RSA keys take long. */
const authorities = new Map<CertificateAuthority, Promise<Authority>>();

function authorityOf(name: CertificateAuthority): Promise<Authority> {
  const made = authorities.get(name) ?? makeAuthority(CA_TERMS[name]);
  authorities.set(name, made);
  return made;
}

function rowOf({ directory, authority, terms }: CaServer): CaRow {
  const { limits: _limits, rsaDirectoryUrl: _url, ...documented } = documentedRows[terms.name];
  const { eab, root } = authority;
  return {
    ...documented,
    directoryUrl: directory,
    tlsRoots: root.pem,
    hasAgreedToTerms: true,
    ...(eab && { eab }),
  };
}

const toRules = (rule: TestRule, watch: (step: Step) => Step): Rule[] =>
  'fault' in rule ? readScript([rule]) : [{ when: rule, step: watch(rule.step) }];

/** The CA answers the client, so that what a test's step throws has to be told otherwise. */
function watcher(t: After): (step: Step) => Step {
  const thrown: unknown[] = [];
  t.after(() => {
    if (thrown.length > 0) throw thrown[0];
  });
  return (step) => async (exchange, next) => {
    try {
      return await step(exchange, next);
    } catch (error) {
      thrown.push(error);
      throw error;
    }
  };
}

function newAccount({ ledger, directory }: CaServer): Account {
  const key = newAccountKey();
  const jwk = readJwk(createPublicKey(key).export({ format: 'jwk' }));
  const id = newHexId();
  ledger.record({ account: { id, jwk, thumbprint: thumbprintOf(jwk), status: 'valid', contact: [] } });
  return { url: new URL(`/acme/account/${id}`, directory).href, key };
}
