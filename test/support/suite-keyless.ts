/** The calls that the suite of Cloudflare's own client makes of keyless certificates. */
import { type Calls, ID, type NextUpload, zone } from './suite-calls.ts';

const place = { host: 'example.com', port: 24_008, name: 'example.com Keyless SSL' } as const;

/** Calls of client.keylessCertificates, but for tunnels, which are refused. */
export const keylessCertificates = (next: NextUpload): Readonly<Record<string, Calls>> => ({
  'keylessCertificates.create': [
    (c) =>
      c.keylessCertificates.create({
        ...zone,
        certificate: next().certificate,
        host: 'example.com',
        port: 24_008,
      }),
    (c) =>
      c.keylessCertificates.create({
        ...zone,
        ...place,
        certificate: next().certificate,
        bundle_method: 'ubiquitous',
      }),
  ],
  'keylessCertificates.list': [(c) => c.keylessCertificates.list(zone)],
  'keylessCertificates.delete': [(c) => c.keylessCertificates.delete(ID, zone)],
  'keylessCertificates.edit': [
    (c) => c.keylessCertificates.edit(ID, zone),
    (c) => c.keylessCertificates.edit(ID, { ...zone, ...place, enabled: true }),
  ],
  'keylessCertificates.get': [(c) => c.keylessCertificates.get(ID, zone)],
});
