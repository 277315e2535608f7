/** What the views of alerts share. */
import type { ComponentChildren } from 'preact';
import { Head } from '../part/section.tsx';
import { NotAllowed } from '../part/state.tsx';
import { href, route } from '../route.ts';
import { accountId, may } from '../session.ts';

/** Path of what is below the account's alerts. */
export const alertingPath = (of: string): string => `/accounts/${accountId()}/alerting/v3/${of}`;

export const mayChangeAlerts = (): boolean => may('Notifications Write');

const VIEWS = [
  [['alerts'], 'Policies'],
  [['alerts', 'channels'], 'Channels'],
  [['alerts', 'deliveries'], 'Deliveries'],
] as const;

interface AlertsFrameProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

/** The head of a view of alerts, with the way to the others; what it shows is for whoever may see it. */
export const AlertsFrame = ({ title, children }: AlertsFrameProps) => (
  <>
    <Head title={title} name={title} />
    {may('Notifications Read') ? (
      <>
        <nav class="tabs" aria-label="Alerts">
          {VIEWS.map(([parts, name]) => (
            <a
              key={name}
              href={href(parts)}
              {...(parts.join('/') === route.value.parts.join('/') && { 'aria-current': 'page' as const })}
            >
              {name}
            </a>
          ))}
        </nav>
        <div class="stack">{children}</div>
      </>
    ) : (
      <NotAllowed permission="Notifications Read" />
    )}
  </>
);
