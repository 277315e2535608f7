/** Answers of the API in which every text is what nobody should write. */

/** Markup, directions of writing, length, and what templates would read. */
export const NAMES: readonly string[] = [
  '<img src=x onerror="document.title=\'broken\'">',
  '</script><script>document.title="broken"</script>',
  '\u202egnp.exe\u2066',
  `${'a'.repeat(63)}.`.repeat(4).slice(0, 250),
  '👩‍👩‍👧‍👦 \u{1f3f4}\u200d\u2620\ufe0f.test',
  'javascript:alert(1)',
  '{{constructor}}',
  '<b>bold</b>&amp;\u0000',
];
const [MARKUP = ''] = NAMES;

const AT = '2026-01-01T00:00:00.000000Z';
const ZONE = '2'.repeat(32);
const PACK = '11111111-1111-1111-1111-111111111111';
const JOB = '33333333-3333-3333-3333-333333333333';
const PACKS = `/zones/${ZONE}/ssl/certificate_packs/${PACK}`;

const certificates = NAMES.map((name, i) => ({
  id: `${i}`,
  hosts: NAMES,
  issuer: name,
  signature: name,
  status: name,
  zone_id: ZONE,
  uploaded_on: AT,
  expires_on: '2027-01-01T00:00:00.000000Z',
}));
const pack = {
  id: PACK,
  zone_id: ZONE,
  type: 'advanced',
  hosts: NAMES,
  status: 'pending_validation',
  certificates,
  certificate_authority: 'google',
  validation_method: 'txt',
  validity_days: 90,
  validation_records: NAMES.map((name) => ({ status: 'pending', txt_name: name, txt_value: name })),
  validation_errors: NAMES.map((message) => ({ message })),
  dcv_delegation_records: [],
  cloudflare_branding: false,
  created_on: AT,
};
const zone = {
  id: ZONE,
  name: MARKUP,
  status: 'pending',
  paused: false,
  type: 'full',
  name_servers: NAMES,
  original_name_servers: null,
  verification_key: MARKUP,
  created_on: AT,
  modified_on: AT,
  activated_on: null,
};
const events = NAMES.map((name, i) => ({
  id: `${i}`,
  time: AT,
  kind: name,
  cause: name,
  owner: 'customer',
  zone_id: ZONE,
  certificate_pack_id: PACK,
  token: { id: 'x', name },
  details: { validation_errors: [name] },
  hosts: [name],
  host_count: 1,
}));
const explained = {
  waits_for: MARKUP,
  whose_move: 'customer',
  next_step: NAMES[1],
  reasons: NAMES,
  notes: NAMES,
  since: AT,
  evidence: NAMES.map((name) => ({ by: 'ca', who: name, about: name, said: name, at: AT })),
  records: [],
};
const edges = NAMES.map((edge) => ({
  edge,
  is_shown: false,
  wanted: {},
  shown: {},
  seen_on: AT,
  problem: edge,
}));
const cas = ['google', 'lets_encrypt', 'ssl_com'].map((ca, i) => ({
  certificate_authority: ca,
  is_configured: true,
  packs: 1,
  health: { is_up: false, problem: NAMES[i] },
  limits: [],
}));
const job = {
  id: JOB,
  action: 'restart',
  status: 'stopped',
  stopped_because: MARKUP,
  filter: { 'host.suffix': MARKUP },
  matched: 9,
  done: 0,
  failed: NAMES.length,
  failures_by_code: { 1420: NAMES.length },
  failures: NAMES.map((message, i) => ({ zone_id: ZONE, id: `${i}`, code: 1420, message })),
  created_on: AT,
};
const summary = {
  as_of: AT,
  total: 1,
  statuses: { pending_validation: 1 },
  groups: { waiting_for_customer: 1 },
  renewals: { overdue: 1, at_risk: 1, is_at_least: false },
  expiries: [],
  certificate_authorities: [],
  most_at_risk: NAMES.map((name, i) => ({
    id: `${i}`,
    zone_id: ZONE,
    zone_name: name,
    hosts: [name],
    host_count: 1,
    status: 'active',
    certificate_authority: 'google',
    renewal_on: AT,
    expires_on: AT,
    life_left: 0.1,
  })),
};
const record = (name: string, i: number) => ({
  id: `${i}`,
  name,
  type: 'TXT',
  content: name,
  proxied: false,
  ttl: 1,
  comment: name,
});
const token = (name: string, i: number) => ({
  id: `${i}`,
  name,
  status: 'active',
  issued_on: AT,
  policies: [{ permission_groups: [{ id: 'x', name }], resources: {} }],
});
const audited = (name: string, i: number) => ({
  id: `${i}`,
  action: { description: name, time: AT },
  actor: { type: 'user', token_id: 'x', token_name: name, ip_address: name },
  resource: { id: 'x', type: name, name },
  zone: { id: ZONE, name },
});

