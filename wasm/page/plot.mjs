// Line plots as SVG text: a band between bounds, lines beside it, marks. Colours and dashes come from classes, so that
// one drawing serves light, dark and forced colours; `standalone` writes them in for a file.
import { show } from '../npm/src/text.mjs';

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} className
 * @property {{ x: number, y: number }[]} points
 *
 * @typedef {object} Plot
 * @property {string} id
 * @property {string} title
 * @property {string} description
 * @property {string} xLabel
 * @property {string} yLabel
 * @property {{ x: number, lower: number, upper: number }[]} band
 * @property {Series[]} lines
 * @property {{ x: number, y: number, text: string }[]} [marks]
 * @property {number} [yTop]
 * @property {number} [width]
 */

const height = 300;
const edge = { top: 16, right: 18, bottom: 46, left: 58 };

/** Round numbers across a range. @param {number} from @param {number} to @param {number} count */
export function ticks(from, to, count) {
  const rough = (to - from) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].find((m) => m * power >= rough * (1 - 1e-9)) ?? 10;
  const list = [];
  for (let i = Math.ceil((from / unit / power) - 1e-9); i * unit * power <= to * (1 + 1e-9); i++) list.push(Number((i * unit * power).toPrecision(12)));
  return list;
}

/** @param {string} text */
export const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c);

/** @param {Plot} plot @returns {string} */
export function draw(plot) {
  const { id, title, description, xLabel, yLabel, band, lines, marks = [], width = 640 } = plot;
  const finite = [...band.flatMap((p) => [p.lower, p.upper]), ...lines.flatMap((l) => l.points.map((p) => p.y))].filter(Number.isFinite);
  const yMax = plot.yTop ?? Math.max(...finite, 1e-12) * 1.05;
  const xs = band.map((p) => p.x);
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const right = width - edge.right;
  const bottom = height - edge.bottom;
  const x = (/** @type {number} */ v) => edge.left + ((v - x0) / (x1 - x0 || 1)) * (right - edge.left);
  const y = (/** @type {number} */ v) => bottom - (Math.min(v, yMax * 1.2) / yMax) * (bottom - edge.top);
  const at = (/** @type {number} */ a, /** @type {number} */ b) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`;
  const path = (/** @type {{ x: number, y: number }[]} */ points) =>
    points.filter((p) => Number.isFinite(p.y)).map((p, i) => `${i ? 'L' : 'M'}${at(p.x, p.y)}`).join('');

  const grid = ticks(0, yMax, 5).map((v) => `<path class="grid" d="M${edge.left},${y(v).toFixed(1)}H${right}"/><text x="${edge.left - 8}" y="${(y(v) + 4).toFixed(1)}" text-anchor="end">${show(v, 3)}</text>`);
  const feet = ticks(x0, x1, width < 480 ? 3 : 5).map((v) => `<path class="tick" d="M${x(v).toFixed(1)},${bottom}v5"/><text x="${x(v).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${show(v, 3)}</text>`);
  const finiteBand = band.filter((p) => Number.isFinite(p.upper));
  const outline = finiteBand.length
    ? `M${[...finiteBand.map((p) => at(p.x, p.upper)), ...finiteBand.toReversed().map((p) => at(p.x, p.lower))].join('L')}Z`
    : '';
  const drawn = lines.map((l) => `<path class="line ${l.className}" d="${path(l.points)}"/>`);
  const dots = marks.map((m) => `<circle class="mark" cx="${x(m.x).toFixed(1)}" cy="${y(m.y).toFixed(1)}" r="4.5"/>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${escape(title)}</title><desc id="${id}-d">${escape(description)}</desc>
<defs><clipPath id="${id}-c"><rect x="${edge.left}" y="${edge.top - 6}" width="${right - edge.left + 6}" height="${bottom - edge.top + 8}"/></clipPath></defs>
<g class="axis">${grid.join('')}<path class="base" d="M${edge.left},${bottom}H${right}"/>${feet.join('')}
<text x="${(edge.left + right) / 2}" y="${height - 6}" text-anchor="middle">${escape(xLabel)}</text>
<text transform="translate(14 ${(edge.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(yLabel)}</text></g>
<g clip-path="url(#${id}-c)"><path class="band" d="${outline}"/>${drawn.join('')}${dots.join('')}</g></svg>`;
}

const standaloneStyle = `<style>text{font:12px system-ui,sans-serif;fill:#444}path{fill:none;stroke:#888}.grid{stroke:#ddd}.band{fill:#0b5d66;fill-opacity:.2;stroke:none}
.line{stroke-width:2}.certified{stroke:#0b5d66}.edgeworth{stroke:#a8480f;stroke-dasharray:6 3}.rdp{stroke:#5a4fb0;stroke-dasharray:2 3}.gdp{stroke:#8a1f5e;stroke-dasharray:9 3 2 3}.even{stroke:#888;stroke-dasharray:3 3}.mark{fill:#0b5d66}</style>`;

/** The same drawing as a file of its own. @param {Plot} plot */
export const standalone = (plot) => draw(plot).replace('<defs>', `${standaloneStyle}<defs>`);
