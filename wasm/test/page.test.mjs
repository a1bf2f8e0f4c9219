// The calculator page in a real browser.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import test from 'node:test';
import { delta, epsilon } from '../npm/dist/index.js';
import { instantiate } from '../npm/dist/full.js';
import { interval } from '../page/eei.mjs';
import { presets } from '../page/presets.mjs';
import { browser, dist, needs, peer } from './peers.mjs';

const html = readFileSync(join(dist, 'calculator.html'));
const file = `file://${join(dist, 'calculator.html')}`;

/** Opens the page; any request but the page's own fails the test. */
async function open(t, { url = file, ...options } = {}) {
  const app = await browser();
  t.after(() => app.close());
  const context = await app.newContext({ permissions: [], ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('request', (r) => r.url().split('#')[0] !== url.split('#')[0] && !r.url().startsWith('data:') && faults.push(`request ${r.url()}`));
  page.on('pageerror', (e) => faults.push(`error ${e.message}`));
  t.after(() => assert.deepEqual(faults, []));
  await page.goto(url);
  return { page, context };
}

const answer = (page) => page.locator('#value').textContent();

needs('EWTUNE_CHROMIUM', 'type: every question answers', async (t) => {
  const { page } = await open(t);
  assert.match(await answer(page), /^ε ≤ 8\.289/);
  await page.getByLabel('Noise multiplier σ').fill('1');
  await page.waitForFunction(() => !document.querySelector('#value').textContent.includes('8.289'));
  const eased = Number((await answer(page)).replace('ε ≤ ', ''));
  assert.ok(eased > 3 && eased < 6, String(eased));
  for (const [question, shape] of [['delta', /^δ ≤ /], ['noise', /^σ = /], ['steps', /^[\d,]+ steps$/], ['rate', /^q = /]]) {
    await page.getByRole('radio', { name: question, exact: true }).check({ force: true });
    await page.waitForFunction((s) => new RegExp(s).test(document.querySelector('#value').textContent), shape.source);
    assert.equal(await page.locator('#error').isHidden(), true);
  }
});

needs('EWTUNE_CHROMIUM', 'plots are drawn as wide as they are shown, so that their words are as large as others', async (t) => {
  for (const width of [320, 1280]) {
    const { page } = await open(t, { viewport: { width, height: 900 } });
    const scales = await page.evaluate(() => ['steps-plot', 'trade-plot'].map((id) => {
      const svg = document.querySelector(`#${id} svg`);
      return svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    }));
    for (const scale of scales) assert.ok(scale > 0.8 && scale < 1.25, `${width} px: ${scales}`);
  }
});

needs('EWTUNE_CHROMIUM', 'numbers as people write them', async (t) => {
  const { page } = await open(t);
  const first = await answer(page);
  for (const text of ['10^-5', '1/100000', '10⁻⁵', '0.00001']) {
    await page.getByLabel('Delta δ').fill(text);
    await page.waitForTimeout(100);
    assert.equal(await answer(page), first, text);
  }
});

needs('EWTUNE_CHROMIUM', 'the paper’s settings show the true epsilon', async (t) => {
  const { page } = await open(t);
  const truth = ['9.140', '9.095', '8.459', '8.289', '9.600', '9.540', '8.712', '8.511'];
  for (const [i, epsilon] of truth.entries()) {
    await page.getByLabel('Setting of the paper').selectOption(String(i));
    await page.waitForFunction((e) => document.querySelector('#note').textContent.length > 0 && Math.abs(Number(document.querySelector('#value').textContent.slice(4)) - e) < 0.002, Number(epsilon));
    assert.match(await page.locator('#verdict').textContent(), /^Not true/);
    assert.match(await page.locator('#accountants').textContent(), /below the truth/);
  }
});

// The Edgeworth interval of the page against that of the whole accountant, whose warning tells how well δ is known.
test('the Edgeworth interval is the published one, and vacuous at the paper’s settings', () => {
  const whole = instantiate(readFileSync(join(dist, 'full.wasm')));
  for (const { datasetSize, noiseMultiplier, delta: d } of presets) {
    const plan = { samplingRate: 2000 / datasetSize, noiseMultiplier, steps: 20 * Math.floor(datasetSize / 2000) };
    const { estimate } = epsilon(plan, { delta: d, accountant: 'edgeworth', order: 1 });
    const { upper, at } = interval(plan, d, estimate, (x) => delta(plan, { epsilon: x, accountant: 'edgeworth', order: 1 }).estimate);
    assert.equal(upper, Infinity);
    const { warnings } = whole.call({ command: 'epsilon', accountant: 'edgeworth-interval', sampling_rate: plan.samplingRate, noise_multiplier: noiseMultiplier, steps: plan.steps, delta: d });
    const told = Number(/within \[-([\d.e+]+),/.exec(warnings.join())[1]);
    assert.ok(Math.abs(at / told - 1) < 0.006, `${at}, ${told}`);
  }
});

test('the Edgeworth interval where it bounds something', () => {
  const whole = instantiate(readFileSync(join(dist, 'full.wasm')));
  const plan = { samplingRate: 0.5, noiseMultiplier: 20, steps: 400 };
  const { estimate } = epsilon(plan, { delta: 0.15, accountant: 'edgeworth', order: 1 });
  const { upper } = interval(plan, 0.15, estimate, (x) => delta(plan, { epsilon: x, accountant: 'edgeworth', order: 1 }).estimate);
  const { remove } = whole.call({ command: 'epsilon', accountant: 'edgeworth-interval', sampling_rate: 0.5, noise_multiplier: 20, steps: 400, delta: 0.15 }).directions;
  assert.ok(Math.abs(remove.upper - upper) < 0.01 * upper && upper > estimate && upper < 10, `${upper}, ${remove.upper}`);
});

needs('EWTUNE_CHROMIUM', 'the Edgeworth interval is shown, and marked vacuous', async (t) => {
  const { page } = await open(t);
  assert.match(await page.getByRole('row', { name: /Edgeworth interval/ }).innerText(), /∞\s+vacuous: it knows δ to ± 440/);
  assert.match(await page.getByRole('row', { name: /order 1/ }).innerText(), /outside: 0\.296 below the truth/);
  assert.match(await page.getByRole('row', { name: /Rényi/ }).innerText(), /outside: 0\.986 above the truth/);
});

needs('EWTUNE_CHROMIUM', 'few steps are answered too', async (t) => {
  const { page } = await open(t, { url: `${file}#sampling_rate=0.001&noise_multiplier=1&steps=5&delta=1e-5` });
  assert.match(await answer(page), /^ε ≤ 0\.0180/);
});

needs('EWTUNE_CHROMIUM', 'keyboard only: step, choose, copy', async (t) => {
  const { page } = await open(t, {});
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.getByLabel('Noise multiplier σ').focus();
  await page.keyboard.press('ArrowUp');
  assert.equal(await page.getByLabel('Noise multiplier σ').inputValue(), '0.79');
  await page.keyboard.press('Shift+ArrowUp');
  assert.equal(await page.getByLabel('Noise multiplier σ').inputValue(), '0.8');
  await page.getByRole('radio', { name: 'epsilon', exact: true }).focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.querySelector('#value').textContent.startsWith('δ'));
  await page.getByRole('button', { name: 'Copy' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('#copied').textContent.length > 0);
});

needs('EWTUNE_CHROMIUM', 'permalink: out and in again', async (t) => {
  const { page } = await open(t, { url: `${file}#sampling_rate=0.01&noise_multiplier=1&steps=1000&delta=1e-5&claim=1.5` });
  assert.match(await answer(page), /^ε ≤ 1\.8283/);
  assert.match(await page.locator('#verdict').textContent(), /^Not true/);
  await page.getByLabel('Steps T').fill('2000');
  await page.waitForFunction(() => location.hash.includes('steps=2000'));
  const there = await answer(page);
  await page.reload();
  assert.equal(await answer(page), there);
});

needs('EWTUNE_CHROMIUM', 'copy as: every format', async (t) => {
  const { page, context } = await open(t);
  const marks = {
    cli: /^ewtune epsilon --sampling-rate 0\.0296\d+ --noise-multiplier 0\.7865 --steps 660 --delta 0\.00001$/,
    go: /accountant\.Homogeneous\(/, js: /from 'ewtune'/, opacus: /PRVAccountant/, dp_accounting: /PoissonSampledDpEvent/, latex: /\\varepsilon \\le 8\.29\d/,
    bibtex: /2210\.15042/, json: /"epsilon": \{/, csv: /^steps,lower,estimate,upper\n/, svg: /^<svg xmlns/, link: /#dataset_size=67349/,
  };
  for (const [format, mark] of Object.entries(marks)) {
    await page.getByLabel('Copy as').selectOption(format);
    assert.match(await page.locator('#text').textContent(), mark, format);
  }
  assert.equal(await page.getByLabel('Copy as').locator('option').count(), Object.keys(marks).length);
  await page.getByLabel('Copy as').selectOption('json');
  JSON.parse(await page.locator('#text').textContent());
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.waitForFunction(() => /Copied|selected/.test(document.querySelector('#copied').textContent));
});

needs('EWTUNE_CHROMIUM', 'errors name field, value and rule, and go away', async (t) => {
  const { page } = await open(t);
  await page.getByLabel('Noise multiplier σ').fill('zero');
  await page.waitForFunction(() => !document.querySelector('#error').hidden);
  assert.match(await page.locator('#error').textContent(), /Noise multiplier: zero is not valid\. It must be between/);
  assert.equal(await page.getByLabel('Noise multiplier σ').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.locator('#beside').isVisible(), false);
  await page.getByLabel('Noise multiplier σ').fill('0.8');
  await page.waitForFunction(() => document.querySelector('#error').hidden);
  assert.equal(await page.locator('#beside').isVisible(), true);
});

const policies = { allowed: ["script-src 'unsafe-inline' 'wasm-unsafe-eval'", /^ε ≤ 8\.289/], forbidden: ["script-src 'unsafe-inline'", /Content-Security-Policy forbids WebAssembly/] };
for (const [name, [policy, shown]] of Object.entries(policies)) {
  needs('EWTUNE_CHROMIUM', `a Content-Security-Policy by which WebAssembly is ${name}`, async (t) => {
    const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy }).end(html));
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    t.after(() => server.close());
    const { page } = await open(t, { url: `http://127.0.0.1:${server.address().port}/` });
    assert.match(await page.locator('#answer').innerText().then((s) => s.split('\n').filter(Boolean).find((line) => shown.test(line)) ?? s), shown);
  });
}

// axe-core in every theme, state and width. Where axe cannot tell a text's background (drawings, scrolled tables, radio
// buttons under their labels) the contrast is computed here; any other open question fails.
const states = {
  result: '#sampling_rate=0.01&noise_multiplier=1&steps=1000&delta=1e-5&compare=',
  compare: '#dataset_size=67349&batch_size=2000&epochs=20&noise_multiplier=0.7865&delta=1e-5',
  error: '#sampling_rate=2&noise_multiplier=1&steps=1000&delta=1e-5',
};
const themes = { light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' }, 'forced-colors': { forcedColors: 'active' } };

for (const [theme, media] of Object.entries(themes)) for (const [state, hash] of Object.entries(states)) for (const width of [320, 1280]) {
  needs('EWTUNE_CHROMIUM', `axe: ${theme}, ${state}, ${width} px`, async (t) => {
    const { page } = await open(t, { url: file + hash, viewport: { width, height: 900 }, ...media });
    for (const summary of await page.locator('summary:visible').all()) await summary.click();
    await page.evaluate(readFileSync(peer.resolve('axe-core/axe.min.js'), 'utf8'));
    const found = await page.evaluate(() => globalThis.axe.run());
    const list = (kind) => kind.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary ?? ''}`).join(' | ')}`);
    assert.deepEqual(list(found.violations), []);
    assert.deepEqual(list(found.incomplete.filter((v) => v.id !== 'color-contrast')), []);
    const unsure = found.incomplete.flatMap((v) => v.nodes.map((n) => n.target[0]));
    assert.deepEqual((await page.evaluate(contrasts, unsure)).filter((c) => c.ratio < 4.5), []);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'no sideways scrolling');
  });
}

/** Contrast of each text with the nearest background that is painted. Runs in the page. */
function contrasts(targets) {
  const canvas = document.createElement('canvas').getContext('2d');
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => {
    const [r, g, b] = rgba(color).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return targets.map((target) => {
    const node = document.querySelector(target);
    const style = getComputedStyle(node);
    const ink = node instanceof SVGElement ? style.fill : style.color;
    let behind = node;
    while (behind.parentElement && rgba(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
    const [high, low] = [light(ink), light(getComputedStyle(behind).backgroundColor)].sort((a, b) => b - a);
    return { target, ink, behind: getComputedStyle(behind).backgroundColor, ratio: (high + 0.05) / (low + 0.05) };
  });
}
