import { after, days, type Seconds } from '../../kit/time.ts';
import type { Answer, CaContext, Signed } from './context.ts';
import { type Jwk, thumbprintOf } from './keys.ts';
import type { Account, IssuedCertificate, Order } from './ledger.ts';
import { orderAnswer, ownOrder, statusOf } from './orders.ts';
import { Refusal, refusalOf } from './problems.ts';
import { PROFILES, USUAL_PROFILE } from './profiles.ts';
import { readBase64url, stringIn } from './reading.ts';

/** The request for the certificate of a ready order (RFC 8555 7.4); it is issued after the answer. */
export async function onFinalize(ca: CaContext, request: Signed, account: Account): Promise<Answer> {
  checkIsReady(ca, ownOrder(ca, request, account));
  const csr = stringIn(request.payload ?? {}, 'csr', 'the request');
  const { names, publicKey, hasCommonName } = await (await ca.signing()).readCsr(readBase64url(csr, '"csr"'));
  // Another request may have finalized it while this one was read.
  const order = ownOrder(ca, request, account);
  checkIsReady(ca, order);
  checkNames(order, names);
  checkKeyIsOwn(ca, publicKey);
  if (ca.terms.wantsCommonName && !hasCommonName) throw new Refusal('badCSR', 'the CSR has no common name');
  const processing: Order = { ...order, status: 'processing', csr };
  ca.ledger.record({ order: processing });
  ca.later(() => issue(ca, order.id));
  return orderAnswer(ca, processing, 200);
}

function checkIsReady(ca: CaContext, order: Order): void {
  const status = statusOf(ca, order);
  if (status !== 'ready') throw new Refusal('orderNotReady', `the order is ${status}, not ready`);
}

function checkNames(order: Order, names: readonly string[]): void {
  const missing = order.names.filter((name) => !names.includes(name));
  const added = names.filter((name) => !order.names.includes(name));
  if (missing.length === 0 && added.length === 0) return;
  throw new Refusal(
    'badCSR',
    `names of CSR and order differ: missing ${list(missing)}; added ${list(added)}`,
  );
}

const list = (names: readonly string[]): string => names.slice(0, 5).join(', ') || 'none';

/** A certificate's key must not be an account's (RFC 8555 11.1). */
function checkKeyIsOwn(ca: CaContext, publicKey: Jwk): void {
  if (!ca.ledger.accountOfKey(thumbprintOf(publicKey))) return;
  throw new Refusal('badCSR', 'the CSR has the key of an account; make a key for the certificate');
}

/** Goes on with every order that was processing when the process ended. */
export function resumeOrders(ca: CaContext): void {
  for (const { id, status } of ca.ledger.orders.values()) {
    if (status === 'processing') ca.later(() => issue(ca, id));
  }
}

/** Issues the certificate of a processing order, once. */
async function issue(ca: CaContext, id: string): Promise<void> {
  const order = ca.ledger.orders.get(id);
  if (order?.status !== 'processing') return;
  try {
    const { accountId } = order;
    const certificate = { accountId, ...(await leafOf(ca, order)) };
    ca.ledger.record({ certificate, order: { ...order, status: 'valid', serial: certificate.serial } });
  } catch (error) {
    ca.ledger.record({ order: { ...order, status: 'invalid', error: refusalOf(error).document } });
    if (!(error instanceof Refusal)) throw error;
  }
}

async function leafOf(ca: CaContext, order: Order): Promise<Omit<IssuedCertificate, 'accountId'>> {
  const signing = await ca.signing();
  const now = ca.clock.now();
  const start = order.notBefore ? new Date(order.notBefore) : now;
  // The last second of a validity is part of it (RFC 5280 4.1.2.5).
  const end = order.notAfter ? new Date(order.notAfter) : after(start, validityOf(order) - 1);
  const [notBefore, notAfter] = [wholeSeconds(start), wholeSeconds(end)];
  const csr = Buffer.from(order.csr ?? '', 'base64url');
  const leaf = await signing.issue({ csr, names: order.names, notBefore, notAfter });
  return {
    serial: leaf.serial,
    chain: leaf.chain,
    hosts: leaf.names,
    notBefore: leaf.notBefore.toISOString(),
    notAfter: leaf.notAfter.toISOString(),
  };
}

/** Of a certificate whose order names no end. */
const validityOf = ({ profile = USUAL_PROFILE }: Order): Seconds => PROFILES[profile]?.validity ?? days(90);

const wholeSeconds = (instant: Date): Date => new Date(Math.floor(instant.getTime() / 1_000) * 1_000);
