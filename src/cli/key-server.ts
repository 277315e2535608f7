import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { addKeyServerClient, initKeyServer } from '../keyless/issue.ts';
import { KeyFolder } from '../keyless/key-folder.ts';
import { startKeyServer } from '../keyless/key-server.ts';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { printLines } from './print.ts';
import { asked, readSetting } from './process.ts';

interface Place {
  readonly dir: string;
}

interface RunOptions extends Place {
  readonly host: string;
  readonly port: number;
  readonly perSecond: number;
}

/** `certpacks key-server`. */
export function addKeyServer(certpacks: Command, toNumber: (text: string) => number): void {
  const server = certpacks
    .command('key-server')
    .description('a key server: signs with the keys of its folder for those who show its client certificates')
    .requiredOption('--dir <dir>', 'its folder, as key-server init makes it; keys are in keys/*.pem')
    .option('--host <address>', 'address to listen on', '0.0.0.0')
    .option('--port <port>', 'port to listen on', toNumber, 24_008)
    .option('--per-second <n>', 'signatures that one client may have in a second', toNumber, 5_000)
    .action(run);
  server
    .command('init')
    .description('make the folder of a key server, with a CA and a certificate of its own')
    .argument('<host...>', 'names and addresses by which it is reached')
    .action(async (hosts: string[], _options: object, command: Command) => {
      const { dir } = command.optsWithGlobals<Place>();
      await initKeyServer(dir, hosts, systemClock().now());
      printLines(`${dir} is that of a key server for ${hosts.join(', ')}\n`);
    });
  server
    .command('client')
    .description('make a client certificate for whoever is to ask it')
    .argument('<name>', 'what it is called in the log')
    .action(async (name: string, _options: object, command: Command) => {
      const { dir } = command.optsWithGlobals<Place>();
      const { cert, key } = await addKeyServerClient(dir, name, systemClock().now());
      printLines(
        `key_server_cert_file = "${cert}"\nkey_server_key_file = "${key}"\nkey_server_ca_file = "${join(dir, 'ca.pem')}"\n`,
      );
    });
}

async function run({ dir, host, port, perSecond }: RunOptions): Promise<void> {
  const ending = asked();
  const { log } = readSetting();
  const keys = new KeyFolder(join(dir, 'keys'), log);
  const identity = { cert: read(dir, 'server.pem'), key: read(dir, 'server.key'), ca: read(dir, 'ca.pem') };
  const server = await startKeyServer({ ...identity, host, port, keys, perSecond, log });
  log.info({ host, port: server.port, keys: keys.size }, 'key server is ready');
  const telling = setInterval(() => {
    keys.load();
    log.info({ ...server.counts(), keys: keys.size }, 'key server: so far');
  }, TOLD_MS);
  await ending;
  clearInterval(telling);
  await server.close();
}

/** How often keys are read again, and counts told. */
const TOLD_MS = 60_000;

function read(dir: string, name: string): string {
  try {
    return readFileSync(join(dir, name), 'utf8');
  } catch (cause) {
    throw new Fault(
      'configuration',
      `${join(dir, name)} cannot be read: certpacks key-server init makes it`,
      { cause },
    );
  }
}
