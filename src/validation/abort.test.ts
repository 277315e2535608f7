/** Whatever hangs: a look ends at once when it is aborted, with the reason of the signal. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import packet from 'dns-packet';
import { NS1, NS2, RECORD, ROOT, TLD } from '../../test/support/dns/shop.ts';
import { type Scripted, silent } from '../../test/support/dns/small-dns.ts';
import { startWeb, WEB, type Web } from '../../test/support/dns/web.ts';
import { toTsigKey } from '../dns/update/tsig.ts';
import { createTxtUpdater } from '../dns/update/update.ts';
import { systemClock } from '../kit/clock.ts';
import { createCaaPrecheck } from './caa.ts';
import { createTxtPrecheck } from './txt.ts';

const HOLE = '127.0.70.30';
let web: Web;
let hole: Server;
const caught = new Set<Socket>();
before(async () => {
  web = await startWeb();
  // Takes connections and says nothing.
  hole = createServer((socket) => {
    caught.add(socket.on('error', () => undefined));
  });
  hole.listen(web.shop.world.port, HOLE);
  await once(hole, 'listening');
});
after(async () => {
  for (const socket of caught) socket.destroy();
  hole.close();
  await web.close();
});
beforeEach(() => web.reset());

type Look = (signal: AbortSignal) => Promise<unknown>;

const txt: Look = (signal) => createTxtPrecheck(web.shop.options())(RECORD, signal);
const http: Look = (signal) => web.look(signal);
const caa: Look = (signal) =>
  createCaaPrecheck(web.shop.options())(
    { hosts: ['www.shop.test', 'other.test'], identities: ['ca.test'], method: 'dns-01' },
    signal,
  );
const many: Look = (signal) => {
  const look = createTxtPrecheck(web.shop.options());
  return Promise.all(
    Array.from({ length: 100 }, (_, n) => look({ ...RECORD, txtName: `_x.n${n}.shop.test` }, signal)),
  );
};
const update: Look = (signal) => {
  const key = toTsigKey({ name: 'k', secret: Buffer.alloc(32).toString('base64') });
  const server = { host: HOLE, port: web.shop.world.port };
  return createTxtUpdater({ server, key, ttl: 1, clock: systemClock() }).add([RECORD], signal);
};

const nameServers = (scripted: Scripted) => async () => {
  await web.shop.world.set(NS1, scripted);
  await web.shop.world.set(NS2, scripted);
};
const none = async () => undefined;
const truncated: Scripted = (_, via) =>
  via === 'udp' ? { flags: packet.AUTHORITATIVE_ANSWER | packet.TRUNCATED_RESPONSE } : undefined;

const HANGING: readonly (readonly [what: string, look: Look, arrange: () => Promise<unknown>])[] = [
  ['TXT, at the root', txt, () => web.shop.world.set(ROOT, silent)],
  ['TXT, at the parent', txt, () => web.shop.world.set(TLD, silent)],
  ['TXT, at its own servers', txt, nameServers(silent)],
  ['TXT, over TCP', txt, nameServers(truncated)],
  ['a hundred TXT, in turns', many, nameServers(silent)],
  ['CAA', caa, nameServers(silent)],
  ['CAA, over TCP', caa, nameServers(truncated)],
  ['HTTP, at the DNS', http, nameServers(silent)],
  ['HTTP, before the answer', http, async () => web.sites.set(WEB, () => undefined)],
  [
    'HTTP, in the body',
    http,
    async () => web.sites.set(WEB, (_, response) => void response.writeHead(200).write('x')),
  ],
  ['a dynamic update', update, none],
];

for (const [what, look, arrange] of HANGING) {
  test(`a look at ${what}, ends at once when it is aborted`, async () => {
    await arrange();
    const reason = new Error('enough');
    const controller = new AbortController();
    const pending = look(controller.signal);
    pending.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const asked = performance.now();
    controller.abort(reason);
    await assert.rejects(pending, reason);
    const took = performance.now() - asked;
    assert.ok(took < 150, `${took} ms`);
  });

  test(`a look at ${what}, does not begin when it was aborted before`, async () => {
    await arrange();
    web.shop.world.asked.length = 0;
    const reason = new Error('enough');
    await assert.rejects(look(AbortSignal.abort(reason)), reason);
    assert.equal(web.shop.world.asked.length, 0);
  });
}
