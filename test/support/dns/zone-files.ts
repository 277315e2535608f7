/** Zone files of tests: records of every type, and what is in a zone. */
import { type RecordResponse } from 'cloudflare/resources/dns/records';
import type { RecordScene } from './records.ts';

export const importFile = (at: RecordScene, file: string, more: { proxied?: string } = {}) =>
  at.client.dns.records.import({ zone_id: at.zoneId, file, ...more });
export const exportFile = (at: RecordScene): Promise<string> =>
  at.client.dns.records.export({ zone_id: at.zoneId });

/** What is in a zone, but for ids and times, with the zone's name taken out. */
export async function contentOf(at: RecordScene): Promise<string[]> {
  const seen: string[] = [];
  for await (const one of at.client.dns.records.list({ zone_id: at.zoneId, per_page: 1_000 })) {
    const { id: _, created_on: __, modified_on: ___, ...rest }: RecordResponse = one;
    seen.push(JSON.stringify(rest).replaceAll(at.zone, 'ZONE'));
  }
  return seen.toSorted();
}

/** Records of every type, with all that can be said of them. */
export const RECORDS = [
  { type: 'A', name: '@', content: '192.0.2.1', ttl: 300, comment: 'the apex; "quoted" \\ cf_tags= too' },
  { type: 'A', name: 'www', content: '192.0.2.2', ttl: 1, proxied: true, tags: ['team:a,b="c"', 'prod'] },
  { type: 'AAAA', name: '*', content: '2001:db8::1', ttl: 60 },
  { type: 'CNAME', name: 'alias', content: 'www.example.net', ttl: 86_400 },
  { type: 'MX', name: '@', content: 'mail.example.net', priority: 10, ttl: 1 },
  { type: 'NS', name: 'sub', content: 'ns1.example.net', ttl: 1 },
  {
    type: 'SRV',
    name: '_sip._tcp',
    data: { priority: 1, weight: 2, port: 5060, target: 'sip.example.net' },
    ttl: 1,
  },
  { type: 'CAA', name: '@', data: { flags: 0, tag: 'issue', value: 'letsencrypt.org; x=1' }, ttl: 1 },
  { type: 'TXT', name: '_dmarc', content: `v=DMARC1; p="none"; \\ ü ${'x'.repeat(300)}`, ttl: 1 },
  { type: 'TXT', name: 'two', content: '"one" "two; \\"three\\""', ttl: 1 },
];
