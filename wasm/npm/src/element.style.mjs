export const style = `
:host { display: block; max-inline-size: 34rem; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark;
  --ewtune-accent: light-dark(#0b5d66, #7fd3dc); --ewtune-text: light-dark(#1c2326, #e6ecee); --ewtune-soft: light-dark(#56636a, #a9b6bc);
  --ewtune-surface: light-dark(#ffffff, #171d20); --ewtune-line: light-dark(#808c92, #7c8a91); --ewtune-danger: light-dark(#a3251d, #ff9d92); }
:host([hidden]) { display: none; }
[part=base] { color: var(--ewtune-text); background: var(--ewtune-surface); border: 1px solid var(--ewtune-line); border-radius: .75rem; padding: 1rem 1.25rem; }
[part=fields] { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(9rem, 100%), 1fr)); gap: .75rem; align-items: end; }
label { display: block; font-size: .875rem; color: var(--ewtune-soft); }
input { box-sizing: border-box; inline-size: 100%; font: inherit; font-variant-numeric: tabular-nums; color: inherit; background: transparent;
  border: 1px solid var(--ewtune-line); border-radius: .4rem; padding: .4rem .6rem; }
input:focus-visible { outline: 2px solid var(--ewtune-accent); outline-offset: 1px; }
input[aria-invalid=true] { border-color: var(--ewtune-danger); box-shadow: inset 0 0 0 1px var(--ewtune-danger); }
[part=keys] { margin: .5rem 0 0; font-size: .8125rem; color: var(--ewtune-soft); }
output { display: block; margin-block-start: .75rem; }
[part=value] { display: block; font-size: 1.75rem; line-height: 1.2; font-variant-numeric: tabular-nums; color: var(--ewtune-accent); }
[part=interval] { font-size: .875rem; color: var(--ewtune-soft); }
[part=error] { margin: .75rem 0 0; color: var(--ewtune-danger); }
table { inline-size: 100%; border-collapse: collapse; margin-block-start: .75rem; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: start; font-weight: 600; padding-block-end: .25rem; }
th, td { text-align: start; padding: .3rem .5rem .3rem 0; border-block-start: 1px solid var(--ewtune-line); font-weight: 400; vertical-align: top; }
thead th { border: 0; color: var(--ewtune-soft); }
[part~=below] td { color: var(--ewtune-danger); }
output[hidden], [hidden] { display: none; }
@media (forced-colors: active) { [part=base], input { border-color: CanvasText; } input[aria-invalid=true] { outline: 2px solid Mark; } }
`;
