/**
 * Privacy accounting for DP-SGD: what (ε, δ) a run of noisy, sampled gradient steps spends.
 *
 * Every step adds Gaussian noise of standard deviation `noiseMultiplier` × (clipping norm) to the sum over a lot that
 * each record joins with probability `samplingRate`, independently of the others (Poisson sampling). Two data sets are
 * neighbours where one has one record more (add-remove).
 *
 * @packageDocumentation
 */

/** One homogeneous stretch of training. */
export interface Phase {
  /** Probability that a record joins a lot, in (0, 1]. */
  samplingRate: number;
  /** Standard deviation of the noise over the clipping norm, above 0. */
  noiseMultiplier: number;
  /** Number of steps, a whole number of at least 1. */
  steps: number;
}

/** The same stretch in the words of a training script: q = batchSize / datasetSize, T = epochs · ⌊datasetSize / batchSize⌋. */
export interface EpochPhase {
  /** Number of records. */
  datasetSize: number;
  /** Expected size of a lot, at most `datasetSize`. */
  batchSize: number;
  /** Number of passes over the data. */
  epochs: number;
  /** Standard deviation of the noise over the clipping norm, above 0. */
  noiseMultiplier: number;
}

/** Several phases, one after the other. {@link compose} makes one. */
export interface PhasedPlan {
  phases: readonly (Phase | EpochPhase)[];
}

/** What is to be accounted for. */
export type Plan = Phase | EpochPhase | PhasedPlan;

/** A plan in which the noise is to be found. */
export type PlanWithoutNoise = Omit<Phase, 'noiseMultiplier'> | Omit<EpochPhase, 'noiseMultiplier'>;
/** A plan in which the number of steps is to be found. */
export type PlanWithoutSteps = Omit<Phase, 'steps'> | Omit<EpochPhase, 'epochs'>;
/** A plan in which the sampling rate is to be found. */
export type PlanWithoutRate = Omit<Phase, 'samplingRate'>;

/**
 * How ε is computed. `certified` encloses the truth and is what a guarantee may rest on; `rdp` is a bound, usually
 * loose; `edgeworth` and `gdp` are estimates that can fall below the truth.
 */
export type Accountant = 'certified' | 'edgeworth' | 'rdp' | 'gdp';

/** Which of two neighbouring data sets holds the extra record. */
export type Direction = 'remove' | 'add';

/** Neighbouring data sets: one record more or less, or one record exchanged for another. */
export type Adjacency = 'add-remove' | 'replace-one';

export interface Interval {
  /** A number that is certainly not above the truth (for estimates: equal to `estimate`). */
  readonly lower: number;
  /** The best guess. */
  readonly estimate: number;
  /** A number that is certainly not below the truth: the one to publish (for estimates: no promise). */
  readonly upper: number;
}

/** Something that a reader of the number should know. */
export interface Warning {
  /** Stable name, for programs; `rounded`: of Edgeworth below a sampling rate of 1e-8. */
  readonly code: 'estimate' | 'non-monotone' | 'rounded' | 'wide' | 'unbounded';
  /** A sentence, for people. */
  readonly message: string;
}

export interface Result extends Interval {
  /** The direction whose value this is: the worse of the two; for `edgeworth` that of the published accountant, `remove`. */
  readonly direction: Direction;
  /** Both directions. */
  readonly directions: { readonly remove: Interval; readonly add: Interval };
  /** Which accountant this is. */
  readonly method: Accountant;
  readonly adjacency: Adjacency;
  readonly sampler: 'poisson';
  /** The failure probability: given for ε, found for δ. */
  readonly delta: number;
  readonly warnings: readonly Warning[];
}

export interface EpsilonOptions {
  /** Failure probability, in (0, 1); below 1 / (number of records) to mean anything. */
  delta: number;
  /** Default `certified`. */
  accountant?: Accountant;
  /** Order of the Edgeworth expansion, 1, 2 or 3; default 2. */
  order?: 1 | 2 | 3;
  /** Default `add-remove`. */
  adjacency?: Adjacency;
}

export interface DeltaOptions extends Omit<EpsilonOptions, 'delta'> {
  /** The ε at which δ is wanted, at least 0. */
  epsilon: number;
}

export interface Target {
  /** The ε to stay within. */
  epsilon: number;
  /** The δ to stay within. */
  delta: number;
  /** Default `add-remove`. */
  adjacency?: Adjacency;
}

/** δ at an ε. */
export interface DeltaResult extends Result {
  readonly epsilon: number;
}

/** The answer of a solver: a value, and the certified ε that it spends. */
export type Solution<Name extends string> = Result & { readonly [name in Name]: number };

/**
 * ε of a plan.
 *
 * @throws RangeError with `code`, `parameter` and `value` where an argument is out of its range
 * @example epsilon({ samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 }, { delta: 1e-5 }).upper // 1.828…
 */
export function epsilon(plan: Plan, options: EpsilonOptions): Result;

/** δ of a plan at an ε. */
export function delta(plan: Plan, options: DeltaOptions): DeltaResult;

/** The least noise multiplier whose certified upper ε stays within the target. */
export function noiseMultiplier(plan: PlanWithoutNoise, target: Target): Solution<'noiseMultiplier'>;

/** The largest number of steps whose certified upper ε stays within the target; 0 where not even one does. */
export function maxSteps(plan: PlanWithoutSteps, target: Target): Solution<'steps'>;

/** The largest sampling rate whose certified upper ε stays within the target. */
export function maxSamplingRate(plan: PlanWithoutRate, target: Target): Solution<'samplingRate'>;

export interface CurveOptions extends Partial<EpsilonOptions> {
  /**
   * What runs along the x axis: `steps` (ε after each), `epsilon` (δ at each), `noiseMultiplier` (ε at each) or
   * `alpha` (the trade-off curve: the highest true positive rate of any test at that false positive rate).
   */
  over: 'steps' | 'epsilon' | 'noiseMultiplier' | 'alpha';
  /** Number of points, 2 to 1000; default 200. */
  points?: number;
  /** First and last x; default: what suits the plan. */
  from?: number;
  to?: number;
}

export interface Point extends Interval {
  readonly x: number;
}

export interface Curve {
  readonly over: CurveOptions['over'];
  /** What `lower`, `estimate` and `upper` are. */
  readonly of: 'epsilon' | 'delta' | 'truePositiveRate';
  readonly points: readonly Point[];
}

/** Many points of one relation. `delta` is required except over `epsilon` and `alpha`. */
export function curve(plan: Plan, options: CurveOptions): Curve;

/** One plan after the other. Equal neighbours are merged, so composing a plan n times is the plan with n times the steps. */
export function compose(...plans: Plan[]): { phases: Phase[] };

/** What a publication says of a plan. */
export interface Claim {
  epsilon: number;
  delta: number;
  adjacency?: Adjacency;
}

export interface Verdict extends Result {
  /** `true`: the certified upper ε is within the claim. `false`: the certified lower ε is above it. Else `undecided`. */
  readonly verdict: 'true' | 'false' | 'undecided';
  readonly claim: { readonly epsilon: number; readonly delta: number };
}

/** Is a published (ε, δ) true of a plan? */
export function check(plan: Plan, claim: Claim): Verdict;

/** Version of this package. */
export const version: string;

/** What the functions throw for a bad argument. */
export interface ArgumentError extends RangeError {
  readonly code: 'ERR_OUT_OF_RANGE' | 'ERR_UNREACHABLE';
  readonly parameter: string;
  readonly value: unknown;
}
