// Numbers as people write and read them, for the component and the calculator page.

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/**
 * Reads 1e-6, 10^-6, 10⁻⁶, 2.5·10^-6, 1/393000, 1/N (N from `names`), 1,000,000, 5 %.
 *
 * @param {string} text
 * @param {Record<string, number>} [names]
 * @returns {number} NaN where the text is not a number
 */
export function parse(text, names = {}) {
  const plain = text
    .trim()
    .replace(/−/g, '-')
    .replace(/10(⁻?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)/g, (_, minus, digits) => `10^${minus && '-'}${[...digits].map((d) => superscripts.indexOf(d)).join('')}`)
    .replace(/\s*[·×*]\s*10\s*\^\s*/, 'e')
    .replace(/^10\s*(\^|\*\*)\s*/, '1e');
  const fraction = /^(.+?)\s*\/\s*(.+)$/.exec(plain);
  if (fraction) return parse(fraction[1], names) / parse(fraction[2], names);
  if (Object.hasOwn(names, plain)) return names[plain];
  const percent = /^(.+?)\s*%$/.exec(plain);
  if (percent) return parse(percent[1], names) / 100;
  const digits = /^\d{1,3}([, _'’]\d{3})+(\.\d+)?$/.test(plain) ? plain.replace(/[, _'’]/g, '') : plain;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits) ? Number(digits) : NaN;
}

/**
 * The next number of two significant digits, or of one (`coarse`): what the arrow keys do.
 *
 * @param {number} x above 0
 * @param {1 | -1} sign
 * @param {{ coarse?: boolean, whole?: boolean }} [how]
 */
export function step(x, sign, { coarse = false, whole = false } = {}) {
  const exponent = Math.floor(Math.log10(x) + 1e-12);
  const atPower = Math.abs(x / 10 ** exponent - 1) < 1e-12;
  let unit = exponent - (coarse ? 0 : 1) - (sign < 0 && atPower ? 1 : 0);
  if (whole) unit = Math.max(unit, 0);
  const count = tidy(x, unit);
  const next = sign > 0 ? Math.floor(count + 1e-9) + 1 : Math.ceil(count - 1e-9) - 1;
  const value = Number(`${next}e${unit}`);
  return whole ? Math.max(1, value) : value;
}

/** @param {number} x @param {number} unit */
const tidy = (x, unit) => (unit < 0 ? x * 10 ** -unit : x / 10 ** unit);

/**
 * A number with so many significant digits, in plain figures where that is short.
 *
 * @param {number} x
 * @param {number} [digits]
 */
export function show(x, digits = 4) {
  if (x === Infinity) return '∞';
  if (Number.isNaN(x)) return '—';
  if (x === 0) return '0';
  const size = Math.abs(x);
  if (size >= 1e-3 && size < 1e7) return String(Number(x.toPrecision(Math.max(digits, Math.floor(Math.log10(size)) + 1))));
  const [mantissa, exponent] = Number(x.toPrecision(digits)).toExponential().split('e');
  return `${mantissa}e${Number(exponent)}`;
}

/**
 * Like `show`, but never below (`up`) or above (`down`) x: a bound stays a bound when it is printed.
 *
 * @param {number} x at least 0
 * @param {'up' | 'down'} way
 * @param {number} [digits]
 */
export function showBound(x, way, digits = 4) {
  if (!(x > 0) || x === Infinity) return show(x, digits);
  const exponent = Math.floor(Math.log10(x)) - digits + 1;
  let rounded = Number(x.toPrecision(digits));
  if (way === 'up' && rounded < x) rounded = Number((rounded + 10 ** exponent).toPrecision(digits));
  if (way === 'down' && rounded > x) rounded = Number((rounded - 10 ** exponent).toPrecision(digits));
  return show(rounded, digits);
}
