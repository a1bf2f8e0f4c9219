// The calculator page: reads the form and the permalink, asks the accountant, shows the answer.
import { check, curve, delta as deltaAt, epsilon, version } from '../npm/src/index.mjs';
import { answer, defaults, fieldsOf, planOf, questions, unknown, whole } from '../npm/src/question.mjs';
import { parse, show, showBound, step } from '../npm/src/text.mjs';
import { explain, words } from '../npm/src/words.mjs';
import { copies } from './copies.mjs';
import { interval } from './eei.mjs';
import { draw, escape, standalone } from './plot.mjs';
import { claimed, presets } from './presets.mjs';

/** @typedef {import('../npm/src/question.mjs').Field} Field */
/** @typedef {import('../npm/src/question.mjs').Solve} Solve */

const w = words.en;
/** @param {string} id @returns {any} */
const el = (id) => document.getElementById(id);

const titles = { epsilon: 'epsilon', delta: 'delta', noise: 'noise', steps: 'steps', rate: 'rate' };
const labels = {
  samplingRate: 'Sampling rate q', noiseMultiplier: 'Noise multiplier σ', steps: 'Steps T', datasetSize: 'Records N',
  batchSize: 'Expected batch size B', epochs: 'Epochs', delta: 'Delta δ', epsilon: 'Epsilon ε, the target',
};
const keys = { // names in the permalink
  samplingRate: 'sampling_rate', noiseMultiplier: 'noise_multiplier', steps: 'steps', datasetSize: 'dataset_size',
  batchSize: 'batch_size', epochs: 'epochs', delta: 'delta', epsilon: 'epsilon',
};
const families = { edgeworth: 'Edgeworth', rdp: 'Rényi', gdp: 'Gaussian DP' };

/** What the form says; the text of a field outlives its being hidden. */
const state = {
  solve: /** @type {Solve} */ ('epsilon'),
  byDataset: true,
  text: /** @type {Record<Field, string>} */ (Object.fromEntries(Object.entries(defaults).map(([k, v]) => [k, show(v, 6)]))),
  compare: new Set(Object.keys(families)),
  claim: '8',
  format: 'cli',
};

/** @type {import('./copies.mjs').Facts | undefined} */
let facts;

// Permalink: #sampling_rate=Q&noise_multiplier=S&steps=T&delta=D, and what else differs from the beginning.

function readLink() {
  const link = new URLSearchParams(location.hash.slice(1));
  for (const [field, key] of Object.entries(keys)) {
    const text = link.get(key);
    if (text !== null) state.text[/** @type {Field} */ (field)] = text;
  }
  if (link.has('sampling_rate') || link.has('dataset_size')) state.byDataset = link.has('dataset_size');
  const solve = /** @type {Solve} */ (link.get('solve'));
  if (questions.includes(solve)) state.solve = solve;
  state.claim = link.get('claim') ?? state.claim;
  const compare = link.get('compare');
  if (compare !== null) state.compare = new Set(compare.split(',').filter((name) => name in families));
}

function writeLink() {
  const link = new URLSearchParams();
  for (const field of fieldsOf(state.solve, state.byDataset)) link.set(keys[field], state.text[field]);
  if (state.solve !== 'epsilon') link.set('solve', state.solve);
  if (state.claim !== '8') link.set('claim', state.claim);
  if (state.compare.size < Object.keys(families).length) link.set('compare', [...state.compare].join(','));
  history.replaceState(null, '', `#${link}`);
}

// The form.

function buildForm() {
  el('solve').innerHTML = questions
    .map((q) => `<label><input type="radio" name="solve" value="${q}"><span>${titles[q]}</span></label>`).join('');
  el('preset').insertAdjacentHTML('beforeend', presets.map((p, i) => `<option value="${i}">${p.name}, δ = ${p.delta}</option>`).join(''));
  el('compare').innerHTML = Object.entries(families)
    .map(([name, title]) => `<label><input type="checkbox" name="compare" value="${name}">${title}</label>`).join('');
  el('format').innerHTML = Object.entries(copies).map(([name, c]) => `<option value="${name}">${c.label}</option>`).join('');
  el('version').textContent = `Version ${version}.`;
}

