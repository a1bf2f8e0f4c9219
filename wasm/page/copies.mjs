// The answer in other people's languages. Every function takes the same facts and returns text.

/**
 * @typedef {object} Facts
 * @property {{ samplingRate: number, noiseMultiplier: number, steps: number }} plan
 * @property {number} delta
 * @property {import('../npm/types/index.d.ts').Result} result certified
 * @property {{ x: number, lower: number, estimate: number, upper: number }[]} curve
 * @property {string} svg
 * @property {string} link
 */

/** A published bound: rounded up to three decimals. @param {number} x */
const up = (x) => (Math.ceil(x * 1000 - 1e-9) / 1000).toFixed(3);

/** @type {Record<string, { label: string, file?: string, write: (f: Facts) => string }>} */
export const copies = {
  cli: {
    label: 'Command line',
    write: ({ plan: p, delta }) =>
      `ewtune epsilon --sampling-rate ${p.samplingRate} --noise-multiplier ${p.noiseMultiplier} --steps ${p.steps} --delta ${delta}`,
  },
  go: {
    label: 'Go',
    write: ({ plan: p, delta }) => `plan := accountant.Homogeneous(${p.samplingRate}, ${p.noiseMultiplier}, ${p.steps})
result, err := accountant.Epsilon(plan, ${delta})
if err != nil {
	return err
}
fmt.Printf("epsilon in [%.6f, %.6f]\\n", result.Epsilon.Lower, result.Epsilon.Upper)`,
  },
  js: {
    label: 'JavaScript',
    write: ({ plan: p, delta }) => `import { epsilon } from 'ewtune';

const plan = { samplingRate: ${p.samplingRate}, noiseMultiplier: ${p.noiseMultiplier}, steps: ${p.steps} };
const { lower, upper } = epsilon(plan, { delta: ${delta} });`,
  },
  opacus: {
    label: 'Python (Opacus)',
    write: ({ plan: p, delta, result }) => `from opacus.accountants import PRVAccountant

accountant = PRVAccountant()
accountant.history = [(${p.noiseMultiplier}, ${p.samplingRate}, ${p.steps})]
print(accountant.get_epsilon(delta=${delta}))  # an approximation; certified: ${up(result.upper)}`,
  },
  dp_accounting: {
    label: 'Python (dp_accounting)',
    write: ({ plan: p, delta, result }) => `import dp_accounting
from dp_accounting import pld

step = dp_accounting.PoissonSampledDpEvent(
    ${p.samplingRate}, dp_accounting.GaussianDpEvent(${p.noiseMultiplier}))
accountant = pld.PLDAccountant()
accountant.compose(step, ${p.steps})
print(accountant.get_epsilon(${delta}))  # an upper bound; certified: ${up(result.upper)}`,
  },
  latex: {
    label: 'LaTeX',
    write: ({ plan: p, delta, result }) =>
      `Training is $(\\varepsilon, \\delta)$-differentially private with $\\varepsilon \\le ${up(result.upper)}$ at $\\delta = ${tex(delta)}$ ` +
      `(add-or-remove-one neighbours, Poisson sampling with rate $q = ${tex(p.samplingRate)}$, noise multiplier $\\sigma = ${p.noiseMultiplier}$, ` +
      `$T = ${p.steps}$ steps; certified numerical accounting~\\cite{ewtune}).`,
  },
  bibtex: {
    label: 'BibTeX',
    write: () => `@misc{ewtune,
  title        = {ewtune: certified privacy accounting for {DP-SGD}},
  howpublished = {\\url{https://github.com/ewtune/ewtune}},
  note         = {Calculator and library}
}

@misc{behnia2022ewtune,
  title         = {{EW-Tune}: A Framework for Privately Fine-Tuning Large Language Models with Differential Privacy},
  author        = {Behnia, Rouzbeh and Ebrahimi, Mohammadreza and Pacheco, Jason and Padmanabhan, Balaji},
  year          = {2022},
  eprint        = {2210.15042},
  archivePrefix = {arXiv}
}`,
  },
  json: {
    label: 'JSON',
    write: ({ plan: p, delta, result }) => {
      const { lower, estimate, upper, method, adjacency, sampler, directions } = result;
      const plan = { sampling_rate: p.samplingRate, noise_multiplier: p.noiseMultiplier, steps: p.steps };
      const warnings = result.warnings.map((w) => w.message);
      return JSON.stringify({ epsilon: { lower, estimate, upper }, delta, method, adjacency, sampler, ...plan, directions, warnings }, null, 2);
    },
  },
  csv: {
    label: 'CSV (ε over steps)',
    file: 'epsilon-over-steps.csv',
    write: ({ curve }) => ['steps,lower,estimate,upper', ...curve.map((p) => [p.x, p.lower, p.estimate, p.upper].join(','))].join('\n'),
  },
  svg: { label: 'SVG (ε over steps)', file: 'epsilon-over-steps.svg', write: ({ svg }) => svg },
  link: { label: 'Link to this page', write: ({ link }) => link },
};

/** @param {number} x */
function tex(x) {
  const [mantissa, exponent] = x.toExponential().split('e');
  if (x >= 1e-3) return String(Number(x.toPrecision(6)));
  return mantissa === '1' ? `10^{${exponent}}` : `${Number(Number(mantissa).toPrecision(6))} \\cdot 10^{${exponent}}`;
}
