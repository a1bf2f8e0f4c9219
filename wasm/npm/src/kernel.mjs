// The layout of the kernel's input and output; wasm/flat/flat.go holds the same words in Go.
import { call } from './core.mjs';
import { rangeError } from './error.mjs';
import { merge } from './plan.mjs';

/** @typedef {import('../types/index.d.ts').Phase} Phase */
/** @typedef {import('../types/index.d.ts').Interval} Interval */
/** @typedef {import('../types/index.d.ts').Accountant} Accountant */

const maxPhases = 64;
const firstPoint = 8;
const perPoint = 6;

/** @type {Record<Accountant, number>} */
const methods = { certified: 0, edgeworth: 1, rdp: 2, gdp: 3 };
const adjacencies = { 'add-remove': 0, 'replace-one': 1 };

/**
 * @typedef {object} Request
 * @property {Phase[]} phases
 * @property {number} a first argument: δ, ε or the beginning of a range
 * @property {number} [b] second argument: δ, or the end of a range
 * @property {Accountant} [accountant]
 * @property {number} [order]
 * @property {number} [points]
 * @property {'add-remove' | 'replace-one'} [adjacency]
 * @property {number} [delta] of a series of ε
 */

/**
 * @param {string} name
 * @param {Request} r
 */
function ask(name, { phases, a, b = 0, accountant = 'certified', order = 2, points = 0, adjacency = 'add-remove', delta = 0 }) {
  const list = phases.length === 1 ? phases : canonical(phases);
  if (list.length > maxPhases) throw rangeError('phases', list.length, `must be at most ${maxPhases} different ones`);
  const input = [list.length, a, b, methods[accountant], order, points, adjacencies[adjacency], delta];
  for (const p of list) input.push(p.samplingRate, p.noiseMultiplier, p.steps);
  const output = call(name, input);
  if (output[0] !== 0) throw rangeError('plan', describe(phases), 'is outside what can be computed', 'ERR_UNREACHABLE');
  return output;
}

/**
 * Equal phases merged, in one order, so that every grouping of the same steps gives the same bits.
 *
 * @param {Phase[]} phases
 */
function canonical(phases) {
  const sorted = phases.toSorted((p, r) => p.samplingRate - r.samplingRate || p.noiseMultiplier - r.noiseMultiplier);
  return merge(sorted);
}

/** @param {Phase[]} phases */
const describe = (phases) => phases.map((p) => `q=${p.samplingRate} σ=${p.noiseMultiplier} T=${p.steps}`).join('; ');

/**
 * The six numbers of both directions from a place on.
 *
 * @param {Float64Array} output
 * @param {number} at
 * @returns {{ remove: Interval, add: Interval }}
 */
function directions(output, at) {
  return {
    remove: { lower: output[at], estimate: output[at + 1], upper: output[at + 2] },
    add: { lower: output[at + 3], estimate: output[at + 4], upper: output[at + 5] },
  };
}

/**
 * ε at δ, or δ at ε, in both directions.
 *
 * @param {'epsilon' | 'delta'} name
 * @param {Request} request
 */
export function both(name, request) {
  const output = ask(name, request);
  return { directions: directions(output, 1), flags: output[7] };
}

/**
 * The value that a solver finds.
 *
 * @param {'noise' | 'steps' | 'rate'} name
 * @param {Request} request
 */
export const solve = (name, request) => ask(name, request)[1];

/**
 * Both directions at `points` places.
 *
 * @param {'deltas' | 'epsilons'} name
 * @param {Request & { points: number }} request
 */
export function series(name, request) {
  const output = ask(name, request);
  return Array.from({ length: request.points }, (_, i) => directions(output, firstPoint + i * perPoint));
}
