// SPDX-License-Identifier: MIT
// A plot of series: medians as lines, a bar from the least to the greatest sample.
import {axis, legend, textStyle, xName, yName} from './chart.js';
import {bytes, compact, number, unitName} from './format.js';
import {seriesColour, seriesSymbol} from './palette.js';

const format = (figure) => (figure.bytes ? bytes : number);

const unitOf = ({unit, per}) => (per ? `${unitName(unit)} ${per}` : unitName(unit));

// The figure in words.
export function describe(figure) {
  const series = figure.series.map(({label, points}) => {
    const ends = [points[0], points.at(-1)];
    const [from, to] = ends.map(({x, record}) => `${number(record.median)} at ${format(figure)(x)}`);
    return `${label} ${from}, ${to}`;
  });
  return `Median ${unitOf(figure)} by ${figure.x}: ${series.join('; ')}.`;
}

const parameters = (figure) => figure.series.flatMap((s) => s.points.map((p) => p.x));
const greatest = (figure) => Math.max(...parameters(figure));
const logBase = (figure) => (parameters(figure).every((x) => Number.isInteger(Math.log2(x))) ? 4 : 10);

function spreads(series, i) {
  const data = series.points.filter(({record}) => record.max > record.min)
    .map(({x, record}) => [x, record.min, record.max]);
  return {
    type: 'custom',
    silent: true,
    data,
    encode: {x: 0, y: [1, 2]},
    renderItem: (_, api) => {
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      return {
        type: 'line',
        shape: {x1: x, y1: low, x2: x, y2: high},
        style: {stroke: seriesColour(i), lineWidth: 5, opacity: 0.3},
      };
    },
  };
}

function line(layout, series, i) {
  return {
    type: 'line',
    name: series.label,
    silent: true,
    data: series.points.map(({x, record}) => [x, record.median]),
    color: seriesColour(i),
    symbol: seriesSymbol(i),
    symbolSize: 6,
    showAllSymbol: true,
    lineStyle: {width: 2},
    endLabel: {
      ...textStyle(layout),
      show: layout.name === 'wide',
      formatter: '{a}',
      color: seriesColour(i),
      distance: 8,
    },
    labelLayout: {moveOverlap: 'shiftY'},
  };
}

export function lineChart(figure, layout) {
  const names = figure.series.map((s) => s.label);
  const wide = layout.name === 'wide';
  const top = wide ? 34 : 40 + 20 * names.length;
  const longest = Math.max(...names.map((n) => n.length));
  const option = {
    grid: {left: 56, right: wide ? Math.min(280, 24 + 7.5 * longest) : 18, top, bottom: 46},
    legend: wide ? {show: false} : legend(layout, names),
    xAxis: axis(layout, {
      type: figure.logX ? 'log' : 'value',
      logBase: logBase(figure),
      interval: figure.step,
      max: figure.step && Math.ceil(greatest(figure) / figure.step) * figure.step,
      ...xName(figure.x),
      splitLine: {show: false},
      axisLabel: {formatter: figure.bytes ? bytes : compact},
    }),
    yAxis: axis(layout, {
      type: figure.logY ? 'log' : 'value',
      ...yName(layout, unitOf(figure)),
      axisLine: {show: false},
      axisLabel: {formatter: compact},
    }),
    series: [
      ...figure.series.map((s, i) => line(layout, s, i)),
      ...figure.series.map(spreads),
    ],
  };
  return {option, height: (wide ? 360 : 300) + (wide ? 0 : 20 * names.length)};
}

