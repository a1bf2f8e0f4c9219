// How much room the package takes, brotli 11.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { brotli, dist } from './peers.mjs';

const KB = 1024;
const cut = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(join(dist, 'core.wasm')))).length === 0;

for (const [file, limit] of [['core.wasm', cut ? 16 : 450], ['index.js', cut ? 24 : 480], ['calculator.html', cut ? 60 : 520]]) {
  test(`${file} takes at most ${limit} KB${cut ? '' : ' (the core could not be cut: Go’s whole runtime is inside)'}`, () => {
    const size = brotli(readFileSync(join(dist, file)));
    console.log(`# ${file}: ${size} bytes`);
    assert.ok(size <= limit * KB, `${size} bytes`);
  });
}
