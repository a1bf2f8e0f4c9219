// The finite-sample interval that the Edgeworth accountant was published with (Wang, Gao, Zhang, Shen, Su 2022, theorem 2),
// with the error bound that its authors' code computes (Derumigny, Girard, Guyonvarch, arXiv 2101.05780v1, theorem A.2;
// accountant/edgeworth_published.go is the same in Go). It is shown to say how little it says: nothing rests on it.

const nodes = [0.1834346424956498, 0.525532409916329, 0.7966664774136267, 0.9602898564975363];
const weights = [0.362683783378362, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763];

/** ∫ f from a to b, Gauss's rule of eight points on equal panels. @param {number} a @param {number} b @param {number} panels @param {(x: number) => number} f */
function integrate(a, b, panels, f) {
  if (!(b > a)) return 0;
  const half = (b - a) / (2 * panels);
  let sum = 0;
  for (let i = 0; i < panels; i++) {
    const middle = a + (2 * i + 1) * half;
    nodes.forEach((x, k) => { sum += weights[k] * (f(middle - half * x) + f(middle + half * x)); });
  }
  return sum * half;
}

/** @typedef {{ samplingRate: number, noiseMultiplier: number, steps: number }} Plan */

/**
 * E l², E l³, E l⁴, E|l|, E|l|³ of one step's loss about 0, under its own measure or under the other one.
 *
 * @param {Plan} plan
 * @param {boolean} own
 */
function moments({ samplingRate: q, noiseMultiplier: s }, own) {
  const normal = (/** @type {number} */ z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const density = (/** @type {number} */ z) => (own ? (1 - q) * normal(z) + q * normal(z - 1 / s) : normal(z));
  const loss = (/** @type {number} */ z) => {
    const u = z / s - 0.5 / (s * s);
    return u > 30 ? u + Math.log(q) + Math.log1p(((1 - q) / q) * Math.exp(-u)) : Math.log1p(q * Math.expm1(u));
  };
  const zero = 0.5 / s; // the loss rises and passes 0 here
  const mean = (/** @type {(l: number) => number} */ f) => {
    const part = (/** @type {number} */ a, /** @type {number} */ b) => integrate(a, b, 1 + Math.floor((b - a) / Math.min(0.5, s)), (z) => density(z) * f(loss(z)));
    return part(-13, zero) + part(zero, 13 + 1 / s);
  };
  return [(/** @type {number} */ l) => l * l, (/** @type {number} */ l) => l ** 3, (/** @type {number} */ l) => l ** 4, Math.abs, (/** @type {number} */ l) => Math.abs(l) ** 3].map(mean);
}

/**
 * The largest distance of a sum's distribution function from its first-order expansion.
 *
 * @param {Plan} plan
 * @param {boolean} own
 */
export function error(plan, own) {
  const n = plan.steps;
  const [m2, m3, m4, a1, a3] = moments(plan, own);
  const b = Math.sqrt(m2);
  const skew = Math.abs(m3) / b ** 3;
  const third = a3 / b ** 3;
  const mixed = (a1 * m2) / b ** 3 + third;
  const ratio = m4 / b ** 4 / n; // K₄/n
  const root = Math.sqrt(n);
  const t = (2 * Math.PI * root) / mixed;
  const e = 0.1;
  const side = (1 - 3 * e) ** 2;
  const p1 = (144 + 48 * e + 4 * e * e + 96 * Math.sqrt(2 * e) + 32 * e + 16 * Math.SQRT2 * e ** 1.5) / 576;
  const grown = Math.exp(e * e * (1 / 6 + (2 * p1) / side));
  const near = Math.sqrt(2 * e) * ratio ** -0.25;
  const [half, far] = [0.16318, 40];
  const bell = (/** @type {number} */ u) => Math.exp((-u * u) / 2);

  const transform = (/** @type {number} */ u) => bell(u) * (1 + (skew * u ** 3) / (6 * root));
  const inner = integrate(0, Math.min(t / Math.PI, far), 200, (u) => 0.5 * (1 - u / t + (0.54831 * u * u) / (t * t)) * transform(u));
  const outer = integrate(t / Math.PI, far, 200, (u) => transform(u) / u);
  const normal = (2 * inner) / t + outer / Math.PI;

  const shape = 1 / 24 + p1 / (2 * side);
  const rest = (/** @type {number} */ u) => {
    const even = (u ** 6 / 24) * ratio ** 1.5 + (u ** 8 / 576) * ratio ** 2;
    const odd = (u ** 5 / 6) * ratio ** 1.25 + (u ** 6 / 36) * ratio ** 1.5 + (u ** 7 / 72) * ratio ** 1.75;
    const tail = ((u ** 8 * ratio ** 2) / 2) * shape ** 2 + ((u ** 7 * skew * ratio) / (6 * root)) * shape;
    return (even + odd) / (2 * side) + grown * tail;
  };
  let sum = 0.327 * ratio * (1 / 12 + 1 / (4 * side)) + (0.036278 * grown * skew * skew) / n;
  sum += 2 * half * integrate(0, Math.min(near, far), 200, (u) => u * bell(u) * rest(u));
  const slow = (/** @type {number} */ u) => u * u * Math.exp(((-u * u) / 2) * (1 - (2 * 0.09916191 * u * mixed) / root - Math.sqrt(ratio)));
  sum += (third / (3 * root)) * half * integrate(near, Math.min(t / Math.PI, Math.max(near, 400)), 400, slow);
  sum += (skew / (3 * root)) * half * integrate(near, Math.min(t / Math.PI, far), 200, (u) => u * u * bell(u));
  return normal + 67.0415 / t ** 4 + 1.2187 / (t * t) + sum;
}

/**
 * The upper end of the interval of ε, ∞ where it bounds nothing, and how wide δ is at the estimate, to either side.
 *
 * @param {Plan} plan
 * @param {number} delta
 * @param {number} estimate the order-1 value
 * @param {(epsilon: number) => number} value δ at an ε by the order-1 expansion
 */
export function interval(plan, delta, estimate, value) {
  const own = error(plan, true);
  const other = error(plan, false);
  const wide = (/** @type {number} */ x) => own + Math.exp(x) * other;
  const top = Math.max(estimate, Math.log(delta / other));
  let upper = Infinity;
  const cells = own + other > 2 * delta ? 40 : 400; // nothing to be found, unless the expansion is far below zero
  for (let i = cells; i >= 0; i--) {
    const x = (top * i) / cells;
    if (wide(x) - delta <= 1 && value(x) + wide(x) <= delta) upper = x;
  }
  return { upper: Math.max(upper, estimate), at: wide(estimate) };
}
