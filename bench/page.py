# SPDX-License-Identifier: Apache-2.0
"""Results as one HTML page that needs no other file; plots are SVG, made with gnuplot."""
import html
import importlib
import math
import subprocess

STYLE = """body { font: 15px/1.45 sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0; font-variant-numeric: tabular-nums }
th, td { padding: .2em .8em; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
.goals td { white-space: nowrap } .goals tr:nth-child(even) { background: #f6f8fa }
.met { color: #175 } .MISSED { color: #b21; font-weight: bold } .not { color: #850; font-weight: bold }
nav a { margin-right: 1em; white-space: nowrap }
.about { white-space: pre-line; color: #444 } svg { max-width: 100%; height: auto }"""
TERMINAL = "set terminal svg size 760,{height} font 'sans-serif,13' background '#ffffff'\n"
COLOURS = ["#36719f", "#c1502e", "#4c8c4a", "#8a5aa8", "#a07a10", "#555555", "#1b8e8e", "#c2608f"]


def text(value):
    if isinstance(value, float):
        n_before = math.floor(math.log10(abs(value))) + 1 if value else 3
        return f"{value:,.{min(max(3 - n_before, 0), 3)}f}"  # Three digits that count.
    return f"{value:,}" if isinstance(value, int) else str(value)


def table(columns, rows):
    def line(tag, cells):
        return "<tr>" + "".join(f"<{tag}>{html.escape(text(c))}</{tag}>" for c in cells) + "</tr>"
    return "<table>" + line("th", columns) + "".join(line("td", row) for row in rows) + "</table>"


def goals(verdicts):
    return f"<h2>Goals</h2>{summary(verdicts)}{goals_table(verdicts)}" if verdicts else ""


def summary(verdicts):
    n_of = {word: sum(row[-1] == word for row in verdicts) for word in ("met", "MISSED")}
    n_open = len(verdicts) - sum(n_of.values())
    return (f"<p><b>{n_of['met']} of {len(verdicts)} goals are met</b>, {n_of['MISSED']} missed" +
            f", {n_open} open" * bool(n_open) + ". The median of the rounds counts; beside it "
            "stand the least and the most of them, or, of six and more, the interval that has the "
            "median at 95 %: a goal within it is not told apart. A ratio is between two of one "
            "round. A limit is what the unavoidable part alone took in these rounds.</p>")


def goals_table(verdicts):
    def line(row):
        verdict = html.escape(row[-1])
        return ("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[:-1]) +
                f'<td class="{verdict}">{verdict}</td></tr>')
    return ('<table class="goals"><tr><th></th><th>goal</th><th>median</th><th>from, to</th>'
            "<th>limit</th><th></th></tr>" +
            "".join(map(line, verdicts)) + "</table>")


def contents(results):
    return "<nav>" + "".join(f'<a href="#{name}">{importlib.import_module("profiles." + name).TITLE}</a> '
                             for name in results) + "</nav>"


def quoted(value):
    return '"' + str(value).replace("\\", "").replace('"', "'") + '"'


def bars(plot, rows):
    """Of the columns of text before the first number the bar's name is made."""
    labels = [" ".join(text(c) for c in row[:plot.y] if not isinstance(c, float)) for row in rows]
    data = "\n".join(f"{quoted(label)} {row[plot.y]} {quoted(text(row[plot.y]))}"
                     for label, row in zip(labels, rows))
    n = len(rows)
    return (TERMINAL.format(height=90 + 24 * n) + f"""$data << END
{data}
END
set title {quoted(plot.title)}
unset key
set border 1
set xrange [0:{1.1 * max([row[plot.y] for row in rows] + [1e-9])}]
set yrange [{n - 0.5}:-0.5]
set style fill solid 0.8
set ytics nomirror scale 0
set xtics nomirror out
plot $data using ($2*0.5):0:($2*0.5):(0.35):ytic(1) with boxxyerror lc rgb '#36719f', \\
     $data using 2:0:3 with labels left offset 0.6,0
""")


def lines(plot, rows, columns):
    groups = {}
    for row in rows:
        name = " ".join(f"{row[c]} {columns[c]}" if not isinstance(row[c], str) else row[c]
                        for c in plot.series) or columns[plot.y]
        groups.setdefault(name, []).append((row[plot.x], row[plot.y]))
    blocks = "\n\n\n".join(f"{quoted(name)}\n" + "\n".join(f"{x} {y}" for x, y in points)
                           for name, points in groups.items())
    log = f"set logscale {plot.log}\n" if plot.log else ""
    log += "set format x '%.0s%c'\n" if "x" in plot.log else ""
    log += "set format y '%.0s%c'\n" if max(row[plot.y] for row in rows) > 10000 else ""
    colours = "\n".join(f"set linetype {i} lc rgb '{rgb}'" for i, rgb in enumerate(COLOURS, 1))
    return (TERMINAL.format(height=420) + f"""$data << END
{blocks}
END
set title {quoted(plot.title)}
set key outside right
set border 3
set tics nomirror out
set xlabel {quoted(columns[plot.x])}
{colours}
{log}set yrange [{'*' if 'y' in plot.log else 0}:*]
set offsets graph 0.02, graph 0.02, 0, 0
plot for [i=0:{len(groups) - 1}] $data index i using 1:2 with linespoints pt 7 lw 2 title columnheader(1)
""")


def svg(plot, result):
    rows = [row for row in result.rows if isinstance(row[plot.y], (int, float))]
    script = bars(plot, rows) if plot.x is None else lines(plot, rows, result.columns)
    try:
        done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"<p>gnuplot: {html.escape(str(error))}</p>"
    if done.returncode or "<svg" not in done.stdout:
        return f"<p>gnuplot: {html.escape(done.stderr.strip())}</p>"
    return done.stdout[done.stdout.index("<svg"):]


def section(name, result):
    profile = importlib.import_module("profiles." + name)
    parts = [f'<h2 id="{name}">{profile.TITLE}</h2><p class="about">{html.escape(profile.__doc__)}</p>']
    if result.rows:
        parts += [svg(plot, result) for plot in result.plots]
        parts.append(table(result.columns, result.rows))
    parts += [f"<p>{html.escape(who)} failed: {html.escape(why)}</p>"
              for who, why in result.failed.items()]
    return "\n".join(parts)


def write(directory, about, results, verdicts):
    machine = ", ".join(f"{name}: {value}" for name, value in about.items())
    body = "\n".join(section(name, result) for name, result in results.items())
    with open(directory + "/index.html", "w", encoding="utf-8") as file:
        file.write(f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Shunt: benchmark</title>
<style>{STYLE}</style></head><body>
<h1>Shunt: benchmark</h1><p>{html.escape(machine)}</p>
{goals(verdicts)}
<h2>Profiles</h2>{contents(results)}
{body}
</body></html>
""")
