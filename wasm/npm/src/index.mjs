export { epsilon, delta, noiseMultiplier, maxSteps, maxSamplingRate, check } from './account.mjs';
export { curve } from './curve.mjs';
export { compose } from './plan.mjs';
export { version } from './version.gen.mjs';
