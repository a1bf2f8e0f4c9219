import { rangeError } from './error.mjs';

/** @typedef {import('../types/index.d.ts').Phase} Phase */

/** The most steps of a plan. */
const maxSteps = 2 ** 40;

/** A fraction below 1, as near to it as a number can be. */
const below1 = 1 - 2 ** -53;

/** @type {Record<string, { low: number, high: number, whole?: boolean, rule: string }>} */
const rules = {
  samplingRate: { low: 1e-12, high: 1, rule: 'must lie in [1e-12, 1]' },
  noiseMultiplier: { low: 0.01, high: 1e6, rule: 'must lie in [0.01, 1e6]' },
  steps: { low: 1, high: maxSteps, whole: true, rule: 'must be a whole number in [1, 2^40]' },
  datasetSize: { low: 1, high: 1e12, whole: true, rule: 'must be a whole number in [1, 1e12]' },
  batchSize: { low: Number.MIN_VALUE, high: Number.MAX_VALUE, rule: 'must be above 0' },
  epochs: { low: Number.MIN_VALUE, high: Number.MAX_VALUE, rule: 'must be above 0' },
  delta: { low: 1e-300, high: below1, rule: 'must lie in [1e-300, 1)' },
  epsilon: { low: 0, high: 1e6, rule: 'must lie in [0, 1e6]' },
  points: { low: 2, high: 1000, whole: true, rule: 'must be a whole number in [2, 1000]' },
  order: { low: 1, high: 3, whole: true, rule: 'must be 1, 2 or 3' },
};

/**
 * Checks one number.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {number}
 */
export function number(name, value) {
  const { low, high, whole, rule } = rules[name];
  if (typeof value !== 'number' || !(value >= low && value <= high) || (whole && value % 1 !== 0)) throw rangeError(name, value, rule);
  return value;
}

/**
 * q and T of one phase; the fields named in `open` may be absent and come back as NaN.
 *
 * @param {any} p
 * @param {string} [open] samplingRate, noiseMultiplier or steps
 * @returns {Phase}
 */
export function phase(p, open) {
  if (typeof p !== 'object' || p === null) throw rangeError('plan', p, 'must be an object');
  const noiseMultiplier = open === 'noiseMultiplier' ? NaN : number('noiseMultiplier', p.noiseMultiplier);
  if (p.datasetSize !== undefined) return { ...byEpochs(p, open), noiseMultiplier };
  const samplingRate = open === 'samplingRate' ? NaN : number('samplingRate', p.samplingRate);
  return { samplingRate, noiseMultiplier, steps: open === 'steps' ? NaN : number('steps', p.steps) };
}

/**
 * q and T of a phase that is given by the size of its data set, of its lots, and passes.
 *
 * @param {any} p
 * @param {string} [open]
 */
function byEpochs(p, open) {
  for (const name of ['samplingRate', 'steps']) {
    if (p[name] !== undefined) throw rangeError(name, p[name], 'must be left out beside datasetSize, which gives it with batchSize and epochs');
  }
  const datasetSize = number('datasetSize', p.datasetSize);
  const batchSize = number('batchSize', p.batchSize);
  if (batchSize > datasetSize) throw rangeError('batchSize', batchSize, `must be at most datasetSize, ${datasetSize}`);
  const samplingRate = batchSize / datasetSize;
  if (open === 'steps') return { samplingRate, steps: NaN };
  const steps = Math.floor(number('epochs', p.epochs) * Math.floor(datasetSize / batchSize));
  return { samplingRate, steps: number('steps', steps) };
}

/**
 * The phases of a plan, equal neighbours merged.
 *
 * @param {any} plan
 * @returns {Phase[]}
 */
export function phases(plan) {
  const list = plan?.phases;
  if (list === undefined) return [phase(plan)];
  if (!Array.isArray(list) || list.length === 0) throw rangeError('phases', list, 'must be a list of at least one phase');
  return merge(Array.from(list, (p) => phase(p))); // of holes too
}

/**
 * Equal neighbours made one.
 *
 * @param {Phase[]} list
 * @returns {Phase[]}
 */
export function merge(list) {
  /** @type {Phase[]} */
  const merged = [];
  for (const p of list) {
    const last = merged.at(-1);
    if (last && last.samplingRate === p.samplingRate && last.noiseMultiplier === p.noiseMultiplier) {
      last.steps = number('steps', last.steps + p.steps);
    } else {
      merged.push({ ...p });
    }
  }
  return merged;
}

/**
 * One plan after the other.
 *
 * @param {any[]} plans
 */
export function compose(...plans) {
  if (plans.length === 0) throw rangeError('plans', plans.length, 'must be at least one');
  return { phases: merge(plans.flatMap(phases)) };
}
