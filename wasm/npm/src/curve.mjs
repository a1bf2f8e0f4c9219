import { choices, delta as deltaAt, epsilon as epsilonAt, worse } from './account.mjs';
import { rangeError } from './error.mjs';
import { series } from './kernel.mjs';
import { number, phases } from './plan.mjs';

/** @typedef {import('../types/index.d.ts').Phase} Phase */
/** @typedef {import('../types/index.d.ts').Interval} Interval */
/** @typedef {import('../types/index.d.ts').Point} Point */
/** @typedef {Phase[]} Phases */

const kinds = { steps: 'epsilon', epsilon: 'delta', noiseMultiplier: 'epsilon', alpha: 'truePositiveRate' };

/** @type {(plan: any, options: any) => any} */
export function curve(plan, options) {
  const over = options?.over;
  if (!Object.hasOwn(kinds, over)) throw rangeError('over', over, `must be one of ${Object.keys(kinds).join(', ')}`);
  const list = phases(plan);
  const points = number('points', options.points ?? 200);
  const make = { steps: overSteps, epsilon: overEpsilon, noiseMultiplier: overNoise, alpha: overAlpha }[/** @type {keyof typeof kinds} */ (over)];
  return { over, of: kinds[/** @type {keyof typeof kinds} */ (over)], points: make(list, points, options) };
}

/**
 * x from `from` to `to`, both taken from the options where they are there.
 *
 * @param {any} options
 * @param {number} from
 * @param {number} to
 * @param {(x: number) => boolean} holds
 * @param {string} rule
 */
function range(options, from, to, holds, rule) {
  const ends = [options.from ?? from, options.to ?? to];
  ends.forEach((x, i) => {
    if (typeof x !== 'number' || !holds(x)) throw rangeError(i ? 'to' : 'from', x, rule);
  });
  if (!(ends[0] < ends[1])) throw rangeError('to', ends[1], `must be above from, ${ends[0]}`);
  return ends;
}

/**
 * @template T
 * @param {number} n
 * @param {(fraction: number) => T} f
 */
const grid = (n, f) => Array.from({ length: n }, (_, i) => f(i / (n - 1)));

/** @param {{ remove: Interval, add: Interval }} directions @param {string} [accountant] */
const worst = (directions, accountant) => directions[accountant === 'edgeworth' ? 'remove' : worse(directions)];

/** @param {Phases} list @param {number} points @param {any} options @returns {Point[]} */
function overSteps(list, points, options) {
  const total = list.reduce((sum, p) => sum + p.steps, 0);
  const [from, to] = range(options, 1, total, (x) => x >= 1 && x <= total && Number.isInteger(x), `must be a whole number in [1, ${total}]`);
  const delta = number('delta', options.delta);
  const chosen = choices(options);
  const count = Math.min(points, to - from + 1); // each number of steps once
  const steps = grid(count, (f) => Math.round(from + f * (to - from)));
  if (list.length === 1 && list[0].samplingRate < 1 && chosen.accountant === 'certified') {
    const found = series('epsilons', { phases: list, a: from, b: to, delta, points: count, ...chosen });
    return found.map((d, i) => point(steps[i], worst(d)));
  }
  return steps.map((x) => point(x, epsilonAt({ phases: prefix(list, x) }, { ...chosen, delta })));
}

/**
 * The first n steps of a plan.
 *
 * @param {Phases} list
 * @param {number} n
 * @returns {Phases}
 */
function prefix(list, n) {
  const first = [];
  for (const p of list) {
    if (n <= 0) break;
    first.push({ ...p, steps: Math.min(p.steps, n) });
    n -= p.steps;
  }
  return first;
}

/** @param {number} x @param {Interval} y @returns {Point} */
const point = (x, { lower, estimate, upper }) => ({ x, lower, estimate, upper });

/** @param {Phases} list @param {number} points @param {any} options @returns {Point[]} */
function overEpsilon(list, points, options) {
  return profile(list, points, options).map(({ x, ...directions }) => point(x, worst(directions, options.accountant)));
}

