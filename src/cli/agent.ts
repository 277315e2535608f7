import type { Command } from 'commander';
import type { Place, RunOptions } from './agent-actions.ts';
import { later } from './later.ts';

/** `certpacks agent`. */
export function addAgent(certpacks: Command, version: string): void {
  const agent = certpacks
    .command('agent')
    .description('the program beside an edge on another machine: brings certificates to it and proves them');
  const place = ['--dir <dir>', 'its folder, of this user alone: keys and state'] as const;
  agent
    .command('enrol')
    .description('make this machine the agent of an edge, by the token that was made for it')
    .argument('<token>', 'as certpacks edges token prints it; works once, and for an hour')
    .requiredOption(...place)
    .action(
      later(async () => {
        const { enrolHere } = await import('./agent-actions.ts');
        return (text: string, { dir }: Place) => enrolHere(text, dir, version);
      }),
    );
  agent
    .command('run')
    .description('keep the edge as the service says, until it is asked to end')
    .requiredOption(...place)
    .option('--config <file>', 'TOML with a table [edge]: docs/agents.md has the options of each kind')
    .option('--metrics-listen <address:port>', 'where Prometheus reads /metrics; keep it away from the world')
    .action(
      later(async () => {
        const { run } = await import('./agent-actions.ts');
        return (options: RunOptions) => run(options, version);
      }),
    );
  agent
    .command('status')
    .description('how the agent of a folder stands')
    .requiredOption(...place)
    .option('--json', 'one line of JSON')
    .action(later(async () => (await import('./agent-status.ts')).agentStatus));
}
