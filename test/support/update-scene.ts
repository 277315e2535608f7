/** BIND and Knot that take dynamic updates: the scene of the tests of RFC 2136 and RFC 8945. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import type { TxtPublisher } from '../../src/dns/dns.ts';
import { toTsigKey } from '../../src/dns/update/tsig.ts';
import { createTxtUpdater, type UpdateOptions } from '../../src/dns/update/update.ts';
import { VirtualClock } from '../../src/kit/clock.ts';
import { Fault } from '../../src/kit/fault.ts';
import {
  type DnsServer,
  freePortAt,
  needsDnsServers,
  startBind,
  startKnot,
  type TestKey,
  zoneFile,
} from './dns-servers.ts';

/** Options of the tests that need the scene. */
export const NEEDS = needsDnsServers();
/** An address for a relay, at the scene's port. */
export const RELAY = '127.0.74.9';
/** Both servers with their addresses. */
export const PEERS = [
  { peer: 'BIND', address: '127.0.74.1', start: startBind },
  { peer: 'Knot', address: '127.0.74.2', start: startKnot },
] as const;

const keyOf = (name: string, algorithm: TestKey['algorithm'], bytes: number): TestKey => ({
  name,
  algorithm,
  secret: randomBytes(bytes).toString('base64'),
});
/** May update TXT in every zone. */
export const KEY = keyOf('packs.key', 'hmac-sha256', 32);
/** May update too, one by each algorithm; the last by hmac-sha512. */
export const OF_EACH = [
  keyOf('sha1', 'hmac-sha1', 20),
  keyOf('sha224', 'hmac-sha224', 28),
  keyOf('sha384', 'hmac-sha384', 48),
  keyOf('sha512', 'hmac-sha512', 64),
] as const;
/** Known to the servers, and may do nothing. */
export const READER = keyOf('reader', 'hmac-sha256', 32);

const ZONES = {
  'a.test': zoneFile(['ns.host.test.'], ['www AAAA ::1', '_acme-challenge.cname CNAME x.b.test.']),
  'sub.a.test': zoneFile(['ns.host.test.']),
  'b.test': zoneFile(['ns.host.test.'], ['_acme-challenge TXT "kept"']),
};

/** The running scene. */
export interface UpdateScene {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts BIND and Knot with the zones a.test, sub.a.test and b.test at one free port. */
export async function startUpdateScene(): Promise<UpdateScene> {
  const port = await freePortAt([...PEERS.map(({ address }) => address), RELAY]);
  const servers: DnsServer[] = [];
  for (const { address, start } of PEERS) {
    servers.push(await start({ address, port, zones: ZONES, updaters: [KEY, ...OF_EACH], others: [READER] }));
  }
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  return { port, stop };
}

/** A deadline for all exchanges of a file's tests. */
export const signal = AbortSignal.timeout(60_000);

/** An updater of the server at `host`, with KEY unless `more` says otherwise. */
export const updater = (host: string, port: number, more: Partial<UpdateOptions> = {}): TxtPublisher =>
  createTxtUpdater({
    server: { host, port },
    key: toTsigKey(KEY),
    ttl: 1,
    clock: new VirtualClock(),
    ...more,
  });

/** Checks that an error is a refusal with these words and without any secret. */
export const refusal = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Fault);
  assert.equal(error.fault, 'dns_update_refused');
  assert.match(error.message, words);
  for (const { secret } of [KEY, ...OF_EACH, READER])
    assert.ok(!inspect(error, { depth: 9 }).includes(secret));
  return true;
};

/** A record at a name. */
export const record = (txtName: string, txtValue = 'one') => ({ txtName, txtValue });
