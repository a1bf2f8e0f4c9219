// Opens report.html in Chromium, light and dark and with forced colours, and asks axe-core for violations.
//
//   node report.test.mjs PAGE.html [SCREENSHOT_FOLDER]
//
// EWTUNE_NODE_PEERS is a folder whose node_modules holds playwright-core and axe-core, EWTUNE_CHROMIUM the browser.
// Prints one JSON object: violations and console errors by look, requests that left the page.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(resolve(process.env.EWTUNE_NODE_PEERS), 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [page, shots] = process.argv.slice(2);
const address = pathToFileURL(resolve(page)).href;

const looks = [
  { name: 'light', colorScheme: 'light', forcedColors: 'none', width: 1280 },
  { name: 'dark', colorScheme: 'dark', forcedColors: 'none', width: 1280 },
  { name: 'narrow', colorScheme: 'light', forcedColors: 'none', width: 390 },
  { name: 'forced', colorScheme: 'dark', forcedColors: 'active', width: 1280 },
];

const browser = await chromium.launch({
  executablePath: process.env.EWTUNE_CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const result = { looks: {}, requests: [] };
for (const look of looks) {
  const context = await browser.newContext({ colorScheme: look.colorScheme, forcedColors: look.forcedColors, viewport: { width: look.width, height: 900 } });
  const tab = await context.newPage();
  const errors = [];
  tab.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
  tab.on('pageerror', (e) => errors.push(String(e)));
  tab.on('request', (r) => r.url() !== address && result.requests.push(r.url()));
  await tab.goto(address);
  if (shots) await tab.screenshot({ path: join(shots, `${look.name}-top.png`) });
  if (shots) await tab.screenshot({ path: join(shots, `${look.name}.png`), fullPage: true });
  // Everything that can be opened is checked open.
  await tab.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
  if (shots) await tab.screenshot({ path: join(shots, `${look.name}-open.png`), fullPage: true });
  await tab.addScriptTag({ content: axe });
  const found = await tab.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  result.looks[look.name] = {
    violations: found.violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.length, first: v.nodes[0].html.slice(0, 200), why: v.nodes[0].failureSummary })),
    errors, overflow,
    pictures: await tab.locator('figure svg[role=img]').count(),
    tables: await tab.locator('figure table').count(),
  };
  await context.close();
}
await browser.close();
console.log(JSON.stringify(result));
