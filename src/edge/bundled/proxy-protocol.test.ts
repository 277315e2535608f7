/** What upstreams are told of clients: by the bytes, and as HAProxy and nginx understand them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { givenPort, givenServedName, NAME, shaken } from '../../../test/support/edge/given-edge.ts';
import { givenFolder } from '../../../test/support/edge/given-service.ts';
import { needs } from '../../../test/support/peers.ts';
import { freePort } from '../../../test/support/ports.ts';
import { proxyHeader } from './proxy-protocol.ts';

const BOTH = { alpn: ['h2', 'http/1.1'] } as const;
const KNOWN = { name: NAME, version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', isResumed: false } as const;

test('the header has both ends, the protocol, the name and what TLS was spoken, each where it is known', () => {
  const ends = {
    client: { address: '192.0.2.7', port: 40_000 },
    edge: { address: '198.51.100.1', port: 443 },
  };
  const header = proxyHeader({ ...ends, ...KNOWN, alpn: 'h2' });
  const [version, cipher] = [KNOWN.version, KNOWN.cipher].map((text) => Buffer.from(text).toString('hex'));
  const expected = [
    '0d0a0d0a000d0a515549540a2111004ec0000207c63364019c4001bb',
    `010002683202000f${Buffer.from(NAME).toString('hex')}`,
    `2000280100000001210007${version}230016${cipher}`,
  ].join('');
  assert.equal(header.toString('hex'), expected);
});

test('of IPv6 it has 36 bytes of addresses, and of what is not known nothing', () => {
  const ends = { client: { address: '2001:db8::7', port: 1 }, edge: { address: '2001:db8::1', port: 443 } };
  const unknown = { version: undefined, cipher: undefined, alpn: undefined };
  const header = proxyHeader({ ...ends, ...KNOWN, ...unknown });
  const from = '20010db8000000000000000000000007';
  const to = '20010db8000000000000000000000001';
  const tlvs = `02000f${Buffer.from(NAME).toString('hex')}2000050100000001`;
  assert.equal(header.toString('hex').slice(24, 28), '2121');
  assert.equal(header.toString('hex').slice(32), `${from}${to}000101bb${tlvs}`);
});

test('it goes to the upstream before the first byte of a client that says nothing yet', async (t) => {
  const upstream = createServer();
  t.after(() => void upstream.close());
  const port = await givenPort(upstream);
  const { row } = await givenServedName(t, { host: '127.0.0.1', port, isToldClients: true }, BOTH);
  const client = await shaken(row.port, { ALPNProtocols: ['h2'] });
  t.after(() => void client.destroy());
  const [socket] = await once(upstream, 'connection');
  t.after(() => void socket.destroy());
  const [bytes] = await once(socket, 'data');
  assert.ok(Buffer.isBuffer(bytes));
  assert.equal(bytes.length, 16 + bytes.readUInt16BE(14), 'nothing else');
  assert.equal(bytes.readUInt16BE(24), client.localPort);
  assert.equal(bytes.readUInt16BE(26), row.port);
});

/** A program of the system, once it listens on `port`. */
async function givenProgram(t: TestContext, command: string, args: readonly string[], port: number) {
  const child: ChildProcess = spawn(command, args, { stdio: 'ignore' });
  t.after(async () => {
    const exited = child.exitCode === null && once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  for (let i = 0; i < 500 && !(await isOpen(port)); i++)
    assert.equal(child.exitCode, null, `${command} ended`);
  assert.ok(await isOpen(port), `${command} listens`);
}

async function isOpen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectTcp(port, '127.0.0.1', () => resolve(true)).on('error', () =>
    setTimeout(resolve, 10, false),
  );
  const isConnected = await promise;
  socket.destroy();
  return isConnected;
}

const HAPROXY = (port: number) => `
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend told
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst_port] %[fc_pp_authority] HTTP/%[req.ver]"
`;

/** What HAProxy behind an edge says of clients. */
async function givenHaproxy(t: TestContext) {
  const port = await freePort();
  const path = join(givenFolder(t), 'haproxy.cfg');
  writeFileSync(path, HAPROXY(port));
  await givenProgram(t, 'haproxy', ['-db', '-f', path], port);
  return givenServedName(t, { host: '127.0.0.1', port, isToldClients: true }, BOTH);
}

test('HAProxy learns who the client is, over HTTP/1.1 and HTTP/2', needs('haproxy'), async (t) => {
  const { row } = await givenHaproxy(t);
  const client = await shaken(row.port, { ALPNProtocols: ['http/1.1'] });
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const ends = `127.0.0.1 ${client.localPort} ${row.port} ${NAME}`;
  const answer = Buffer.concat(await client.toArray()).toString();
  assert.ok(answer.endsWith(`${ends} HTTP/1.1`), answer);
  const options: ConnectionOptions = { servername: NAME, rejectUnauthorized: false, host: row.host };
  const session = connectHttp2(`https://127.0.0.1:${row.port}`, options);
  t.after(() => session.destroy());
  const chunks = await session.request({ ':path': '/' }).toArray();
  const { localPort } = session.socket;
  assert.equal(Buffer.concat(chunks).toString(), `127.0.0.1 ${localPort} ${row.port} ${NAME} HTTP/2.0`);
  assert.equal(session.alpnProtocol, 'h2');
});

const NGINX = (dir: string, port: number) => `
daemon off; master_process off; pid ${dir}/pid; error_log /dev/null;
events {}
http {
  access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
  uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  server {
    listen 127.0.0.1:${port} proxy_protocol;
    location / { default_type text/plain; return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port"; }
  }
}`;

test('nginx learns who the client is', needs('nginx'), async (t) => {
  const port = await freePort();
  const dir = givenFolder(t);
  writeFileSync(join(dir, 'nginx.conf'), NGINX(dir, port));
  await givenProgram(t, 'nginx', ['-p', dir, '-e', '/dev/null', '-c', join(dir, 'nginx.conf')], port);
  const { row } = await givenServedName(t, { host: '127.0.0.1', port, isToldClients: true });
  const client = await shaken(row.port);
  const { localPort } = client;
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const answer = Buffer.concat(await client.toArray()).toString();
  assert.ok(answer.endsWith(`127.0.0.1 ${localPort} ${row.port}`), answer);
});
