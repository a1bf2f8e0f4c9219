/**
 * An argument out of its range.
 *
 * @param {string} parameter
 * @param {unknown} value
 * @param {string} rule what would have been right
 * @param {'ERR_OUT_OF_RANGE' | 'ERR_UNREACHABLE'} [code]
 */
export function rangeError(parameter, value, rule, code = 'ERR_OUT_OF_RANGE') {
  return Object.assign(new RangeError(`${parameter} ${shown(value)}: ${rule}`), { code, parameter, value });
}

/**
 * A value as a message shows it. An object is not asked: it may not be able to tell.
 *
 * @param {unknown} value
 */
function shown(value) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `of ${value.length} elements`;
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? `of type ${typeof value}` : String(value);
}
