/** What every bench is told. */
export interface BenchOptions {
  readonly runs: number;
  /** In all databases of the large fixture. */
  readonly tables: number;
  /** Of the load and of the fleet. */
  readonly targets: number;
  /** Of each wave of the fleet, in seconds. */
  readonly soak: number;
  readonly progress: (line: string) => void;
}
