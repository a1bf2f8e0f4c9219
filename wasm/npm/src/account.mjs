import { rangeError } from './error.mjs';
import { both, solve } from './kernel.mjs';
import { number, phase, phases } from './plan.mjs';

/** @typedef {import('../types/index.d.ts').Phase} Phase */
/** @typedef {import('../types/index.d.ts').Interval} Interval */
/** @typedef {import('../types/index.d.ts').Accountant} Accountant */
/** @typedef {import('../types/index.d.ts').Adjacency} Adjacency */
/** @typedef {import('../types/index.d.ts').Warning} Warning */
/** @typedef {import('../types/index.d.ts').Result} Result */

/** From this sampling rate on, Edgeworth agrees with the whole accountant, which computes with 200 bits, within 1e-6. */
const leastExact = 1e-8;

const accountants = ['certified', 'edgeworth', 'rdp', 'gdp'];

/** @type {(plan: any, options: any) => Result} */
export function epsilon(plan, options) {
  const delta = number('delta', options?.delta);
  return answer('epsilon', phases(plan), delta, delta, choices(options));
}

/** @type {(plan: any, options: any) => any} */
export function delta(plan, options) {
  const epsilon = number('epsilon', options?.epsilon);
  const result = answer('delta', phases(plan), epsilon, NaN, choices(options));
  return { epsilon, ...result, delta: result.upper };
}

/** @typedef {{ accountant: Accountant, order: 1 | 2 | 3, adjacency: Adjacency }} Choices */

/**
 * @param {any} options
 * @returns {Choices}
 */
export function choices({ accountant = 'certified', order = 2, adjacency = 'add-remove' } = {}) {
  if (!accountants.includes(accountant)) throw rangeError('accountant', accountant, `must be one of ${accountants.join(', ')}`);
  if (adjacency !== 'add-remove' && adjacency !== 'replace-one') {
    throw rangeError('adjacency', adjacency, 'must be add-remove or replace-one');
  }
  number('order', order);
  return { accountant, order, adjacency };
}

/**
 * @param {'epsilon' | 'delta'} name
 * @param {Phase[]} list
 * @param {number} a
 * @param {number} delta
 * @param {Choices} chosen
 * @returns {Result}
 */
function answer(name, list, a, delta, chosen) {
  const { directions, flags } = both(name, { phases: list, a, ...chosen });
  // The published Edgeworth accountant looks at one direction only; what it would have said is what is wanted of it.
  const direction = chosen.accountant === 'edgeworth' ? 'remove' : worse(directions);
  const result = { ...directions[direction], direction, directions, method: chosen.accountant, adjacency: chosen.adjacency };
  return { ...result, sampler: 'poisson', delta, warnings: plain(result) ? [] : warnings(name, result, flags, list) };
}

/**
 * The direction that spends more; remove where they are equal.
 *
 * @param {{ remove: Interval, add: Interval }} directions
 * @returns {'remove' | 'add'}
 */
export const worse = ({ remove, add }) => (add.upper > remove.upper ? 'add' : 'remove');

/**
 * Nothing need be said of a narrow certified interval.
 *
 * @param {Interval & { method: Accountant }} result
 */
const plain = ({ lower, upper, method }) => method === 'certified' && upper < Infinity && upper - lower <= 1e-3 * upper;

/**
 * @param {'epsilon' | 'delta'} name
 * @param {Interval & { method: Accountant }} result
 * @param {number} flags 1: several roots, the largest was taken
 * @param {Phase[]} phases
 * @returns {Warning[]}
 */
function warnings(name, { lower, upper, method }, flags, phases) {
  /** @type {Warning[]} */
  const list = [];
  const what = name === 'epsilon' ? 'ε' : 'δ';
  if (method === 'edgeworth' || method === 'gdp') {
    list.push({ code: 'estimate', message: `${method} is an estimate of ${what}, not a bound: it can fall below the truth.` });
  }
  if (method === 'edgeworth' && phases.some((p) => p.samplingRate < leastExact)) {
    list.push({ code: 'rounded', message: 'Below a sampling rate of 1e-8 the cumulants lose their digits here; ewtune/full keeps them.' });
  }
  if (flags & 1) list.push({ code: 'non-monotone', message: 'The expansion crosses δ more than once; the largest ε was taken.' });
  if (method === 'certified' && upper === Infinity) {
    list.push({ code: 'unbounded', message: `No finite ${what} can be certified for this plan.` });
  } else if (method === 'certified') {
    list.push({ code: 'wide', message: `The certified interval is wide: ${what} lies anywhere between lower and upper. ewtune/full may enclose it more closely.` });
  }
  return list;
}

/** @param {any} options */
function target(options) {
  const { adjacency } = choices(options);
  return { epsilon: number('epsilon', options?.epsilon), delta: number('delta', options?.delta), adjacency };
}

/**
 * @param {'noise' | 'steps' | 'rate'} name
 * @param {'noiseMultiplier' | 'steps' | 'samplingRate'} field
 * @param {any} plan
 * @param {any} options
 */
function solution(name, field, plan, options) {
  const { epsilon: limit, delta, adjacency } = target(options);
  const open = phase(plan, field);
  const value = solve(name, { phases: [open], a: limit, b: delta, adjacency });
  if (!(value > 0) && field !== 'steps') {
    throw rangeError('epsilon', limit, `no ${field} in range meets it at delta ${delta}`, 'ERR_UNREACHABLE');
  }
  if (value === 0) return { ...nothing(delta, adjacency), steps: 0 };
  return { ...epsilon({ ...open, [field]: value }, { delta, adjacency }), [field]: value };
}

/**
 * What no step at all spends.
 *
 * @param {number} delta
 * @param {Adjacency} adjacency
 * @returns {Result}
 */
function nothing(delta, adjacency) {
  const zero = { lower: 0, estimate: 0, upper: 0 };
  const directions = { remove: zero, add: zero };
  return { ...zero, direction: 'remove', directions, method: 'certified', adjacency, sampler: 'poisson', delta, warnings: [] };
}

/** @type {(plan: any, target: any) => any} */
export const noiseMultiplier = (plan, options) => solution('noise', 'noiseMultiplier', plan, options);

/** @type {(plan: any, target: any) => any} */
export const maxSteps = (plan, options) => solution('steps', 'steps', plan, options);

/** @type {(plan: any, target: any) => any} */
export const maxSamplingRate = (plan, options) => solution('rate', 'samplingRate', plan, options);

/** @type {(plan: any, claim: any) => any} */
export function check(plan, claim) {
  const { epsilon: claimed, delta, adjacency } = target(claim);
  const result = epsilon(plan, { delta, adjacency });
  const verdict = result.upper <= claimed ? 'true' : result.lower > claimed ? 'false' : 'undecided';
  return { ...result, verdict, claim: { epsilon: claimed, delta } };
}
