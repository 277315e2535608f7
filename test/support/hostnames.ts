/** Custom hostnames by Cloudflare's client, on an API with a simulated CA; what DNS and web servers show is in the test's hands. */
import { buildApi } from '../../src/api/api.ts';
import type { CaRow } from '../../src/ca/ca.ts';
import { lookAtHostnames } from '../../src/job/periodic/hostname-looks.ts';
import type { HostnamePolicy } from '../../src/operation/hostname-policy.ts';
import { FREE_HOSTNAMES } from '../../src/operation/hostname-policy.ts';
import type { TxtCheck, Wanted } from '../../src/validation/validation.ts';
import { startApi, type TestApi } from './api.ts';
import { newClient } from './client.ts';
import { carryAll, type TestJobDeps } from './job-deps.ts';
import { withCa } from './simulator/with-ca.ts';
import { givenOwner } from './tokens.ts';
import { givenCa, pulling } from './uploads.ts';

/** What the world shows. */
export interface Shown {
  /** Values of TXT records, by name. */
  readonly txt: Map<string, string>;
  /** Where CNAMEs lead, by name. */
  readonly cname: Map<string, string>;
  /** Files, by URL. */
  readonly files: Map<string, string>;
  /** Whether name servers tell; else nobody knows. */
  isMute: boolean;
}

export type HostnameScene = Awaited<ReturnType<typeof hostnameScene>>;

/** A scene. All ends with `ends`. */
export async function hostnameScene(ends: AsyncDisposableStack, policy: Partial<HostnamePolicy> = {}) {
  const api = await startApi(ends);
  const shown: Shown = { txt: new Map(), cname: new Map(), files: new Map(), isMute: false };
  const { at } = await withCa({ after: (fn) => ends.defer(async () => fn()) }, seeing(api.jobs, shown));
  const jobs = pulling({ ...at, json: { delegationZone: 'dcv.example.net' } });
  const ca = await givenCa(api.jobs);
  const rows = new Map([...at.cas].map(([name, { row }]) => [name, row] as const));
  const hostnames = { ...FREE_HOSTNAMES, ...policy };
  const deps = {
    ...api.deps,
    json: jobs.json,
    trust: ca.trust,
    rows,
    hostnames,
    managed: managedBy(api, rows),
  };
  const app = await buildApi(deps);
  ends.defer(() => app.close());
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  const signal = new AbortController().signal;
  return {
    api,
    deps,
    jobs,
    shown,
    ca,
    url,
    /** An account with zones, and Cloudflare's client for it. */
    owner: async (names: readonly string[]) => {
      const account = await givenOwner(api, names);
      return { ...account, client: newClient({ baseURL: url, apiToken: account.token }) };
    },
    /** Lets workers do what is due now. */
    carry: async () => {
      await lookAtHostnames(jobs, signal);
      for (let i = 0; i < 4; i++) await carryAll(jobs);
    },
    /** Moves time on, and lets workers do what is due. */
    pass: async (seconds: number) => {
      api.jobs.clock.advance(seconds);
      await lookAtHostnames(jobs, signal);
      for (let i = 0; i < 4; i++) await carryAll(jobs);
    },
  };
}

const managedBy = ({ deps }: TestApi, rows: ReadonlyMap<CaRow['name'], CaRow>) => ({
  ...deps.managed,
  rows: [...rows.values()],
});

const seeing = (jobs: TestJobDeps, shown: Shown): TestJobDeps => ({
  ...jobs,
  precheckTxt: async (record) => lookAtRecord(shown, record),
  precheckHttp: async (wanted) => {
    const isVisible = shown.files.get(wanted.url) === wanted.body;
    const seen = shown.isMute ? [] : [{ url: wanted.url, address: '192.0.2.1', said: 'HTTP 404' }];
    return { ...wanted, isVisible, seen, ...(!isVisible && { problem: `${wanted.url}: not seen` }) };
  },
});

function lookAtRecord({ txt, cname, isMute }: Shown, record: Wanted): TxtCheck {
  const { txtName, txtValue } = record;
  const value = txt.get(txtName);
  const isVisible = value !== undefined && [txtValue, '*'].includes(value);
  const told = { server: 'ns1.test', name: txtName, values: value === undefined ? [] : [value] };
  return {
    ...record,
    isVisible,
    seen: [{ ...told, answer: isMute ? 'unreachable' : 'no_record' }],
    ...(!isMute && { isLedToUs: isLed(cname.get(txtName), record) }),
    ...(!isVisible && { problem: `${txtName}: not seen` }),
  };
}

const isLed = (target: string | undefined, { ledInto, delegatedTo }: Wanted): boolean =>
  target !== undefined && (target === delegatedTo || target === ledInto || target.endsWith(`.${ledInto}`));

/** Has all that a CA wants of a host shown. */
export const showAll = ({ txt }: Shown, host: string): unknown => txt.set(`_acme-challenge.${host}`, '*');
