/** A pack's life at an odd CA, by a clock that leaps from one thing that is due to the next. */
import { setTimeout as pause } from 'node:timers/promises';
import { createCa } from '../../../src/ca/registry.ts';
import { VirtualClock } from '../../../src/kit/clock.ts';
import { between, days, type Seconds } from '../../../src/kit/time.ts';
import { ALGORITHMS } from '../../../src/pack/pack.ts';
import {
  allVisible,
  carryAll,
  dueIn,
  edgeNamed,
  givenPack,
  givenZone,
  packOf,
  type TestJobDeps,
  truthful,
} from '../job-deps.ts';
import { memoryAccounts } from '../memory-accounts.ts';
import { simulatedCa, type TestCa } from '../simulator/simulated-ca.ts';
import type { Oddity } from './oddity.ts';

/** What came of a pack at an odd CA. */
export interface Met {
  readonly isActive: boolean;
  /** How long it took. */
  readonly seconds: Seconds;
  /** Everything that `validation_errors` said on the way. */
  readonly said: readonly string[];
  /** Certificates that the CA issued. */
  readonly issued: number;
  /** Those beyond one usable for each algorithm, less those that are spoiled. */
  readonly burned: number;
  /** Requests, and how many a minute beside those of a pack that goes straight through. */
  readonly requests: number;
  readonly perMinute: number;
}

/** How long a pack is watched that does not become active. */
const WATCHED: Seconds = days(9);

/** Orders a pack from a CA that is odd, and watches it until it is active, or for nine days. */
export async function meet(deps: TestJobDeps, oddity: Oddity): Promise<Met> {
  await using ends = new AsyncDisposableStack();
  const { at, ca, name } = await oddCa(ends, deps, oddity);
  const hosts = ['shop.test', ...(oddity.hosts ?? [])];
  const id = await givenPack(at, await givenZone(at, 'shop.test'), { hosts, certificateAuthority: name });
  const began = at.clock.now();
  const said = new Set<string>();
  for (;;) {
    await carryAll(at);
    const { status, validationErrors } = await packOf(at, id);
    for (const one of validationErrors) said.add(one);
    const due = await dueIn(at, id);
    const seconds = between(began, at.clock.now());
    if (status === 'active' || due === undefined || seconds + due > WATCHED)
      return { isActive: status === 'active', seconds, said: [...said], ...countsOf(ca, oddity, seconds) };
    at.clock.advance(Math.max(1, due));
    await pause(REAL_PAUSE_MS);
  }
}

/** The CA, and jobs that know it. */
async function oddCa(ends: AsyncDisposableStack, deps: TestJobDeps, oddity: Oddity) {
  const clock = new LeapingClock(deps.clock);
  const ca = await simulatedCa(
    { after: (end) => ends.defer(async () => end()) },
    { clock: deps.clock, name: oddity.ca ?? 'lets_encrypt' },
  );
  ca.script(...oddity.rules);
  // Its validity is asked for, so that a CA can be odd about it.
  const row = { ...ca.row, sendsNotAfter: true, ...oddity.row };
  const cas = new Map([[row.name, createCa(row, { accounts: memoryAccounts(), clock, within: 0.7 })]]);
  const edges = [edgeNamed('edge')];
  const at = { ...deps, clock, cas, edges, precheckTxt: allVisible, showLeaf: truthful(deps) };
  return { at, ca, name: row.name };
}

/** Requests of a pack that goes straight through, and a few more. */
const USUAL = 30;

function countsOf({ requests, server }: TestCa, { spoiled = 0 }: Oddity, seconds: Seconds) {
  const issued = server.ledger.certificates.size;
  return {
    issued,
    burned: Math.max(0, issued - Math.min(spoiled, issued) - ALGORITHMS.length),
    requests: requests.length,
    perMinute: Math.max(0, requests.length - USUAL) / Math.max(1, seconds / 60),
  };
}

/** Milliseconds of the machine's own time for which a CA works on what it was asked, whatever the clock says. */
const REAL_PAUSE_MS = 15;

/** A view of a clock by which nobody sleeps: it is moved on instead. */
class LeapingClock extends VirtualClock {
  readonly #shared: VirtualClock;

  constructor(shared: VirtualClock) {
    super();
    this.#shared = shared;
  }

  override now(): Date {
    return this.#shared.now();
  }

  override advance(seconds: Seconds): void {
    this.#shared.advance(seconds);
  }

  override async sleep(seconds: Seconds, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await pause(REAL_PAUSE_MS);
    this.#shared.advance(seconds);
    await pause(REAL_PAUSE_MS);
  }
}