function showForm() {
  for (const input of document.querySelectorAll('input')) {
    if (input.name === 'solve') input.checked = input.value === state.solve;
    if (input.name === 'kind') input.checked = (input.value === 'dataset') === state.byDataset;
    if (input.name === 'compare') input.checked = state.compare.has(input.value);
  }
  el('plan-kind').hidden = state.solve === 'rate';
  el('fields').innerHTML = fieldsOf(state.solve, state.byDataset)
    .map((f) => `<div class="field"><label for="${f}">${labels[f]}</label><input id="${f}" inputmode="decimal" autocomplete="off" spellcheck="false" aria-describedby="keys"></div>`)
    .join('');
  for (const field of fieldsOf(state.solve, state.byDataset)) el(field).value = state.text[field];
  el('claim').value = state.claim;
  el('format').value = state.format;
}

/** @param {string} index */
function choosePreset(index) {
  const preset = presets[Number(index)];
  if (index === '' || !preset) return;
  state.solve = 'epsilon';
  state.byDataset = true;
  state.claim = String(claimed);
  const { datasetSize, delta, noiseMultiplier } = preset;
  const values = { datasetSize, delta, noiseMultiplier, batchSize: 2000, epochs: 20, epsilon: claimed };
  for (const [field, value] of Object.entries(values)) state.text[/** @type {Field} */ (field)] = String(value);
  showForm();
}

/** The numbers of the shown fields. @returns {Partial<Record<Field, number>>} */
function values() {
  const names = { N: parse(state.text.datasetSize) };
  return Object.fromEntries(fieldsOf(state.solve, state.byDataset).map((f) => [f, parse(state.text[f], names)]));
}

// The answer.

function update() {
  for (const field of fieldsOf(state.solve, state.byDataset)) state.text[field] = el(field).value;
  writeLink();
  try {
    showAnswer(values());
    showFault();
  } catch (error) {
    facts = undefined;
    showFault(error);
  }
}

/** @param {any} [error] */
function showFault(error) {
  const fields = fieldsOf(state.solve, state.byDataset);
  el('results').classList.toggle('broken', Boolean(error));
  el('error').hidden = !error;
  el('figure').hidden = Boolean(error);
  if (error) el('note').hidden = true;
  el('error').textContent = error ? message(error, fields) : '';
  for (const field of fields) {
    const wrong = error?.parameter === field;
    el(field).setAttribute('aria-invalid', String(wrong));
    el(field).setAttribute('aria-describedby', wrong ? 'error' : 'keys');
  }
}

/** @param {any} error @param {Field[]} fields */
function message(error, fields) {
  if (error.code === 'ERR_WASM_BLOCKED') {
    return 'This page cannot compute here: the site’s Content-Security-Policy forbids WebAssembly. Whoever serves it must add ’wasm-unsafe-eval’ to script-src.';
  }
  const typed = fields.includes(error.parameter) ? state.text[/** @type {Field} */ (error.parameter)] : undefined;
  return explain({ ...error, message: error.message, field: unknown[state.solve] }, w, typed);
}

/** @param {Partial<Record<Field, number>>} v */
function showAnswer(v) {
  const { value, result } = answer(state.solve, v);
  if (state.solve === 'steps' && value === 0) throw Object.assign(new RangeError(), { code: 'ERR_UNREACHABLE', parameter: 'epsilon', value: v.epsilon });
  const plan = planOf(state.solve, v, value);
  const delta = state.solve === 'delta' ? result.upper : Number(v.delta);
  if (!(delta < 1) || !(delta >= 1e-300)) throw Object.assign(new RangeError('Delta is not between 0 and 1 here: choose another epsilon.'), { code: 'ERR_NO_DELTA' });
  const truth = state.solve === 'delta' ? epsilon(plan, { delta }) : result;
  showFigure(value, result, truth, delta);
  showAccountants(plan, delta, truth);
  const points = showSteps(plan, delta, truth);
  showTrade(plan, truth, delta);
  const claim = state.claim;
  facts = { plan, delta, result: truth, curve: points, svg: standalone(stepsPlot), link: location.href };
  showClaim(claim);
  showCopy();
}

/** @type {Record<Solve, [string, string]>} */
const figures = { epsilon: ['ε ≤', ''], delta: ['δ ≤', ''], noise: ['σ =', ''], steps: ['', ' steps'], rate: ['q =', ''] };

