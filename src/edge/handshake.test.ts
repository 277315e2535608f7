import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { givenPort } from '../../test/support/edge/given-edge.ts';
import { fingerprintIn, givenPack } from '../../test/support/edge/given-service.ts';
import { Fault } from '../kit/fault.ts';
import { ALGORITHMS, type Algorithm } from '../pack/pack.ts';
import type { ServedPack } from './edge.ts';
import { showLeaf } from './handshake.ts';

const NAME = 'www.example.com';
const { signal } = new AbortController();

interface Ending {
  after(end: () => void): void;
}

async function givenEdge(t: Ending, server: Server) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { name: 'front', host: '127.0.0.1', port: await givenPort(server) };
}

/** A TLS server of Node's own, which serves `algorithms` of `pack`. */
function givenTlsEdge(t: Ending, pack: ServedPack, options: TlsOptions & { only?: Algorithm } = {}) {
  const pairs = ALGORITHMS.filter((one) => one === (options.only ?? one)).map(
    (one) => pack.certificates[one],
  );
  const cert = pairs.map((pair) => pair?.chain ?? '');
  const server = createTlsServer({ cert, key: pairs.map((pair) => pair?.key ?? ''), ...options });
  server
    .on('tlsClientError', () => undefined)
    .on('secureConnection', (socket) => socket.on('error', () => undefined));
  return givenEdge(t, server);
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const kind of [undefined, 'mixed'] as const) {
    test(`each algorithm shows its own leaf over ${version}, signed by ${kind ?? 'a like'} CA`, async (t) => {
      const pack = await givenPack([NAME, '*.example.org'], kind);
      const edge = await givenTlsEdge(t, pack, { minVersion: version, maxVersion: version });
      for (const algorithm of ALGORITHMS) {
        const shown = await showLeaf(edge, { name: NAME, algorithm }, signal);
        const leaf = new X509Certificate(pack.certificates[algorithm]?.chain ?? '');
        assert.equal(shown?.fingerprint, fingerprintIn(pack, algorithm));
        assert.equal(shown.subject, `CN=${NAME}`);
        assert.equal(shown.issuer, leaf.issuer);
        assert.deepEqual(shown.notAfter, leaf.validToDate);
        assert.deepEqual(shown.hosts, [NAME, '*.example.org']);
        assert.match(shown.protocol, new RegExp(`^${version} [A-Z0-9_]+$`));
      }
    });
  }
}

test('an edge that lacks an algorithm shows no leaf for it', async (t) => {
  const pack = await givenPack([NAME]);
  for (const only of ALGORITHMS) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const edge = await givenTlsEdge(t, pack, { only, maxVersion });
      for (const algorithm of ALGORITHMS) {
        const shown = await showLeaf(edge, { name: NAME, algorithm }, signal);
        assert.equal(shown?.fingerprint, algorithm === only ? fingerprintIn(pack, only) : undefined);
      }
    }
  }
});

test('a wildcard is asked for by a label under it', async (t) => {
  const asked: string[] = [];
  const pack = await givenPack(['*.example.com']);
  const SNICallback: TlsOptions['SNICallback'] = (name, done) => {
    asked.push(name);
    done(null);
  };
  const edge = await givenTlsEdge(t, pack, { SNICallback });
  await showLeaf(edge, { name: '*.example.com', algorithm: 'ecdsa' }, signal);
  assert.deepEqual(asked, ['certpacks-probe.example.com']);
});

test('an edge that shows a chain whose key it does not hold has shown nothing', async (t) => {
  const pack = await givenPack([NAME]);
  const real = await givenTlsEdge(t, pack, { maxVersion: 'TLSv1.2' });
  // Between us and the real edge: it spoils the signature by which the edge shows that it holds the key.
  const spoil = createServer((client) => {
    const server = connect(real.port, real.host);
    server.on('data', (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20);
      client.write(bytes);
    });
    client.pipe(server).on('error', () => client.destroy());
    client.on('error', () => server.destroy()).on('close', () => server.destroy());
  });
  const edge = await givenEdge(t, spoil);
  for (const algorithm of ALGORITHMS) {
    const shown = showLeaf(edge, { name: NAME, algorithm }, signal);
    await assert.rejects(shown, /did not answer as a TLS server does \(ERR_SSL_/);
  }
});

test('an alert or a close is the edge saying that it shows none', async (t) => {
  const endings = [
    (socket: Socket) => socket.end(Buffer.from([21, 3, 1, 0, 2, 2, 112])),
    (socket: Socket) => socket.end(),
    (socket: Socket) => socket.resetAndDestroy(),
  ];
  for (const ending of endings) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => ending(socket));
    });
    const edge = await givenEdge(t, server);
    assert.equal(await showLeaf(edge, { name: NAME, algorithm: 'rsa' }, signal), undefined);
  }
});

test('nobody there is a fault that names the edge and its address', async (t) => {
  const edge = await givenEdge(t, createServer());
  const absent = { ...edge, port: 1 };
  const shown = showLeaf(absent, { name: NAME, algorithm: 'rsa' }, signal);
  await assert.rejects(shown, (error) => {
    assert.ok(error instanceof Fault);
    assert.equal(error.fault, 'edge_unreachable');
    assert.match(error.message, /edge front at 127\.0\.0\.1:1 .*ECONNREFUSED/);
    return true;
  });
});

test('what answers in another language than TLS is a fault', async (t) => {
  const server = createServer((socket) =>
    socket.on('error', () => undefined).end('HTTP/1.1 400 Bad\r\n\r\n'),
  );
  const edge = await givenEdge(t, server);
  const shown = showLeaf(edge, { name: NAME, algorithm: 'rsa' }, signal);
  await assert.rejects(shown, /edge front .* did not answer as a TLS server does/);
});

test('an edge that stays silent is given up after 5 s', async (t) => {
  const edge = await givenEdge(t, createServer());
  const start = performance.now();
  const shown = showLeaf(edge, { name: NAME, algorithm: 'rsa' }, signal);
  await assert.rejects(shown, (error) => error instanceof Fault && error.fault === 'edge_unreachable');
  const took = performance.now() - start;
  assert.ok(took > 4_900 && took < 6_500, `${took} ms`);
});

test('whoever asks may stop waiting', async (t) => {
  const edge = await givenEdge(t, createServer());
  const controller = new AbortController();
  const reason = new Error('enough');
  const shown = showLeaf(edge, { name: NAME, algorithm: 'rsa' }, controller.signal);
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(shown, reason);
  await assert.rejects(showLeaf(edge, { name: NAME, algorithm: 'rsa' }, controller.signal), reason);
});