const webhook = (name: string, i: number) => ({ id: `${i}`, name, url: name, type: name, created_at: AT });
const policy = (name: string, i: number) => ({
  id: `${i}`,
  name,
  description: name,
  alert_type: name,
  enabled: true,
  mechanisms: { email: [{ id: name }], webhooks: [{ id: `${i}` }], pagerduty: [{ id: name }] },
  filters: {},
});
const delivery = (name: string, i: number) => ({
  id: `${i}`,
  status: 'dead',
  policy_name: name,
  alert_type: name,
  event_type: name,
  title: name,
  alert_body: name,
  mechanism: name,
  mechanism_type: name,
  attempts: 9,
  problem: name,
  created_on: AT,
});
const silence = (_: string, i: number) => ({
  id: `${i}`,
  policy_id: `${i}`,
  start_time: AT,
  end_time: '2999-01-01T00:00:00.000000Z',
});
const alertTypes = NAMES.map((name) => ({
  type: name,
  display_name: name,
  description: name,
  filter_options: [{ Key: 'event_type', AvailableValues: [{ ID: name, Description: name }] }],
}));

/** What is answered at each path; the first that fits. */
const ANSWERS: readonly (readonly [RegExp, unknown])[] = [
  [/^\/zones\/2+$/, zone],
  [/^\/zones$/, NAMES.map((name, i) => ({ ...zone, id: `${i}`, name }))],
  [/\/events\/latest$/, { steps: { since: AT, events: 1, done: 1, failed: 1 }, events }],
  [/\/events$/, events],
  [/\/explain$/, explained],
  [/\/edges$/, edges],
  [/\/summary$/, summary],
  [/\/certificate_authorities$/, cas],
  [/\/certificate_packs\/bulk$/, [job]],
  [/\/certificate_packs\/bulk\//, job],
  [/\/zones\/2+\/ssl\/certificate_packs\/[1-]+$/, pack],
  [/\/ssl\/certificate_packs$/, [pack]],
  [/\/settings$|\/total_tls$/, { enabled: false }],
  [/\/quota$/, { advanced: { allocated: 1, used: 1 } }],
  [/\/dns_records$/, NAMES.map(record)],
  [/\/user\/tokens$/, NAMES.map(token)],
  [/\/alerting\/v3\/available_alerts$/, { x: alertTypes }],
  [/\/alerting\/v3\/policies$/, NAMES.map(policy)],
  [/\/alerting\/v3\/silences$/, NAMES.map(silence)],
  [/\/alerting\/v3\/destinations\//, NAMES.map(webhook)],
  [/\/alerting\/v3\/deliveries$/, NAMES.map(delivery)],
  [/\/logs\/audit$/, NAMES.map(audited)],
];

/** The answer to GET of a path of the API; undefined: the API's own. */
export function hostileAnswers(path: string): object | undefined {
  const found = ANSWERS.find(([at]) => at.test(path));
  return (
    found && {
      success: true,
      errors: [],
      messages: [],
      result: found[1],
      result_info: { count: 1, total_count: 1 },
    }
  );
}

/** Views, their headings, and how many of the names each shows. */
export const VIEWS_OF_NAMES: readonly (readonly [at: string, heading: string | RegExp, shown: number])[] = [
  ['packs', 'Packs', 1],
  [PACKS.replace('/ssl/certificate_packs', '/packs').slice(1), MARKUP, NAMES.length],
  ['bulk', 'Act on many packs', 1],
  [`bulk?host=${encodeURIComponent(MARKUP)}&type=${encodeURIComponent(MARKUP)}`, 'Act on many packs', 1],
  [`bulk/${JOB}`, /Restart 9 packs/, NAMES.length],
  ['zones', 'Zones', NAMES.length],
  [`zones/${ZONE}`, MARKUP, NAMES.length],
  [`zones/${ZONE}/order`, 'Order a pack', 1],
  [`zones/${ZONE}/dns`, 'DNS records', NAMES.length],
  ['cas', 'CAs', 1],
  ['tokens', 'Tokens', NAMES.length],
  ['alerts', 'Alerts', NAMES.length],
  ['alerts/channels', 'Channels', NAMES.length],
  ['alerts/deliveries', 'Deliveries', NAMES.length],
  ['audit', 'Audit log', NAMES.length],
  [encodeURIComponent(MARKUP), 'Not there', 0],
  ['', 'Overview', NAMES.length],
];
