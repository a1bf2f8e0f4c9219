// What can be asked, which fields each question needs, and its answer: shared by the component and the calculator page.
import { delta, epsilon, maxSamplingRate, maxSteps, noiseMultiplier } from './account.mjs';

/** @typedef {'epsilon' | 'delta' | 'noise' | 'steps' | 'rate'} Solve */
/** @typedef {'samplingRate' | 'noiseMultiplier' | 'steps' | 'datasetSize' | 'batchSize' | 'epochs' | 'delta' | 'epsilon'} Field */
/** @typedef {Partial<Record<Field, number>>} Values */

/** @type {Solve[]} */
export const questions = ['epsilon', 'delta', 'noise', 'steps', 'rate'];

/** The field that each question solves for. */
export const unknown = /** @type {const} */ ({
  epsilon: 'epsilon', delta: 'delta', noise: 'noiseMultiplier', steps: 'steps', rate: 'samplingRate',
});

/** @type {Record<Field, number>} SST-2 as the Edgeworth accountant's authors trained it. */
export const defaults = {
  samplingRate: 2000 / 67349, noiseMultiplier: 0.7865, steps: 660, datasetSize: 67349, batchSize: 2000, epochs: 20,
  delta: 1e-5, epsilon: 8,
};

/** Fields that hold whole numbers. */
export const whole = new Set(['steps', 'datasetSize', 'batchSize', 'epochs']);

/**
 * The fields to fill in.
 *
 * @param {Solve} solve
 * @param {boolean} byDataset size, batch and epochs in place of rate and steps
 * @returns {Field[]}
 */
export function fieldsOf(solve, byDataset) {
  /** @type {Field[]} */
  const plan = byDataset && solve !== 'rate' ? ['datasetSize', 'batchSize', 'epochs'] : ['samplingRate', 'steps'];
  /** @type {Field[]} */
  const all = [...plan, 'noiseMultiplier', 'epsilon', 'delta'];
  return all.filter((field) => field !== unknown[solve] && !(solve === 'steps' && field === 'epochs'));
}

/**
 * The answer: the certified result, and the number that was asked for.
 *
 * @param {Solve} solve
 * @param {Values} values
 * @returns {{ value: number, result: import('../types/index.d.ts').Result }}
 */
export function answer(solve, values) {
  const { epsilon: e, delta: d, ...plan } = /** @type {Required<Values>} */ (values);
  const target = { epsilon: e, delta: d };
  const result = {
    epsilon: () => epsilon(plan, { delta: d }),
    delta: () => delta(plan, { epsilon: e }),
    noise: () => noiseMultiplier(plan, target),
    steps: () => maxSteps(plan, target),
    rate: () => maxSamplingRate(plan, target),
  }[solve]();
  const value = solve === 'epsilon' || solve === 'delta' ? result.upper : result[unknown[solve]];
  return { value, result };
}

/**
 * The plan that an answer stands for, every field known.
 *
 * @param {Solve} solve
 * @param {Values} values
 * @param {number} value
 * @returns {{ samplingRate: number, noiseMultiplier: number, steps: number }}
 */
export function planOf(solve, values, value) {
  const v = { ...values, [unknown[solve]]: value };
  const bySize = values.datasetSize !== undefined && values.batchSize !== undefined;
  const samplingRate = bySize ? /** @type {number} */ (values.batchSize) / /** @type {number} */ (values.datasetSize) : v.samplingRate;
  const steps = bySize && solve !== 'steps'
    ? Math.floor(Number(values.epochs) * Math.floor(Number(values.datasetSize) / Number(values.batchSize)))
    : v.steps;
  return { samplingRate: Number(samplingRate), noiseMultiplier: Number(v.noiseMultiplier), steps: Number(steps) };
}
