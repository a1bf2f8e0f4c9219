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
  const steps = [...new Set(grid(points, (f) => Math.round(from + f * (to - from))))];
  if (list.length === 1 && list[0].samplingRate < 1 && chosen.accountant === 'certified' && steps.length === points) {
    const found = series('epsilons', { phases: list, a: from, b: to, delta, points, ...chosen });
    return found.map((d, i) => ({ x: steps[i], ...worst(d) }));
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
  const lines = profile(list, 300, { ...options, from: 0, to: undefined, delta: 1e-10 });
  const grown = lines.map((line) => ({ ...line, grow: Math.exp(line.x) }));
  return grid(points, (f) => truePositive(from + f * (to - from), grown));
}

/**
 * The trade-off curve at false positive rate x. For every ε ≥ 0 the test between two data sets obeys
 * TPR ≤ δ(ε) + e^ε·x and TPR ≤ 1 − e^−ε·(1 − δ′(ε) − x), δ′ for the data sets exchanged, and the true curve is the least
 * of all these lines (Dong, Roth, Su 2022, proposition 2.12). So upper values of δ at any ε give an upper curve.
 * For a lower one: δ falls with ε, hence between neighbours ε₁ < ε₂ no line lies below the one with ε₁ and δ(ε₂).
 *
 * @param {number} x
 * @param {{ grow: number, remove: Interval, add: Interval }[]} lines grow is e^ε
 * @returns {Point}
 */
function truePositive(x, lines) {
  /** @param {keyof Interval} bound @param {'remove' | 'add'} one @param {'remove' | 'add'} other */
  const least = (bound, one, other) => {
    let best = 1;
    for (let i = 0; i < lines.length; i++) {
      const line = bound === 'lower' ? lines[i + 1] : lines[i];
      const { grow } = lines[i];
      best = Math.min(best, (line?.[one][bound] ?? 0) + grow * x, 1 - (1 - (line?.[other][bound] ?? 0) - x) / grow);
    }
    return Math.max(best, x);
  };
  /** @param {keyof Interval} bound */
  const either = (bound) => Math.max(least(bound, 'remove', 'add'), least(bound, 'add', 'remove'));
  return { x, lower: either('lower'), estimate: either('estimate'), upper: either('upper') };
}
