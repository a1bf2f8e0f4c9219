import { rangeError } from './error.mjs';

/** @typedef {import('../types/index.d.ts').Phase} Phase */

/** The most steps of a plan. */
const maxSteps = 2 ** 40;

/** @type {Record<string, [(x: number) => boolean, string]>} */
const rules = {
  samplingRate: [(x) => x >= 1e-12 && x <= 1, 'must lie in [1e-12, 1]'],
  noiseMultiplier: [(x) => x >= 0.01 && x <= 1e6, 'must lie in [0.01, 1e6]'],
  steps: [(x) => Number.isInteger(x) && x >= 1 && x <= maxSteps, 'must be a whole number in [1, 2^40]'],
  datasetSize: [(x) => Number.isInteger(x) && x >= 1 && x <= 1e12, 'must be a whole number in [1, 1e12]'],
  batchSize: [(x) => x > 0 && x < Infinity, 'must be above 0'],
  epochs: [(x) => x > 0 && x < Infinity, 'must be above 0'],
  delta: [(x) => x >= 1e-300 && x < 1, 'must lie in [1e-300, 1)'],
  epsilon: [(x) => x >= 0 && x <= 1e6, 'must lie in [0, 1e6]'],
  points: [(x) => Number.isInteger(x) && x >= 2 && x <= 1000, 'must be a whole number in [2, 1000]'],
  order: [(x) => x === 1 || x === 2 || x === 3, 'must be 1, 2 or 3'],
};

/**
 * Checks one number.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {number}
 */
export function number(name, value) {
  const [holds, rule] = rules[name];
  if (typeof value !== 'number' || !holds(value)) throw rangeError(name, value, rule);
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
  /** @param {string} name */
  const field = (name) => (name === open ? NaN : number(name, p[name]));
  const noiseMultiplier = field('noiseMultiplier');
  if (p.datasetSize === undefined) return { samplingRate: field('samplingRate'), noiseMultiplier, steps: field('steps') };

  const datasetSize = number('datasetSize', p.datasetSize);
  const batchSize = number('batchSize', p.batchSize);
  if (batchSize > datasetSize) throw rangeError('batchSize', batchSize, `must be at most datasetSize, ${datasetSize}`);
  if (open === 'steps') return { samplingRate: batchSize / datasetSize, noiseMultiplier, steps: NaN };
  const steps = Math.floor(number('epochs', p.epochs) * Math.floor(datasetSize / batchSize));
  return { samplingRate: batchSize / datasetSize, noiseMultiplier, steps: number('steps', steps) };
}

/**
 * The phases of a plan, equal neighbours merged.
 *
 * @param {any} plan
 * @returns {Phase[]}
 */
export function phases(plan) {
  const list = plan?.phases === undefined ? [plan] : plan.phases;
  if (!Array.isArray(list) || list.length === 0) throw rangeError('phases', list, 'must be a list of at least one phase');
  return merge(list.map((p) => phase(p)));
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