/** @param {number} value @param {any} result @param {any} truth @param {number} delta */
function showFigure(value, result, truth, delta) {
  const [before, after] = figures[state.solve];
  const printed = state.solve === 'steps' ? value.toLocaleString('en') : showBound(value, state.solve === 'rate' ? 'down' : 'up', 5);
  el('value').textContent = `${before} ${printed}${after}`.trim();
  const shown = state.solve === 'delta' ? result : truth;
  const range = `between ${showBound(shown.lower, 'down', 9)} and ${showBound(shown.upper, 'up', 9)}`;
  const direction = shown.direction === 'remove' ? 'taking a record away' : 'adding a record';
  el('interval').textContent = {
    epsilon: `Certified ${range} at δ = ${show(delta)}; ${direction} is the worse direction.`,
    delta: `Certified ${range}; ${direction} is the worse direction.`,
  }[/** @type {string} */ (state.solve)] ?? `Spends an epsilon ${range} at δ = ${show(delta)}.`;
  const preset = presets[Number(el('preset').value)];
  el('note').hidden = el('preset').value === '' || !preset;
  if (preset && el('preset').value !== '') {
    el('note').textContent = `The paper sets this noise for ε = ${claimed}. The run spends ${showBound(truth.upper, 'up', 4)}: ` +
      `the estimate that set it is ${show(truth.lower - claimed, 2)} below the truth.`;
  }
}

/**
 * What other accountants say; `note` stands where a remark would.
 *
 * @param {any} plan
 * @param {number} delta
 * @returns {{ name: string, family: string, epsilon: number, note?: string }[]}
 */
function others(plan, delta) {
  /** @type {ReturnType<typeof others>} */
  const list = [];
  if (state.compare.has('edgeworth')) {
    for (const order of /** @type {const} */ ([1, 2, 3])) {
      const r = epsilon(plan, { delta, accountant: 'edgeworth', order });
      list.push({ name: `Edgeworth, order ${order}`, family: 'edgeworth', epsilon: r.estimate });
    }
    if (plan.samplingRate < 1) list.push(finite(plan, delta, list[0].epsilon));
  }
  if (state.compare.has('rdp')) list.push({ name: 'Rényi (RDP)', family: 'rdp', epsilon: epsilon(plan, { delta, accountant: 'rdp' }).upper });
  if (state.compare.has('gdp')) list.push({ name: 'Gaussian DP (CLT)', family: 'gdp', epsilon: epsilon(plan, { delta, accountant: 'gdp' }).estimate });
  return list;
}

/** The Edgeworth accountant's own finite-sample interval. @param {any} plan @param {number} delta @param {number} estimate */
function finite(plan, delta, estimate) {
  const { upper, at } = interval(plan, delta, estimate, (x) => deltaAt(plan, { epsilon: x, accountant: 'edgeworth', order: 1 }).estimate);
  const note = upper === Infinity ? `vacuous: it knows δ to ± ${show(at, 2)}, and bounds no ε` : '';
  return { name: 'Edgeworth interval (EEI)', family: 'edgeworth', epsilon: upper, note };
}

/** @param {any} plan @param {number} delta @param {any} truth */
function showAccountants(plan, delta, truth) {
  const list = others(plan, delta);
  el('beside').hidden = list.length === 0;
  const all = [truth.upper, ...list.map((o) => o.epsilon)].filter(Number.isFinite);
  const [low, high] = [Math.min(...all) * 0.9, Math.max(...all) * 1.05 || 1];
  const place = (/** @type {number} */ x) => `${Math.min(100, (100 * (x - low)) / (high - low)).toFixed(2)}%`;
  const row = (/** @type {string} */ family, /** @type {string} */ name, /** @type {number} */ x, /** @type {string} */ text, /** @type {string} */ remark, /** @type {string} */ tone) =>
    `<tr class="${family}"><th scope="row">${name}</th><td class="number">${text}</td><td class="where"><span class="track"><b style="left:${place(truth.upper)}"></b>${Number.isFinite(x) ? `<i style="left:${place(x)}"></i>` : ''}</span></td><td class="${tone}">${remark}</td></tr>`;
  const rows = list.map((o) => {
    const under = o.epsilon < truth.lower;
    const over = o.epsilon > truth.upper;
    const gap = show(Math.abs(o.epsilon - (under ? truth.lower : truth.upper)), 3);
    const remark = under ? `outside: ${gap} below the truth` : over ? `outside: ${gap} above the truth` : 'inside the interval';
    return row(o.family, o.name, o.epsilon, show(o.epsilon, 5), o.note || remark, under ? 'under' : o.note ? 'vacuous' : '');
  });
  el('accountants').innerHTML = `<table><thead><tr><th scope="col">Accountant</th><th scope="col" class="number">ε</th><th scope="col" class="where">Place</th><th scope="col">Against the truth</th></tr></thead>
    <tbody>${row('certified', 'Certified', truth.upper, showBound(truth.upper, 'up', 5), 'proved', 'sound')}${rows.join('')}</tbody></table>`;
}

/** @type {any} */
let stepsPlot;

