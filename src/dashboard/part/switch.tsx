/** Something of a zone that is on or off. */
import type { ComponentChildren } from 'preact';
import type { CertificateAuthority } from '../../pack/pack.ts';
import { useAnswer } from '../api/answer.ts';
import { ask } from '../api/client.ts';
import { Action, Confirm } from './confirm.tsx';
import { Section } from './section.tsx';
import { Shown } from './state.tsx';

interface SwitchProps {
  readonly title: string;
  /** Where it is asked for, and changed by `enabled`. */
  readonly path: string;
  readonly mayChange: boolean;
  readonly on: string;
  readonly off: string;
  /** What switching it off does, for whoever is about to. */
  readonly children: ComponentChildren;
  /** What else there is to it, when it is on. */
  readonly beside?: (settings: SwitchSettings, again: () => void) => ComponentChildren;
}

/** What is told of something that is on or off. */
export interface SwitchSettings {
  readonly enabled: boolean;
  readonly certificate_authority?: CertificateAuthority;
}

/** Says how it is, and changes that; off only after a question. */
export function Switch({ title, path, mayChange, on, off, children, beside }: SwitchProps) {
  const answer = useAnswer<SwitchSettings>(path);
  const set = (enabled: boolean) => () => ask('PATCH', path, { body: { enabled } });
  return (
    <Section title={title}>
      <Shown of={answer} what="the switch">
        {({ result }) => (
          <>
            <p>{result.enabled ? `On: ${on}` : `Off: ${off}`}</p>
            {result.enabled && beside?.(result, answer.again)}
            {mayChange && !result.enabled && (
              <Action label="Switch on" work={set(true)} done={`${title} is on.`} onDone={answer.again} />
            )}
            {mayChange && result.enabled && (
              <Confirm
                label="Switch off"
                title={`Switch ${title} off?`}
                work={set(false)}
                done={`${title} is off.`}
                onDone={answer.again}
              >
                {children}
              </Confirm>
            )}
          </>
        )}
      </Shown>
    </Section>
  );
}
