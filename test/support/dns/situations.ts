/** The twelve situations as scenes of a small DNS, with web servers on loopback: what is there, and what is to be told of it. */
import type { RequestListener } from 'node:http';
import type { Answer } from 'dns-packet';
import type { Mover, Situation } from '../../../src/pack/found.ts';
import { NS1, NS2, net, OURS, TLD, tld } from './shop.ts';
import { authoritative, type Line, refusing, type Scripted } from './small-dns.ts';
import { OTHER_WEB, WEB, type Web } from './web.ts';

/** Where the edge of the scenes is, and where everybody else. */
export const EDGE = WEB;
const ELSEWHERE = OTHER_WEB;
/** What customers lead their names to. */
export const PUBLIC_NAME = 'edge.shop.test';

/** What a pack has to show. */
export interface ToShow {
  readonly txtName: string;
  readonly txtValue: string;
  readonly path: string;
  readonly body: string;
}

export interface Scene {
  readonly situation: Situation;
  readonly method: 'txt' | 'http';
  readonly host: string;
  readonly whose: Mover | undefined;
  /** Of the sentence in `validation_errors`; undefined: nothing is wrong. */
  readonly words?: RegExp;
  /** Has the world so, with what the pack has to show wherever its owner could put it. */
  readonly set: (web: Web, shown: ToShow) => Promise<void>;
}

const WWW = 'www.shop.test';
const edge: Line = [PUBLIC_NAME, 'A', EDGE];
const textOf = ({ txtName, txtValue }: ToShow): Line => [txtName, 'TXT', txtValue];

/** A web server that shows the file. */
const showing =
  ({ path, body }: ToShow): RequestListener =>
  ({ url }, response) =>
    void (url === path ? response.end(body) : response.writeHead(404).end());
const saying =
  (status: number, body = '', location?: string): RequestListener =>
  (_, response) =>
    void response.writeHead(status, location === undefined ? {} : { location }).end(body);

/** A server that has some records beside, of types that lines do not know. */
const withAnswers =
  (script: Scripted, answers: readonly Answer[]): Scripted =>
  (question, via, query) => {
    const own = answers.filter(({ name, type }) => name === question.name && type === question.type);
    return own.length > 0 ? { flags: 0x400, answers: own } : script(question, via, query);
  };

async function atBoth({ shop }: Web, script: Scripted): Promise<void> {
  await shop.world.set(NS1, script);
  await shop.world.set(NS2, script);
}

/** The host leads by CNAME into a CDN, whose server is elsewhere. */
async function behind(web: Web, cdn: string): Promise<void> {
  const name = `${WWW}.${cdn}`;
  const zone = cdn.split('.').slice(-2).join('.');
  const more: Line[] = [
    [zone, 'NS', `ns.${zone}`],
    [`ns.${zone}`, 'A', OURS],
  ];
  await web.shop.serveTlds({ net: [...net, ...more] });
  await web.shop.world.set(OURS, authoritative({ [zone]: [[name, 'A', ELSEWHERE]] }));
  await web.shop.everyNs([edge, [WWW, 'CNAME', name]]);
}

const CAA: Answer = {
  type: 'CAA',
  name: 'shop.test',
  ttl: 300,
  data: { flags: 0, tag: 'issue', value: 'other.example' },
};
const DS: Answer = {
  type: 'DS',
  name: 'shop.test',
  ttl: 300,
  data: { keyTag: 4711, algorithm: 13, digestType: 2, digest: Buffer.alloc(32, 7) },
};

/** Wildcards as a server of RFC 4592 has them: for names that have no records. */
const withWildcard =
  (lines: readonly Line[], target: string): Scripted =>
  (question, via, query) => {
    const isOwn = lines.some(([name]) => name === question.name) || question.name === 'shop.test';
    const answer: Answer = { type: 'CNAME', name: question.name, ttl: 300, data: target };
    return isOwn
      ? authoritative({ 'shop.test': lines })(question, via, query)
      : { flags: 0x400, answers: [answer] };
  };