/** How wide a plot is drawn: as wide as it is shown, so that its words have the size of others. @param {string} id */
const across = (id) => Math.min(800, Math.max(280, el(id).clientWidth));

/** @param {any} plan @param {number} delta @param {any} truth */
function showSteps(plan, delta, truth) {
  const from = Math.ceil(plan.steps / 50); // the first few steps are dear to certify and flat on the page
  const found = plan.steps > 1 ? curve(plan, { over: 'steps', delta, from, points: 200 }).points : [{ x: 1, ...truth }];
  // Fewer steps never spend more: what the answer took more pains to find out bounds the curve too.
  const points = found.map(({ x, lower, estimate, upper }) => ({ x, lower: x === plan.steps ? truth.lower : Math.min(lower, truth.upper), estimate: Math.min(estimate, truth.upper), upper: Math.min(upper, truth.upper) }));
  const sparse = Math.min(30, plan.steps);
  const lines = [{ name: 'Certified', className: 'certified', points: points.map((p) => ({ x: p.x, y: p.upper })) }];
  for (const family of state.compare) {
    if (plan.steps < 2) break;
    const accountant = /** @type {'edgeworth' | 'rdp' | 'gdp'} */ (family);
    const found = curve(plan, { over: 'steps', delta, from, points: sparse, accountant, order: 1 }).points;
    const name = accountant === 'edgeworth' ? 'Edgeworth, order 1' : families[accountant];
    lines.push({ name, className: family, points: found.map((p) => ({ x: p.x, y: p.estimate })) });
  }
  stepsPlot = {
    id: 'sp', title: 'Epsilon over steps', band: points, lines, marks: [{ x: plan.steps, y: truth.upper, text: '' }],
    description: `Epsilon rises from ${show(points[0].upper)} after step ${points[0].x} to ${show(truth.upper)} after step ${plan.steps}.`,
    xLabel: 'steps', yLabel: `ε at δ = ${show(delta)}`, yTop: Math.max(truth.upper, ...lines.map((l) => l.points.at(-1)?.y ?? 0).filter(Number.isFinite)) * 1.08 || 1,
    width: across('steps-plot'),
  };
  el('steps-plot').innerHTML = draw(stepsPlot);
  el('legend').innerHTML = lines
    .map((l) => `<li><svg class="plot" viewBox="0 0 32 12" aria-hidden="true">${l.className === 'certified' ? '<rect class="band" width="32" height="12"/>' : ''}<path class="line ${l.className}" d="M0,6H32"/></svg>${l.name}</li>`).join('');
  const few = points.filter((_, i) => i % Math.ceil(points.length / 25) === 0 || i === points.length - 1);
  el('steps-table').innerHTML = table(['Steps', 'Lower', 'Estimate', 'Upper'], few.map((p) => [p.x, showBound(p.lower, 'down', 7), show(p.estimate, 7), showBound(p.upper, 'up', 7)]));
  return points;
}

/** @param {string[]} head @param {(string | number)[][]} rows */
const table = (head, rows) => `<table><thead><tr>${head.map((h) => `<th scope="col" class="number">${h}</th>`).join('')}</tr></thead>
  <tbody>${rows.map((r) => `<tr>${r.map((c) => `<td class="number">${escape(String(c))}</td>`).join('')}</tr>`).join('')}</tbody></table>`;

/** @param {number} x */
const percent = (x) => `${show(100 * x, 3)} %`;

/** @param {any} plan @param {any} truth @param {number} delta */
function showTrade(plan, truth, delta) {
  const low = curve(plan, { over: 'alpha', points: 51, to: 0.05 }).points; // every thousandth
  const all = [...low, ...curve(plan, { over: 'alpha', points: 96, from: 0.05 }).points.slice(1)]; // and every hundredth
  const chosen = [low[1], low[10], all[55]];
  el('rates').innerHTML = table(['False positives', 'True positives, at most'], chosen.map((p) => [percent(p.x), percent(p.upper)])); // it takes room from the plot
  el('trade-plot').innerHTML = draw({
    id: 'tp', title: 'Best attack: true positives over false positives', xLabel: 'false positive rate', yLabel: 'true positive rate', yTop: 1,
    description: `At false positive rate 1 % the best attack finds a member with probability at most ${percent(chosen[1].upper)}.`,
    band: all, marks: chosen.map((p) => ({ x: p.x, y: p.upper, text: '' })), width: across('trade-plot'),
    lines: [{ name: 'best attack', className: 'certified', points: all.map((p) => ({ x: p.x, y: p.upper })) }, { name: 'guessing', className: 'even', points: [{ x: 0, y: 0 }, { x: 1, y: 1 }] }],
  });
  const few = all.filter((p) => Math.abs(p.x * 20 - Math.round(p.x * 20)) < 1e-9);
  el('trade-table').innerHTML = table(['False positives', 'Lower', 'Upper'], few.map((p) => [percent(p.x), percent(p.lower), percent(p.upper)]));
  el('meaning').textContent = `Somebody who sees the trained model, and knows all the training data but one record, guesses whether that record was in. ` +
    `If they may be wrong about absent records one time in a hundred, they recognise a present one at most ${percent(chosen[1].upper)} of the time. ` +
    `(ε, δ) says the same more briefly: except with probability ${show(delta)}, the odds of any conclusion change by a factor of at most e^ε = ${show(Math.exp(truth.upper), 3)}.`;
}

