/** For tests: a CA made with the system's openssl, which signs whatever it is asked to. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A CA that checks nothing. */
export interface OpensslCa {
  /** Its own certificate. */
  readonly pem: string;
  /**
   * A leaf for the request, valid from now to 90 days from when the test has it. `extensions` in openssl's words replace
   * those of the request.
   */
  readonly sign: (csr: Buffer, extensions?: string) => string;
}

/** A CA with a new P-256 key and this subject, for a test whose clock is `ahead`, in days. Its folder goes with the test. */
export function opensslCa(
  t: TestContext,
  subject = "/C=US/O=Small & Sons' CA/CN=S1",
  ahead: () => number = () => 0,
): OpensslCa {
  const dir = mkdtempSync(join(tmpdir(), 'ca-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const place = (name: string) => join(dir, name);
  const own = ['-CA', place('ca.pem'), '-CAkey', place('ca.key')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', place('ca.key')];
  // Without key identifiers and with one serial, two CAs of the same name differ in nothing but what they sign.
  const how = ['-subj', subject, '-days', '900', '-set_serial', '1', '-addext', 'subjectKeyIdentifier=none'];
  openssl(['req', '-x509', ...key, ...how, '-out', place('ca.pem')]);
  return {
    pem: readFileSync(place('ca.pem'), 'utf8'),
    sign: (csr, extensions) => {
      writeFileSync(place('csr'), csr);
      writeFileSync(place('ext'), extensions ?? '');
      const names = extensions === undefined ? ['-copy_extensions', 'copy'] : ['-extfile', place('ext')];
      const request = [
        '-req',
        '-inform',
        'DER',
        '-in',
        place('csr'),
        '-days',
        String(90 + Math.ceil(ahead())),
        '-set_serial',
        '0x0102ab',
      ];
      return openssl(['x509', ...request, ...own, ...names]);
    },
  };
}

/** What openssl prints on its standard output. */
function openssl(args: readonly string[], input?: Buffer): string {
  return execFileSync('openssl', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
}
