"""How the page looks."""

STYLE = """
:root { color-scheme: light; --line: #dfe3e8; --dim: #6a7480; --good: #1d7f4b; --bad: #c0322b; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f6f8; color: #1c2733; font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1280px; margin: 0 auto; padding: 24px; }
header, section { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 16px 24px;
  margin: 0 0 20px; }
h1 { margin: 4px 0; font-size: 28px; }
h2 { margin: 12px 0 8px; font-size: 19px; }
p { margin: 6px 0; max-width: 75ch; }
a { color: #1f6fb4; text-decoration: none; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 20px; margin: 12px 0 0;
  font-size: 13px; }
dt { color: var(--dim); }
dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 8px 0; }
svg { width: 100%; height: auto; }
.wide { overflow-x: auto; margin: 8px 0 12px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums;
  background: #fff; }
th { text-align: left; color: var(--dim); font-weight: 600; }
th, td { padding: 4px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:hover td { background: #f8fafc; }
.dim { color: var(--dim); }
.badge { display: inline-block; padding: 0 9px; border-radius: 10px; font-size: 12px; font-weight: 600;
  vertical-align: middle; }
.badge.big { font-size: 15px; padding: 3px 14px; }
.good { color: #fff; background: var(--good); }
.bad { color: #fff; background: var(--bad); }
.none { color: var(--dim); background: #eceff2; }
details { font-size: 13px; color: var(--dim); margin: 0 0 8px; }
summary { cursor: pointer; }
"""
