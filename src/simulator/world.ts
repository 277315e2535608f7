import { join } from 'node:path';
import { VirtualClock } from '../kit/clock.ts';
import { newLog } from '../kit/log.ts';
import type { CertificateAuthority } from '../pack/pack.ts';
import { CA_TERMS } from './ca/terms.ts';
import { validateBy } from './ca/validation.ts';
import { CaServer } from './ca-server.ts';
import { startControl } from './control.ts';
import { lookUpTxt } from './dns/look-up-txt.ts';
import { startDnsWorld } from './dns-world.ts';
import { leaveFolder, markFolder, openFolder } from './folder.ts';
import { fetchHttp01 } from './http-01-fetch.ts';
import { contactsOf } from './mail/contacts.ts';
import { MailServer } from './mail/mail-server.ts';
import { newMailer } from './mail/mailer.ts';
import type { SimulatedCa, SimulatorOptions, SimulatorReady } from './simulator.ts';

/** The whole world, listening. */
export interface World {
  readonly ready: SimulatorReady;
  /** Loads what the first certificates would wait for. */
  warmUp(): Promise<void>;
  close(): Promise<void>;
}

/** Starts DNS, the CAs and the control interface. Throws `configuration` when folder or port are taken. */
export async function startWorld({ dir, ...options }: SimulatorOptions): Promise<World> {
  await openFolder(dir);
  const log = newLog('warn');
  const clock = new VirtualClock(options.aheadSeconds);
  const { dnsPort: port, nameServers, isRegistryTold } = options;
  const dns = await startDnsWorld({ dir, port, nameServers, isRegistryTold });
  const validate = validateBy({
    lookUpTxt: (name) => lookUpTxt(dns.resolver, name),
    fetchFile: (url) => fetchHttp01(dns.resolver, options.httpPort ?? 80, url),
  });
  const mailServer = new MailServer({ dir, clock, log });
  const mail = {
    contactsOf: (name: string) => contactsOf(dns.resolver, name),
    send: newMailer(async () => options.smtp ?? (await mailServer.address())),
  };
  const start = (name: CertificateAuthority) =>
    CaServer.start({ terms: CA_TERMS[name], dir: join(dir, name), clock, validate, mail, log });
  const [google, letsEncrypt, sslCom] = await Promise.all([
    start('google'),
    start('lets_encrypt'),
    start('ssl_com'),
  ]);
  const cas = [google, letsEncrypt, sslCom];
  const control = await startControl({ clock, dns, cas, mailServer, log });
  await markFolder(dir, control.url);
  return {
    ready: {
      control: control.url,
      dnsPort: dns.port,
      cas: { google: shown(google), lets_encrypt: shown(letsEncrypt), ssl_com: shown(sslCom) },
    },
    async warmUp() {
      await Promise.all(cas.map((ca) => ca.warmUp()));
    },
    async close() {
      await Promise.all([control.close(), dns.close(), ...cas.map((ca) => ca.close())]);
      await mailServer.close();
      await leaveFolder(dir);
    },
  };
}

function shown({ directory, authority }: CaServer): SimulatedCa {
  const { root, eab } = authority;
  return { directory, rootPem: root.pem, ...(eab ? { eab } : {}) };
}
