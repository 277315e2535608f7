/** Shapes of webhooks, one row each: another is a file of `channels/`, a row here, and its name in `WEBHOOK_KINDS`. */
import { WEBHOOK_KINDS, type WebhookKind } from '../pack/webhook.ts';
import { alertmanager } from './channels/alertmanager.ts';
import { datadog } from './channels/datadog.ts';
import { discord } from './channels/discord.ts';
import { feishu } from './channels/feishu.ts';
import { gchat } from './channels/gchat.ts';
import { generic } from './channels/generic.ts';
import { msteams } from './channels/msteams.ts';
import { opsgenie } from './channels/opsgenie.ts';
import { pagerduty } from './channels/pagerduty.ts';
import { slack } from './channels/slack.ts';
import { splunk } from './channels/splunk.ts';
import type { Shape } from './notify.ts';

interface ChannelRow {
  readonly shape: Shape;
  /** Whether much at once is put together for it: people read it. */
  readonly isForPeople: boolean;
  /** Whether it keeps what is wrong open until it is told that it is over: it is told of nothing else. */
  readonly keepsIncidents: boolean;
}

// biome-ignore format: a table is read by column
const CHANNELS: Readonly<Record<WebhookKind, ChannelRow>> = {
  generic:      { shape: generic,      isForPeople: false, keepsIncidents: false },
  slack:        { shape: slack,        isForPeople: true,  keepsIncidents: false },
  discord:      { shape: discord,      isForPeople: true,  keepsIncidents: false },
  gchat:        { shape: gchat,        isForPeople: true,  keepsIncidents: false },
  feishu:       { shape: feishu,       isForPeople: true,  keepsIncidents: false },
  splunk:       { shape: splunk,       isForPeople: false, keepsIncidents: false },
  opsgenie:     { shape: opsgenie,     isForPeople: false, keepsIncidents: true },
  datadog:      { shape: datadog,      isForPeople: false, keepsIncidents: false },
  msteams:      { shape: msteams,      isForPeople: true,  keepsIncidents: false },
  pagerduty:    { shape: pagerduty,    isForPeople: false, keepsIncidents: true },
  alertmanager: { shape: alertmanager, isForPeople: false, keepsIncidents: true },
};

/** The row of a kind; one that an older or newer version knows is sent as `generic`. */
export function channelOf(kind: string): ChannelRow {
  const known = WEBHOOK_KINDS.find((one) => one === kind);
  return CHANNELS[known ?? 'generic'];
}
