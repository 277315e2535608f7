/** Node's own TLS server with one certificate: `bare-node.ts FILE PORT`. Certificate and key are in one PEM file. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';

const [file = '', port = ''] = process.argv.slice(2);
const pem = readFileSync(file);
const server = createServer({ cert: pem, key: pem, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] });
server.on('secureConnection', (socket) => {
  socket.on('error', () => socket.destroy());
  socket.resume();
});
server.on('tlsClientError', (_error, socket) => socket.destroy());
server.listen(Number(port), '127.0.0.1');
