import { epsilon } from './account.mjs';
import { answer, defaults, fieldsOf, planOf, questions, unknown, whole } from './question.mjs';
import { style } from './element.style.mjs';
import { parse, show, showBound, step } from './text.mjs';
import { explain, fill, language } from './words.mjs';

/** @typedef {import('./question.mjs').Field} Field */
/** @typedef {import('./question.mjs').Solve} Solve */
/** @typedef {import('../types/index.d.ts').Result} Result */

/** Attribute of each field. @type {Record<Field, string>} */
const attributes = {
  samplingRate: 'sampling-rate', steps: 'steps', datasetSize: 'dataset-size', batchSize: 'batch-size', epochs: 'epochs',
  noiseMultiplier: 'noise-multiplier', epsilon: 'epsilon', delta: 'delta',
};
const comparisons = /** @type {const} */ (['edgeworth', 'rdp', 'gdp']);
const symbols = /** @type {const} */ ({ epsilon: 'ε', delta: 'δ', noise: 'σ', steps: 'T', rate: 'q' });

const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? class {});

class EwtuneEpsilon extends Base {
  static formAssociated = true;
  static observedAttributes = [...Object.values(attributes), 'solve', 'compare', 'lang', 'disabled'];

  /** @type {ElementInternals} */ #internals;
  /** @type {ShadowRoot} */ #root;
  /** @type {Map<Field, HTMLInputElement>} */ #inputs = new Map();
  /** @type {Result | null} */ #result = null;
  #value = NaN;

  constructor() {
    super();
    this.#internals = this.attachInternals();
    this.#root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    this.#root.addEventListener('input', () => this.#update());
    this.#root.addEventListener('keydown', (event) => this.#press(/** @type {KeyboardEvent} */ (event)));
  }

  connectedCallback() {
    this.#render();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#render();
  }

  /** @param {boolean} disabled */
  formDisabledCallback(disabled) {
    for (const input of this.#inputs.values()) input.disabled = disabled;
  }

  formResetCallback() {
    this.#inputs.clear();
    this.#render();
  }

  get form() {
    return this.#internals.form;
  }

  get name() {
    return this.getAttribute('name') ?? '';
  }

  get value() {
    return this.#value;
  }

  get result() {
    return this.#result;
  }

  get validity() {
    return this.#internals.validity;
  }

  get validationMessage() {
    return this.#internals.validationMessage;
  }

  checkValidity() {
    return this.#internals.checkValidity();
  }

  reportValidity() {
    return this.#internals.reportValidity();
  }

  get #solve() {
    const asked = /** @type {Solve} */ (this.getAttribute('solve') ?? 'epsilon');
    return questions.includes(asked) ? asked : 'epsilon';
  }

