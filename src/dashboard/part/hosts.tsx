interface HostsProps {
  readonly to: string;
  /** Those that are shown. */
  readonly hosts: readonly string[];
  /** How many there are. */
  readonly count: number;
  /** What is shown where there are none. */
  readonly none?: string;
  readonly title?: string;
}

/** The hosts of a pack, as a link to it. */
export const Hosts = ({ to, hosts, count, none, title }: HostsProps) => (
  <a href={to} class={hosts.length > 1 ? 'hosts' : 'hosts one'} {...(title !== undefined && { title })}>
    {hosts.map((host) => (
      <bdi key={host}>{host}</bdi>
    ))}
    {hosts.length === 0 && <bdi class="quiet">{none}</bdi>}
    {count > hosts.length && <span class="quiet">and {count - hosts.length} more</span>}
  </a>
);