export const SCENES: readonly Scene[] = [
  {
    situation: 'flattened_cname',
    method: 'http',
    host: 'shop.test',
    whose: undefined,
    set: async (web, shown) => {
      await web.shop.everyNs([edge, ['shop.test', 'A', EDGE]]);
      web.sites.set(EDGE, showing(shown));
    },
  },
  {
    situation: 'apex_address',
    method: 'http',
    host: 'shop.test',
    whose: 'customer',
    words:
      /answers HTTP 404: shop\.test is an apex, where no CNAME can be.*; give shop\.test the addresses of edge\.shop\.test, by A and AAAA records/,
    set: async (web) => {
      await web.shop.everyNs([edge, ['shop.test', 'A', ELSEWHERE]]);
      web.sites.set(ELSEWHERE, saying(404));
    },
  },
  {
    situation: 'orange_cloud',
    method: 'http',
    host: WWW,
    whose: 'customer',
    words:
      /answers HTTP 404: www\.shop\.test is proxied by Cloudflare \(127\.0\.70\.21\).*; set the record of www\.shop\.test to "DNS only".* a CNAME at _acme-challenge\.www\.shop\.test/,
    set: async (web) => {
      await behind(web, 'cdn.cloudflare.net');
      web.sites.set(ELSEWHERE, saying(404));
    },
  },
  {
    situation: 'foreign_cdn',
    method: 'http',
    host: WWW,
    whose: 'customer',
    words:
      /leads to Fastly \(127\.0\.70\.21\), which is in front of the edges; have www\.shop\.test lead to edge\.shop\.test/,
    set: async (web) => {
      await behind(web, 'global.fastly.net');
      web.sites.set(ELSEWHERE, saying(503));
    },
  },
  {
    situation: 'cloudflare_over_cloudflare',
    method: 'http',
    host: WWW,
    whose: 'customer',
    words:
      /answers HTTP 409: www\.shop\.test is proxied by Cloudflare, and so is what it leads to: it answers "error code: 1014".*; set the record of www\.shop\.test to "DNS only"/,
    set: async (web) => {
      await behind(web, 'cdn.cloudflare.net');
      web.sites.set(ELSEWHERE, saying(409, 'error code: 1014'));
    },
  },
  {
    situation: 'stray_aaaa',
    method: 'http',
    host: WWW,
    whose: 'customer',
    words:
      /^www\.shop\.test leads to the edges by IPv4, and by IPv6 \(AAAA\) to 2a01:4f8::1.*; delete the AAAA record of www\.shop\.test/,
    set: async (web, shown) => {
      await web.shop.everyNs([edge, [WWW, 'A', EDGE], [WWW, 'AAAA', '2a01:4f8::1']]);
      web.sites.set(EDGE, showing(shown));
    },
  },
  {
    situation: 'bogus_dnssec',
    method: 'txt',
    host: WWW,
    whose: 'customer',
    words:
      /^DNSSEC of _acme-challenge\.www\.shop\.test is bogus: the zone has no keys, and its parent has DS records for some \(4711\) \(zone shop\.test, seen at ns1.*SERVFAIL\); have the DS records at the registrar/,
    set: async (web, shown) => {
      await web.shop.world.set(TLD, withAnswers(authoritative({ test: tld, net }), [DS]));
      await web.shop.everyNs([edge, [WWW, 'CNAME', PUBLIC_NAME], textOf(shown)]);
    },
  },
  {
    situation: 'caa_at_parent',
    method: 'txt',
    host: WWW,
    whose: 'customer',
    words: /CAA shop\.test lets only other\.example issue; add CAA shop\.test 0 issue "letsencrypt\.org"/,
    set: async (web, shown) => {
      const lines: Line[] = [edge, [WWW, 'A', EDGE], textOf(shown)];
      await atBoth(web, withAnswers(authoritative({ 'shop.test': lines }), [CAA]));
    },
  },
  {
    situation: 'wildcard_cname',
    method: 'txt',
    host: WWW,
    whose: 'customer',
    words:
      /_acme-challenge\.www\.shop\.test has no record of its own, the wildcard \*\.shop\.test answers for it with a CNAME to other\.shop\.test.*; create TXT _acme-challenge/,
    set: (web) => atBoth(web, withWildcard([edge, ['other.shop.test', 'A', ELSEWHERE]], 'other.shop.test')),
  },
  {
    situation: 'split_horizon',
    method: 'http',
    host: WWW,
    whose: 'customer',
    words:
      /leads to 10\.1\.2\.3, which is not a public address, so no CA can reach it; lead www\.shop\.test to public addresses only/,
    set: (web) => web.shop.everyNs([edge, [WWW, 'A', '10.1.2.3']]),
  },
  {
    situation: 'lame_server',
    method: 'txt',
    host: WWW,
    whose: 'customer',
    words:
      /no server of the zone shop\.test answers for it: ns1\.shop\.test \(127\.0\.70\.4\) refuses to answer.*; repair these servers/,
    set: (web) => atBoth(web, refusing),
  },
  {
    situation: 'redirects',
    method: 'http',
    host: WWW,
    whose: 'customer',
    words:
      /answers HTTP 404: www\.shop\.test sends whoever asks it elsewhere: http:\/\/www\.shop\.test answers HTTP 301 with a redirect to http:\/\/shop\.test; have www\.shop\.test answer below/,
    set: async (web) => {
      await web.shop.everyNs([edge, [WWW, 'A', ELSEWHERE], ['shop.test', 'A', EDGE]]);
      web.sites.set(ELSEWHERE, saying(301, '', 'http://shop.test/welcome'));
      web.sites.set(EDGE, saying(404));
    },
  },
];
