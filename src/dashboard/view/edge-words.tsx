/** How an edge stands, and where it is, in words for people. */
import type { RegionCode } from '../../pack/region.ts';
import { part } from '../api/client.ts';
import type { Edge } from '../api/wire-edges.ts';
import { now } from '../now.ts';
import { Badge } from '../part/badge.tsx';
import { accountId } from '../session.ts';
import type { Tone } from '../words.ts';

/** Address of the installation's edges. */
export const edgesPath = (): string => `/accounts/${accountId()}/edges`;
export const edgePath = (id: string): string => `${edgesPath()}/${part(id)}`;

interface Standing {
  readonly word: string;
  readonly tone: Tone;
  readonly says: string;
}

/** What its status, its connection and its token come to. */
export function standingOf(edge: Edge): Standing {
  if (edge.source === 'configuration') return CONFIGURED;
  if (edge.status === 'pending') return isTokenOver(edge) ? UNCLAIMED : WAITING;
  if (edge.status === 'drained') return edge.is_connected ? DRAINED : DRAINED_AWAY;
  if (!edge.is_connected) return edge.status === 'active' ? AWAY : JOINING_AWAY;
  return edge.status === 'active' ? SERVING : JOINING;
}

const isTokenOver = ({ token_expires_on: end }: Edge): boolean =>
  end === null || Date.parse(end) <= now().getTime();

const CONFIGURED: Standing = {
  word: 'configured',
  tone: 'good',
  says: 'It stands in the configuration file, and is changed there. It has no agent: handshakes alone tell of it.',
};
const WAITING: Standing = {
  word: 'waiting for its agent',
  tone: 'wait',
  says: 'Nobody has taken it up yet: its agent has to be enrolled with the token, within an hour of when that was made.',
};
const UNCLAIMED: Standing = {
  word: 'token over',
  tone: 'bad',
  says: 'Nobody took it up while its token was good: get another token, and enrol its agent with that one.',
};
const JOINING: Standing = {
  word: 'joining',
  tone: 'busy',
  says: 'Its agent is there and is given what the edge is to serve. No pack waits for it until it has all.',
};
const JOINING_AWAY: Standing = {
  word: 'joining, away',
  tone: 'bad',
  says: 'Its agent was enrolled, is not connected, and has not come to have all. No pack waits for it yet.',
};
const SERVING: Standing = {
  word: 'serving',
  tone: 'good',
  says: 'Its agent is connected. Packs wait for it before they are active.',
};
const AWAY: Standing = {
  word: 'away',
  tone: 'bad',
  says: 'Its agent is not connected. What it has it goes on serving; packs that are to come there wait for it, until it is back, drained or removed.',
};
const DRAINED: Standing = {
  word: 'drained',
  tone: 'off',
  says: 'It goes on serving, and no pack waits for it.',
};
const DRAINED_AWAY: Standing = {
  word: 'drained, away',
  tone: 'off',
  says: 'Its agent is not connected, and no pack waits for it.',
};

export function EdgeBadge({ edge }: { readonly edge: Edge }) {
  const { word, tone } = standingOf(edge);
  return <Badge word={word} tone={tone} />;
}

/** The regions by what they are called. */
export const REGIONS: Readonly<Record<RegionCode, string>> = {
  EU: 'European Union',
  WEUR: 'Western Europe',
  EEUR: 'Eastern Europe',
  ENAM: 'Eastern North America',
  WNAM: 'Western North America',
  SAM: 'South America',
  APAC: 'Asia and the Pacific',
  OC: 'Oceania',
  ME: 'Middle East',
  AFR: 'Africa',
};

/** Where an edge is said to be; empty: nothing is said of it. */
export const placeOf = ({ region, country }: Edge): string =>
  [country, ...region].filter((one) => one !== null).join(', ');

/** How far what an agent has is behind, as people say it. */
export function lagOf({ lag_seconds: lag }: Edge): string {
  if (lag === null) return '–';
  if (lag < 120) return `${Math.round(lag)} s`;
  return lag < 7_200 ? `${Math.round(lag / 60)} minutes` : `${Math.round(lag / 3_600)} hours`;
}
