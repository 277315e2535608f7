import type { EdgeWithToken } from '../api/wire-edges.ts';
import { Copied } from '../part/copy.tsx';
import { Time } from '../part/time.tsx';

/** Folder of an agent as the unit of docs/agents.md has it. */
const DIR = '/var/lib/certpacks-agent';

interface EdgeTokenProps {
  readonly edge: EdgeWithToken;
  readonly onTaken: () => void;
}

/** The token of an edge, to be taken now, with what to do with it: it is never shown again. */
export const EdgeToken = ({ edge: { name, token, token_expires_on: end }, onTaken }: EdgeTokenProps) => (
  <section class="note" aria-label={`Token of ${name}`}>
    <p role="status">
      The token of <bdi>{name}</bdi> is shown once. It is good for one agent, until <Time at={end} />.
    </p>
    <p>
      <Copied text={token} what={`the token of ${name}`} />
    </p>
    <p>On the edge’s machine, as the agent’s user:</p>
    <p>
      <Copied text={`certpacks agent enrol ${token} --dir ${DIR}`} what="the command" />
    </p>
    <p>Then the agent is started there: this list tells when it has come.</p>
    <button type="button" class="small" onClick={onTaken}>
      I have it
    </button>
  </section>
);
