// Every JavaScript example of the README runs, and says what its comments say.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { npm } from './peers.mjs';

const readme = readFileSync(join(npm, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map((m) => m[1]);

test('the README has examples', () => assert.ok(examples.length >= 6));

for (const [i, example] of examples.entries()) {
  test(`README example ${i + 1}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'ewtune-readme-'));
    t.after(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(npm, join(folder, 'node_modules', 'ewtune'));
    let claims = 0;
    const code = example.replace(/^(.*); \/\/ → (.*)$/gm, (_, expression, value) => {
      claims++;
      return `assert.deepEqual(${expression}, ${value});`;
    });
    assert.ok(claims > 0, 'an example without a claim');
    writeFileSync(join(folder, 'example.mjs'), `import assert from 'node:assert/strict';\n${code}`);
    await import(pathToFileURL(join(folder, 'example.mjs')).href);
  });
}
