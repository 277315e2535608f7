import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { type Received, startReceiver } from './receiver.ts';

/** What a receiver did with a message. */
export type Tried = 'ok' | 'refused' | 'hung';

/** A receiver that refuses a third in several ways, and does not answer one in two hundred. */
export async function startBadReceiver() {
  const receiver = await startReceiver();
  const log: { readonly id: string; readonly pack: string; readonly tried: Tried }[] = [];
  const open = new Map<string, number>();
  let [at, most, mostOfPack, elsewhere] = [0, 0, 0, ''];
  receiver.answer((received: Received) => (response: ServerResponse) => {
    const { data }: { data: { certificate_pack_id: string } } = JSON.parse(received.body);
    const pack = data.certificate_pack_id;
    const ofPack = (open.get(pack) ?? 0) + 1;
    open.set(pack, ofPack);
    most = Math.max(most, ++at);
    mostOfPack = Math.max(mostOfPack, ofPack);
    response.on('close', () => {
      at -= 1;
      open.set(pack, (open.get(pack) ?? 0) - 1);
    });
    const chance = Math.random();
    const tried: Tried = chance < 0.005 ? 'hung' : chance < 1 / 3 ? 'refused' : 'ok';
    log.push({ id: String(received.headers['webhook-id']), pack, tried });
    if (tried === 'ok') response.writeHead(200).end('ok');
    if (tried === 'refused') refuse(response, elsewhere);
  });
  return {
    url: receiver.url,
    log,
    redirectTo: (url: string) => {
      elsewhere = url;
    },
    counts: () => ({ most_at_once: most, most_of_a_pack: mostOfPack }),
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
}

function refuse(response: ServerResponse, elsewhere: string): void {
  const how = Math.random();
  if (how < 0.5) response.writeHead(500).end('no');
  else if (how < 0.7) response.writeHead(302, { location: elsewhere }).end();
  else if (how < 0.85) response.destroy();
  else response.writeHead(429, { 'retry-after': '3' }).end();
}

/** An address that nothing is to be sent to. */
export async function startClosed() {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.2');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on a port has one
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.2:${port}/`,
    count: () => connections,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
