/**
 * An argument out of its range.
 *
 * @param {string} parameter
 * @param {unknown} value
 * @param {string} rule what would have been right
 * @param {'ERR_OUT_OF_RANGE' | 'ERR_UNREACHABLE'} [code]
 */
export function rangeError(parameter, value, rule, code = 'ERR_OUT_OF_RANGE') {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return Object.assign(new RangeError(`${parameter} ${shown}: ${rule}`), { code, parameter, value });
}
