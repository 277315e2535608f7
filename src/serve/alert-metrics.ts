import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../kit/clock.ts';
import { between } from '../kit/time.ts';
import { countDeliveries } from '../store/new-deliveries.ts';
import type { Pool } from '../store/store.ts';

/** Counts attempts of this process to deliver alerts, and tells what waits in the whole installation. */
export function addAlertMetrics(
  registry: Registry,
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
): (mechanism: string, outcome: string) => void {
  const deliveries = new Counter({
    name: 'certpacks_alert_deliveries_total',
    help: 'What came of attempts of this process to deliver alerts',
    labelNames: ['mechanism', 'outcome'],
    registers: [registry],
  });
  const dead = new Gauge({
    name: 'certpacks_alerts_dead',
    help: 'Alerts that could not be delivered for a day, of the whole installation',
    registers: [],
  });
  const age = new Gauge({
    name: 'certpacks_alerts_due_age_seconds',
    help: 'How long the alert has been due that waits longest and is not under way; 0: none waits',
    registers: [],
  });
  const queued = new Gauge({
    name: 'certpacks_alerts_queued',
    help: 'Alerts that are not delivered yet, of the whole installation',
    registers: [],
    async collect() {
      const now = clock.now();
      const counts = await countDeliveries(pool, now);
      this.set(counts.queued);
      dead.set(counts.dead);
      age.set(counts.dueSince ? Math.max(0, between(counts.dueSince, now)) : 0);
    },
  });
  for (const gauge of [queued, dead, age]) registry.registerMetric(gauge);
  return (mechanism, outcome) => deliveries.inc({ mechanism, outcome });
}
