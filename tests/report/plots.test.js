// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {describeBoxes, planBoxes} from '../../bench/report/boxes.js';
import {inNullCalls, ofOneUnit} from '../../bench/report/beside.js';
import {countMarks} from '../../bench/report/chart.js';
import {bytes, compact, escape, number, unitName} from '../../bench/report/format.js';
import {asDark, asVariables, light, palette} from '../../bench/report/palette.js';
import {comparisonPlots, distributionPlots, seriesPlots} from '../../bench/report/plots.js';
import {comparison, record, records, spread} from './fixture.js';

test('numbers are written as people read them', () => {
  assert.equal(number(1234567.891), '1,234,567.89');
  assert.equal(number(0.1304), '0.13');
  assert.deepEqual([64, 4096, 4 << 20].map(bytes), ['64 B', '4 KiB', '4 MiB']);
  assert.deepEqual([16384, 100000, 2e6].map(compact), ['16,384', '100 k', '2 M']);
  assert.equal(unitName('us'), '\u00b5s');
});

test('text from outside cannot become markup', () => {
  assert.equal(escape('<a href="x">&\'</a>'), '&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;');
});

test('light colours are all different, and each has its dark one', () => {
  assert.equal(new Set(Object.values(light)).size, Object.keys(palette).length);
  assert.equal(asDark(`fill="${light.ink}"`), `fill="${palette.ink[1]}"`);
  assert.equal(asVariables(`fill="${light.series1}"`), 'fill="var(--series1)"');
});

const {plots} = seriesPlots(records());

for (const plot of plots) {
  test(`the plot ${plot.id} has a mark for each point, a title, and words, in both layouts`, () => {
    const points = plot.series.reduce((sum, s) => sum + s.points.length, 0);
    for (const svg of Object.values(plot.svg)) {
      assert.ok(countMarks(svg) >= points, `${countMarks(svg)} marks, ${points} points`);
      assert.match(svg, /^<svg[^>]* role="img" aria-labelledby="/);
      assert.ok(svg.includes(`>${escape(plot.title)}</title>`));
      assert.match(svg, /<desc [^>]*>Median /);
      assert.ok(svg.includes('instructions'));
    }
  });
}

test('every colour of a plot is one of the palette', () => {
  const clip = '#000';  // of what is clipped away
  for (const {svg} of [...plots, ...comparisonPlots(comparison()), ...distributionPlots(records()).plots]) {
    const rest = asVariables(svg.wide + svg.narrow).match(/"#[0-9a-f]{3,6}"/gi) ?? [];
    assert.deepEqual(rest.filter((c) => c !== `"${clip}"`), []);
  }
});

test('plots have no script, style, or address', () => {
  for (const {svg} of plots) assert.doesNotMatch(svg.wide, /<script|<style|href=|url\((?!#)/);
});

test('a plot is the same each time', () => {
  const strip = (svg) => svg.replace(/zr\d+/g, 'zr');
  assert.equal(strip(seriesPlots(records()).plots[0].svg.wide), strip(plots[0].svg.wide));
});

test('rows with the same figure each time are counted, not drawn', () => {
  const list = [record('a', 'x', 5), spread('a', 'y', 100, 0.1, 2), record('a', 'z', 5, {first: 9})];
  const {rows, same} = planBoxes(list);
  assert.deepEqual(rows.map((r) => r.row), ['y', 'z']);
  assert.equal(same, 1);
});

test('a row of zero does not break a logarithmic axis', () => {
  const list = [record('a', 'x', 0, {max: 5, p99: 5}), spread('b', 'y', 9, 0.1, 2)];
  const {plots: drawn, flat} = distributionPlots(list);
  assert.deepEqual([drawn.length, flat], [1, ['a']]);
});

test('a distribution is told in words', () => {
  assert.equal(describeBoxes([spread('a', 'y', 100, 0.1, 2)]),
    'The widest is y: 90 to 130 instructions, median 100. The first execution costs 2 times the median.');
  assert.equal(describeBoxes([record('a', 'y', 100, {first: 150})]),
    'After the first execution no row has a spread. The first execution costs 1.5 times the median.');
});

test('each row of a distribution has box, 99th percentile and first execution', () => {
  const [plot] = distributionPlots([spread('a', 'y', 100, 0.1, 2), spread('a', 'z', 100, 0.2, 3)]).plots;
  assert.equal(countMarks(plot.svg.wide), 6);
});

test('figures of another unit than ours are in no plot of one unit', () => {
  assert.deepEqual(ofOneUnit(comparison()[1]).map((f) => f.system), ['Mica', 'NOVA']);
  assert.deepEqual(ofOneUnit(comparison()[2]), []);
});

test('multiples of the null call are compared where two systems have them', () => {
  assert.deepEqual(inNullCalls(comparison()).rows.map((r) => r.id), ['round-trip']);
});

test('ours has the first colour, wherever it comes first', () => {
  const [nullCall, trip] = comparison();
  const other = {...trip, ours: null, others: [...trip.others, {...trip.others[1], system: 'Mach'}]};
  assert.deepEqual(inNullCalls([nullCall, other, trip]).systems, ['Mica', 'SPIN', 'Mach']);
});

test('a comparison without ours makes no plot', () => {
  assert.deepEqual(comparisonPlots([comparison()[2]]), []);
});
