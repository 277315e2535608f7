import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../../kit/fault.ts';
import { LONGEST_UPLOAD } from '../../pack/custom-certificate.ts';
import { type ApiPlace, callPatiently } from '../client.ts';
import type { Placed } from './placing.ts';

/** What the API says of one that was sent. */
const Outcomes = Compile(
  Type.Array(
    Type.Object({
      action: Type.String(),
      hosts: Type.Optional(Type.Array(Type.String())),
      certificate_pack_id: Type.Optional(Type.String()),
      expires_on: Type.Optional(Type.String()),
      planned_for: Type.Optional(Type.String()),
      code: Type.Optional(Type.Number()),
      message: Type.Optional(Type.String()),
    }),
  ),
);

/** What became, or would become, of one. */
export interface Outcome {
  readonly action: string;
  readonly hosts?: readonly string[];
  readonly certificate_pack_id?: string;
  readonly expires_on?: string;
  readonly planned_for?: string;
  readonly code?: number;
  readonly message?: string;
}

/** How they are sent. */
export interface Sending extends ApiPlace {
  readonly accountId: string;
  readonly isDry: boolean;
  readonly certificateAuthority: string | undefined;
  /** Told of each that was answered. */
  readonly onDone: (placed: Placed, outcome: Outcome) => void;
  /** Aborted: nothing more is begun, and what is under way is waited for. */
  readonly signal: AbortSignal;
}

/** Of one request: the API takes 100, and 1 MiB. Hosts are those of one pack. */
const [MOST_ITEMS, MOST_BYTES, MOST_HOSTS] = [50, 700_000, 50];
const AT_ONCE = 4;

/** Sends all, a few requests at once. Whatever breaks off is sent again: what is stored already is known. */
export async function sendAll(sending: Sending, all: readonly Placed[]): Promise<void> {
  const batches = batchesOf(sending, all);
  const lines = Array.from({ length: AT_ONCE }, async () => {
    for (const batch of batches) {
      if (sending.signal.aborted) return;
      await sendBatch(sending, batch);
    }
  });
  await Promise.all(lines);
}

interface Item {
  readonly placed: Placed;
  readonly body: object;
}

function* batchesOf(sending: Sending, all: readonly Placed[]): Generator<Item[]> {
  let [batch, bytes]: [Item[], number] = [[], 0];
  for (const placed of all) {
    const why = unfit(placed);
    if (why !== undefined) {
      sending.onDone(placed, { action: 'left out', message: why });
      continue;
    }
    const body = bodyOf(sending, placed);
    const { length } = JSON.stringify(body);
    if (batch.length === MOST_ITEMS || (batch.length > 0 && bytes + length > MOST_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push({ placed, body });
    bytes += length;
  }
  if (batch.length > 0) yield batch;
}

/** Why the API would take none of a request that has it. */
function unfit({ found: { pair }, hosts }: Placed): string | undefined {
  if (!pair)
    return hosts.length > MOST_HOSTS ? `more than ${MOST_HOSTS} hosts, which are no one pack's` : undefined;
  const longest = Math.max(pair.certificate.length, pair.privateKey.length);
  return longest > LONGEST_UPLOAD
    ? `its certificates or its key are longer than ${LONGEST_UPLOAD} characters`
    : undefined;
}

const bodyOf = ({ certificateAuthority }: Sending, { found, zone, hosts }: Placed): object => ({
  zone_id: zone.id,
  ...(certificateAuthority !== undefined && { certificate_authority: certificateAuthority }),
  ...(found.pair
    ? { certificate: found.pair.certificate, private_key: found.pair.privateKey }
    : { hosts: [...hosts] }),
});

async function sendBatch(sending: Sending, batch: readonly Item[]): Promise<void> {
  const { accountId, isDry, onDone } = sending;
  const body = { items: batch.map((one) => one.body), dry_run: isDry };
  const { result } = await callPatiently(sending, `/accounts/${accountId}/move_ins`, body);
  if (!Outcomes.Check(result) || result.length !== batch.length)
    throw new Fault('configuration', `${sending.api} takes no imports: these are of certpacks alone`);
  batch.forEach(({ placed }, i) => {
    const outcome = result[i];
    if (outcome) onDone(placed, outcome);
  });
}