/**
 * δ in both directions over a range of ε.
 *
 * @param {Phases} list
 * @param {number} points
 * @param {any} options
 * @returns {{ x: number, remove: Interval, add: Interval }[]}
 */
function profile(list, points, options) {
  const chosen = choices(options);
  const reach = options.to ?? epsilonAt({ phases: list }, { ...chosen, delta: number('delta', options.delta ?? 1e-10) }).upper;
  const [from, to] = range(options, 0, reach, (x) => x >= 0 && x <= 1e6, 'must lie in [0, 1e6]');
  const xs = grid(points, (f) => from + f * (to - from));
  if (chosen.accountant !== 'certified') {
    return xs.map((x) => ({ x, ...deltaAt({ phases: list }, { ...chosen, epsilon: x }).directions }));
  }
  const found = series('deltas', { phases: list, a: from, b: to, points, ...chosen });
  return found.map((directions, i) => ({ x: xs[i], ...directions }));
}

/** @param {Phases} list @param {number} points @param {any} options @returns {Point[]} */
function overNoise(list, points, options) {
  const s = list[0].noiseMultiplier;
  const [from, to] = range(options, Math.max(0.01, s / 2), s * 2, (x) => x >= 0.01 && x <= 1e6, 'must lie in [0.01, 1e6]');
  const delta = number('delta', options.delta);
  const chosen = choices(options);
  return grid(points, (f) => from * (to / from) ** f).map((x) => {
    const scaled = list.map((p) => ({ ...p, noiseMultiplier: (p.noiseMultiplier * x) / s }));
    return point(x, epsilonAt({ phases: scaled }, { ...chosen, delta }));
  });
}

/** @param {Phases} list @param {number} points @param {any} options @returns {Point[]} */
function overAlpha(list, points, options) {
  const [from, to] = range(options, 0, 1, (x) => x >= 0 && x <= 1, 'must lie in [0, 1]');
  const profiles = profile(list, 200, { ...options, from: 0, to: undefined, delta: 1e-10 });
  const bounds = /** @type {const} */ (['lower', 'estimate', 'upper']).map((bound) => [lines(profiles, bound, 'remove', 'add'), lines(profiles, bound, 'add', 'remove')]);
  return grid(points, (f) => {
    const x = from + f * (to - from);
    const [lower, estimate, upper] = bounds.map(([a, b]) => Math.max(x, least(a, x), least(b, x)));
    return { x, lower, estimate, upper };
  });
}

/**
 * The lines below which the trade-off curve lies, as pairs of height at 0 and slope. For every ε ≥ 0 the test between two
 * data sets obeys TPR ≤ δ(ε) + e^ε·FPR and TPR ≤ 1 − e^−ε·(1 − δ′(ε) − FPR), δ′ for the data sets exchanged, and the true
 * curve is the least of all these lines (Dong, Roth, Su 2022, proposition 2.12). So upper values of δ at any ε give an upper
 * curve. For a lower one: δ falls with ε, hence between neighbours ε₁ < ε₂ no line lies below the one with ε₁ and δ(ε₂).
 *
 * @param {{ x: number, remove: Interval, add: Interval }[]} profiles
 * @param {keyof Interval} bound
 * @param {'remove' | 'add'} one
 * @param {'remove' | 'add'} other
 */
function lines(profiles, bound, one, other) {
  const list = new Float64Array(4 * profiles.length);
  profiles.forEach(({ x }, i) => {
    const at = bound === 'lower' ? profiles[i + 1] : profiles[i];
    const grow = Math.exp(x);
    list.set([at?.[one][bound] ?? 0, grow, 1 - (1 - (at?.[other][bound] ?? 0)) / grow, 1 / grow], 4 * i);
  });
  return list;
}

/**
 * The least of lines at x, and 1.
 *
 * @param {Float64Array} list
 * @param {number} x
 */
function least(list, x) {
  let best = 1;
  for (let i = 0; i < list.length; i += 2) {
    const y = list[i] + list[i + 1] * x;
    if (y < best) best = y;
  }
  return best;
}
