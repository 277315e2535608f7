/** Web servers on loopback addresses behind the shop's DNS: the scene of the looks over HTTP. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createHttpPrecheck, type HttpPrecheckOptions } from '../../../src/validation/http.ts';
import type { HttpCheck } from '../../../src/validation/validation.ts';
import { type Shop, startShop } from './shop.ts';
import type { Line } from './small-dns.ts';

export const HOST = 'www.shop.test';
const TOKEN = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA';
export const BODY = `${TOKEN}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI`;
export const PATH = `/.well-known/acme-challenge/${TOKEN}`;
export const FILE = { url: `http://${HOST}${PATH}`, body: BODY };
export const WEB = '127.0.70.20';
export const OTHER_WEB = '127.0.70.21';

/** The DNS of the scene is on loopback; of the web, only these two addresses may be asked. */
const ALLOW = ['127.0.70.0/28', `${WEB}/32`, `${OTHER_WEB}/32`];

/** The running scene. */
export interface Web {
  readonly shop: Shop;
  /** What each address answers. */
  readonly sites: Map<string, RequestListener>;
  /** The address of every connection that was made since the last `reset`. */
  readonly connected: string[];
  /** As at the start: the host leads to `WEB`, which answers nothing yet. */
  reset(): Promise<void>;
  /** What the host's DNS says of its addresses. */
  lead(name: string, ...addresses: string[]): Promise<void>;
  /** By which hosts of the scene are looked at. */
  options(): HttpPrecheckOptions;
  look(signal?: AbortSignal): Promise<HttpCheck>;
  close(): Promise<void>;
}

/** Lines of the shop's zone that lead a name to addresses. */
export const leads = (name: string, ...addresses: string[]): Line[] =>
  addresses.map((address) => [name, address.includes(':') ? 'AAAA' : 'A', address]);

/** Starts it. It also listens at 127.0.0.1, where nobody may come. */
export async function startWeb(): Promise<Web> {
  const shop = await startShop();
  const sites = new Map<string, RequestListener>();
  const connected: string[] = [];
  const servers: Server[] = [];
  let port = 0;
  for (const address of [WEB, OTHER_WEB, '127.0.0.1']) {
    const server = createServer((request, response) => sites.get(address)?.(request, response));
    server.on('connection', () => connected.push(address));
    server.listen(port, address);
    await once(server, 'listening');
    const at = server.address();
    if (typeof at === 'object' && at) ({ port } = at);
    servers.push(server);
  }
  const options = () => ({ ...shop.options(), allow: ALLOW, httpPort: port, httpsPort: port });
  const lead = (name: string, ...addresses: string[]) => shop.everyNs(leads(name, ...addresses));
  return {
    shop,
    sites,
    connected,
    lead,
    reset: async () => {
      await shop.reset();
      sites.clear();
      connected.length = 0;
      await lead(HOST, WEB);
    },
    options,
    look: (signal = AbortSignal.timeout(20_000)) => createHttpPrecheck(options())(FILE, signal),
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await shop.world.close();
    },
  };
}