  get #words() {
    return language(this.lang || this.closest('[lang]')?.getAttribute('lang') || undefined);
  }

  #render() {
    const w = this.#words;
    const fields = fieldsOf(this.#solve, this.hasAttribute('dataset-size'));
    const disabled = this.hasAttribute('disabled') ? 'disabled' : '';
    const row = (/** @type {Field} */ f) => `<div part="field"><label part="label" for="${f}">${w[f]}</label>
      <input part="input" id="${f}" inputmode="decimal" autocomplete="off" spellcheck="false" aria-describedby="keys" ${disabled}></div>`;
    this.#root.innerHTML = `<style>${style}</style>
      <section part="base" aria-label="${w.title}"><div part="fields">${fields.map(row).join('')}</div>
      <p part="keys" id="keys">${w.keys}</p>
      <output part="output" aria-live="polite"><span part="value"></span><span part="interval"></span></output>
      <p part="error" role="alert" hidden></p><div part="compare"></div></section>`;
    this.#inputs.clear();
    for (const field of fields) {
      const input = /** @type {HTMLInputElement} */ (this.#root.getElementById(field));
      input.value = this.getAttribute(attributes[field]) ?? show(defaults[field], 6);
      this.#inputs.set(field, input);
    }
    this.#update();
  }

  /** @returns {Partial<Record<Field, number>>} */
  #values() {
    const size = this.#inputs.get('datasetSize');
    /** @type {Record<string, number>} */
    const names = size ? { N: parse(size.value) } : {};
    return Object.fromEntries([...this.#inputs].map(([field, input]) => [field, parse(input.value, names)]));
  }

  #update() {
    const values = this.#values();
    try {
      const { value, result } = answer(this.#solve, values);
      this.#value = value;
      this.#result = result;
      this.#showResult(values);
      this.#emit('ewtune-change', { result, plan: values });
    } catch (error) {
      this.#value = NaN;
      this.#result = null;
      this.#showError(error);
      this.#emit('ewtune-error', { error, plan: values });
    }
  }

  /** @param {string} name @param {object} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** @param {string} part @returns {HTMLElement} */
  #part(part) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(`[part="${part}"]`));
  }

  /** @param {Partial<Record<Field, number>>} values */
  #showResult(values) {
    const solve = this.#solve;
    const w = this.#words;
    const result = /** @type {Result} */ (this.#result);
    const bound = { lower: showBound(result.lower, 'down', 5), upper: showBound(result.upper, 'up', 5) };
    const printed = solve === 'steps' ? String(this.#value) : showBound(this.#value, solve === 'rate' ? 'down' : 'up', 5);
    this.#part('value').textContent = `${symbols[solve]} ${solve === 'epsilon' || solve === 'delta' ? '≤' : '='} ${printed}`;
    this.#part('interval').textContent =
      solve === 'epsilon' || solve === 'delta'
        ? fill(w.between, bound)
        : fill(w.spends, { epsilon: bound.upper, delta: show(result.delta) });
    this.#part('output').hidden = false;
    this.#part('error').hidden = true;
    for (const input of this.#inputs.values()) input.removeAttribute('aria-invalid');
    this.#internals.setFormValue(String(this.#value));
    this.#internals.setValidity({});
    this.#compare(values);
  }

  /** @param {any} error */
  #showError(error) {
    const input = this.#inputs.get(error.parameter);
    const message = explain({ ...error, message: error.message, field: unknown[this.#solve] }, this.#words, input?.value);
    for (const [field, other] of this.#inputs) other.setAttribute('aria-invalid', String(field === error.parameter));
    this.#part('output').hidden = true;
    this.#part('compare').replaceChildren();
    this.#part('error').hidden = false;
    this.#part('error').textContent = message;
    this.#internals.setFormValue(null);
    this.#internals.setValidity({ customError: true }, message, input ?? [...this.#inputs.values()][0]);
  }

  /** @param {Partial<Record<Field, number>>} values */
  #compare(values) {
    const asked = (this.getAttribute('compare') ?? '').split(/\s+/);
    const shown = comparisons.filter((name) => asked.includes(name));
    if (shown.length === 0) return this.#part('compare').replaceChildren();
    const w = this.#words;
    const truth = /** @type {Result} */ (this.#result);
    const plan = planOf(this.#solve, values, this.#value);
    const certified = this.#solve === 'delta' ? epsilon(plan, { delta: truth.upper }) : truth;
    const rows = shown.map((accountant) => {
      const other = epsilon(plan, { delta: certified.delta, accountant }).estimate;
      const verdict = other < certified.lower ? 'below' : other > certified.upper ? 'above' : 'within';
      const remark = fill(w[verdict], { amount: show(other - certified.upper, 2) });
      return `<tr part="row ${verdict}"><th scope="row">${w[accountant]}</th><td>${show(other)}</td><td>${remark}</td></tr>`;
    });
    this.#part('compare').innerHTML = `<table><caption>${w.compare}</caption>
      <thead><tr><th scope="col">${w.method}</th><th scope="col">ε</th><th scope="col">${w.remark}</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const field = /** @type {Field} */ (input.id);
    const sign = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    const now = this.#values()[field];
    if (!sign || !now || !(now > 0)) return;
    event.preventDefault();
    input.value = show(step(now, sign, { coarse: event.shiftKey, whole: whole.has(field) }), 6);
    this.#update();
  }
}

if (globalThis.customElements && !customElements.get('ewtune-epsilon')) customElements.define('ewtune-epsilon', EwtuneEpsilon);
