// <ewtune-epsilon> in a real browser.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { browser, dist, needs, peer } from './peers.mjs';

const script = readFileSync(join(dist, 'element.js'), 'utf8');
const sst2 = 'dataset-size="67349" batch-size="2000" epochs="20" noise-multiplier="0.7865" delta="1e-5"';

async function show(t, body, options) {
  const app = await browser();
  t.after(() => app.close());
  const page = await app.newPage(options);
  await page.setContent(`<!doctype html><html lang="en"><head><title>component</title><style>:root { color-scheme: light dark; } body { background: Canvas; color: CanvasText; }</style></head><body><main><h1>Component</h1>${body}</main></body></html>`);
  await page.addScriptTag({ content: script, type: 'module' });
  await page.waitForFunction(() => customElements.get('ewtune-epsilon'));
  return page;
}

test('importing on a server does nothing', async () => {
  await import('../npm/dist/element.js');
  assert.equal(globalThis.customElements, undefined);
});

needs('EWTUNE_CHROMIUM', 'attributes make the plan; typing changes it; events tell', async (t) => {
  const page = await show(t, `<ewtune-epsilon ${sst2}></ewtune-epsilon>`);
  const value = () => page.evaluate(() => document.querySelector('ewtune-epsilon').value);
  assert.ok(Math.abs((await value()) - 8.289) < 0.001);
  await page.evaluate(() => document.addEventListener('ewtune-change', (e) => { globalThis.told = e.detail; }));
  await page.getByLabel('Delta').fill('1/N');
  assert.ok((await value()) < 8.289);
  assert.equal(await page.evaluate(() => globalThis.told.plan.delta), 1 / 67349);
  await page.evaluate(() => document.querySelector('ewtune-epsilon').setAttribute('solve', 'noise'));
  await page.getByLabel('Epsilon').fill('8');
  assert.ok(Math.abs((await value()) - 0.7982) < 0.03);
});

needs('EWTUNE_CHROMIUM', 'keys step, and errors are told in the page’s language', async (t) => {
  const page = await show(t, `<ewtune-epsilon lang="de" ${sst2}></ewtune-epsilon>`);
  const noise = page.getByLabel('Rauschfaktor');
  await noise.press('ArrowUp');
  assert.equal(await noise.inputValue(), '0.79');
  await noise.press('Shift+ArrowDown');
  assert.equal(await noise.inputValue(), '0.7');
  await noise.fill('-1');
  assert.match(await page.getByRole('alert').textContent(), /^Rauschfaktor: -1 ist nicht gültig\. Erlaubt ist/);
  assert.equal(await noise.getAttribute('aria-invalid'), 'true');
  assert.equal(await page.evaluate(() => document.querySelector('ewtune-epsilon').checkValidity()), false);
});

needs('EWTUNE_CHROMIUM', 'a form control: value, validity, disabled, reset', async (t) => {
  const page = await show(t, `<form><fieldset><ewtune-epsilon name="spent" ${sst2}></ewtune-epsilon></fieldset></form>`);
  const entry = () => page.evaluate(() => new FormData(document.querySelector('form')).get('spent'));
  assert.match(await entry(), /^8\.289/);
  await page.getByLabel('Noise multiplier').fill('2');
  assert.ok(Number(await entry()) < 2);
  await page.evaluate(() => document.querySelector('form').reset());
  assert.match(await entry(), /^8\.289/);
  await page.evaluate(() => { document.querySelector('fieldset').disabled = true; });
  assert.equal(await entry(), null);
  assert.equal(await page.getByLabel('Noise multiplier').isDisabled(), true);
});

needs('EWTUNE_CHROMIUM', 'comparison says where others fall', async (t) => {
  const page = await show(t, `<ewtune-epsilon compare="edgeworth rdp gdp" ${sst2}></ewtune-epsilon>`);
  const text = await page.getByRole('table').innerText();
  assert.match(text, /Rényi bound\s+[\d.]+\s+loose by/);
  assert.match(text, /Gaussian DP estimate\s+[\d.]+\s+below the truth/);
});

for (const [theme, media] of Object.entries({ light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' }, forced: { forcedColors: 'active' } })) {
  for (const [state, attributes] of Object.entries({ result: sst2, compare: `${sst2} compare="edgeworth rdp gdp"`, error: 'sampling-rate="3"' })) for (const width of [320, 1280]) {
    needs('EWTUNE_CHROMIUM', `axe: ${theme}, ${state}, ${width} px`, async (t) => {
      const page = await show(t, `<ewtune-epsilon ${attributes}></ewtune-epsilon>`, { viewport: { width, height: 800 }, ...media });
      await page.evaluate(readFileSync(peer.resolve('axe-core/axe.min.js'), 'utf8'));
      const found = await page.evaluate(() => globalThis.axe.run());
      const list = (kind) => kind.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
      assert.deepEqual([list(found.violations), list(found.incomplete)], [[], []]);
    });
  }
}