/** @param {string} claim */
function showClaim(claim) {
  if (!facts) return;
  const { plan, delta } = facts;
  const out = el('verdict');
  const claimedEpsilon = parse(claim);
  try {
    const { verdict, lower, upper } = check(plan, { epsilon: claimedEpsilon, delta });
    const range = `It lies between ${showBound(lower, 'down', 6)} and ${showBound(upper, 'up', 6)}.`;
    out.className = { true: 'sound', false: 'under', undecided: '' }[verdict];
    out.textContent = {
      true: `True. This plan spends at most ${showBound(upper, 'up', 5)}.`,
      false: `Not true. The true epsilon is above ${show(claimedEpsilon, 6)}. ${range}`,
      undecided: `Too close to tell. ${range}`,
    }[verdict];
    el('claim').setAttribute('aria-invalid', 'false');
  } catch (error) {
    out.className = 'under';
    out.textContent = explain(error, w, claim);
    el('claim').setAttribute('aria-invalid', 'true');
  }
}

function showCopy() {
  if (!facts) return;
  el('text').textContent = copies[state.format].write(facts);
  el('copied').textContent = '';
}

async function copy() {
  const text = el('text').textContent ?? '';
  try {
    await navigator.clipboard.writeText(text);
    el('copied').textContent = 'Copied.';
  } catch {
    getSelection()?.selectAllChildren(el('text'));
    el('copied').textContent = 'The browser does not let this page copy: the text is selected, press Ctrl+C.';
  }
}

function save() {
  const text = el('text').textContent ?? '';
  const link = document.createElement('a');
  link.href = `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`;
  link.download = copies[state.format].file ?? `ewtune-${state.format}.txt`;
  link.click();
  el('copied').textContent = `Saved as ${link.download}.`;
}

/** @param {KeyboardEvent} event */
function press(event) {
  const input = /** @type {HTMLInputElement} */ (event.target);
  const sign = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
  if (!sign || input.inputMode !== 'decimal') return;
  const now = parse(input.value, { N: parse(state.text.datasetSize) });
  if (!(now > 0)) return;
  event.preventDefault();
  input.value = show(step(now, sign, { coarse: event.shiftKey, whole: whole.has(input.id) }), 6);
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

let waiting = false;
/** Computes once a frame, however fast somebody types. */
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    update();
  });
}

/** @param {Event} event */
function change(event) {
  const { id, name, value, checked } = /** @type {HTMLInputElement} */ (event.target);
  if (name === 'solve') state.solve = /** @type {Solve} */ (value);
  else if (name === 'kind') state.byDataset = value === 'dataset';
  else if (name === 'compare') checked ? state.compare.add(value) : state.compare.delete(value);
  else if (id === 'preset') choosePreset(value);
  else if (id === 'claim') state.claim = value;
  else if (id === 'format') return void ((state.format = value), showCopy());
  else el('preset').value = '';
  if (name === 'solve' || name === 'kind') {
    for (const field of document.querySelectorAll('#fields input')) state.text[/** @type {Field} */ (field.id)] = /** @type {HTMLInputElement} */ (field).value;
    el('preset').value = '';
    showForm();
  }
  soon();
}

buildForm();
readLink();
showForm();
update();
document.addEventListener('input', change);
document.addEventListener('keydown', press);
el('copy').addEventListener('click', copy);
el('save').addEventListener('click', save);
el('form').addEventListener('submit', (/** @type {Event} */ event) => event.preventDefault());
addEventListener('hashchange', () => {
  readLink();
  el('preset').value = '';
  showForm();
  update();
});
let width = innerWidth;
addEventListener('resize', () => {
  if (innerWidth !== width) soon();
  width = innerWidth;
});
