/**
 * The functions of `ewtune` in a worker: the same arguments and results, as promises, with an AbortSignal.
 *
 * @packageDocumentation
 */
import type * as sync from './index.js';

/** Lets a caller give up. The computation is stopped, not just ignored. */
export interface Abortable {
  signal?: AbortSignal;
}

type Options<F extends (...args: never[]) => unknown> = Parameters<F>[1] & Abortable;

export function epsilon(plan: sync.Plan, options: Options<typeof sync.epsilon>): Promise<sync.Result>;
export function delta(plan: sync.Plan, options: Options<typeof sync.delta>): Promise<sync.DeltaResult>;
export function noiseMultiplier(plan: sync.PlanWithoutNoise, target: Options<typeof sync.noiseMultiplier>): Promise<sync.Solution<'noiseMultiplier'>>;
export function maxSteps(plan: sync.PlanWithoutSteps, target: Options<typeof sync.maxSteps>): Promise<sync.Solution<'steps'>>;
export function maxSamplingRate(plan: sync.PlanWithoutRate, target: Options<typeof sync.maxSamplingRate>): Promise<sync.Solution<'samplingRate'>>;
export function curve(plan: sync.Plan, options: Options<typeof sync.curve>): Promise<sync.Curve>;
export function check(plan: sync.Plan, claim: Options<typeof sync.check>): Promise<sync.Verdict>;

/** Ends the worker; the next call starts another. In Node an idle worker does not keep the process alive. */
export function close(): void;
