import { Histogram } from 'prom-client';

interface HistogramConfig {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
}

/** A histogram of what there is now: its counts go down too. */
export class StandingHistogram extends Histogram {
  readonly #config: HistogramConfig;
  readonly #values: () => Promise<Value[]>;

  constructor(config: HistogramConfig, values: () => Promise<Value[]>) {
    super({ ...config, registers: [] });
    this.#config = config;
    this.#values = values;
  }

  /** What a registry asks. */
  async getForPromString() {
    const { name, help } = this.#config;
    return { name, help, type: 'histogram', values: await this.#values() };
  }
}

/** A line of it. */
export interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}
