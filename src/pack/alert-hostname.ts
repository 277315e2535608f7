/** What is told of a custom hostname beside what is told of its pack: as Cloudflare's webhook definitions for SaaS have it. Pure. */
import type { AlertEvent } from './alert-types.ts';
import type { CustomHostname, SslSettings } from './custom-hostname.ts';
import type { Pack } from './pack.ts';

/** In the names of the wire. */
export interface HostnameAlert {
  readonly type: string;
  readonly zoneId: string;
  readonly data: {
    readonly id: string;
    readonly hostname: string;
    readonly ssl: {
      readonly id: string;
      readonly type: 'dv';
      readonly method?: string | undefined;
      readonly status: string;
      readonly validation_errors?: readonly { readonly message: string }[] | undefined;
      readonly settings: SslSettings;
    };
    readonly custom_metadata?: Readonly<Record<string, string>> | undefined;
    readonly custom_origin_server?: string | undefined;
  };
}

const PREFIX = 'ssl.custom_hostname_certificate.';
/** Where Cloudflare has another name for it; all others are named as they are here. */
const NAMES: Readonly<Partial<Record<AlertEvent, string>>> = {
  'order.failed': 'issuance.failed',
  'renewal.late': 'renewal.failed',
  'expiration.upcoming': 'renewal.upcoming_certificate_expiration_notification',
};

/** Of an event of the pack of a hostname; `status` is the one that the pack came to then. */
export function hostnameAlert(
  event: AlertEvent,
  { id, hostname, settings, metadata, originServer }: CustomHostname,
  pack: Pack,
  status: string,
): HostnameAlert {
  const messages = pack.validationErrors.map((message) => ({ message }));
  return {
    type: `${PREFIX}${NAMES[event] ?? event}`,
    zoneId: pack.zone.id,
    data: {
      id,
      hostname,
      ssl: {
        id: pack.id,
        type: 'dv',
        ...(pack.validationMethod && { method: pack.validationMethod }),
        status,
        ...(messages.length > 0 && { validation_errors: messages }),
        settings,
      },
      ...(metadata && { custom_metadata: metadata }),
      ...(originServer !== undefined && { custom_origin_server: originServer }),
    },
  };
}
