/** A failover: the address of the database leads to another server, and the earlier one lives on, with all connections to it. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { newLog } from '../../src/kit/log.ts';
import { Troubles } from '../../src/kit/troubles.ts';
import { watchDatabase } from '../../src/serve/database-watch.ts';
import { migrate } from '../../src/store/migrate.ts';
import { Reader } from '../../src/store/protocol/reader.ts';
import { openPool } from '../../src/store/store.ts';
import { givenAccount, type TestAccount } from '../support/api.ts';
import { embeddedOnly } from '../support/database.ts';
import { givenPack, jobDepsOn, type TestJobDeps } from '../support/job-deps.ts';
import { type Pair, socketOf, startPair } from '../support/postgres/pair.ts';
import { type Relay, startRelay } from '../support/relay.ts';
import { until } from '../support/world.ts';

const LIMIT = { timeout: 120_000, ...embeddedOnly };

interface Scene {
  readonly pair: Pair;
  readonly relay: Relay;
  readonly account: TestAccount;
  /** Writes past the API, at the second server. */
  readonly elsewhere: TestJobDeps;
  readonly ask: (method: string, path: string, body?: object) => Promise<{ status: number; body: Answer }>;
}

interface Answer {
  readonly result: readonly { readonly id: string }[] | { readonly id: string } | null;
  readonly result_info?: { readonly total_count: number };
  readonly errors: readonly { readonly message: string }[];
}
